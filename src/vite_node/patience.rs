//! Waits for users' promises, but not for ever: a promise that never settles would end all updates.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::js::Timers;
use crate::js::{Cx, Held, Signal, settled, spawn_detached};

use super::app::App;

/// Time that an update waits for one promise of the user's, in milliseconds.
const PATIENCE: u32 = 5_000;

/// [`PATIENCE`], as the user reads it.
pub const PATIENCE_TEXT: &str = "5 s";

/// A race of a promise and a timer.
#[derive(Default)]
struct Race {
    signal: Rc<Signal>,
    result: RefCell<Option<Result<Held, Held>>>,
    is_over: Cell<bool>,
}

impl App {
    /// Waits for `value` for 5 s at most. Brings `None` if it has not settled by then; `late` gets its result if it settles
    /// later.
    pub async fn settled_in_time(
        &self,
        value: Held,
        late: impl FnOnce(&Cx, Result<Held, Held>) + 'static,
    ) -> Option<Result<Held, Held>> {
        let Some(timers) = self.hot.timers() else {
            return Some(settled(&self.cx, value).await);
        };
        let race = Rc::new(Race::default());
        let timer = self.set_timer(&timers, &race);
        let (cx, running) = (self.cx.clone(), Rc::clone(&race));
        self.cx.with(|js| {
            spawn_detached(js, async move {
                let result = settled(&cx, value).await;
                if running.is_over.get() {
                    return late(&cx, result);
                }
                running.result.replace(Some(result));
                cx.with(|js| running.signal.fire(js, &Ok(Held::undefined())));
            });
        });
        if race.result.borrow().is_none() {
            let _ = race.signal.wait(&self.cx).await;
        }
        race.is_over.set(true);
        if let Some(timer) = timer {
            self.cx.with(|js| timers.cancel(js, timer.get(js)));
        }
        race.result.take()
    }

    fn set_timer(&self, timers: &Timers, race: &Rc<Race>) -> Option<Held> {
        let race = Rc::clone(race);
        let timer = self.cx.attempt(|js| {
            let fire = move |js: crate::js::Js<'_>| race.signal.fire(js, &Ok(Held::undefined()));
            Ok(timers.after(js, PATIENCE, fire)?.hold())
        });
        timer.ok()
    }
}
