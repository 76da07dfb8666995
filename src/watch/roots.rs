//! Finds the watches that an event concerns: by the folder, then by the name in it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use super::WatchKey;
use super::file_change::{FileChange, Signal};
use super::route::{Point, Role};

/// The interest of a watch in a folder's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The watch.
    pub key: WatchKey,
    /// What the entry is on the watch's route.
    pub role: Role,
}

/// The interests in one entry. Nearly every file has one watch, which is kept without an allocation of its own.
#[derive(Debug)]
enum Interests {
    One(Interest),
    Some(Vec<Interest>),
}

impl Interests {
    fn as_slice(&self) -> &[Interest] {
        match self {
            Self::One(interest) => slice::from_ref(interest),
            Self::Some(interests) => interests,
        }
    }

    fn push(&mut self, interest: Interest) {
        match self {
            Self::One(first) => *self = Self::Some(vec![*first, interest]),
            Self::Some(interests) => interests.push(interest),
        }
    }

    /// Removes the interest of a watch, and returns whether any interest is left.
    fn remove(&mut self, key: WatchKey) -> bool {
        match self {
            Self::One(interest) => interest.key != key,
            Self::Some(interests) => {
                interests.retain(|interest| interest.key != key);
                !interests.is_empty()
            }
        }
    }
}

/// The interests of all watches. A *watch root* is a folder that some route goes through.
#[derive(Debug, Default)]
pub struct Roots {
    /// The watch roots, each with the names of the entries that are of interest.
    folders: HashMap<Arc<Path>, HashMap<Arc<OsStr>, Interests>>,
    /// The folders above `folders`, each with the number of folders directly below it that are in one of the two maps.
    above: HashMap<PathBuf, usize>,
}

impl Roots {
    pub fn add(&mut self, key: WatchKey, points: &[Point]) {
        for point in points {
            if !self.folders.contains_key(&point.folder) {
                self.retain_above(&point.folder);
            }
            let names = self.folders.entry(Arc::clone(&point.folder)).or_default();
            let role = point.role;
            let interest = Interest { key, role };
            names
                .entry(Arc::clone(&point.name))
                .and_modify(|interests| interests.push(interest))
                .or_insert(Interests::One(interest));
        }
    }

    pub fn remove(&mut self, key: WatchKey, points: &[Point]) {
        for point in points {
            let Some(names) = self.folders.get_mut(&point.folder) else {
                continue;
            };
            if names
                .get_mut(&point.name)
                .is_some_and(|interests| !interests.remove(key))
            {
                names.remove(&point.name);
            }
            if names.is_empty() {
                self.folders.remove(&point.folder);
                self.release_above(&point.folder);
            }
        }
    }

    fn retain_above(&mut self, folder: &Path) {
        for above in folder.ancestors().skip(1) {
            if let Some(below) = self.above.get_mut(above) {
                *below += 1;
                return;
            }
            self.above.insert(above.to_owned(), 1);
        }
    }

    fn release_above(&mut self, folder: &Path) {
        for above in folder.ancestors().skip(1) {
            let Some(below) = self.above.get_mut(above) else {
                return;
            };
            *below -= 1;
            if *below > 0 {
                return;
            }
            self.above.remove(above);
        }
    }

    pub fn is_root(&self, folder: &Path) -> bool {
        self.folders.contains_key(folder)
    }

    /// Whether this folder is above a watch root.
    pub fn is_above(&self, folder: &Path) -> bool {
        self.above.contains_key(folder)
    }

    /// The interests in this entry.
    pub fn at(&self, path: &Path) -> &[Interest] {
        path.parent()
            .zip(path.file_name())
            .and_then(|(folder, name)| self.folders.get(folder)?.get(name))
            .map_or(&[], Interests::as_slice)
    }

    /// Whether the signal may be the beginning of a save: a write to a watched file, or a new file beside one.
    pub fn shows_save(&self, signal: &Signal) -> bool {
        match signal {
            Signal::Changed {
                path,
                change: FileChange::Created,
            } => path.parent().is_some_and(|folder| self.is_root(folder)),
            Signal::Changed {
                path,
                change: FileChange::Modified,
            } => !self.at(path).is_empty(),
            _ => false,
        }
    }

    /// The watch roots at or below any of these paths, and the watches whose routes go through these watch roots or through
    /// the entries that the paths name.
    pub fn touched_by(&self, paths: &HashSet<PathBuf>) -> (Vec<Arc<Path>>, BTreeSet<WatchKey>) {
        if paths.is_empty() {
            return (Vec::new(), BTreeSet::new());
        }
        let named = paths.iter().flat_map(|path| self.at(path));
        let mut keys: BTreeSet<WatchKey> = named.map(|interest| interest.key).collect();
        let mut folders = Vec::new();
        for (folder, names) in &self.folders {
            if folder.ancestors().any(|ancestor| paths.contains(ancestor)) {
                folders.push(Arc::clone(folder));
                let interests = names.values().flat_map(Interests::as_slice);
                keys.extend(interests.map(|interest| interest.key));
            }
        }
        (folders, keys)
    }

    /// All watch roots.
    pub fn all(&self) -> HashSet<Arc<Path>> {
        self.folders.keys().map(Arc::clone).collect()
    }
}
