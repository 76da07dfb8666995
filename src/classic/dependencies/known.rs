//! What one runtime knows of the modules that its hot modules reach.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::scope::Scope;
use crate::classic::record::Record;
use crate::files::Origin;
use crate::graph::modules::{ModuleGraph, Node};
use crate::watch::WatchKey;

/// Files that may mend what could not be loaded.
pub type Awaited = BTreeSet<Rc<str>>;

/// Whether changes are followed or only mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Follow,
    Mention,
}

/// What one runtime knows of the modules that its hot modules reach.
pub struct Dependencies {
    pub(super) mode: Mode,
    pub(super) graph: RefCell<ModuleGraph>,
    /// Those whose records have no `require` of ours yet.
    pub(super) unheard: RefCell<Vec<Node>>,
    pub(super) scope: RefCell<Scope>,
    /// The paths that are watched. Without a key: through the watcher's own `watch`, or not for long.
    pub(super) watched: RefCell<HashMap<Rc<str>, Option<WatchKey>, FxBuildHasher>>,
    /// By record id: files besides the graph's that may mend a version that could not be loaded.
    pub(super) troubled: RefCell<BTreeMap<String, Awaited>>,
    /// Files that were in `troubled`, or awaited, and may no longer have to be watched.
    pub(super) mended: RefCell<Vec<Rc<str>>>,
    /// What watchers told in this turn.
    pub(super) told: RefCell<Vec<(String, Origin)>>,
}

impl Dependencies {
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            graph: RefCell::default(),
            unheard: RefCell::default(),
            scope: RefCell::default(),
            watched: RefCell::default(),
            troubled: RefCell::default(),
            mended: RefCell::default(),
            told: RefCell::default(),
        }
    }

    /// What may mend the record's last version no longer matters.
    pub fn forget_trouble(&self, record: &Record) {
        let files = self.troubled.borrow_mut().remove(&record.id);
        self.mended.borrow_mut().extend(files.into_iter().flatten());
    }

    pub fn user(&self, record: &Record) -> Option<Node> {
        self.graph.borrow().find(&user_name(record))
    }
}

/// A hot module's name in the graph: its id, which no path can be.
pub fn user_name(record: &Record) -> String {
    format!("\0{}", record.id)
}
