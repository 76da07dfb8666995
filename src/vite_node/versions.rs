//! Which registrations stay when modules run again.
//!
//! A module that runs again makes a new hot context, which takes the place of the old one. Should the new version
//! fail, the old registrations come back: they are what recovers with the next save. Should it succeed, they go,
//! also when the new version makes no context.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::js::Held;

/// One run of modules again: from eviction until it is known what became of each.
#[derive(Default)]
pub struct Versions {
    pub(super) evicted: HashSet<String>,
    pub(super) created: RefCell<HashSet<String>>,
    /// What the first context that was replaced during this run had registered, by owner.
    pub(super) aside: RefCell<HashMap<String, Held>>,
    /// Owners of which a run that began later has made a version that works.
    pub(super) settled: RefCell<HashSet<String>>,
}

impl Versions {
    /// A module made its context; `aside` is what that replaced.
    pub fn created(&self, owner: String, aside: Option<Held>) {
        // What the second of two new contexts replaces is no old version.
        if let Some(aside) = aside.filter(|_| !self.created.borrow().contains(&owner)) {
            self.aside.borrow_mut().insert(owner.clone(), aside);
        }
        self.settled.borrow_mut().remove(&owner);
        self.created.borrow_mut().insert(owner);
    }

    /// Whether a module has made its context in this run.
    pub fn has_created(&self, owner: &str) -> bool {
        self.created.borrow().contains(owner)
    }

    /// Whether this run has taken the module out of the cache, or made it.
    pub(super) fn concerns(&self, id: &str) -> bool {
        self.evicted.contains(id) || self.has_created(id)
    }

    pub(super) fn is_settled(&self, owner: &str) -> bool {
        self.settled.borrow().contains(owner)
    }

    /// A run that began later has made a version that works: this one has no say any more.
    pub(super) fn settle(&self, owner: &str) {
        self.created.borrow_mut().remove(owner);
        self.aside.borrow_mut().remove(owner);
        self.settled.borrow_mut().insert(owner.to_owned());
    }

    /// A run that began earlier ends with a version that failed, and this one has made another: what would come back is
    /// what that one had set aside.
    pub(super) fn inherit(&self, owner: &str, aside: Option<Held>) {
        let mut asides = self.aside.borrow_mut();
        match aside {
            Some(aside) => asides.insert(owner.to_owned(), aside),
            None => asides.remove(owner),
        };
    }
}
