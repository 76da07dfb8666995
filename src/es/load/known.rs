//! The modules that were loaded so far, and which of them a change may concern.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::crawl::Job;
use super::module::{Loaded, Place};
use crate::es::resolve::{Resolved, Resolver};

/// The newest version of each module.
#[derive(Default)]
pub struct Known {
    modules: FxHashMap<Arc<str>, Arc<Loaded>>,
    /// URLs of the modules of a file: several if it was imported with different queries.
    by_path: FxHashMap<PathBuf, Vec<Arc<str>>>,
    /// Modules with an import that leads nowhere.
    unresolved: FxHashSet<Arc<str>>,
}

impl Known {
    pub fn has(&self, url: &str) -> bool {
        self.modules.contains_key(url)
    }

    pub fn get(&self, url: &str) -> Option<&Arc<Loaded>> {
        self.modules.get(url)
    }

    pub fn put(&mut self, loaded: &Arc<Loaded>) {
        let url = &loaded.url;
        if loaded.has_unresolved() {
            self.unresolved.insert(Arc::clone(url));
        } else {
            self.unresolved.remove(url);
        }
        if self.modules.insert(Arc::clone(url), Arc::clone(loaded)).is_none() {
            let urls = self.by_path.entry(loaded.place.path.clone()).or_default();
            urls.push(Arc::clone(url));
        }
    }

    /// Drops the modules that nobody needs any more.
    pub fn retain(&mut self, is_needed: impl Fn(&str) -> bool) {
        self.modules.retain(|url, _| is_needed(url));
        self.unresolved.retain(|url| is_needed(url));
        self.by_path.retain(|_, urls| {
            urls.retain(|url| is_needed(url));
            !urls.is_empty()
        });
    }

    /// The modules to look at after these files have changed, appeared or gone.
    pub fn concerned(&self, changed: &[PathBuf], resolver: &Resolver) -> Vec<Job> {
        if changed.iter().any(|path| is_setting(path, resolver)) {
            return self.modules.values().map(|loaded| job(loaded, true)).collect();
        }
        let mut jobs: Vec<Job> = changed
            .iter()
            .filter_map(|path| self.by_path.get(path))
            .flatten()
            .filter_map(|url| self.get(url))
            .map(|loaded| job(loaded, true))
            .collect();
        if changed.is_empty() {
            return jobs;
        }
        let unresolved = self.unresolved.iter().filter_map(|url| self.get(url));
        jobs.extend(unresolved.map(|loaded| job(loaded, false)));
        let appeared: Vec<&Path> = changed
            .iter()
            .map(PathBuf::as_path)
            .filter(|path| !self.by_path.contains_key(*path))
            .collect();
        let gone: FxHashSet<&Path> = changed
            .iter()
            .map(PathBuf::as_path)
            .filter(|path| self.by_path.contains_key(*path) && !path.exists())
            .collect();
        if !appeared.is_empty() || !gone.is_empty() {
            let names: Vec<String> = appeared.iter().flat_map(|path| names_of(path)).collect();
            let touched = self
                .modules
                .values()
                .filter(|loaded| may_lead_to(loaded, &names) || leads_to(loaded, &gone));
            jobs.extend(touched.map(|loaded| job(loaded, false)));
        }
        jobs
    }
}

/// Whether the file governs how others are read: package.json, tsconfig.json and what it extends.
fn is_setting(path: &Path, resolver: &Resolver) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == "package.json"
        || name == ".pnp.cjs"
        || (name.ends_with(".json") && (name.starts_with("tsconfig") || resolver.is_extended(path)))
}

fn job(loaded: &Loaded, reads: bool) -> Job {
    Job {
        url: Arc::clone(&loaded.url),
        place: Place::clone(&loaded.place),
        reads,
    }
}

/// The last segments of specifiers that may mean the file: its name, its name without extensions, and its folder's name if it
/// is an index.
fn names_of(path: &Path) -> Vec<String> {
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let folder = || path.parent().and_then(stem);
    match stem(path) {
        // `.` and `..` mean an index, too.
        Some(stem) if stem == "index" => [stem, ".".to_owned()].into_iter().chain(folder()).collect(),
        Some(stem) => vec![stem],
        None => Vec::new(),
    }
}

fn may_lead_to(loaded: &Loaded, names: &[String]) -> bool {
    let Some(compiled) = loaded.compiled() else {
        return false;
    };
    !names.is_empty()
        && compiled.requests.iter().any(|request| {
            let last = request.specifier.rsplit('/').next().unwrap_or_default();
            names
                .iter()
                .any(|name| last.starts_with(name.as_str()) || (name == "." && last == ".."))
        })
}

fn leads_to(loaded: &Loaded, gone: &FxHashSet<&Path>) -> bool {
    !gone.is_empty()
        && loaded.resolved().iter().any(|resolved| match resolved {
            Ok(Resolved::File { path, .. }) => gone.contains(path.as_path()),
            _ => false,
        })
}
