//! Evaluates one module anew, as `require` does with a module that is not in its cache. The modules below it whose records
//! were taken out of `require.cache` since `mirror.rs` put them there are evaluated anew as well.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::assemble::suffix_of;
use super::engine::Engine;
use super::record::{ModuleId, Record, Status, Unit, Version};
use super::resolve::Resolved;
use super::staged::Stage;
use crate::js::{Js, JsResult};
use crate::watch::Stamp;

/// A file that an evaluation begins with: one that is not loaded yet, or is loaded anew.
pub struct Reached {
    /// Real path of the file.
    pub path: PathBuf,
    /// Size and times of the file right before it was read.
    pub stamp: Stamp,
    /// Paths at which Node looks for the file's imports that lead nowhere.
    pub sought: Vec<PathBuf>,
}

impl Engine {
    /// Prepares new versions of a module, and of the modules below it that left `require.cache`, from their files as they are
    /// now. Returns the files in any case, also when the modules cannot be run.
    pub fn prepare_anew<'s>(&self, js: Js<'s>, root: ModuleId) -> (Vec<Reached>, JsResult<'s, Rc<Stage>>) {
        let again = match self.look_at_what_is_new(js, root) {
            Ok(again) => again,
            Err(thrown) => return (Vec::new(), Err(thrown)),
        };
        let reached = self.files_begun(js, root);
        let stage = self.units_for(js, &again).and_then(|changed| {
            let again: Vec<ModuleId> = again.iter().map(|record| record.id).collect();
            self.is_anew.set(true);
            let stage = self.prepare(js, &changed, &again);
            self.is_anew.set(false);
            stage
        });
        for record in &again {
            record.is_outdated.set(false);
        }
        (reached, stage)
    }

    /// Reads the modules that are not loaded or are to be loaded anew, and what these import, until nothing is left to read.
    /// Returns the root and the modules whose versions are to be replaced.
    fn look_at_what_is_new<'s>(&self, js: Js<'s>, root: ModuleId) -> JsResult<'s, Vec<Rc<Record>>> {
        let mut looked_at: BTreeSet<PathBuf> = BTreeSet::new();
        loop {
            let new = self.new_below(js, root)?;
            let paths = new.iter().filter_map(|(record, _)| record.path.clone());
            let paths: Vec<PathBuf> = paths.filter(|path| looked_at.insert(path.clone())).collect();
            if paths.is_empty() {
                let is_to_replace =
                    |(record, is_loaded): &(Rc<Record>, bool)| *is_loaded || record.id == root;
                let again = new.into_iter().filter(is_to_replace);
                return Ok(again.map(|(record, _)| record).collect());
            }
            self.read(&paths);
        }
    }

    /// The root and the modules below it that have no version or need another one, each with whether it has a version.
    fn new_below<'s>(&self, js: Js<'s>, root: ModuleId) -> JsResult<'s, Vec<(Rc<Record>, bool)>> {
        let (mut seen, mut new) = (HashSet::new(), Vec::new());
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let Some(record) = self.record(id).filter(|record| record.is_local) else {
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            let current = self.version_of(id);
            let is_new = match &current {
                Some(current) => {
                    id == root || record.is_outdated.get() || self.has_left(js, &record, current)?
                }
                None => true,
            };
            let unit = match &current {
                Some(current) if !is_new => Some(Arc::clone(&current.unit)),
                _ => self.local_unit(&record).ok(),
            };
            if is_new {
                new.push((Rc::clone(&record), current.is_some()));
            }
            if let Some(current) = &current {
                open.extend(self.required_by(js, current)?);
                open.extend(record.dynamic_imports.borrow().iter().copied());
            }
            let below = unit.iter().flat_map(|unit| local_below(unit));
            open.extend(below.map(|resolved| self.record_of(resolved).id));
        }
        Ok(new)
    }

    /// Whether the version was in `require.cache`, and is no longer.
    fn has_left<'s>(&self, js: Js<'s>, record: &Record, version: &Version) -> JsResult<'s, bool> {
        let was_there =
            version.is_mirrored.get() || version.live.borrow().common_js.is_some() && is_common_js(version);
        let Some(path) = record
            .path
            .as_ref()
            .filter(|_| was_there && suffix_of(&record.url).is_empty())
        else {
            return Ok(false);
        };
        let cache = self.node_module.get(js).get("_cache")?;
        Ok(!cache.has_key(js.string(&path.to_string_lossy()))?)
    }

    /// The modules to replace whose newest text differs from the text that runs, with that text.
    fn units_for<'s>(&self, js: Js<'s>, again: &[Rc<Record>]) -> JsResult<'s, Vec<(ModuleId, Arc<Unit>)>> {
        let mut changed = Vec::new();
        for record in again {
            let unit = self.unit_of(js, record)?;
            let is_same = record
                .current()
                .is_some_and(|current| current.unit.is_same(&unit));
            if !is_same {
                changed.push((record.id, unit));
            }
        }
        Ok(changed)
    }

    fn files_begun(&self, js: Js<'_>, root: ModuleId) -> Vec<Reached> {
        let sources = self.sources();
        let new = self.new_below(js, root).unwrap_or_default();
        let files = new
            .iter()
            .filter_map(|(record, _)| sources.loader.get(&record.url));
        files
            .map(|loaded| Reached {
                path: loaded.place.path.clone(),
                stamp: loaded.stamp,
                sought: sought_in(loaded.resolved()),
            })
            .collect()
    }
}

/// The export of a version that may be a hot module: `default` of an ES module, `module.exports` of CommonJS. `undefined` if
/// there is none.
pub fn exported<'s>(js: Js<'s>, version: &Rc<Version>) -> JsResult<'s> {
    if is_common_js(version) {
        let module = version.live.borrow().common_js.clone();
        return module.map_or(Ok(js.undefined()), |module| module.get(js).get("exports"));
    }
    let Some(env) = version.env(js)? else {
        return Ok(js.undefined());
    };
    for name in ["default", "module.exports"] {
        if env.has_key(js.string(name))? {
            return env.get(name);
        }
    }
    Ok(js.undefined())
}

/// Whether evaluating the version has to wait: a module below it that has not run has a top-level await, or is waiting.
pub fn has_to_wait(version: &Rc<Version>) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![Rc::clone(version)];
    while let Some(next) = open.pop() {
        if next.status.get() == Status::Evaluated || !seen.insert(Rc::as_ptr(&next)) {
            continue;
        }
        if next.has_await() || next.status.get() == Status::EvaluatingAsync {
            return true;
        }
        open.extend(next.links.borrow().iter().flatten().cloned());
    }
    false
}

/// Whether the version is CommonJS.
pub fn is_common_js(version: &Version) -> bool {
    matches!(version.unit.body, super::record::Body::CommonJs(_))
}

/// The program's own files that the requests of a unit lead to.
pub fn local_below(unit: &Unit) -> impl Iterator<Item = &Resolved> {
    let resolved = unit.resolved.iter().filter_map(|resolved| resolved.as_ref().ok());
    resolved.filter(|resolved| matches!(resolved, Resolved::File { local: true, .. }))
}

fn sought_in(resolved: &[Result<Resolved, super::resolve::ResolveError>]) -> Vec<PathBuf> {
    let errors = resolved.iter().filter_map(|resolved| resolved.as_ref().err());
    errors.flat_map(|error| error.sought.iter().cloned()).collect()
}
