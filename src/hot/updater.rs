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

/// A call of `accept` with a specifier that leads nowhere yet.
pub(super) type MissingTarget = (Weak<Version>, Weak<Accept>);

/// A version that called `invalidate()`.
#[derive(Clone)]
pub struct Refusal {
    pub(super) version: Weak<Version>,
    /// Path of the module that called `invalidate()` first. This version called it during the update that came of that call.
    pub(super) first: Rc<str>,
}

/// The changes that one update is made for.
#[derive(Default)]
pub struct Batch {
    /// The changed files, in the order in which they were told of.
    pub files: Vec<String>,
    /// The modules of the changed files.
    pub changed: BTreeSet<ModuleId>,
    /// Modules that count as changed though their files are the same.
    pub touched: BTreeSet<ModuleId>,
    /// Versions that called `invalidate()`.
    pub invalidated: Vec<Refusal>,
    /// Whether a file changed for which the whole program is evaluated again.
    pub wants_reload: bool,
    /// Whether a missing file appeared, which may mend the last failure.
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

    /// Path of the module that called `invalidate()` first, if this batch came of such a call.
    pub(super) fn first_refusing(&self) -> Option<Rc<str>> {
        self.invalidated.first().map(|refusal| Rc::clone(&refusal.first))
    }

    /// Adds the changes of another batch.
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
    /// The modules that are evaluated.
    pub modules: BTreeSet<ModuleId>,
    /// The batch of the update. An update that supersedes this one takes the batch over.
    pub batch: RefCell<Batch>,
    /// The versions that are evaluated.
    pub versions: Vec<Rc<Version>>,
    /// The prepared versions, which are dropped when the evaluation is superseded.
    pub prepared: Rc<Prepared>,
    /// Set when a later update has taken over: this one may publish nothing any more.
    pub is_superseded: Cell<bool>,
}

/// The last failure, until it is mended.
pub struct Broken {
    /// The modules whose new content does not run.
    pub(super) changed: BTreeSet<ModuleId>,
    /// Modules among `changed` that count as changed though their files are the same.
    pub(super) touched: BTreeSet<ModuleId>,
    /// Modules whose change may mend the failure.
    pub(super) involved: BTreeSet<ModuleId>,
    /// The error in words, to recognize the same one again.
    pub(super) words: Option<String>,
    pub(super) times: u64,
    /// Whether this failure, or one before it that was not mended either, was reported.
    pub(super) was_said: bool,
    /// Number of the update that failed.
    pub(super) update: u64,
    pub(super) path: String,
}

/// The updates of one environment.
pub struct Updater {
    /// The modules, with what they have registered.
    pub hot: Rc<Hot>,
    /// Loads and evaluates the modules.
    pub runner: Rc<dyn Runner>,
    /// Who imports whom.
    pub graph: RefCell<HotGraph>,
    /// Versions that are being evaluated and are not published, by module.
    pub staged: RefCell<HashMap<ModuleId, Rc<Version>, FxBuildHasher>>,
    /// Modules that unpublished versions have loaded by `import()` or `require()`: each with the version's module.
    pub(super) asked: RefCell<Vec<(ModuleId, Edge)>>,
    pub(super) pending: RefCell<Batch>,
    pub(super) under_way: RefCell<Vec<Rc<UnderWay>>>,
    pub(super) broken: RefCell<Option<Broken>>,
    /// Calls of `accept` with specifiers that lead nowhere yet.
    pub(super) missing_targets: RefCell<Vec<MissingTarget>>,
    /// Path of the module whose `invalidate()` the running update came of.
    pub(super) refused_first: RefCell<Option<Rc<str>>>,
    /// Set while accept callbacks of replaced versions are called.
    pub(super) is_telling: Cell<bool>,
    pub(super) has_reloaded: Cell<bool>,
    pub(super) updates: Cell<u64>,
    /// Whether an update is under way.
    pub(super) is_busy: Cell<bool>,
    /// Whether a microtask will begin the next update.
    pub(super) is_called: Cell<bool>,
    /// Fires when no update is under way any more.
    pub(super) free: Rc<Signal>,
}

impl Updater {
    /// An updater for the modules that `runner` loads.
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
            missing_targets: RefCell::default(),
            refused_first: RefCell::default(),
            is_telling: Cell::new(false),
            has_reloaded: Cell::new(false),
            updates: Cell::new(0),
            is_busy: Cell::new(false),
            is_called: Cell::new(false),
            free: Rc::default(),
        })
    }

    /// The version that `import.meta.hot` of a module belongs to: the one that is being evaluated, or the one that runs. The
    /// first version of a module counts as running at once.
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

    /// Notes that the version is no longer being evaluated.
    pub(super) fn unstage(&self, version: &Rc<Version>) {
        if self.is_staged(version) {
            self.staged.borrow_mut().remove(&version.module.id);
        }
    }
}
