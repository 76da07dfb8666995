//! Deleted files: Node's CommonJS loader forgets them for an update that does without them, and the last good version finds
//! them.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::assemble::suffix_of;
use super::engine::Engine;
use super::record::Unit;
use super::resolve::Resolved;
use super::resolve::url::FileUrl;
use super::staged::Stage;
use crate::js::{Js, JsResult};

impl Engine {
    /// Takes the modules that a stage does without out of `require.cache`, until the stage is discarded.
    pub(super) fn evict_left_out<'s>(&self, js: Js<'s>, stage: &Stage) -> JsResult<'s, ()> {
        let left: Vec<PathBuf> = {
            let left = stage.left_out();
            let records = left.iter().filter_map(|left| self.record(left.module));
            records.filter_map(|record| record.path.clone()).collect()
        };
        for path in left {
            make_node_forget(js, &path.to_string_lossy())?;
            if let Some(module) = self.evict(js, &path)? {
                stage.evicted.borrow_mut().push((path, module));
            }
        }
        Ok(())
    }

    /// The module that a specifier of last good code means, if its file is gone. The code has loaded the module before, so it
    /// finds it once more.
    pub(super) fn kept_file(&self, specifier: &str, importer: &Path) -> Option<Resolved> {
        let stages = self.stages.borrow();
        let stage = stages.iter().rev().find(|stage| stage.keeps_files())?;
        let (wanted, suffix) = wanted_file(specifier, importer)?;
        let records = stage.modules().iter().filter_map(|id| self.record(*id));
        let mut records = records.filter(|record| record.is_local && suffix_of(&record.url) == suffix);
        let record: Rc<_> = records.find(|record| {
            let path = record.path.as_deref();
            path.is_some_and(|path| may_mean(&wanted, path) && !path.exists())
        })?;
        Some(Resolved::File {
            path: record.path.clone()?,
            suffix,
            local: true,
        })
    }
}

/// The path that a specifier names, and its query and hash. None for a name of a package.
fn wanted_file(specifier: &str, importer: &Path) -> Option<(PathBuf, String)> {
    if specifier.starts_with("file:") {
        let url = FileUrl::parse(specifier).ok()?;
        return Some((url.path, url.suffix));
    }
    let is_path = specifier.starts_with(['.', '/']) || Path::new(specifier).is_absolute();
    if !is_path {
        return None;
    }
    let suffix = suffix_of(specifier);
    let file = specifier.strip_suffix(suffix).unwrap_or(specifier);
    let mut path = PathBuf::new();
    for part in importer.parent()?.join(file).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    Some((path, suffix.to_owned()))
}

/// Whether a specifier that names `wanted` leads to this file: by its name, with another extension or none, or by its folder.
fn may_mean(wanted: &Path, path: &Path) -> bool {
    let bare = path.with_extension("");
    let is_index = || bare.file_name().is_some_and(|name| name == "index") && path.parent() == Some(wanted);
    path == wanted || bare == wanted || bare == wanted.with_extension("") || is_index()
}

/// Whether one of these specifiers, which the text of a unit has, means the file.
pub fn names_file(unit: &Unit, specifiers: &[String], path: &Path) -> bool {
    let wanted = specifiers
        .iter()
        .filter_map(|specifier| wanted_file(specifier, &unit.path));
    wanted.into_iter().any(|(wanted, _)| may_mean(&wanted, path))
}

/// Makes Node's CommonJS loader forget every request that led to this path. If the file is gone, Node would fail to read it
/// instead of looking for another one.
pub fn make_node_forget<'s>(js: Js<'s>, path: &str) -> JsResult<'s, ()> {
    let cache = js.builtin("module")?.get("_pathCache")?;
    if !cache.is_object() {
        return Ok(());
    }
    let path = js.string(path);
    for key in cache.keys()? {
        if cache.get_key(key)?.same(path) {
            cache.delete_key(key)?;
        }
    }
    Ok(())
}
