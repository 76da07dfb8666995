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
    pub key: WatchKey,
    pub asking: Rc<Asking>,
    pub id: Id,
}

/// What the subscriber hears of a watch. Of thousands of absolute ids the text is not kept twice.
pub enum Id {
    Given(Box<str>),
    /// It is the path, which the hub holds as well.
    Path(Arc<Path>),
}

impl Id {
    /// `path` is the one that the hub holds.
    pub fn new(id: &str, path: Option<Arc<Path>>) -> Self {
        match path.filter(|path| path.to_str() == Some(id)) {
            Some(path) => Self::Path(path),
            None => Self::Given(id.into()),
        }
    }

    /// As the subscriber spelled it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Given(id) => id,
            // Never the default: it was compared as text.
            Self::Path(path) => path.to_str().unwrap_or_default(),
        }
    }
}

/// The active watches. Each keeps its subscriber, as with `fs.watch`; its `unwatch` lets go of it.
#[derive(Default)]
pub struct ActiveWatches {
    /// In the order in which they were added.
    pub by_key: BTreeMap<WatchKey, Rc<Active>>,
    /// A table of the standard library would hold the ids again.
    by_id: HashTable<Rc<Active>>,
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

    /// Takes a watch out.
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
