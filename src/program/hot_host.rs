//! Takes what the engine tells of modules and versions, for `import.meta.hot`, the graph and the watches.

use std::rc::Rc;

use super::ids::graph_id;
use super::update::HotProgram;
use crate::es::{self, Body, Stage};
use crate::graph::hot::{Edge, EdgeKind};
use crate::hot::{Kind, Module, context};
use crate::js::{Js, JsResult};

impl HotProgram {
    /// Watches the modules of a committed stage.
    pub(super) fn watch_stage(&self, js: Js<'_>, stage: &Stage) {
        for id in stage.modules() {
            if let Some(record) = self.engine.record(*id).filter(|record| record.is_local) {
                self.watch(js, &record);
            }
        }
    }

    /// The hot module of a record. From now on it is known.
    pub fn module(&self, record: &es::Record) -> Rc<Module> {
        if let Some(known) = self.updater.hot.find(graph_id(record.id)) {
            return known;
        }
        let path = record
            .path
            .as_deref()
            .map(|path| path.to_string_lossy().into_owned());
        let path = path.unwrap_or_else(|| record.url.clone());
        self.updater.hot.module(graph_id(record.id), &record.url, &path)
    }

    /// `import.meta.hot` of a version.
    ///
    /// # Errors
    /// While the environment is going.
    pub fn hot<'s>(&self, js: Js<'s>, id: es::ModuleId, serial: u32) -> JsResult<'s> {
        let Some(record) = self.engine.record(id).filter(|record| record.is_local) else {
            return Ok(js.undefined());
        };
        let module = self.module(&record);
        let version = self.versions.version(&self.updater, &module, id, serial);
        let is_common_js = self
            .engine
            .version(id, serial)
            .is_some_and(|version| matches!(version.unit.body, Body::CommonJs(_)) || version.unit.is_loose());
        let kind = if is_common_js {
            Kind::CommonJs
        } else {
            Kind::Module
        };
        context(js, &self.updater, &version, kind)
    }

    /// The record of a version, if its module is a file of the program's own.
    fn local_record(&self, version: &es::Version) -> Option<Rc<es::Record>> {
        let record = self.engine.record(version.module);
        record.filter(|record| record.is_local)
    }

    /// Notes that a version was made and linked. A version of an update counts once the update is committed.
    pub fn made(&self, js: Js<'_>, version: &es::Version) {
        let Some(record) = self.local_record(version) else {
            return;
        };
        self.module(&record);
        let current = record.current.borrow().clone();
        let is_current = current.is_some_and(|current| std::ptr::eq(&raw const *current, version));
        // A version that is made for a runtime counts at once.
        if !is_current && !self.engine.is_anew() {
            return;
        }
        self.watch(js, &record);
        let edges = self.runner.static_edges(version);
        self.updater
            .graph
            .borrow_mut()
            .set_edges(graph_id(record.id), edges);
    }

    /// Notes that a module asks for another one by `import()` or `require()`.
    pub fn asked(&self, js: Js<'_>, from: es::ModuleId, to: es::ModuleId, is_import: bool) {
        let is_local = |id| {
            self.engine
                .record(id)
                .filter(|record: &Rc<es::Record>| record.is_local)
        };
        let (Some(from), Some(to)) = (is_local(from), is_local(to)) else {
            return;
        };
        self.module(&to);
        self.watch(js, &to);
        let kind = if is_import {
            EdgeKind::Dynamic
        } else {
            EdgeKind::Require
        };
        self.updater
            .imported(graph_id(from.id), Edge::new(graph_id(to.id), kind));
        // `require()` tells only after it has evaluated the module, which until then seemed to be imported by nobody.
        if self.engine.main_module() != Some(to.id) && !is_import {
            self.updater.graph.borrow_mut().set_root(graph_id(to.id), false);
        }
    }

    /// Whether a runtime has imported the module.
    fn is_held(&self, record: &es::Record) -> bool {
        let runtimes = self.engine.runtimes().zip(record.path.as_deref());
        runtimes.is_some_and(|(runtimes, path)| runtimes.has(path))
    }

    /// Notes that a version has run to its end, or failed.
    pub fn evaluated(&self, js: Js<'_>, version: &es::Version) {
        let Some(record) = self.local_record(version) else {
            return;
        };
        let id = graph_id(record.id);
        self.module(&record);
        self.watch(js, &record);
        let is_staged = self.updater.staged.borrow().contains_key(&id);
        if is_staged {
            self.runner.note_end(id, version.serial);
        }
        if version.thrown().is_some() || is_staged {
            return;
        }
        let mut graph = self.updater.graph.borrow_mut();
        graph.add(id);
        graph.evaluated(id);
        if graph.importers(id).is_empty() && !self.is_held(&record) {
            graph.set_root(id, true);
        }
    }
}
