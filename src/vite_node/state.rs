//! The native state of a runner: the messages, reloads, disposers and runs under way, and what failed. `homes.rs` holds it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::js::{Faint, Held, Signal, Value};

use super::door::applied::Applied;
use super::versions::Versions;

/// The native state of a runner. Refers to no JavaScript value unless a step is under way.
#[derive(Default)]
pub struct RunnerState {
    /// The messages and reloads that run or wait.
    pub queue: UpdateQueue,
    /// The runs of modules that have not ended, the latest last.
    pub versions: RefCell<Vec<Rc<Versions>>>,
    /// The reloads under way.
    pub reloads: ReloadQueue,
    /// The disposers under way.
    pub disposing: Disposing,
    /// Whether the last reload failed. If so, no module is certainly loaded, and no update is ignored.
    pub reload_failed: Cell<bool>,
    /// Weak references to promises of entries that are known to be fulfilled.
    pub sound: RefCell<Vec<Faint>>,
    /// Modules whose latest version failed. They have the registrations of their last good version.
    pub failed: RefCell<HashSet<String>>,
    /// Importers of the modules that ran again, as the runner knew them before: afterwards it knows only later imports.
    pub importers: RefCell<HashMap<String, Vec<String>>>,
    /// The edits that the runner has applied.
    pub applied: RefCell<Applied>,
    /// Id of the module whose `invalidate` led to the callbacks that run now.
    pub first_invalidated_by: RefCell<Option<String>>,
    /// Counts messages and reloads, to tell which came first.
    moment: Cell<u64>,
}

impl RunnerState {
    /// A moment that is later than all moments before.
    pub fn next_moment(&self) -> u64 {
        self.moment.set(self.moment.get() + 1);
        self.moment.get()
    }
}

/// The messages and reloads of one runner that run modules, or wait.
#[derive(Default)]
pub struct UpdateQueue {
    /// Number of messages and reloads under way. A reload does not wait for messages, since a callback of a message may ask
    /// for it.
    pub(super) busy: Cell<usize>,
    pub(super) waiting: RefCell<VecDeque<Rc<Signal>>>,
}

/// The reloads of one runner that run or wait.
#[derive(Default)]
pub struct ReloadQueue {
    pub(super) under_way: Cell<usize>,
    /// Number of reloads that have had their turn.
    count: Cell<usize>,
    pub(super) waiting: RefCell<VecDeque<Rc<Signal>>>,
    /// The latest reload that was asked for, until it takes something out of the module cache.
    upcoming: RefCell<Option<Upcoming>>,
}

/// A reload that has not begun. A request for the same reload gets the same promise.
struct Upcoming {
    files: Held,
    promise: Held,
    has_begun: Rc<Cell<bool>>,
}

impl ReloadQueue {
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.get() > 0
    }

    pub(super) fn enter(&self) {
        self.under_way.set(self.under_way.get() + 1);
        self.count.set(self.count.get() + 1);
    }

    /// Number of reloads so far, for [`ReloadQueue::has_begun_since`].
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Whether a reload is under way, or one has begun since the number of reloads was `count`.
    pub fn has_begun_since(&self, count: usize) -> bool {
        self.is_busy() || self.count.get() != count
    }

    /// The promise of a reload of these files that has not begun, if there is one.
    pub fn upcoming<'s>(&self, files: Value<'s>) -> Option<Value<'s>> {
        let js = files.js();
        let upcoming = self.upcoming.borrow();
        let same = upcoming
            .as_ref()
            .filter(|upcoming| !upcoming.has_begun.get() && upcoming.files.get(js).same(files));
        same.map(|upcoming| upcoming.promise.get(js))
    }

    /// Remembers a reload until it begins.
    pub fn announce(&self, files: Value<'_>, promise: Value<'_>, has_begun: Rc<Cell<bool>>) {
        self.upcoming.replace(Some(Upcoming {
            files: files.hold(),
            promise: promise.hold(),
            has_begun,
        }));
    }

    /// Notes that a reload begins, or never will.
    pub fn begin(&self, has_begun: &Rc<Cell<bool>>) {
        has_begun.set(true);
        let mut upcoming = self.upcoming.borrow_mut();
        if upcoming
            .as_ref()
            .is_some_and(|upcoming| Rc::ptr_eq(&upcoming.has_begun, has_begun))
        {
            upcoming.take();
        }
    }
}

/// The disposers of a runner that are under way.
#[derive(Default)]
pub struct Disposing {
    /// The owners whose disposers are under way, each with its disposer's promise.
    under_way: RefCell<Vec<(String, Held)>>,
    /// Number of disposers on the stack at this moment.
    pub(super) called: Cell<usize>,
    /// Whether a disposer has asked for a reload.
    wants_reload: Cell<bool>,
}

impl Disposing {
    /// Whether a request comes from a disposer: that of `owner`, or one on the stack.
    pub fn is_asking(&self, owner: Option<&str>) -> bool {
        let under_way = self.under_way.borrow();
        self.called.get() > 0 || owner.is_some_and(|owner| under_way.iter().any(|(id, _)| id == owner))
    }

    /// Notes that a disposer asks for a reload, which cannot begin before the disposer has ended.
    pub fn want_reload(&self) {
        self.wants_reload.set(true);
    }

    /// Whether a disposer has asked for a reload since the last call.
    pub fn take_wanted_reload(&self) -> bool {
        self.wants_reload.take()
    }

    pub(super) fn returned_by(&self, owner: &str) -> Option<Held> {
        let under_way = self.under_way.borrow();
        let found = under_way.iter().find(|(id, _)| id == owner);
        found.map(|(_, returned)| returned.clone())
    }

    pub(super) fn set(&self, owner: &str, returned: Option<Held>) {
        let mut under_way = self.under_way.borrow_mut();
        under_way.retain(|(id, _)| id != owner);
        under_way.extend(returned.map(|returned| (owner.to_owned(), returned)));
    }
}
