//! Which watches an event concerns: folder, then name.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::WatchKey;
use super::route::{Point, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    pub key: WatchKey,
    pub role: Role,
}

#[derive(Debug, Default)]
pub struct Roots {
    folders: HashMap<Arc<Path>, HashMap<OsString, Vec<Interest>>>,
}

impl Roots {
    pub fn add(&mut self, key: WatchKey, points: &[Point]) {
        for point in points {
            let names = self.folders.entry(Arc::clone(&point.folder)).or_default();
            let interests = names
                .entry(point.name.clone())
                .or_insert_with(|| Vec::with_capacity(1));
            interests.push(Interest {
                key,
                role: point.role,
            });
        }
    }

    pub fn remove(&mut self, key: WatchKey, points: &[Point]) {
        for point in points {
            let Some(names) = self.folders.get_mut(&point.folder) else {
                continue;
            };
            if let Some(interests) = names.get_mut(&point.name) {
                interests.retain(|interest| interest.key != key);
                if interests.is_empty() {
                    names.remove(&point.name);
                }
            }
            if names.is_empty() {
                self.folders.remove(&point.folder);
            }
        }
    }

    pub fn is_root(&self, folder: &Path) -> bool {
        self.folders.contains_key(folder)
    }

    /// Who is interested in this entry.
    pub fn at(&self, path: &Path) -> &[Interest] {
        path.parent()
            .zip(path.file_name())
            .and_then(|(folder, name)| self.folders.get(folder)?.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// The folders at or below any of these paths, and all watches that go through them or through
    /// the entries that these paths name.
    pub fn touched_by(&self, paths: &HashSet<PathBuf>) -> (Vec<Arc<Path>>, BTreeSet<WatchKey>) {
        let mut keys: BTreeSet<WatchKey> = paths
            .iter()
            .flat_map(|path| self.at(path))
            .map(|interest| interest.key)
            .collect();
        let mut folders = Vec::new();
        for (folder, names) in &self.folders {
            if folder.ancestors().any(|ancestor| paths.contains(ancestor)) {
                folders.push(Arc::clone(folder));
                keys.extend(names.values().flatten().map(|interest| interest.key));
            }
        }
        (folders, keys)
    }

    pub fn all(&self) -> Vec<Arc<Path>> {
        self.folders.keys().map(Arc::clone).collect()
    }
}
