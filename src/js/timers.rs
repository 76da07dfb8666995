//! Node's timers, taken when the addon was loaded: a program that fakes its timers does not change ours.

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::JsResult;

/// `setTimeout`, `clearTimeout` and `setImmediate` of Node.
pub struct Timers {
    set: Held,
    clear: Held,
    set_immediate: Held,
}

impl State for Timers {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let timers = js.builtin("timers")?;
        Ok(Self {
            set: timers.get("setTimeout")?.hold(),
            clear: timers.get("clearTimeout")?.hold(),
            set_immediate: timers.get("setImmediate")?.hold(),
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
    pub fn next_turn<'s>(&self, js: Js<'s>, action: impl for<'t> Fn(Js<'t>) + 'static) -> JsResult<'s, ()> {
        let callback = js.function("", 0, move |call| {
            call.js.shielded(&action);
            Ok(call.js.undefined())
        })?;
        self.set_immediate.get(js).call(js.undefined(), &[callback])?;
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
