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

use super::held::held;
use super::owner::{Owner, Phase, Started};
use super::ports::{Slot, listens};
use super::state::Resources;
use super::{handover, release, requests};

/// How long after its evaluation a version that listens on one address may still listen on others.
const SETTLED: Duration = Duration::from_secs(2);
/// How long after its evaluation a version may begin to listen at all; and how long requests may take.
const PATIENCE: Duration = Duration::from_secs(10);

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
    replaced: RefCell<Vec<Held>>,
    /// The owners made since it began.
    pub fresh: RefCell<Vec<Held>>,
    /// Addresses that the old versions listened on and the new ones do not yet.
    expected: RefCell<Vec<String>>,
    claims: RefCell<Vec<Claim>>,
    /// Responses and streams that old versions began.
    under_way: RefCell<Vec<Held>>,
    has_listened: Cell<bool>,
    evaluated_at: Cell<Option<Instant>>,
    progress: Cell<Progress>,
    /// Whether it came up by nothing but time: said in the log.
    is_late: Cell<bool>,
    /// What the new versions failed with, besides the rejection of their evaluation.
    failure: RefCell<Option<Held>>,
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
            failure: RefCell::new(None),
            changed: Rc::default(),
        });
        for owner in replaced {
            if let Some(facts) = owner.native::<Owner>() {
                facts.phase.set(Phase::Replaced);
            }
        }
        resources.transitions.borrow_mut().push(Rc::clone(&transition));
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
    fn look_soon<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
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
        let (resources, this) = (js.state::<Resources>()?, Rc::clone(self));
        // A timer may fire a little early.
        let milliseconds = u32::try_from(time.as_millis())
            .unwrap_or(u32::MAX)
            .saturating_add(5);
        resources
            .clock
            .after(js, milliseconds, move |js| this.look(js, is_waiting))?;
        Ok(())
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
        if has_come_up {
            self.is_late.set(!is_complete && !self.has_listened.get());
            let result = resources.run_outside(js, || self.come_up(&resources, js));
            if let Err(thrown) = result {
                tracing::debug!("a version could not come up wholly: {}", thrown.0.display());
            }
        }
    }

    /// The new versions have come up: servers that were not asked for again close, requests end, then the rest goes.
    fn come_up<'s>(self: &Rc<Self>, resources: &Rc<Resources>, js: Js<'s>) -> JsResult<'s, ()> {
        let all = resources.transitions.take();
        let kept = held(resources, js)?;
        for older in &all {
            if older.id != self.id {
                self.replaced
                    .borrow_mut()
                    .append(&mut older.replaced.borrow_mut());
                self.claims.borrow_mut().append(&mut older.claims.borrow_mut());
                let mut requests = self.under_way.borrow_mut();
                requests.append(&mut older.under_way.borrow_mut());
                older.fresh.borrow_mut().clear();
            }
        }
        self.fresh.borrow_mut().clear();
        let owners: Vec<_> = self.replaced.borrow().iter().map(|owner| owner.get(js)).collect();
        for owner in owners {
            for server in Started::Servers.all(owner)? {
                if listens(server)? && !kept.call_method("has", &[server])?.truthy() {
                    let requests = requests::under_way(resources, server)?;
                    self.under_way
                        .borrow_mut()
                        .extend(requests.into_iter().map(Value::hold));
                    server.call_method("close", &[])?;
                }
            }
        }
        for transition in all {
            transition.go_on(js, Progress::Up);
        }
        self.wait_for_requests(js)
    }

    fn go_on(&self, js: Js<'_>, progress: Progress) {
        self.progress.set(progress);
        self.changed.fire(js, &Ok(Held::undefined()));
    }

    fn wait_for_requests<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        let requests = self.under_way.take();
        let open: Vec<_> = requests.iter().map(|request| request.get(js)).collect();
        let is_open = |request: &Value<'s>| {
            let is = |name| request.get(name).is_ok_and(Value::truthy);
            !is("writableFinished") && !is("destroyed") || is("readable")
        };
        let open: Vec<_> = open.into_iter().filter(|it| is_open(it)).collect();
        let left = Rc::new(Cell::new(open.len()));
        if open.is_empty() {
            self.finish(js);
            return Ok(());
        }
        for request in open {
            let (this, left) = (Rc::clone(self), Rc::clone(&left));
            let closed = js.function("", 0, move |call| {
                left.set(left.get().saturating_sub(1));
                if left.get() == 0 {
                    this.finish(call.js);
                }
                Ok(call.js.undefined())
            })?;
            request.call_method("once", &[js.string("close"), closed])?;
        }
        let (resources, this) = (js.state::<Resources>()?, Rc::clone(self));
        let milliseconds = u32::try_from(PATIENCE.as_millis()).unwrap_or(u32::MAX);
        resources
            .clock
            .after(js, milliseconds, move |js| this.finish(js))?;
        Ok(())
    }

    /// Releases what the old versions started.
    fn finish(self: &Rc<Self>, js: Js<'_>) {
        let Ok(resources) = js.state::<Resources>() else {
            return;
        };
        if self.progress() != Progress::Up {
            return;
        }
        let (owners, claims) = (self.replaced.take(), self.claims.take());
        let _ = resources.run_outside(js, || {
            let owners: Vec<_> = owners.iter().map(|owner| owner.get(js)).collect();
            release::release(&resources, js, &owners, Phase::Released);
            for claim in &claims {
                if let Err(thrown) = handover::retire(claim.from.get(js)) {
                    tracing::debug!("an old server: {}", thrown.0.display());
                }
            }
            Ok(())
        });
        self.go_on(js, Progress::Over);
    }

    /// The new versions failed: servers go back, and what the new versions started is released.
    pub fn roll_back<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        let resources = js.state::<Resources>()?;
        if self.progress() != Progress::Open {
            return Ok(());
        }
        resources.transitions.borrow_mut().retain(|it| it.id != self.id);
        let (claims, fresh, replaced) = (self.claims.take(), self.fresh.take(), self.replaced.take());
        for owner in &replaced {
            if let Some(facts) = owner.get(js).native::<Owner>() {
                facts.phase.set(Phase::Running);
            }
        }
        let result = resources.run_outside(js, || {
            for claim in claims.iter().rev() {
                let (owner, from) = (claim.from_owner.get(js), claim.from.get(js));
                handover::give_back(&resources, from, claim.to.get(js), claim.is_same)?;
                Started::Servers.add(owner, from)?;
            }
            Ok(())
        });
        let fresh: Vec<_> = fresh.iter().map(|owner| owner.get(js)).collect();
        resources.run_outside(js, || {
            release::release(&resources, js, &fresh, Phase::Failed);
            for claim in &claims {
                handover::retire(claim.to.get(js))?;
            }
            Ok(())
        })?;
        self.go_on(js, Progress::Back);
        let older = resources.transitions.borrow().last().cloned();
        if let Some(older) = older {
            older.look_soon(js)?;
        }
        result
    }

    /// The new versions failed otherwise than by a rejection of their evaluation.
    pub fn fail(&self, js: Js<'_>, error: Value<'_>) {
        if self.failure.borrow().is_none() {
            *self.failure.borrow_mut() = Some(error.hold());
            self.changed.fire(js, &Ok(Held::undefined()));
        }
    }
}
