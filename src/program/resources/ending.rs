//! The end of a transition: once the new versions have come up and the requests of the old ones have ended, what the old ones
//! started is released (`release.rs`); or everything goes back.

use std::cell::Cell;
use std::rc::Rc;

use crate::js::{Js, JsResult, Value};

use super::coming_up::PATIENCE;
use super::held::held;
use super::owner::{Phase, Started, busy};
use super::ports::listens;
use super::state::Resources;
use super::transition::{Progress, Transition};
use super::{closing, handover, left_open, release, requests};

impl Transition {
    /// Ends a transition whose new versions have come up: closes old servers whose addresses were not asked for again, waits
    /// for requests, then releases the rest.
    pub(super) fn come_up<'s>(self: &Rc<Self>, resources: &Rc<Resources>, js: Js<'s>) -> JsResult<'s, ()> {
        let all = resources.transitions.take();
        let kept = held(resources, js);
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
        for claim in self.claims.borrow().iter() {
            claim.expect_no_close(js)?;
            handover::close_idle(claim.from.get(js))?;
        }
        let owners = busy(js, &self.replaced.borrow());
        for owner in owners {
            for server in Started::Servers.all(owner)? {
                if listens(server)? && !kept.has(server)? {
                    let requests = requests::under_way(resources, server)?;
                    self.under_way
                        .borrow_mut()
                        .extend(requests.into_iter().map(Value::hold));
                    closing::close(server)?;
                }
            }
        }
        for transition in all {
            transition.go_on(js, Progress::Up);
        }
        self.wait_for_requests(js)
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
        let this = Rc::clone(self);
        self.after(js, PATIENCE, move |js| this.finish(js))
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
            release::release(&resources, js, &owners, Phase::Released);
            for claim in &claims {
                if let Err(thrown) = handover::retire(claim.from.get(js)) {
                    tracing::debug!("an old server: {}", thrown.0.display());
                }
            }
            left_open::tell_soon(&resources, js, &owners)
        });
        self.go_on(js, Progress::Over);
    }

    /// Ends a transition whose new versions failed: servers go back, and what the new versions started is released.
    pub fn roll_back<'s>(self: &Rc<Self>, js: Js<'s>) -> JsResult<'s, ()> {
        let resources = js.state::<Resources>()?;
        if self.progress() != Progress::Open {
            return Ok(());
        }
        resources.transitions.borrow_mut().retain(|it| it.id != self.id);
        let (claims, fresh, replaced) = (self.claims.take(), self.fresh.take(), self.replaced.take());
        for owner in &replaced {
            owner.facts.phase.set(Phase::Running);
        }
        let result = resources.run_outside(js, || {
            for claim in claims.iter().rev() {
                let (owner, from) = (claim.from_owner.get(js), claim.from.get(js));
                handover::give_back(&resources, from, claim.to.get(js), claim.is_same)?;
                Started::Servers.add(owner, from)?;
            }
            Ok(())
        });
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
}
