//! One reload after another.

use std::rc::Rc;

use crate::js::{Held, Js, Signal, Value, settled, spawn};

use super::app::App;

impl App {
    /// Waits until no reload is under way. To be followed by [`App::end_reload`]. A module that is being run may wait
    /// for the reload that it asks for, so that one does not wait for the module.
    pub async fn take_reload_turn(&self, asker: Option<&str>) {
        let reloads = &self.state.reloads;
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
        // Fulfilled by `end_reload`, which counts us in.
        let _ = settled(&self.cx, turn).await;
    }

    /// Ends what [`App::take_reload_turn`] began; when it was the last, the next one begins.
    pub fn end_reload(&self) {
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

    /// Whether the module has made its context in a run that has not ended.
    pub fn is_being_run(&self, owner: Option<&str>) -> bool {
        let open = self.state.versions.borrow();
        owner.is_some_and(|owner| open.iter().any(|versions| versions.has_created(owner)))
    }
}
