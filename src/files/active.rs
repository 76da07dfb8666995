//! The active watches of an environment, by key and by id.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::subscriber::Asking;
use crate::watch::WatchKey;

/// One active watch.
pub struct Active {
    /// The hub's key of the watch.
    pub key: WatchKey,
    /// The subscriber, with its options.
    pub asking: Rc<Asking>,
    /// The id that the subscriber hears.
    pub id: Id,
}

/// The id of a watch. An absolute id shares the memory of its path: there may be thousands.
pub enum Id {
    /// An id that differs from the path.
    Given(Box<str>),
    /// An id that is equal to the watched path; the hub holds the same `Arc`.
    Path(Arc<Path>),
}

impl Id {
    /// Makes the id; `path` is the watched path, as the hub holds it.
    pub fn new(id: &str, path: Option<Arc<Path>>) -> Self {
        match path.filter(|path| path.to_str() == Some(id)) {
            Some(path) => Self::Path(path),
            None => Self::Given(id.into()),
        }
    }

    /// The id as the subscriber spelled it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Given(id) => id,
            // Always UTF-8: `new` compared the path as text.
            Self::Path(path) => path.to_str().unwrap_or_default(),
        }
    }
}

/// The active watches. As with `fs.watch`, a watch keeps its subscriber alive until it is removed.
#[derive(Default)]
pub struct ActiveWatches {
    /// The watches in the order in which they were added.
    pub by_key: BTreeMap<WatchKey, Rc<Active>>,
    /// The watches by id. A `HashMap` would need a copy of each id as its key.
    by_id: HashTable<Rc<Active>>,
    /// The hash function of `by_id`.
    hashes: FxBuildHasher,
}

impl ActiveWatches {
    /// Adds a watch.
    pub fn add(&mut self, active: Active) {
        let active = Rc::new(active);
        let hash_of = |active: &Rc<Active>| self.hashes.hash_one(active.id.as_str());
        self.by_id
            .insert_unique(hash_of(&active), Rc::clone(&active), hash_of);
        self.by_key.insert(active.key, active);
    }

    /// Removes a watch.
    pub fn remove(&mut self, key: WatchKey) -> Option<Rc<Active>> {
        let removed = self.by_key.remove(&key)?;
        let hash = self.hashes.hash_one(removed.id.as_str());
        if let Ok(entry) = self.by_id.find_entry(hash, |active| active.key == key) {
            entry.remove();
        }
        Some(removed)
    }

    /// The other watches of the same id.
    pub fn others(&self, active: &Active) -> Vec<Rc<Active>> {
        let same_hash = self.by_id.iter_hash(self.hashes.hash_one(active.id.as_str()));
        same_hash
            .filter(|other| other.id.as_str() == active.id.as_str() && other.key != active.key)
            .map(Rc::clone)
            .collect()
    }
}
