//! Files and folders on the disk, remembered until something changes.

use std::collections::HashMap;
use std::fs;
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::pnp::{Entry, Pnp, physical};

/// The kind of thing at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, with its real path.
    File(Arc<Path>),
    Folder,
    Missing,
}

/// Looks at files and remembers those that exist. A missing file is looked for each time, so a file that appears is found.
pub struct Files {
    /// Real paths of the files that were found.
    found: RwLock<HashMap<PathBuf, Arc<Path>>>,
    /// Files that were found by a path with a link on it since `take_links`, each with its real path.
    links: RwLock<HashMap<PathBuf, Arc<Path>>>,
    has_links: AtomicBool,
    /// Real paths of folders.
    real_folders: RwLock<HashMap<PathBuf, Arc<Path>>>,
    /// What Plug'n'Play adds to the disk.
    pnp: Option<Arc<Pnp>>,
}

impl Files {
    pub fn new(pnp: Option<Arc<Pnp>>) -> Self {
        Self {
            found: RwLock::default(),
            links: RwLock::default(),
            has_links: AtomicBool::new(false),
            real_folders: RwLock::default(),
            pnp,
        }
    }

    pub fn look(&self, path: &Path) -> Place {
        if let Some(real) = self.found.read().get(path) {
            return Place::File(Arc::clone(real));
        }
        let place = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => self.beside(path),
            Ok(metadata) if metadata.is_symlink() => Self::behind(path),
            Ok(metadata) if metadata.is_dir() => Place::Folder,
            // Node reads sockets and pipes as files.
            Ok(_) => self.beside(path),
            Err(_) => self.look_by_manifest(path),
        };
        if let Place::File(real) = &place {
            self.found.write().insert(path.to_path_buf(), Arc::clone(real));
            if **real != *path {
                self.links.write().insert(path.to_path_buf(), Arc::clone(real));
                self.has_links.store(true, Ordering::Release);
            }
        }
        place
    }

    /// The files that were found by a path with a link on it since the last call, each with its real path.
    pub fn take_links(&self) -> HashMap<PathBuf, Arc<Path>> {
        if self.has_links.swap(false, Ordering::AcqRel) {
            take(&mut *self.links.write())
        } else {
            HashMap::new()
        }
    }

    pub fn is_file(&self, path: &Path) -> bool {
        matches!(self.look(path), Place::File(_))
    }

    pub fn is_folder(&self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(metadata) => metadata.is_dir(),
            Err(_) => self.look_by_manifest(path) == Place::Folder,
        }
    }

    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let read = fs::read(path).ok();
        read.or_else(|| self.pnp.as_ref()?.read(path))
    }

    /// The real path of a folder.
    pub fn real_folder(&self, folder: &Path) -> Arc<Path> {
        if let Some(real) = self.real_folders.read().get(folder) {
            return Arc::clone(real);
        }
        let real: Arc<Path> = canonicalize(folder)
            .unwrap_or_else(|| folder.to_path_buf())
            .into();
        self.real_folders
            .write()
            .insert(folder.to_path_buf(), Arc::clone(&real));
        real
    }

    /// Drops the answers that may be untrue after these paths have changed. Returns `true` if all still exist and only their
    /// content may have changed: then everything is kept.
    pub fn forget(&self, changed: &[PathBuf]) -> bool {
        let found = self.found.read();
        let only_content = changed
            .iter()
            .all(|path| found.get(path).is_some_and(|real| is_still(path, real)));
        drop(found);
        if !only_content {
            self.found.write().clear();
            self.real_folders.write().clear();
            if let Some(pnp) = &self.pnp {
                pnp.forget_archives();
            }
        }
        only_content
    }

    /// The real path of a file that is no link itself: its folder's real path, joined with its name.
    fn beside(&self, path: &Path) -> Place {
        let real = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => self.real_folder(folder).join(name),
            _ => path.to_path_buf(),
        };
        Place::File(real.into())
    }

    fn behind(link: &Path) -> Place {
        match (fs::metadata(link), canonicalize(link)) {
            (Ok(metadata), _) if metadata.is_dir() => Place::Folder,
            (Ok(_), Some(real)) => Place::File(real.into()),
            _ => Place::Missing,
        }
    }

    fn look_by_manifest(&self, path: &Path) -> Place {
        let Some(pnp) = &self.pnp else {
            return Place::Missing;
        };
        // A workspace with peer dependencies, whose files are watched where they are.
        let physical = physical(path);
        if physical != path && !is_in_node_modules(path) {
            return self.look(&physical);
        }
        match pnp.look(path) {
            Some(Entry::File) => Place::File(path.into()),
            Some(Entry::Folder) => Place::Folder,
            None => Place::Missing,
        }
    }
}

/// Whether the path still leads to this file.
fn is_still(path: &Path, real: &Path) -> bool {
    if path == real {
        return fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    }
    canonicalize(path).is_some_and(|now| now == real)
}

/// The real path, as Node spells it.
pub fn canonicalize(path: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    // Node's paths on Windows have no `\\?\` before them.
    if cfg!(windows)
        && let Some(plain) = real.to_str().and_then(|text| text.strip_prefix(r"\\?\"))
        && !plain.starts_with("UNC\\")
    {
        return Some(PathBuf::from(plain));
    }
    Some(real)
}

/// Whether the path lies in a folder of packages.
pub fn is_in_node_modules(path: &Path) -> bool {
    crate::paths::is_in_node_modules(&path.to_string_lossy())
}
