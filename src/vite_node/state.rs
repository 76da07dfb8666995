//! What native code remembers about a runner.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::js::{Faint, Held, Signal, Value};

use super::changes::Applied;
use super::versions::Versions;

/// What native code remembers about a runner. It refers to no JavaScript value unless a step is under way.
#[derive(Default)]
pub struct RunnerState {
    /// Who runs, who waits.
    pub queue: UpdateQueue,
    /// Modules that are being run again, the latest last.
    pub versions: RefCell<Vec<Rc<Versions>>>,
    /// Which reloads are under way.
    pub reloads: ReloadQueue,
    /// Which disposers are.
    pub disposing: Disposing,
    /// Whether the last reload failed: nothing is certainly loaded then, so nothing is ignored.
    pub reload_failed: Cell<bool>,
    /// Promises of entries that are known to have been fulfilled, weakly.
    pub sound: RefCell<Vec<Faint>>,
    /// Modules whose latest version failed. What they register is what the last good version did.
    pub failed: RefCell<HashSet<String>>,
    /// Who imports the modules that ran again, of those that did not: a runner tells only of imports since then.
    pub importers: RefCell<HashMap<String, Vec<String>>>,
    /// Which edits have been applied.
    pub applied: RefCell<Applied>,
    /// The module whose `invalidate` led to the callbacks that run now.
    pub first_invalidated_by: RefCell<Option<String>>,
    /// Counts messages and reloads, so that what came before what can be told.
    moment: Cell<u64>,
}

impl RunnerState {
    /// A moment after all that were asked for before.
    pub fn next_moment(&self) -> u64 {
        self.moment.set(self.moment.get() + 1);
        self.moment.get()
    }
}

/// Who runs modules of one runner, and who waits for that.
#[derive(Default)]
pub struct UpdateQueue {
    /// Messages and reloads under way. A reload does not wait: it may be asked for by a callback of a message.
    pub(super) busy: Cell<usize>,
    pub(super) waiting: RefCell<VecDeque<Rc<Signal>>>,
}

/// Who reloads a runner, and who waits for that.
#[derive(Default)]
pub struct ReloadQueue {
    pub(super) under_way: Cell<usize>,
    /// How many reloads had their turn.
    count: Cell<usize>,
    pub(super) waiting: RefCell<VecDeque<Rc<Signal>>>,
    /// The latest reload that was asked for, while it has not taken anything out of the module cache.
    upcoming: RefCell<Option<Upcoming>>,
}

/// A reload that does for whoever asks for the same meanwhile.
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

    /// How many reloads there were, for [`ReloadQueue::has_begun_since`].
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Whether a reload is under way, or has been since there were so many.
    pub fn has_begun_since(&self, count: usize) -> bool {
        self.is_busy() || self.count.get() != count
    }

    /// The promise of a reload of these files that has not begun.
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

    /// The reload begins, or never will.
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
    /// The owners, each with what its disposer has returned.
    under_way: RefCell<Vec<(String, Held)>>,
    /// How many are being called now, in the sense of the stack.
    pub(super) called: Cell<usize>,
    /// Whether one has asked for a reload.
    wants_reload: Cell<bool>,
}

impl Disposing {
    /// Whether a request comes from a disposer: of `owner`, or of whoever is on the stack.
    pub fn is_asking(&self, owner: Option<&str>) -> bool {
        let under_way = self.under_way.borrow();
        self.called.get() > 0 || owner.is_some_and(|owner| under_way.iter().any(|(id, _)| id == owner))
    }

    /// A disposer asks for a reload. It cannot have it, as that waits for the disposer.
    pub fn want_reload(&self) {
        self.wants_reload.set(true);
    }

    /// Whether one was asked for since this was called last.
    pub fn take_wish(&self) -> bool {
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
