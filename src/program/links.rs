//! Links on the ways of imports. A module is known by its real path; the path by which it was found is watched as well if a link
//! is on it. Once the link leads elsewhere, so does the import.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::watched_files::WatchedFiles;
use crate::es::{Engine, file_url};
use crate::graph::hot::{EdgeKind, HotGraph, ModuleId};
use crate::js::Js;
use crate::watch::Stamp;

/// Each path with a link on it, and the real path that it led to when it was last resolved.
#[derive(Default)]
pub struct Links(RefCell<HashMap<PathBuf, PathBuf>>);

impl Links {
    /// Whether an import was found by this path.
    pub fn has(&self, path: &Path) -> bool {
        self.0.borrow().contains_key(path)
    }

    /// The real path that the path has led to, if it leads elsewhere now.
    pub fn left(&self, path: &Path) -> Option<PathBuf> {
        let led = self.0.borrow().get(path).cloned()?;
        let now = path.canonicalize().ok();
        (now.as_ref() != Some(&led)).then_some(led)
    }

    /// Watches the paths with links by which modules were found since the last call.
    pub fn watch_new(&self, js: Js<'_>, engine: &Engine, watches: &Rc<WatchedFiles>) {
        let sources = engine.sources();
        for (path, real) in sources.resolver.take_links() {
            // The state as it was read, since the link may lead elsewhere by now.
            watches.watch(js, &path, || {
                let loaded = sources.loader.get(&file_url(&real, ""));
                Some(loaded.map_or_else(|| Stamp::at_first_sight(&path), |loaded| loaded.stamp))
            });
            self.0.borrow_mut().insert(path, real);
        }
    }

    /// Forgets the paths that led to a file that is no module any more, and returns them.
    pub fn take_to(&self, real: &Path) -> Vec<PathBuf> {
        let mut all = self.0.borrow_mut();
        let to = all.iter().filter(|(_, led)| *led == real);
        let to: Vec<PathBuf> = to.map(|(path, _)| path.clone()).collect();
        for path in &to {
            all.remove(path);
        }
        to
    }
}

/// The modules that import one of these by `import()`.
pub fn importing_later(graph: &HotGraph, targets: &[ModuleId]) -> Vec<ModuleId> {
    let mut found = Vec::new();
    for target in targets {
        found.extend(graph.importers(*target).iter().copied().filter(|importer| {
            let mut edges = graph.edges(*importer).iter();
            edges.any(|edge| edge.to == *target && edge.kind == EdgeKind::Dynamic)
        }));
    }
    found
}
