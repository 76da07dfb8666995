//! Yarn's Plug'n'Play: packages lie where a manifest says, often in zip archives.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | which manifest governs a file; what was read, until something changes |
//! | `manifest.rs` | what `.pnp.cjs` says: whose file it is, and where its dependencies lie |
//! | `archive.rs` | files in zip archives; virtual paths |
//! | `disk.rs` | a disk on which the manifest's packages lie in `node_modules`, for the reader of tsconfig.json |

mod archive;
mod disk;
mod manifest;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

pub use archive::{Entry, physical};
pub use disk::Disk;

use super::error::ResolveError;
use archive::{Archive, split};
use manifest::Manifest;

/// The manifests and the archives that were read, by their paths. `None` stands for what cannot be read.
#[derive(Default)]
pub struct Pnp {
    manifests: RwLock<HashMap<PathBuf, Option<Arc<Manifest>>>>,
    archives: RwLock<HashMap<PathBuf, Option<Arc<Archive>>>>,
}

impl Pnp {
    /// The folder of a package that a file imports; `None` if no manifest governs the file.
    pub fn package_folder(&self, name: &str, importer: &Path) -> Result<Option<PathBuf>, ResolveError> {
        match self.governing(importer) {
            Some(manifest) => manifest.package_folder(name, importer),
            None => Ok(None),
        }
    }

    /// What is at a path that the disk does not have.
    pub fn look(&self, path: &Path) -> Option<Entry> {
        let physical = physical(path);
        match split(&physical) {
            Some((archive, inner)) => self.archive(archive)?.look(&inner),
            None if physical == path => None,
            None => Entry::on_disk(&physical),
        }
    }

    /// The content of a file that the disk does not have.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let physical = physical(path);
        match split(&physical) {
            Some((archive, inner)) => self.archive(archive)?.read(archive, &inner),
            None if physical == path => None,
            None => std::fs::read(physical).ok(),
        }
    }

    pub fn forget_manifests(&self) {
        self.manifests.write().clear();
    }

    pub fn forget_archives(&self) {
        self.archives.write().clear();
    }

    /// The nearest manifest above the file. Packages in Yarn's global cache have none above: there, the manifest governs that
    /// led to them.
    fn governing(&self, file: &Path) -> Option<Arc<Manifest>> {
        let paths = file.ancestors().map(|folder| folder.join(".pnp.cjs"));
        let Some(path) = paths.into_iter().find(|path| path.exists()) else {
            let manifests = self.manifests.read();
            let mut read = manifests.values().flatten();
            return read.find(|manifest| manifest.owns(file)).cloned();
        };
        remembered(&self.manifests, &path, Manifest::read)
    }

    fn archive(&self, path: &Path) -> Option<Arc<Archive>> {
        remembered(&self.archives, path, Archive::open)
    }
}

fn remembered<T>(
    all: &RwLock<HashMap<PathBuf, Option<Arc<T>>>>,
    path: &Path,
    read: impl Fn(&Path) -> Option<T>,
) -> Option<Arc<T>> {
    if let Some(known) = all.read().get(path) {
        return known.clone();
    }
    let value = read(path).map(Arc::new);
    all.write().insert(path.to_path_buf(), value.clone());
    value
}
