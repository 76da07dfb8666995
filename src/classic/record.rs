//! [`Record`]: what we know of one module of one runtime, besides the user's values.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::recent::Recent;
use crate::classic::resolve::Way;
use crate::files::Origin;
use crate::js::{Held, Signal};

/// What a module is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first import is under way.
    Importing,
    /// The module runs; nothing is under way.
    Ready,
    /// An update, or the run of a further import, is under way.
    Updating,
    /// The first import failed; only the persistent values are kept.
    Failed,
}

/// After this time, a step that has not settled is mentioned, and the next save gives it up.
pub const STALLED: Duration = Duration::from_secs(5);

/// A step whose result we wait for.
pub struct AwaitedStep {
    /// When the wait began.
    pub since: Instant,
    /// Fires when the step is given up.
    pub given_up: Rc<Signal>,
}

/// A hot program's request that a runtime take a version which the program has evaluated.
#[derive(Default)]
pub struct Taking {
    /// Whether no other runtime takes this evaluation. Each runtime has its own instance of a module, so the others have to
    /// evaluate it again.
    pub is_first: bool,
    /// What the version failed with, if it failed.
    pub failure: RefCell<Option<Held>>,
}

/// The failure that was reported last, and how often in a row; empty while all is well.
#[derive(Default)]
pub struct Trouble(RefCell<(String, u64)>);

impl Trouble {
    /// Notes a failure that is being reported, and returns how often it came in a row. `None` equals no other failure.
    pub fn count(&self, trouble: Option<&str>) -> u64 {
        let mut last = self.0.borrow_mut();
        let Some(trouble) = trouble else {
            *last = (String::new(), 1);
            return 1;
        };
        if last.0 == trouble {
            last.1 += 1;
        } else {
            *last = (trouble.to_owned(), 1);
        }
        last.1
    }

    /// Whether this failure was reported last.
    pub fn is(&self, trouble: &str) -> bool {
        self.0.borrow().0 == trouble
    }

    /// Notes that all is well again. Returns whether it was not.
    pub fn end(&self) -> bool {
        self.0.take().1 > 0
    }
}

/// One module of one runtime.
pub struct Record {
    /// The id as the caller spelled it.
    pub id: String,
    /// The module's place in the order of imports of all runtimes.
    pub order: u32,
    /// The resolved path; empty before the first `require.resolve`.
    pub resolved: RefCell<String>,
    /// How the id led to the resolved path.
    pub found_by: RefCell<Way>,
    /// What the module is doing.
    pub phase: Cell<Phase>,
    /// False once the module was unimported.
    pub is_alive: Cell<bool>,
    /// Whether the runtime's watcher watches the module.
    pub is_watched: Cell<bool>,
    /// Whether the last run succeeded and has not been cleaned up.
    pub is_running: Cell<bool>,
    /// Whether the slot has persistent values.
    pub has_values: Cell<bool>,
    /// How many evicted modules the slot holds.
    pub evicted: Cell<u32>,
    /// A change that came while an import or update was under way.
    pub pending: Cell<Option<Origin>>,
    /// Counts updates, so that a delayed report can see that a newer version came.
    pub updates: Cell<u64>,
    /// The failure that was reported last.
    pub trouble: Trouble,
    /// The times of the last updates.
    pub recent: RefCell<Recent>,
    /// The source text of the `generate` that made the persistent values.
    pub generated_by: RefCell<String>,
    /// When the running version was loaded.
    pub loaded_at: Cell<Option<SystemTime>>,
    /// The step whose result we wait for.
    pub awaited: RefCell<Option<Rc<AwaitedStep>>>,
    /// Fires when the import or update under way ends.
    pub idle: Rc<Signal>,
    /// The module whose step imported this one first.
    pub importer: RefCell<Weak<Record>>,
    /// For the log of the update under way: the changed dependency, then the modules between it and this one.
    pub way: RefCell<Vec<String>>,
    /// Set when a hot program has evaluated a version that this module has to take.
    pub by_program: RefCell<Option<Rc<Taking>>>,
    /// The modules whose import a step of this one waits for.
    pub waits_for: RefCell<Vec<Weak<Record>>>,
}

impl Record {
    /// The record of a module whose first import begins.
    pub fn new(id: &str, order: u32) -> Self {
        Self {
            id: id.to_owned(),
            order,
            resolved: RefCell::default(),
            found_by: RefCell::new(Way::Decided),
            phase: Cell::new(Phase::Importing),
            is_alive: Cell::new(true),
            is_watched: Cell::new(false),
            is_running: Cell::new(false),
            has_values: Cell::new(false),
            evicted: Cell::new(0),
            pending: Cell::new(None),
            updates: Cell::new(0),
            trouble: Trouble::default(),
            recent: RefCell::default(),
            generated_by: RefCell::default(),
            loaded_at: Cell::new(None),
            awaited: RefCell::default(),
            idle: Rc::default(),
            importer: RefCell::default(),
            way: RefCell::default(),
            by_program: RefCell::default(),
            waits_for: RefCell::default(),
        }
    }

    /// In how many nested steps of other modules this one was first imported.
    pub fn depth(&self) -> usize {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).count()
    }

    /// Whether a step of `other`, or of a module imported by one, imported this module first.
    pub fn is_imported_within(&self, other: &Rc<Self>) -> bool {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).any(|it| Rc::ptr_eq(&it, other))
    }

    /// Whether the module is as it was after that update: not updated since, not unimported, still watched.
    pub fn is_as_it_was(&self, update: u64) -> bool {
        self.updates.get() == update && self.is_alive.get() && self.is_watched.get()
    }

    /// The step that we have waited for too long, if there is one.
    pub fn stalled_step(&self) -> Option<Rc<AwaitedStep>> {
        let awaited = self.awaited.borrow().clone();
        awaited.filter(|step| step.since.elapsed() >= STALLED)
    }

    /// Whether an import or update is under way.
    pub fn is_busy(&self) -> bool {
        matches!(self.phase.get(), Phase::Importing | Phase::Updating)
    }

    /// Whether this module waits for `other`, directly or through further modules.
    pub fn waits_on(&self, other: &Rc<Self>) -> bool {
        let mut seen = Vec::new();
        let mut open: Vec<Rc<Self>> = self.waits_for.borrow().iter().filter_map(Weak::upgrade).collect();
        while let Some(next) = open.pop() {
            if Rc::ptr_eq(&next, other) {
                return true;
            }
            if !seen.iter().any(|it| Rc::ptr_eq(it, &next)) {
                open.extend(next.waits_for.borrow().iter().filter_map(Weak::upgrade));
                seen.push(next);
            }
        }
        false
    }

    /// Notes that a step of this module waits for `other`, until the guard is dropped.
    pub fn waiting_for(self: &Rc<Self>, other: &Rc<Self>) -> WaitGuard {
        self.waits_for.borrow_mut().push(Rc::downgrade(other));
        WaitGuard {
            waiter: Rc::clone(self),
            target: Rc::downgrade(other),
        }
    }
}

/// The guard that [`Record::waiting_for`] returns.
pub struct WaitGuard {
    waiter: Rc<Record>,
    target: Weak<Record>,
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let mut waits = self.waiter.waits_for.borrow_mut();
        if let Some(index) = waits.iter().position(|it| it.ptr_eq(&self.target)) {
            waits.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::Record;

    #[test]
    fn waiting_is_seen_through_others_and_ends_with_its_guard() {
        let [a, b, c] = ["a", "b", "c"].map(|id| Rc::new(Record::new(id, 1)));
        let first = a.waiting_for(&b);
        let _second = b.waiting_for(&c);
        assert!(a.waits_on(&c));
        assert!(!c.waits_on(&a));
        drop(first);
        assert!(!a.waits_on(&c));
    }
}
