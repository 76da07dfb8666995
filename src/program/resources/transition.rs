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
use std::time::{Duration, Instant};

use crate::js::{Cx, Held, Js, JsResult, Signal, Value};
use crate::report;

use super::held::held;
use super::left_open;
use super::owner::{Owner, Phase, Started};
use super::ports::{Slot, listens};
use super::state::Resources;

/// How long after its evaluation a version that listens on one address may still listen on others.
const SETTLED: Duration = Duration::from_secs(2);
/// How long after its evaluation a version may begin to listen at all; and how long requests may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

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
    expected: RefCell<Vec<String>>,
    pub(super) claims: RefCell<Vec<Claim>>,
    /// Responses and streams that old versions began.
    pub(super) under_way: RefCell<Vec<Held>>,
    has_listened: Cell<bool>,
    evaluated_at: Cell<Option<Instant>>,
    pub(super) progress: Cell<Progress>,
    /// Whether it came up by nothing but time: said in the log.
    is_late: Cell<bool>,
    /// Whether it was looked at after the evaluation.
    has_looked: Cell<bool>,
    /// The new versions are the ones that run: nothing can fail them any more.
    is_committed: Cell<bool>,
    /// What the new versions failed with, besides the rejection of their evaluation.
    failure: RefCell<Option<Held>>,
    /// What will look again, or end the patience with requests: called off when it is of no use any more.
    timers: RefCell<Vec<Held>>,
    changed: Rc<Signal>,
}

impl Transition {
    /// Begins: these owners are about to be replaced. Before their disposers run, so that all of their addresses are
    /// known.
    pub fn begin<'s>(js: Js<'s>, replaced: &[Value<'s>]) -> JsResult<'s, Rc<Self>> {
        let resources = js.state::<Resources>()?;
        let transition = Rc::new(Self {
            id: resources.next_number(),
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
        });
        for owner in replaced {
            if let Some(facts) = owner.native::<Owner>() {
                facts.phase.set(Phase::Replaced);
            }
        }
        resources.transitions.borrow_mut().push(Rc::clone(&transition));
        left_open::note(&resources, js, true)?;
        let kept = held(&resources, js)?;
        for owner in transition.old_owners(&resources, js) {
            for server in Started::Servers.all(owner)? {
                let is_kept = kept.call_method("has", &[server])?.truthy();
                if let Some((_, slot)) = Slot::of(&resources, server)?
                    && !is_kept
                    && listens(server)?
                {
                    transition.expected.borrow_mut().push(slot.address.clone());
                }
            }
        }
        Ok(transition)
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

    /// The owners whose servers the new versions may take over: those replaced now, and by older transitions that
    /// have not come up.
    pub fn old_owners<'s>(&self, resources: &Resources, js: Js<'s>) -> Vec<Value<'s>> {
        let transitions = resources.transitions.borrow();
        let mut owners = Vec::new();
        for transition in transitions.iter().filter(|it| it.id <= self.id) {
            owners.extend(transition.replaced.borrow().iter().map(|owner| owner.get(js)));
        }
        owners
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

    fn has_claimed(&self, js: Js<'_>, server: Value<'_>) -> bool {
        let claims = self.claims.borrow();
        claims.iter().any(|claim| claim.to.get(js).same(server))
    }

    /// A server of a new version listens on that address.
    pub fn listens_on<'s>(self: &Rc<Self>, js: Js<'s>, server: Value<'s>, address: &str) -> JsResult<'s, ()> {
        self.has_listened.set(true);
        if !self.has_claimed(js, server) {
            self.no_longer_expects(address);
        }
        if self.evaluated_at.get().is_none() && self.expected.borrow().is_empty() {
            // An evaluation that listens and then waits for ever has come up all the same.
            self.look_in(js, SETTLED, true)?;
        }
        self.look_soon(js)
    }

    /// The evaluation of the new versions has ended.
    pub fn evaluated<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        self.evaluated_at.set(Some(Instant::now()));
        self.look_in(js, SETTLED, false)?;
        self.look_in(js, PATIENCE, false)?;
        self.look_soon(js)
    }

    /// Looks after the next turn: by then a rejection that nobody handles is known, and what the evaluation left for the
    /// next turn has run.
    pub(super) fn look_soon<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        let (resources, this) = (js.state::<Resources>()?, Rc::clone(self));
        resources.clock.next_turn(js, move |js| {
            let Ok(resources) = js.state::<Resources>() else {
                return;
            };
            let this = Rc::clone(&this);
            // Only while the environment goes there is no next turn.
            let _ = resources.clock.next_turn(js, move |js| this.look(js, false));
        })
    }

    fn look_in<'s>(self: &Rc<Self>, js: Js<'s>, time: Duration, is_waiting: bool) -> JsResult<'s, ()> {
        let this = Rc::clone(self);
        // A timer may fire a little early.
        self.after(js, time + Duration::from_millis(5), move |js| {
            this.look(js, is_waiting);
        })
    }

    /// Calls `action` after that time, unless the transition gets further before.
    pub(super) fn after<'s>(
        &self,
        js: Js<'s>,
        time: Duration,
        action: impl for<'t> Fn(Js<'t>) + 'static,
    ) -> JsResult<'s, ()> {
        let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let timer = js.state::<Resources>()?.clock.after(js, milliseconds, action)?;
        self.timers.borrow_mut().push(timer.hold());
        Ok(())
    }

    /// Gets further.
    pub(super) fn go_on(&self, js: Js<'_>, progress: Progress) {
        self.progress.set(progress);
        let timers = self.timers.take();
        if let Ok(resources) = js.state::<Resources>() {
            for timer in &timers {
                resources.clock.cancel(js, timer.get(js));
            }
            if resources.transitions.borrow().is_empty() {
                let _ = left_open::note(&resources, js, false);
            }
        }
        self.changed.fire(js, &Ok(Held::undefined()));
    }

    /// Whether it has come up by now. `is_waiting`: the evaluation still waits, long after all addresses were there.
    fn look(self: &Rc<Self>, js: Js<'_>, is_waiting: bool) {
        let Ok(resources) = js.state::<Resources>() else {
            return;
        };
        let newest = resources.transitions.borrow().last().map(|it| it.id);
        if self.progress() != Progress::Open || newest != Some(self.id) || self.failure.borrow().is_some() {
            return;
        }
        let is_complete = self.expected.borrow().is_empty();
        let since = self.evaluated_at.get().map(|instant| instant.elapsed());
        let has_come_up = match since {
            None => is_waiting && is_complete,
            Some(since) => is_complete || self.has_listened.get() && since >= SETTLED || since >= PATIENCE,
        };
        if since.is_some() && !self.has_looked.replace(true) && !has_come_up {
            self.changed.fire(js, &Ok(Held::undefined()));
        }
        if has_come_up {
            self.is_late.set(!is_complete && !self.has_listened.get());
            if self.is_late.get() {
                self.say_late(js);
            }
            let result = resources.run_outside(js, || self.come_up(&resources, js));
            if let Err(thrown) = result {
                tracing::debug!("a version could not come up wholly: {}", thrown.0.display());
            }
        }
    }

    fn say_late(&self, js: Js<'_>) {
        let expected = self.expected.borrow();
        let addresses: Vec<String> = expected.iter().map(|address| shown(address)).collect();
        report::remark(
            js,
            &format!(
                "10 s after it was evaluated the new version listens on no address; {} closed",
                match addresses.as_slice() {
                    [one] => format!("{one} is"),
                    all => format!("{} are", all.join(", ")),
                }
            ),
        );
    }

    /// The new versions failed otherwise than by a rejection of their evaluation.
    pub fn fail(&self, js: Js<'_>, error: Value<'_>) {
        if self.failure.borrow().is_none() {
            *self.failure.borrow_mut() = Some(error.hold());
            self.changed.fire(js, &Ok(Held::undefined()));
        }
    }
}

/// An address as users know it.
fn shown(address: &str) -> String {
    let parts: Vec<&str> = address.split(' ').collect();
    match parts.as_slice() {
        [_, path @ .., "-1"] => path.join(" "),
        [_, .., "0"] => String::from("the server on a port of the system's choice"),
        [_, .., port] => format!("port {port}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn addresses_are_shown_as_users_know_them() {
        assert_eq!(shown("4 * 3000"), "port 3000");
        assert_eq!(shown("4 127.0.0.1 3000"), "port 3000");
        assert_eq!(shown("-1 /tmp/a b.sock -1"), "/tmp/a b.sock");
        assert_eq!(shown("4 * 0"), "the server on a port of the system's choice");
    }
}
