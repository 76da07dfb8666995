//! What is noted of one run of modules. `outcome.rs` decides by it which registrations stay.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use crate::js::Held;

/// One run of modules: from their eviction until the outcome of each is known.
#[derive(Default)]
pub struct Versions {
    pub(super) evicted: HashSet<String>,
    pub(super) created: RefCell<HashSet<String>>,
    /// By owner: the registrations of the first context that was replaced during this run.
    pub(super) aside: RefCell<HashMap<String, Held>>,
    /// Whether the messages behind this run do not wait for its end any more.
    pub is_late: Cell<bool>,
    /// Owners of which a later run has made a version that works.
    pub(super) settled: RefCell<HashSet<String>>,
}

impl Versions {
    /// Notes that a module made its context. `aside` are the registrations that the context replaced.
    pub fn created(&self, owner: String, aside: Option<Held>) {
        // A second context of the same run replaces the first one, which is no old version.
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

    /// Whether this run has evicted the module, or the module made its context in it.
    pub(super) fn concerns(&self, id: &str) -> bool {
        self.evicted.contains(id) || self.has_created(id)
    }

    pub(super) fn is_settled(&self, owner: &str) -> bool {
        self.settled.borrow().contains(owner)
    }

    /// Notes that a later run has made a version of the module that works. This run decides nothing about it any more.
    pub(super) fn settle(&self, owner: &str) {
        self.created.borrow_mut().remove(owner);
        self.aside.borrow_mut().remove(owner);
        self.settled.borrow_mut().insert(owner.to_owned());
    }

    /// Takes over the registrations that an earlier run had set aside, since its version has failed and this run has made
    /// another one: these would come back now.
    pub(super) fn inherit(&self, owner: &str, aside: Option<Held>) {
        let mut asides = self.aside.borrow_mut();
        match aside {
            Some(aside) => asides.insert(owner.to_owned(), aside),
            None => asides.remove(owner),
        };
    }
}
