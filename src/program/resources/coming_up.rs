//! A transition until the new versions have come up: the addresses that they have to take over, and when that is done.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::js::{Held, Js, JsResult, MethodSpec, Timers, Value};
use crate::report;

use super::held::held;
use super::left_open;
use super::owner::{OwnerObject, Phase, Started};
use super::ports::{Slot, listens};
use super::starting::Start;
use super::state::Resources;
use super::transition::{Progress, Transition};

/// Time after its evaluation within which a version that listens on one address may still take over others.
const SETTLED: Duration = Duration::from_secs(2);
/// Time after its evaluation within which a version may begin to listen; also the time that old requests may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl Transition {
    /// Begins a transition in which these owners are replaced. Call this before their disposers run, so that all of their
    /// addresses are known.
    pub fn begin(js: Js<'_>, replaced: Vec<OwnerObject>) -> JsResult<'_, Rc<Self>> {
        let resources = js.state::<Resources>()?;
        for owner in &replaced {
            owner.facts.phase.set(Phase::Replaced);
        }
        let transition = Self::open(resources.next_number(), replaced);
        resources.transitions.borrow_mut().push(Rc::clone(&transition));
        left_open::note(&resources, js, true)?;
        let kept = held(&resources, js);
        for owner in resources.old_owners(js, &transition) {
            for server in Started::Servers.all(owner)? {
                if let Some((_, slot)) = Slot::of(&resources, server)?
                    && !kept.has(server)?
                    && listens(server)?
                {
                    transition.expected.borrow_mut().push(slot.address.clone());
                }
            }
        }
        Ok(transition)
    }

    /// Notes that a server of a new version listens on an address.
    pub fn listens_on<'s>(self: &Rc<Self>, js: Js<'s>, server: Value<'s>, address: &str) -> JsResult<'s, ()> {
        self.has_listened.set(true);
        if !self.has_claimed(js, server) {
            self.no_longer_expects(address);
        }
        if self.evaluated_at.get().is_none() && self.expected.borrow().is_empty() {
            // An evaluation that listens and then never ends (a top-level await) comes up all the same.
            self.look_in(js, SETTLED, true)?;
        }
        self.look_soon(js)
    }

    /// Notes that the evaluation of the new versions has ended.
    pub fn evaluated<'s>(self: &Rc<Self>, js: Js<'s>, is_reload: bool) -> JsResult<'s, ()> {
        self.evaluated_at.set(Some(Instant::now()));
        let resources = js.state::<Resources>()?;
        let is_safe = resources.tells_promises.get() && self.has_left_nothing(&resources);
        self.is_safe.set(is_safe);
        // A safe update waits for nothing: `come_up_if_safe` follows its commit.
        if is_safe && !is_reload {
            Ok(())
        } else {
            self.look_soon(js)
        }
    }

    /// Lets a committed update that is safe come up: at once if the old versions have started nothing, so that there is nothing
    /// to release in a later turn.
    pub fn come_up_if_safe<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        if !self.is_safe.get() || self.progress() != Progress::Open {
            return Ok(());
        }
        let resources = js.state::<Resources>()?;
        let is_alone = resources.transitions.borrow().len() == 1;
        if is_alone && resources.old_owners(js, self).is_empty() {
            self.look(js, false);
            return Ok(());
        }
        self.look_soon(js)
    }

    /// Whether the new versions have been evaluated and have left nothing for later, but for promises on a Node that does not
    /// tell of them. Such a promise is settled by the next turn, or waits for something else that was left.
    fn has_left_nothing(&self, resources: &Resources) -> bool {
        self.evaluated_at.get().is_some() && resources.tells_others.get() && !self.has_left.get()
    }

    /// Looks after the next turn whether the new versions have come up. By then an unhandled rejection is known, and code
    /// that the evaluation left for the next turn has run. What that code leaves for its next turn is waited for as well.
    pub(super) fn look_soon<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        let (resources, this) = (js.state::<Resources>()?, Rc::clone(self));
        resources.clock.next_turn(js, move |js| {
            let Ok(resources) = js.state::<Resources>() else {
                return;
            };
            if !this.is_safe.get() && this.has_left_nothing(&resources) {
                this.is_safe.set(true);
                this.changed.fire(js, &Ok(Held::undefined()));
            }
            // This fails only while the environment goes.
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

    /// Calls `action` after a time, unless the transition changes its state before.
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

    /// Changes the state of the transition and cancels its timers.
    pub(super) fn go_on(&self, js: Js<'_>, progress: Progress) {
        self.progress.set(progress);
        for timer in self.timers.take() {
            Timers::cancel(js, &timer);
        }
        if let Ok(resources) = js.state::<Resources>()
            && resources.transitions.borrow().is_empty()
        {
            let _ = left_open::note(&resources, js, false);
        }
        self.changed.fire(js, &Ok(Held::undefined()));
    }

    /// Lets the new versions come up if they are ready. `is_waiting`: the evaluation still waits, 2 s after the last address
    /// was taken over.
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
            for time in [SETTLED, PATIENCE] {
                // This fails only while the environment goes.
                let _ = self.look_in(js, time, false);
            }
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
}

/// The function that the command calls: `startMayFail(failed)`. Until the program has come up, its exit calls `failed(error)` and
/// does not end the process.
pub const START: MethodSpec = ("startMayFail", 1, |call| {
    let resources = call.js.state::<Resources>()?;
    *resources.start.borrow_mut() = Some(Rc::new(Start::new(call.arg(0))));
    Ok(call.js.undefined())
});

impl Resources {
    /// Notes that the program listens on an address.
    pub fn start_listens(&self) {
        self.end_start(Start::listens);
    }

    /// Notes that the program's entry has been evaluated. A program that listens nowhere has come up some time after that.
    pub fn start_is_evaluated<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        self.end_start(Start::evaluated);
        if self.start.borrow().is_some() {
            let patience = u32::try_from(PATIENCE.as_millis()).unwrap_or(u32::MAX);
            self.clock.after(js, patience, |js| {
                if let Ok(resources) = js.state::<Self>() {
                    resources.end_start(|start| !start.has_failed());
                }
            })?;
        }
        Ok(())
    }

    fn end_start(&self, has_come_up: impl FnOnce(&Start) -> bool) {
        let mut start = self.start.borrow_mut();
        start.take_if(|start| has_come_up(start));
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
