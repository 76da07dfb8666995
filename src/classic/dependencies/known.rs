//! [`Dependencies`]: what one runtime knows of the modules that its hot modules reach.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use rustc_hash::FxBuildHasher;

use super::scope::Scope;
use crate::classic::record::Record;
use crate::files::Origin;
use crate::graph::modules::{ModuleGraph, Node};
use crate::watch::WatchKey;

/// Files whose appearance or save may mend a version.
pub type Awaited = BTreeSet<Rc<str>>;

/// What a runtime does when a plain dependency changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It updates the hot modules that use the dependency.
    Follow,
    /// It writes a hint to the log.
    Mention,
}

/// What one runtime knows of the modules that its hot modules reach.
pub struct Dependencies {
    /// What the runtime does when a dependency changes.
    pub(super) mode: Mode,
    /// The modules and their imports.
    pub(super) graph: RefCell<ModuleGraph>,
    /// The modules whose records have not got a `require` of ours yet.
    pub(super) unheard: RefCell<Vec<Node>>,
    /// What is known of the packages to which files belong.
    pub(super) scope: RefCell<Scope>,
    /// The watched paths. No key: the path is watched by the `watch` of the user's watcher, or was mentioned once.
    pub(super) watched: RefCell<HashMap<Rc<str>, Option<WatchKey>, FxBuildHasher>>,
    /// By record id: files outside of the graph that may mend a version that could not be loaded.
    pub(super) troubled: RefCell<BTreeMap<String, Awaited>>,
    /// Files that were in `troubled`, or awaited, and perhaps need no watch any more.
    pub(super) mended: RefCell<Vec<Rc<str>>>,
    /// The ids and paths that watchers told in this turn.
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

    /// Forgets the files that may mend the record's last version.
    pub fn forget_trouble(&self, record: &Record) {
        let files = self.troubled.borrow_mut().remove(&record.id);
        self.mended.borrow_mut().extend(files.into_iter().flatten());
    }

    pub fn user(&self, record: &Record) -> Option<Node> {
        self.graph.borrow().find(&user_name(record))
    }
}

/// The name of a hot module in the graph: a NUL and its id, so that it differs from every path.
pub fn user_name(record: &Record) -> String {
    format!("\0{}", record.id)
}
