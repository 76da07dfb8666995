//! Makes edges of the graph from versions of the engine: which module imports which.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::ids::{engine_id, graph_id};
use super::on_engine::OnEngine;
use crate::es::compile::{ExportKind, ImportName};
use crate::es::{self, Body, Engine, Unit};
use crate::graph::hot::{Edge, EdgeKind, ModuleId};
use crate::js::{Js, JsResult};

impl OnEngine {
    /// The unit of a module's current version.
    pub(super) fn unit(&self, id: ModuleId) -> Option<Arc<Unit>> {
        let record = self.engine.record(engine_id(id))?;
        let current = record.current.borrow();
        current.as_ref().map(|version| Arc::clone(&version.unit))
    }

    /// The local modules that the text of a unit imports statically.
    pub(super) fn static_targets(&self, unit: &Unit) -> Vec<ModuleId> {
        let statics = self.engine.targets(unit).iter().flatten();
        statics
            .filter_map(|id| self.engine.record(*id))
            .filter(|record| record.is_local)
            .map(|record| graph_id(record.id))
            .collect()
    }

    /// The edges of a version that may require: what it imports, has required so far, and may still ask for.
    pub(super) fn edges_so_far<'s>(
        &self,
        js: Js<'s>,
        id: ModuleId,
        version: &Rc<es::Version>,
    ) -> JsResult<'s, Vec<Edge>> {
        let mut edges = self.static_edges(version);
        for required in self.engine.required_by(js, version)? {
            if self.engine.record(required).is_some_and(|record| record.is_local) {
                edges.push(Edge::new(graph_id(required), EdgeKind::Require));
            }
        }
        let asked = self.asked_for(id, &version.unit);
        let known: HashSet<ModuleId> = edges.iter().map(|edge| edge.to).collect();
        edges.extend(asked.into_iter().filter(|edge| !known.contains(&edge.to)));
        Ok(edges)
    }

    /// The known edges of a module by `import()` and `require()` that may still hold for the text of a unit: its text names
    /// the target, or computes specifiers that no text names.
    pub(super) fn asked_for(&self, id: ModuleId, unit: &Unit) -> Vec<Edge> {
        let Some(program) = self.program() else {
            return Vec::new();
        };
        let has_asked = |edge: &Edge| edge.kind != EdgeKind::Static;
        if !program.updater.graph.borrow().edges(id).iter().any(has_asked) {
            return Vec::new();
        }
        let named = |unit: &Unit| {
            let literals = dynamic_literals(unit).iter();
            let urls = literals.filter_map(|specifier| {
                let resolved = self.engine.resolve_from(engine_id(id), specifier).ok()?;
                let record = self.engine.find(&Engine::url_of(&resolved))?;
                Some(graph_id(record.id))
            });
            urls.collect::<HashSet<ModuleId>>()
        };
        let now = named(unit);
        let old = self.unit(id);
        let before = old.as_deref().map(named).unwrap_or_default();
        let computes = asks(unit);
        let graph = program.updater.graph.borrow();
        let asked = graph.edges(id).iter().filter(|edge| has_asked(edge));
        let kept = asked.filter(|edge| now.contains(&edge.to) || computes && !before.contains(&edge.to));
        kept.cloned().collect()
    }

    /// All edges of a version.
    pub fn edges(&self, version: &es::Version) -> Vec<Edge> {
        let id = graph_id(version.module);
        let mut edges = self.static_edges(version);
        edges.extend(self.asked_for(id, &version.unit));
        edges
    }

    /// The edges of a version's static imports, with the names that it uses.
    pub fn static_edges(&self, version: &es::Version) -> Vec<Edge> {
        let links = version.links.borrow();
        let mut edges = Vec::with_capacity(links.len());
        for (request, link) in links.iter().enumerate() {
            let target = link.as_ref().and_then(|link| self.engine.record(link.module));
            let Some(target) = target.filter(|target| target.is_local) else {
                continue;
            };
            edges.push(Edge {
                to: graph_id(target.id),
                kind: EdgeKind::Static,
                names: used_names(&version.unit, request),
            });
        }
        edges
    }
}

pub(super) fn dynamic_literals(unit: &Unit) -> &[String] {
    match &unit.body {
        Body::Module(code) | Body::CommonJs(code) => &code.dynamic,
        Body::Json(_) | Body::External => &[],
    }
}

/// The names that a unit uses of a request; `None` if it may use any.
fn used_names(unit: &Unit, request: usize) -> Option<Rc<[Box<str>]>> {
    let (code, uses) = (unit.code()?, unit.uses());
    let mut names: Vec<Box<str>> = Vec::new();
    let imports = uses.imports(request);
    for import in imports.filter_map(|index| code.imports.get(index)) {
        match &import.name {
            ImportName::Name(name) => names.push(name.as_str().into()),
            ImportName::Namespace { .. } => return None,
        }
    }
    let exports = uses.exports(request);
    for export in exports.filter_map(|index| code.exports.get(index)) {
        match &export.kind {
            ExportKind::Indirect { imported, .. } => names.push(imported.as_str().into()),
            ExportKind::Namespace { .. } | ExportKind::Star { .. } => return None,
            ExportKind::Local { .. } => {}
        }
    }
    Some(names.into())
}

/// Whether the text of a unit loads modules by `import()` or `require()`.
pub(super) fn asks(unit: &Unit) -> bool {
    match &unit.body {
        Body::Module(code) | Body::CommonJs(code) => {
            code.code.contains("import(") || code.code.contains("require(")
        }
        Body::Json(_) | Body::External => false,
    }
}
