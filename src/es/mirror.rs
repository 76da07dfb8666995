//! Records of ES modules in `require.cache`. Code that follows required modules by their `children` (dependencies of the
//! classic API) so follows imported ones too. Taking such a record out lets the module be evaluated anew when it is next
//! reached.

use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;

use super::anew::local_below;
use super::assemble::suffix_of;
use super::engine::Engine;
use super::record::{Body, ModuleId, Record, Version};
use crate::js::{Js, JsResult, Value};
use crate::watch::Stamp;

/// A file, with its stamp from before it was read.
pub type Seen = (PathBuf, Option<Stamp>);

/// A record whose module has imported something.
pub struct Imported<'s> {
    /// The record in `require.cache`.
    pub module: Value<'s>,
    /// The file of the module.
    pub path: String,
    /// The files that have got records by this.
    pub files: Vec<Seen>,
}

impl Engine {
    /// Makes records for the ES modules that a module reaches, itself included, where their current versions have none yet.
    /// Returns the files of these modules, with their stamps from before they were read.
    pub fn mirror<'s>(&self, js: Js<'s>, root: ModuleId) -> JsResult<'s, Vec<Seen>> {
        let cache = self.node_module.get(js).get("_cache")?;
        let (mut seen, mut fresh) = (HashSet::new(), Vec::new());
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let Some((record, version)) = self.mirrored(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            let is_module = !matches!(version.unit.body, Body::CommonJs(_));
            if is_module && version.is_mirrored.get() {
                continue;
            }
            if is_module {
                self.add_record(js, cache, &record, &version)?;
                let stamp = self.sources().loader.get(&record.url).map(|loaded| loaded.stamp);
                fresh.push((Rc::clone(&record), version, stamp));
            }
            open.extend(self.below(js, id)?);
        }
        for (record, version, _) in &fresh {
            self.set_children(js, cache, record)?;
            version.is_mirrored.set(true);
        }
        let files = fresh
            .into_iter()
            .filter_map(|(record, _, stamp)| Some((record.path.clone()?, stamp)));
        Ok(files.collect())
    }

    /// Adds the modules that a module has loaded by `import()` to its record. `None` if the module has no record.
    pub fn mirror_imported<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Option<Imported<'s>>> {
        let Some((record, version)) = self.mirrored(id) else {
            return Ok(None);
        };
        let is_module = !matches!(version.unit.body, Body::CommonJs(_));
        let cache = self.node_module.get(js).get("_cache")?;
        let path = key(&record);
        let module = cache.get(&path)?;
        if is_module && !version.is_mirrored.get() || !module.is_object() {
            return Ok(None);
        }
        let mut files = Vec::new();
        for below in self.below(js, id)? {
            files.extend(self.mirror(js, below)?);
        }
        if is_module {
            self.set_children(js, cache, &record)?;
        } else {
            self.add_children(cache, &record, module.get("children")?)?;
        }
        Ok(Some(Imported { module, path, files }))
    }

    fn mirrored(&self, id: ModuleId) -> Option<(Rc<Record>, Rc<Version>)> {
        let record = self.record(id)?;
        // Another evaluation may have staged the version, and will commit it: both waited for the same top-level await.
        let version = self.version_of(id)?;
        (record.is_local && suffix_of(&record.url).is_empty()).then_some((record, version))
    }

    /// The program's own modules that a module imports or requires.
    fn below<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Vec<ModuleId>> {
        let Some((record, version)) = self.mirrored(id) else {
            return Ok(Vec::new());
        };
        let mut below: Vec<ModuleId> = local_below(&version.unit)
            .map(|resolved| self.record_of(resolved).id)
            .collect();
        below.extend(self.required_by(js, &version)?);
        below.extend(record.dynamic_imports.borrow().iter().copied());
        Ok(below)
    }

    /// Adds the modules that a CommonJS module has loaded by `import()` to the `children` of its record.
    fn add_children<'s>(&self, cache: Value<'s>, record: &Record, children: Value<'s>) -> JsResult<'s, ()> {
        for id in record.dynamic_imports.borrow().clone() {
            let Some(below) = self.record(id) else { continue };
            let child = cache.get(&key(&below))?;
            let is_known = children.call_method("includes", &[child])?.truthy();
            if child.is_object() && !is_known {
                children.call_method("push", &[child])?;
            }
        }
        Ok(())
    }

    fn add_record<'s>(
        &self,
        js: Js<'s>,
        cache: Value<'s>,
        record: &Record,
        version: &Rc<Version>,
    ) -> JsResult<'s, ()> {
        let file = key(record);
        let known = cache.get(&file)?;
        let module = if known.is_object() {
            known
        } else {
            let name = js.string(&file);
            let module = self.node_module.get(js).get("Module")?.construct(&[name])?;
            module.set("filename", name)?;
            module.set("loaded", js.boolean(true))?;
            module
        };
        if version.has_env() {
            module.set("exports", self.required_namespace(js, version)?)?;
        }
        record.was_required.set(true);
        cache.set(&file, module)
    }

    fn set_children<'s>(&self, js: Js<'s>, cache: Value<'s>, record: &Record) -> JsResult<'s, ()> {
        let mut children = Vec::new();
        for below in self.below(js, record.id)? {
            if let Some(below) = self.record(below) {
                let child = cache.get(&key(&below))?;
                if child.is_object() {
                    children.push(child);
                }
            }
        }
        cache.get(&key(record))?.set("children", js.array(&children))
    }
}

fn key(record: &Record) -> String {
    record
        .path
        .as_ref()
        .map_or_else(String::new, |path| path.to_string_lossy().into_owned())
}
