//! One reload after another: whose turn it is. `state.rs` knows which ones wait.

use std::rc::Rc;

use crate::js::{Held, Js, Signal, Value, settled, spawn};

use super::app::App;

impl App {
    /// Waits until no reload is under way. Call [`App::end_reload`] afterwards. A module that is being run may wait for the
    /// reload that it asks for, so this reload does not wait for the run of that module.
    pub async fn take_reload_turn(&self, asker: Option<&str>) {
        let reloads = &self.state.reloads;
        self.turns.reload.set(true);
        if !reloads.is_busy() || self.is_being_run(asker) {
            return reloads.enter();
        }
        let signal = Rc::new(Signal::default());
        let turn = self
            .cx
            .attempt(|js: Js<'_>| spawn(js, signal.wait(&self.cx)).map(Value::hold));
        let Ok(turn) = turn else {
            return reloads.enter();
        };
        reloads.waiting.borrow_mut().push_back(signal);
        // `end_reload` fulfils this promise, and has counted this reload as under way.
        let _ = settled(&self.cx, turn).await;
    }

    /// Ends the turn of [`App::take_reload_turn`], unless it has ended. The next reload begins if no other is under way.
    pub fn end_reload(&self) {
        if !self.turns.reload.take() {
            return;
        }
        let reloads = &self.state.reloads;
        reloads.under_way.set(reloads.under_way.get().saturating_sub(1));
        if reloads.is_busy() {
            return;
        }
        let next = reloads.waiting.borrow_mut().pop_front();
        if let Some(next) = next {
            reloads.enter();
            self.cx.with(|js| next.fire(js, &Ok(Held::undefined())));
        }
    }

    /// Whether a module has made its context in a run that has not ended.
    pub fn is_being_run(&self, owner: Option<&str>) -> bool {
        let open = self.state.versions.borrow();
        owner.is_some_and(|owner| open.iter().any(|versions| versions.has_created(owner)))
    }
}
