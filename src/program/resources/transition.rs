//! From old versions of modules to new ones: the new ones come up, or everything goes back.
//!
//! | state | it ends by |
//! |---|---|
//! | `Open` | `come_up`: the rules below; `roll_back`: the new versions failed |
//! | `Up` | the end of the requests that the old versions began, or 10 s: then what they started is released |
//! | `Over` | |
//!
//! A transition may begin while an older one is open: the older one waits for it, and comes up with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use crate::js::{Cx, Held, Js, Signal, Value};

use super::owner::{Owner, Phase};

/// Where a transition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The new versions are being evaluated, or have not yet come up.
    Open,
    /// The new versions have come up.
    Up,
    /// What the old versions had started has been released.
    Over,
    /// The new versions failed, and the old ones go on.
    Back,
}

/// A server that took over from another one.
pub struct Claim {
    /// On whose behalf the old server listened.
    pub from_owner: Held,
    /// The old server.
    pub from: Held,
    /// The new server.
    pub to: Held,
    /// Whether the new server has the handle of the old one, or one of its own because the addresses differ.
    pub is_same: bool,
}

/// A replacement of some versions by others.
pub struct Transition {
    /// Its number: later ones have higher ones.
    pub id: u64,
    /// The owners that are replaced.
    pub(super) replaced: RefCell<Vec<Held>>,
    /// The owners made since it began.
    pub fresh: RefCell<Vec<Held>>,
    /// Addresses that the old versions listened on and the new ones do not yet.
    pub(super) expected: RefCell<Vec<String>>,
    pub(super) claims: RefCell<Vec<Claim>>,
    /// Responses and streams that old versions began.
    pub(super) under_way: RefCell<Vec<Held>>,
    pub(super) has_listened: Cell<bool>,
    pub(super) evaluated_at: Cell<Option<Instant>>,
    pub(super) progress: Cell<Progress>,
    /// Whether it came up by nothing but time: said in the log.
    pub(super) is_late: Cell<bool>,
    /// Whether it was looked at after the evaluation.
    pub(super) has_looked: Cell<bool>,
    /// The new versions are the ones that run: nothing can fail them any more.
    is_committed: Cell<bool>,
    /// What the new versions failed with, besides the rejection of their evaluation.
    pub(super) failure: RefCell<Option<Held>>,
    /// What will look again, or end the patience with requests: called off when it is of no use any more.
    pub(super) timers: RefCell<Vec<Held>>,
    pub(super) changed: Rc<Signal>,
}

impl Transition {
    pub(super) fn open(id: u64, replaced: &[Value<'_>]) -> Rc<Self> {
        Rc::new(Self {
            id,
            replaced: RefCell::new(replaced.iter().map(|owner| owner.hold()).collect()),
            fresh: RefCell::default(),
            expected: RefCell::default(),
            claims: RefCell::default(),
            under_way: RefCell::default(),
            has_listened: Cell::new(false),
            evaluated_at: Cell::new(None),
            progress: Cell::new(Progress::Open),
            is_late: Cell::new(false),
            has_looked: Cell::new(false),
            is_committed: Cell::new(false),
            failure: RefCell::new(None),
            timers: RefCell::default(),
            changed: Rc::default(),
        })
    }

    /// These go as well, without successors: nothing waits for their addresses.
    pub fn add_pruned(&self, owners: &[Value<'_>]) {
        for owner in owners {
            if let Some(facts) = owner.native::<Owner>() {
                facts.phase.set(Phase::Replaced);
            }
            self.replaced.borrow_mut().push(owner.hold());
        }
    }

    /// Where it is.
    pub fn progress(&self) -> Progress {
        self.progress.get()
    }

    /// Whether it came up because 10 s had passed, without listening on any address.
    pub fn is_late(&self) -> bool {
        self.is_late.get()
    }

    /// What the new versions failed with besides the rejection of their evaluation.
    pub fn failure(&self) -> Option<Held> {
        self.failure.borrow().clone()
    }

    /// Waits until it has come up, gone back or failed.
    pub async fn settled(self: Rc<Self>, cx: Cx) -> Progress {
        while self.progress() == Progress::Open && self.failure.borrow().is_none() {
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
        self.progress()
    }

    /// Waits until it has come up, gone back or failed; or has been looked at, and may take long.
    pub async fn looked(self: Rc<Self>, cx: Cx) {
        let is_open = || self.progress() == Progress::Open && self.failure.borrow().is_none();
        while is_open() && !self.has_looked.get() {
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
    }

    /// The new versions are the ones that run, whether or not they have come up.
    pub fn commit(&self) {
        self.is_committed.set(true);
    }

    /// Whether an exit or an error may still fail it.
    pub fn may_fail(&self) -> bool {
        !self.is_committed.get()
    }

    /// Waits until what the old versions started has been released, or the transition has gone back.
    pub async fn over(self: Rc<Self>, cx: Cx) -> Progress {
        while matches!(self.progress(), Progress::Open | Progress::Up) {
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
        self.progress()
    }

    /// Whether the server lost its address in this transition.
    pub fn claimed_from(&self, server: Value<'_>) -> bool {
        let claims = self.claims.borrow();
        claims
            .iter()
            .any(|claim| claim.from.get(server.js()).same(server))
    }

    /// Remembers a server that was taken over, and the requests that it had begun.
    pub fn add_claim(&self, claim: Claim, requests: Vec<Value<'_>>) {
        self.claims.borrow_mut().push(claim);
        self.under_way
            .borrow_mut()
            .extend(requests.into_iter().map(Value::hold));
    }

    /// An old version's address is taken care of.
    pub fn no_longer_expects(&self, address: &str) {
        let mut expected = self.expected.borrow_mut();
        if let Some(place) = expected.iter().position(|it| it == address) {
            expected.remove(place);
        }
    }

    pub(super) fn has_claimed(&self, js: Js<'_>, server: Value<'_>) -> bool {
        let claims = self.claims.borrow();
        claims.iter().any(|claim| claim.to.get(js).same(server))
    }

    /// The new versions failed otherwise than by a rejection of their evaluation.
    pub fn fail(&self, js: Js<'_>, error: Value<'_>) {
        if self.failure.borrow().is_none() {
            *self.failure.borrow_mut() = Some(error.hold());
            self.changed.fire(js, &Ok(Held::undefined()));
        }
    }
}
