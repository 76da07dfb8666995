//! A transition from old versions of modules to new ones: the new ones come up, or everything goes back.
//!
//! | state | what follows |
//! |---|---|
//! | `Open` | `Up` as soon as the new versions have come up (`coming_up.rs`, `look`); `Back` if they failed (`ending.rs`, `roll_back`) |
//! | `Up` | `Over` at the end of the requests that the old versions began, or after 10 s (`ending.rs`, `finish`) |
//! | `Over` | nothing: what the old versions had started has been released |
//! | `Back` | nothing: the old versions go on |
//!
//! A transition may begin while an older one is open: the older one waits for it, and comes up with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use crate::js::{Cx, Held, Js, Signal, Value};

use super::owner::{Owner, OwnerObject, Phase};
use super::starting::Start;

/// The state of a transition.
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
    /// The method `close` that the new server has while the transition is open (`giving_back.rs`), or `undefined`.
    pub close: Held,
    /// Whether the new server has the handle of the old one. Otherwise it has its own, since the addresses differ.
    pub is_same: bool,
}

/// What an exit or an uncaught error is charged to.
#[derive(Clone)]
pub enum Charged {
    /// A version that has not come up.
    Fresh(Rc<Transition>),
    /// A version that was given up already.
    Failed,
    /// A version that a newer one replaces or has replaced.
    Old(Rc<Owner>),
    /// The program's start after a restart (`starting.rs`).
    Start(Rc<Start>),
    /// No such version: Node's rule holds.
    Nobody,
}

/// One replacement of versions by newer ones.
pub struct Transition {
    /// Number of the transition. A later one has a higher number.
    pub id: u64,
    /// The owners that are replaced.
    pub(super) replaced: RefCell<Vec<OwnerObject>>,
    /// The owners that were made since the transition began.
    pub fresh: RefCell<Vec<OwnerObject>>,
    /// Addresses that the old versions listened on and the new ones do not yet.
    pub(super) expected: RefCell<Vec<String>>,
    pub(super) claims: RefCell<Vec<Claim>>,
    /// Responses and streams that old versions began.
    pub(super) under_way: RefCell<Vec<Held>>,
    pub(super) has_listened: Cell<bool>,
    /// Whether a new version has left something for later, by which it may still fail: a promise, a callback.
    pub(super) has_left: Cell<bool>,
    pub(super) evaluated_at: Cell<Option<Instant>>,
    pub(super) progress: Cell<Progress>,
    /// Whether the new versions came up only because time had passed, which is logged.
    pub(super) is_late: Cell<bool>,
    /// Whether the new versions have left nothing by which they may still fail, so that an update need not wait.
    pub(super) is_safe: Cell<bool>,
    /// Whether the transition was looked at after the evaluation.
    pub(super) has_looked: Cell<bool>,
    /// Whether the new versions are the running ones: then an exit or error is no failure of the update any more.
    is_committed: Cell<bool>,
    /// The exit or error that the new versions failed with, other than a rejection of their evaluation.
    pub(super) failure: RefCell<Option<Held>>,
    /// Timers that look again, or end the patience with requests. They are cancelled when the state changes.
    pub(super) timers: RefCell<Vec<Held>>,
    pub(super) changed: Rc<Signal>,
}

impl Transition {
    pub(super) fn open(id: u64, replaced: Vec<OwnerObject>) -> Rc<Self> {
        Rc::new(Self {
            id,
            replaced: RefCell::new(replaced),
            fresh: RefCell::default(),
            expected: RefCell::default(),
            claims: RefCell::default(),
            under_way: RefCell::default(),
            has_listened: Cell::new(false),
            has_left: Cell::new(false),
            evaluated_at: Cell::new(None),
            progress: Cell::new(Progress::Open),
            is_late: Cell::new(false),
            is_safe: Cell::new(false),
            has_looked: Cell::new(false),
            is_committed: Cell::new(false),
            failure: RefCell::new(None),
            timers: RefCell::default(),
            changed: Rc::default(),
        })
    }

    /// Adds owners that are pruned: they go without successors, and no address of theirs is waited for.
    pub fn add_pruned(&self, owners: Vec<OwnerObject>) {
        for owner in &owners {
            owner.facts.phase.set(Phase::Replaced);
        }
        self.replaced.borrow_mut().extend(owners);
    }

    /// The state of the transition.
    pub fn progress(&self) -> Progress {
        self.progress.get()
    }

    /// The exit or error that the new versions failed with, other than a rejection of their evaluation.
    pub fn failure(&self) -> Option<Held> {
        self.failure.borrow().clone()
    }

    /// Waits until the new versions have failed, other than by a rejection of their evaluation.
    pub async fn failed(self: Rc<Self>, cx: Cx) -> Held {
        loop {
            if let Some(failure) = self.failure() {
                return failure;
            }
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
    }

    /// Waits until the new versions have come up, gone back or failed.
    pub async fn settled(self: Rc<Self>, cx: Cx) -> Progress {
        while self.progress() == Progress::Open && self.failure.borrow().is_none() {
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
        self.progress()
    }

    /// Waits until the new versions have come up, gone back or failed, until they can fail no more, or until a look has shown
    /// that this may take long.
    pub async fn looked(self: Rc<Self>, cx: Cx) {
        let is_open = || self.progress() == Progress::Open && self.failure.borrow().is_none();
        while is_open() && !self.is_safe.get() && !self.has_looked.get() {
            let changed = self.changed.wait(&cx);
            let _ = changed.await;
        }
    }

    /// Notes that the new versions are the running ones, whether or not they have come up.
    pub fn commit(&self) {
        self.is_committed.set(true);
    }

    /// Whether an exit or an error may still fail the transition.
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

    /// Notes a server that was taken over, and its requests under way.
    pub fn add_claim(&self, claim: Claim, requests: Vec<Value<'_>>) {
        self.claims.borrow_mut().push(claim);
        self.under_way
            .borrow_mut()
            .extend(requests.into_iter().map(Value::hold));
    }

    /// Notes that an address of the old versions is taken over.
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

    /// Fails the transition: the new versions exited, or left an error, other than by a rejection of their evaluation.
    pub fn fail(&self, js: Js<'_>, error: Value<'_>) {
        if self.failure.borrow().is_none() {
            *self.failure.borrow_mut() = Some(error.hold());
            self.changed.fire(js, &Ok(Held::undefined()));
        }
    }
}
