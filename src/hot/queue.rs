//! One update at a time; what changes meanwhile makes one further update.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use super::accepting::Aimless;
use super::failure::Broken;
use super::runner::{Prepared, Runner};
use super::version::{Hot, Module, Version};
use crate::graph::hot::{Edge, HotGraph, ModuleId};
use crate::js::{Cx, Js, Signal, spawn_detached};
use crate::report;
use rustc_hash::FxBuildHasher;

/// Versions that call `invalidate()` so soon after one another would do so for ever, …
const LOOP: Duration = Duration::from_secs(1);
/// … if so many have followed each other. One that calls it while it is evaluated may not follow another at all.
const REFUSALS: u32 = 3;

/// A version that called `invalidate()`.
#[derive(Clone)]
pub struct Refusal {
    version: Weak<Version>,
    /// The module with whose call it began: others have called it for the update that came of that.
    first: Rc<str>,
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
    fn is_empty(&self) -> bool {
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
    is_busy: Cell<bool>,
    is_called: Cell<bool>,
    free: Rc<Signal>,
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
    fn is_staged(&self, version: &Rc<Version>) -> bool {
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

    /// Whether an evaluation under way is of new content of this module: going back to what runs is a change then, too.
    pub fn is_evaluating(&self, id: ModuleId) -> bool {
        let under_way = self.under_way.borrow();
        under_way
            .iter()
            .any(|other| other.batch.borrow().changed.contains(&id))
    }

    /// These changed: updates now, or after the update that is under way.
    pub fn change(self: &Rc<Self>, js: Js<'_>, batch: Batch) {
        self.pending.borrow_mut().merge(batch);
        self.pump(js);
    }

    /// Begins the next update, if there is something to do and none is under way.
    fn pump(self: &Rc<Self>, js: Js<'_>) {
        if self.is_busy.get() || self.pending.borrow().is_empty() {
            return;
        }
        let mut batch = self.pending.take();
        // What refuses while it is evaluated is asked about once it runs: until then the version before it answers.
        let is_staged = |refusal: &Refusal| {
            let version = refusal.version.upgrade();
            version.is_some_and(|version| self.is_staged(&version))
        };
        let (later, now): (Vec<_>, Vec<_>) = batch.invalidated.drain(..).partition(is_staged);
        batch.invalidated = now;
        self.pending.borrow_mut().invalidated = later;
        if batch.is_empty() {
            return;
        }
        let (updater, cx) = (Rc::clone(self), Cx::new(js));
        self.is_busy.set(true);
        *self.refused_first.borrow_mut() = batch.first_refusing();
        spawn_detached(js, async move {
            if updater.update(&cx, batch).await {
                updater.leave(&cx);
            }
        });
    }

    /// The update is over, or waits for an evaluation: others may go on.
    pub(super) fn leave(self: &Rc<Self>, cx: &Cx) {
        self.is_busy.set(false);
        self.refused_first.take();
        cx.with(|js| {
            // Those who wait for the end of an evaluation come first.
            self.free.fire(js, &Ok(crate::js::Held::undefined()));
            self.pump(js);
        });
    }

    /// Waits until no other update is under way.
    pub(super) async fn enter(&self, cx: &Cx) {
        while self.is_busy.get() {
            let _ = self.free.wait(cx).await;
        }
        self.is_busy.set(true);
    }

    /// `hot.invalidate()`.
    pub fn invalidate(self: &Rc<Self>, js: Js<'_>, version: &Rc<Version>, message: Option<&str>) {
        let module = &version.module;
        // An accept callback belongs to the replaced version and speaks of the new one.
        let speaks_for = if version.is_retired() && self.is_telling.get() {
            self.hot.current(module.id)
        } else {
            Some(Rc::clone(version))
        };
        let Some(version) = speaks_for.filter(|version| !version.is_retired()) else {
            return;
        };
        if !version.refuse() {
            return;
        }
        let now = Instant::now();
        let last = module.last_invalidated.replace(Some(now));
        let is_soon = last.is_some_and(|last| now.duration_since(last) < LOOP);
        let in_a_row = if is_soon { version.refusals.get() } else { 0 };
        if in_a_row > 0 && (in_a_row >= REFUSALS || self.is_staged(&version)) {
            let text = "invalidate() is ignored: this version is there because the last one has called it";
            report::warning(js, &report::relative(&module.path), text);
            version.take_back_refusal();
            return;
        }
        let payload = js.object();
        let refused_first = self.refused_first.borrow().clone();
        let first = refused_first.unwrap_or_else(|| Rc::clone(&module.path));
        let path = js.string(&module.path);
        let message = message.map_or_else(|| js.undefined(), |message| js.string(message));
        // A new object takes any property.
        let _ = payload.set("path", path);
        let _ = payload.set("message", message);
        let _ = payload.set("firstInvalidatedBy", js.string(&first));
        self.tell(js, "vite:invalidate", payload);
        self.pending.borrow_mut().invalidated.push(Refusal {
            version: Rc::downgrade(&version),
            first,
        });
        // Not within the user's call: what it waits for may be that call.
        if !self.is_called.replace(true) {
            let updater = Rc::clone(self);
            let later = js.soon(move |js| {
                updater.is_called.set(false);
                updater.pump(js);
            });
            if later.is_err() {
                self.is_called.set(false);
            }
        }
    }

    /// `hot.send()`.
    pub fn send(self: &Rc<Self>, js: Js<'_>, event: &str, data: crate::js::Value<'_>) {
        self.tell(js, event, data);
        self.runner.sent(js, event, data);
    }
}
