//! Against the real file system.

mod changes;
mod crawl;
mod speed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LoadError, Loaded, Loader, Place, Settings};
use crate::es::compile::NodeVersion;
use crate::es::resolve::tests::Project;
use crate::es::resolve::{Options, Resolver};

const NODE: NodeVersion = NodeVersion { major: 24, minor: 0 };

/// A project and a loader for it.
struct Program {
    project: Project,
    loader: Arc<Loader>,
}

/// A file without query and hash.
fn place_of(path: &Path) -> Place {
    Place {
        path: path.to_path_buf(),
        suffix: String::new(),
    }
}

impl Program {
    fn new(files: &[(&str, &str)]) -> Self {
        let settings = Settings {
            hot: true,
            node: NODE,
            cache: None,
        };
        Self {
            loader: Loader::new(Arc::new(Resolver::new(Options::default())), settings),
            project: Project::new(files),
        }
    }

    fn place(&self, path: &str) -> Place {
        place_of(&self.project.path(path))
    }

    fn load(&self, entry: &str) -> Vec<Arc<Loaded>> {
        self.loader.load(&[self.place(entry)], &[])
    }

    fn change(&self, paths: &[&str]) -> Vec<Arc<Loaded>> {
        let changed: Vec<PathBuf> = paths.iter().map(|path| self.project.path(path)).collect();
        self.loader.load(&[], &changed)
    }

    fn get(&self, path: &str) -> Arc<Loaded> {
        self.loader.get(&self.place(path).url()).unwrap()
    }

    /// Names of files, relative to the project.
    fn names(&self, loaded: &[Arc<Loaded>]) -> Vec<String> {
        let root = self.project.path("");
        let name = |loaded: &Arc<Loaded>| {
            let path = loaded.place.path.strip_prefix(&root).unwrap();
            format!("{}{}", path.display(), loaded.place.suffix)
        };
        loaded.iter().map(name).collect()
    }
}
