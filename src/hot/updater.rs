//! The updates of one environment: what waits, what is under way, what failed last.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::{Rc, Weak};

use super::accept::Accept;
use super::runner::{Prepared, Runner};
use super::version::{Hot, Module, Version};
use crate::graph::hot::{Edge, HotGraph, ModuleId};
use crate::js::Signal;
use rustc_hash::FxBuildHasher;

/// A registration that is about something that does not exist yet.
pub(super) type Aimless = (Weak<Version>, Weak<Accept>);

/// A version that called `invalidate()`.
#[derive(Clone)]
pub struct Refusal {
    pub(super) version: Weak<Version>,
    /// The module with whose call it began: others have called it for the update that came of that.
    pub(super) first: Rc<str>,
}

/// What one update is made for.
#[derive(Default)]
pub struct Batch {
    /// The files that changed, in the order in which they were told of.
    pub files: Vec<String>,
    /// The modules of those files.
    pub changed: BTreeSet<ModuleId>,
    /// Modules that count as changed though their files are the same.
    pub touched: BTreeSet<ModuleId>,
    /// Versions that called `invalidate()`.
    pub invalidated: Vec<Refusal>,
    /// A file changed for which the whole program is evaluated again.
    pub wants_reload: bool,
    /// What failed may be mended now: a missing file appeared.
    pub retries: bool,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.changed.is_empty()
            && self.touched.is_empty()
            && self.invalidated.is_empty()
            && !self.wants_reload
            && !self.retries
    }

    /// The versions that called `invalidate()` and still run.
    pub(super) fn refusing(&self) -> Vec<Rc<Version>> {
        let versions = self
            .invalidated
            .iter()
            .filter_map(|refusal| refusal.version.upgrade());
        versions.filter(|version| !version.is_retired()).collect()
    }

    /// The module with whose call of `invalidate()` it began.
    pub(super) fn first_refusing(&self) -> Option<Rc<str>> {
        self.invalidated.first().map(|refusal| Rc::clone(&refusal.first))
    }

    /// Adds what another one is made for.
    pub fn merge(&mut self, other: Self) {
        for file in other.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
        self.changed.extend(other.changed);
        self.touched.extend(other.touched);
        self.invalidated.extend(other.invalidated);
        self.wants_reload |= other.wants_reload;
        self.retries |= other.retries;
    }
}

/// An evaluation that takes longer than one turn.
pub struct UnderWay {
    /// What it evaluates.
    pub modules: BTreeSet<ModuleId>,
    /// What it was made for, for whoever supersedes it.
    pub batch: RefCell<Batch>,
    /// Its versions.
    pub versions: Vec<Rc<Version>>,
    /// What is dropped when it is superseded.
    pub prepared: Rc<Prepared>,
    /// It may publish nothing any more.
    pub is_superseded: Cell<bool>,
}

/// What failed last and was not mended.
pub struct Broken {
    /// The modules whose new content does not run.
    pub(super) changed: BTreeSet<ModuleId>,
    /// Those of them that count as changed though their files are the same.
    pub(super) touched: BTreeSet<ModuleId>,
    /// A change of any of these may mend it.
    pub(super) involved: BTreeSet<ModuleId>,
    /// What it was, in words, and how often it was said.
    pub(super) words: Option<String>,
    pub(super) times: u64,
    /// Something was said of this, or of what failed before it and was not mended either.
    pub(super) was_said: bool,
    /// Which update it was.
    pub(super) update: u64,
    pub(super) path: String,
}

/// The updates of one environment.
pub struct Updater {
    /// The modules, with what they have registered.
    pub hot: Rc<Hot>,
    /// Loads and evaluates.
    pub runner: Rc<dyn Runner>,
    /// Who imports whom.
    pub graph: RefCell<HotGraph>,
    /// Versions that are being evaluated and are not published, by module.
    pub staged: RefCell<HashMap<ModuleId, Rc<Version>, FxBuildHasher>>,
    /// What versions that are not published have loaded by `import()` or `require()`.
    pub(super) asked: RefCell<Vec<(ModuleId, Edge)>>,
    pub(super) pending: RefCell<Batch>,
    pub(super) under_way: RefCell<Vec<Rc<UnderWay>>>,
    pub(super) broken: RefCell<Option<Broken>>,
    /// What was accepted and does not exist yet.
    pub(super) aimless: RefCell<Vec<Aimless>>,
    /// Of the update that runs: the module whose `invalidate()` it came of.
    pub(super) refused_first: RefCell<Option<Rc<str>>>,
    /// Accept callbacks of replaced versions are being called.
    pub(super) is_telling: Cell<bool>,
    pub(super) has_reloaded: Cell<bool>,
    pub(super) updates: Cell<u64>,
    /// An update is under way.
    pub(super) is_busy: Cell<bool>,
    /// The next update begins in a microtask.
    pub(super) is_called: Cell<bool>,
    /// Fires when no update is under way any more.
    pub(super) free: Rc<Signal>,
}

impl Updater {
    /// For modules that `runner` loads.
    pub fn new(runner: Rc<dyn Runner>) -> Rc<Self> {
        Rc::new(Self {
            hot: Rc::default(),
            runner,
            graph: RefCell::default(),
            staged: RefCell::default(),
            asked: RefCell::default(),
            pending: RefCell::default(),
            under_way: RefCell::default(),
            broken: RefCell::default(),
            aimless: RefCell::default(),
            refused_first: RefCell::default(),
            is_telling: Cell::new(false),
            has_reloaded: Cell::new(false),
            updates: Cell::new(0),
            is_busy: Cell::new(false),
            is_called: Cell::new(false),
            free: Rc::default(),
        })
    }

    /// The version that `import.meta.hot` of a module belongs to: the one that is being evaluated, or the one that runs. One
    /// that is loaded for the first time runs at once.
    pub fn version(&self, module: &Rc<Module>) -> Rc<Version> {
        if let Some(staged) = self.staged.borrow().get(&module.id) {
            return Rc::clone(staged);
        }
        if let Some(current) = self.hot.current(module.id) {
            return current;
        }
        let version = Hot::stage(module);
        Hot::publish(&version);
        version
    }

    /// Whether a version is being evaluated and is not published.
    pub(super) fn is_staged(&self, version: &Rc<Version>) -> bool {
        let staged = self.staged.borrow();
        let found = staged.get(&version.module.id);
        found.is_some_and(|found| Rc::ptr_eq(found, version))
    }

    /// The version is not evaluated any more.
    pub(super) fn unstage(&self, version: &Rc<Version>) {
        if self.is_staged(version) {
            self.staged.borrow_mut().remove(&version.module.id);
        }
    }
}
