//! One message after another: whose turn it is. `state.rs` knows which ones wait.

use std::rc::Rc;

use crate::js::{Held, Signal, settled, spawn};

use super::app::App;

impl App {
    /// Waits until nothing else is under way. Call [`App::leave`] afterwards.
    pub async fn take_turn(&self) {
        let queue = &self.state.queue;
        if queue.busy.get() == 0 {
            return self.enter();
        }
        let signal = Rc::new(Signal::default());
        let turn = self.cx.attempt(|js| {
            // Each waiting message gets a promise of its own, so that a long queue does not make a deep stack.
            let turn = spawn(js, signal.wait(&self.cx))?;
            self.cache(js)?.0.get("queued")?.call_method("push", &[turn])?;
            Ok(turn.hold())
        });
        let Ok(turn) = turn else { return self.enter() };
        queue.waiting.borrow_mut().push_back(signal);
        // `leave` fulfils this promise, and has counted this message as under way.
        let _ = settled(&self.cx, turn).await;
        self.turns.message.set(true);
    }

    /// Begins at once, whatever is under way. Call [`App::leave`] afterwards.
    pub fn enter(&self) {
        let queue = &self.state.queue;
        queue.busy.set(queue.busy.get() + 1);
        self.turns.message.set(true);
        self.show_pending();
    }

    /// Ends the turn of [`App::take_turn`] or [`App::enter`], unless it has ended. The next message in the queue begins if
    /// nothing else is under way.
    pub fn leave(&self) {
        if !self.turns.message.take() {
            return;
        }
        let queue = &self.state.queue;
        queue.busy.set(queue.busy.get().saturating_sub(1));
        if queue.busy.get() > 0 {
            return;
        }
        let next = queue.waiting.borrow_mut().pop_front();
        let Some(next) = next else {
            return self.show_pending();
        };
        queue.busy.set(1);
        self.cx.with(|js| {
            let _ = self
                .cache(js)
                .and_then(|cache| cache.0.get("queued")?.call_method("shift", &[]));
            next.fire(js, &Ok(Held::undefined()));
        });
    }

    fn show_pending(&self) {
        let is_pending = self.state.queue.busy.get() > 0;
        self.cx.with(|js| {
            let _ = self
                .cache(js)
                .and_then(|cache| cache.0.set("pending", js.boolean(is_pending)));
        });
    }
}
