//! New versions beside the running ones: prepared and linked, evaluated, then committed or dropped as one.
//!
//! `read → prepare → begin → evaluate → commit | discard`. Until the commit, importers outside of the stage keep what they
//! have; from `begin` on, `import()` and `require` give the staged versions.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::assemble::{Assembly, disassemble};
use super::engine::Engine;
use super::load::Loaded;
use super::namespace::public_cell;
use super::record::{Body, ModuleId, Unit, Version};
use super::run;
use super::source::SourceError;
use super::staged::{Evicted, Stage};
use crate::js::{Cx, Held, Js, JsResult, Value};

/// A module whose text differs from the text that runs.
pub struct Read {
    /// The module.
    pub module: ModuleId,
    /// The unit that is to run instead, or why there is none.
    pub unit: Result<Arc<Unit>, SourceError>,
    /// Whether this call has found the text. Otherwise an earlier call had found the same.
    pub is_new: bool,
}

impl Engine {
    /// Reads changed files. Returns the modules whose text, kind or resolution differs from what runs; a module of an earlier
    /// failed update is among them until its new text is committed or the old text is back. The running versions are not
    /// touched.
    pub fn read(&self, changed: &[PathBuf]) -> Vec<Read> {
        let sources = self.sources();
        let newest = |id: ModuleId| sources.loader.get(&self.record(id)?.url);
        let known: HashMap<ModuleId, Option<Arc<Loaded>>> = {
            let unread = self.unread.borrow();
            unread.iter().map(|id| (*id, newest(*id))).collect()
        };
        let looked_at: BTreeSet<ModuleId> = sources
            .look_again(changed)
            .iter()
            .filter_map(|loaded| self.find(&loaded.url))
            .map(|record| record.id)
            .collect();
        self.unread.borrow_mut().extend(&looked_at);
        let is_known = |id: ModuleId| match (known.get(&id), newest(id)) {
            (Some(Some(known)), Some(newest)) => Arc::ptr_eq(known, &newest),
            _ => false,
        };
        let unread = self.unread.borrow().clone();
        let mut read = Vec::new();
        for module in unread {
            let record = self.record(module);
            let current = record.as_ref().and_then(|record| record.current());
            let (Some(record), Some(current)) = (record, current) else {
                self.unread.borrow_mut().remove(&module);
                continue;
            };
            let unit = self.local_unit(&record);
            if unit.as_ref().is_ok_and(|unit| current.unit.is_same(unit)) {
                self.unread.borrow_mut().remove(&module);
                continue;
            }
            read.push(Read {
                module,
                unit,
                is_new: looked_at.contains(&module) && !is_known(module),
            });
        }
        read
    }

    /// Makes, links and instantiates new versions: of the modules in `again`, with their text in `changed` or else their last
    /// text, and of modules below them that are new to the program. Fails also when an importer that stays would miss a name.
    /// A failure leaves everything as it was.
    pub fn prepare<'s>(
        &self,
        js: Js<'s>,
        changed: &[(ModuleId, Arc<Unit>)],
        again: &[ModuleId],
    ) -> JsResult<'s, Rc<Stage>> {
        let mut assembly = Assembly::of_stage();
        let outcome = self.assemble_stage(js, changed, again, &mut assembly);
        let is_unsure = match outcome {
            Ok(is_unsure) => is_unsure,
            Err(thrown) => {
                disassemble(&assembly);
                self.map_what_runs(js, assembly.made.iter().map(|version| version.module))?;
                return Err(thrown);
            }
        };
        let mut stage = Stage::default();
        stage.is_unsure.set(is_unsure);
        for version in &assembly.made {
            stage.order.push(version.module);
            stage.versions.insert(version.module, Rc::clone(version));
        }
        for version in &assembly.made {
            self.host().made(js, version);
        }
        Ok(Rc::new(stage))
    }

    /// Returns whether importers that stay use names which are not known yet.
    fn assemble_stage<'s>(
        &self,
        js: Js<'s>,
        changed: &[(ModuleId, Arc<Unit>)],
        again: &[ModuleId],
        assembly: &mut Assembly,
    ) -> JsResult<'s, bool> {
        for &id in again {
            let Some(record) = self.record(id) else {
                continue;
            };
            let current = record.current();
            let new = changed.iter().find(|(changed, _)| *changed == id);
            let (unit, model) = match (new, &current) {
                (Some((_, unit)), _) => (Arc::clone(unit), None),
                (None, Some(current)) => {
                    let model = current.scope().filter(|_| !current.is_alone.get());
                    (Arc::clone(&current.unit), model)
                }
                (None, None) => (self.unit_of(js, &record)?, None),
            };
            let version = Version::new(&record, unit);
            // The generator of the same text is called again: that makes a new instance without compiling.
            version.live.borrow_mut().model = model;
            assembly.add(&version);
        }
        self.assemble(js, assembly)?;
        let unlike = self.unlike(&assembly.made);
        self.check_importers(unlike, &|id| assembly.version(id))
            .map_err(|error| self.link_error(js, &error))
    }

    /// Lets `import()` and `require` give the staged versions from now on.
    pub fn begin(&self, stage: &Rc<Stage>) {
        self.stages.borrow_mut().push(Rc::clone(stage));
    }

    /// Ends what [`Engine::begin`] began.
    fn end_stage(&self, stage: &Rc<Stage>) {
        self.stages.borrow_mut().retain(|other| !Rc::ptr_eq(other, stage));
    }

    /// Takes the CommonJS modules of the stage out of `require.cache`, so that they run again. Discarding the stage puts them
    /// back.
    pub fn evict_staged<'s>(&self, js: Js<'s>, stage: &Stage) -> JsResult<'s, ()> {
        self.evict_left_out(js, stage)?;
        for &id in &stage.order {
            let Some(record) = self.record(id) else {
                continue;
            };
            let versions = [record.current(), stage.version(id)];
            let is_module = versions
                .iter()
                .flatten()
                .all(|version| version.unit.code().is_some());
            // Only our hook puts an ES module into `require.cache`. Node's loader puts the others there by itself.
            if is_module && !record.was_required.get() {
                continue;
            }
            let is_common_js = |version: &Rc<Version>| {
                version.live.borrow().common_js.is_some() || matches!(version.unit.body, Body::CommonJs(_))
            };
            let was_required = versions.iter().flatten().any(is_common_js);
            let Some(path) = record.path.clone().filter(|_| was_required || record.is_local) else {
                continue;
            };
            if let Some(module) = self.evict(js, &path)? {
                stage.evicted.borrow_mut().push((path, module));
            }
        }
        Ok(())
    }

    /// Makes the staged versions the current ones, all at once: importers' slots, namespaces, edges. Returns the versions
    /// that they replace. JavaScript of a replaced version goes on as long as somebody holds it.
    ///
    /// # Errors
    /// When an importer that stays would miss a name of what is CommonJS, of which names are known once it ran.
    pub fn commit<'s>(&self, js: Js<'s>, stage: &Rc<Stage>) -> JsResult<'s, Vec<Rc<Version>>> {
        let versions: Vec<_> = stage.order.iter().filter_map(|id| stage.version(*id)).collect();
        let unlike = self.unlike(&versions);
        if stage.is_unsure.get() {
            self.check_importers(unlike.clone(), &|id| stage.version(id))
                .map_err(|error| self.link_error(js, &error))?;
        }
        self.end_stage(stage);
        let mut replaced = Vec::new();
        for &id in &stage.order {
            let (Some(record), Some(version)) = (self.record(id), stage.version(id)) else {
                continue;
            };
            let old = record.current.replace(Some(Rc::clone(&version)));
            if let Some(old) = old {
                self.unlink(&old);
                replaced.push(old);
            }
            let namespace = version.live.borrow().namespace.clone();
            let is_read = namespace.is_some() || record.cell.borrow().is_some();
            let env = if is_read { version.env(js)? } else { None };
            if let Some(env) = env {
                let cell = public_cell(js, &record);
                cell.get(js).set("env", env)?;
                if let Some(namespace) = namespace {
                    namespace.get(js).get("traps")?.set("cell", cell.get(js))?;
                }
            }
        }
        for version in &versions {
            self.publish(version);
        }
        self.rewire(js, stage, unlike)?;
        for old in &replaced {
            old.retire();
        }
        Ok(replaced)
    }

    /// Takes a version's static edges out of the graph.
    fn unlink(&self, version: &Version) {
        for target in version.links.borrow().iter().flatten() {
            if let Some(target) = self.record(target.module) {
                target.importers.borrow_mut().remove(&version.module);
            }
        }
    }

    /// Drops the staged versions. Everything goes on as it was.
    pub fn discard<'s>(&self, js: Js<'s>, stage: &Rc<Stage>) -> JsResult<'s, ()> {
        self.end_stage(stage);
        for version in stage.versions.values() {
            version.retire();
        }
        self.map_what_runs(js, stage.order.iter().copied())?;
        Self::restore_main(js, stage)?;
        let evicted = stage.evicted.take();
        self.restore(js, &evicted)
    }

    /// Forgets a module that nobody imports any more. The next import loads it anew.
    pub fn remove<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Option<Rc<Version>>> {
        let Some(record) = self.record(id) else {
            return Ok(None);
        };
        let old = record.current.take();
        if let Some(old) = &old {
            self.unlink(old);
            old.retire();
        }
        for target in record.dynamic_imports.take() {
            if let Some(target) = self.record(target) {
                target.dynamic_importers.borrow_mut().remove(&id);
            }
        }
        self.sources().forget(&record.url);
        self.mapped.borrow_mut().remove(&record.url);
        self.glue(js, "forget", &[js.string(&record.url)])?;
        self.unread.borrow_mut().remove(&id);
        if let Some(path) = record.path.as_ref().filter(|_| record.is_local) {
            self.glue(js, "forget", &[js.string(&path.to_string_lossy())])?;
            self.evict(js, path)?;
        }
        Ok(old)
    }

    /// The modules that a CommonJS module, or a module with CommonJS's names, has required so far: `module.children`.
    pub fn required_by<'s>(&self, js: Js<'s>, version: &Version) -> JsResult<'s, Vec<ModuleId>> {
        let module = version.live.borrow().common_js.clone();
        let Some(module) = module else {
            return Ok(Vec::new());
        };
        let children = module.get(js).get("children")?;
        if !children.is_array() {
            return Ok(Vec::new());
        }
        let mut required = Vec::new();
        for child in children.items()? {
            let file = child.get("filename")?;
            let Some(file) = file.text() else {
                continue;
            };
            let url = super::resolve::url::file_url(std::path::Path::new(&file), "");
            required.extend(self.find(&url).map(|record| record.id));
        }
        Ok(required)
    }

    /// The namespace of a module's current version (`module.exports` of CommonJS), for accept callbacks; `undefined` without
    /// a version.
    pub fn current_namespace<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Value<'s>> {
        let current = self.current(id);
        match current {
            Some(version) if matches!(version.unit.body, Body::CommonJs(_)) => {
                let module = version.live.borrow().common_js.clone();
                module.map_or(Ok(js.undefined()), |module| module.get(js).get("exports"))
            }
            Some(version) => self.namespace(js, &version),
            None => Ok(js.undefined()),
        }
    }

    /// Takes a file out of `require.cache` and returns its entry.
    pub(super) fn evict<'s>(&self, js: Js<'s>, path: &Path) -> JsResult<'s, Option<Held>> {
        let cache = self.node_module.get(js).get("_cache")?;
        let file = js.string(&path.to_string_lossy());
        let module = cache.get_key(file)?;
        if !module.is_object() {
            return Ok(None);
        }
        cache.delete_key(file)?;
        Ok(Some(module.hold()))
    }

    /// Puts entries back into `require.cache`.
    fn restore<'s>(&self, js: Js<'s>, evicted: &Evicted) -> JsResult<'s, ()> {
        let cache = self.node_module.get(js).get("_cache")?;
        for (path, module) in evicted {
            cache.set(&path.to_string_lossy(), module.get(js))?;
        }
        Ok(())
    }
}

/// Evaluates the named staged versions in this order, each once and after its imports.
pub async fn evaluate(cx: &Cx, stage: &Rc<Stage>, order: &[ModuleId]) -> Result<(), Held> {
    cx.attempt(|js| {
        let engine = Engine::of(js)?;
        engine.begin(stage);
        engine.evict_staged(js, stage)
    })?;
    for &id in order {
        if let Some(version) = stage.version(id) {
            run::evaluated(cx, &version).await?;
        }
    }
    Ok(())
}
