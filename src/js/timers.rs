//! Node's timers, taken when the addon was loaded: a program that fakes its timers does not change ours.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::JsResult;

/// `setTimeout`, `clearTimeout` and `setImmediate` of Node.
pub struct Timers {
    set: Held,
    clear: Held,
    set_immediate: Held,
    /// What next turns are to run, the oldest first.
    turns: Rc<RefCell<VecDeque<Turn>>>,
    /// A JavaScript function that takes the first entry of `turns` and runs it. To make a function for each takes longer.
    run_first_turn: Held,
}

/// Work for a next turn.
type Turn = Box<dyn for<'s> FnOnce(Js<'s>)>;

impl State for Timers {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let timers = js.builtin("timers")?;
        let turns: Rc<RefCell<VecDeque<Turn>>> = Rc::default();
        let waiting = Rc::clone(&turns);
        let run_first_turn = js.function("", 0, move |call| {
            let first = waiting.borrow_mut().pop_front();
            if let Some(action) = first {
                // Node calls this function: an exception would end the process.
                call.js.shielded(action);
            }
            Ok(call.js.undefined())
        })?;
        Ok(Self {
            set: timers.get("setTimeout")?.hold(),
            clear: timers.get("clearTimeout")?.hold(),
            set_immediate: timers.get("setImmediate")?.hold(),
            turns,
            run_first_turn: run_first_turn.hold(),
        })
    }
}

impl Timers {
    /// Calls `action` once after `milliseconds`, without keeping the process alive for it.
    pub fn after<'s>(
        &self,
        js: Js<'s>,
        milliseconds: u32,
        action: impl for<'t> Fn(Js<'t>) + 'static,
    ) -> JsResult<'s> {
        let callback = js.function("", 0, move |call| {
            // Node calls this function: an exception would end the process.
            call.js.shielded(&action);
            Ok(call.js.undefined())
        })?;
        let arguments = [callback, js.number(f64::from(milliseconds))];
        let timer = self.set.get(js).call(js.undefined(), &arguments)?;
        if timer.is_object() {
            timer.call_method("unref", &[])?;
        }
        Ok(timer)
    }

    /// Calls `action` in the next turn of the event loop.
    pub fn next_turn<'s>(
        &self,
        js: Js<'s>,
        action: impl for<'t> FnOnce(Js<'t>) + 'static,
    ) -> JsResult<'s, ()> {
        let run = self.run_first_turn.get(js);
        self.set_immediate.get(js).call(js.undefined(), &[run])?;
        self.turns.borrow_mut().push_back(Box::new(action));
        Ok(())
    }

    /// Cancels a timer that `after` returned.
    pub fn cancel(js: Js<'_>, timer: &Held) {
        // `clearTimeout` throws nothing, and without the state there are no timers.
        if let Ok(timers) = js.state::<Self>() {
            let _ = timers.clear.get(js).call(js.undefined(), &[timer.get(js)]);
        }
    }
}
