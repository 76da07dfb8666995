//! One module of one runtime: what is known of it besides the user's values.

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
    /// Its first import is under way.
    Importing,
    /// It runs; nothing is under way.
    Ready,
    /// An update, or the run of a further import, is under way.
    Updating,
    /// Its first import failed; only its persistent values are kept.
    Failed,
}

/// After how long a step that has not settled is mentioned, and given up by the next save.
pub const STALLED: Duration = Duration::from_secs(5);

/// A step whose result is waited for.
pub struct AwaitedStep {
    /// Since when.
    pub since: Instant,
    /// Fires when the step is given up.
    pub given_up: Rc<Signal>,
}

/// What a program asks of a runtime: to take a version that it has evaluated.
#[derive(Default)]
pub struct Taking {
    /// This version is nobody else's yet. Of one module, each runtime has an instance of its own: all others evaluate it again.
    pub is_first: bool,
    /// What it failed with.
    pub failure: RefCell<Option<Held>>,
}

/// What was reported last, and how often in a row; empty while all is well.
#[derive(Default)]
pub struct Trouble(RefCell<(String, u64)>);

impl Trouble {
    /// Notes what is being reported, and says how often it came in a row; `None` is like no other.
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

    /// Whether this was reported last.
    pub fn is(&self, trouble: &str) -> bool {
        self.0.borrow().0 == trouble
    }

    /// All is well again. Says whether it was not.
    pub fn end(&self) -> bool {
        self.0.take().1 > 0
    }
}

/// One module of one runtime.
pub struct Record {
    /// The id as the caller wrote it.
    pub id: String,
    /// Its place in the order of imports, those of other runtimes included.
    pub order: u32,
    /// What `require.resolve` gave last; empty before.
    pub resolved: RefCell<String>,
    /// How the id leads there.
    pub found_by: RefCell<Way>,
    /// What it is doing.
    pub phase: Cell<Phase>,
    /// False once it was unimported.
    pub is_alive: Cell<bool>,
    /// Whether its watcher watches it.
    pub is_watched: Cell<bool>,
    /// The last run succeeded and has not been cleaned up.
    pub is_running: Cell<bool>,
    /// The slot has persistent values.
    pub has_values: Cell<bool>,
    /// How many evicted modules the slot has.
    pub evicted: Cell<u32>,
    /// A change that came while something was under way.
    pub pending: Cell<Option<Origin>>,
    /// Counts updates, so that a report that waits can see that a newer version came.
    pub updates: Cell<u64>,
    /// What was reported last, and how often in a row; empty while all is well.
    pub trouble: Trouble,
    /// Its last updates.
    pub recent: RefCell<Recent>,
    /// The `generate` that made the persistent values, as its text.
    pub generated_by: RefCell<String>,
    /// When the version that was loaded last was.
    pub loaded_at: Cell<Option<SystemTime>>,
    /// The step that is waited for.
    pub awaited: RefCell<Option<Rc<AwaitedStep>>>,
    /// Fires when what is under way ends.
    pub idle: Rc<Signal>,
    /// The module whose step imported this one first.
    pub importer: RefCell<Weak<Record>>,
    /// The changed dependency and those between it and this module, for the log of the update under way.
    pub way: RefCell<Vec<String>>,
    /// A hot program has evaluated a version that this module is to take.
    pub by_program: RefCell<Option<Rc<Taking>>>,
    /// The modules whose import a step of this one waits for.
    pub waits_for: RefCell<Vec<Weak<Record>>>,
}

impl Record {
    /// A module that is being imported for the first time.
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

    /// How many modules' steps this one was imported within.
    pub fn depth(&self) -> usize {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).count()
    }

    /// Whether a step of `other`, or of a module imported by one, imported this module first.
    pub fn is_imported_within(&self, other: &Rc<Self>) -> bool {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).any(|it| Rc::ptr_eq(&it, other))
    }

    /// Whether it is as it was after that update: not updated since, and not let go.
    pub fn is_as_it_was(&self, update: u64) -> bool {
        self.updates.get() == update && self.is_alive.get() && self.is_watched.get()
    }

    /// The step that has been waited for too long, if any.
    pub fn stalled_step(&self) -> Option<Rc<AwaitedStep>> {
        let awaited = self.awaited.borrow().clone();
        awaited.filter(|step| step.since.elapsed() >= STALLED)
    }

    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        matches!(self.phase.get(), Phase::Importing | Phase::Updating)
    }

    /// Whether this module waits, through whatever others, for `other`.
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

/// See [`Record::waiting_for`].
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
