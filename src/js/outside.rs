//! Runs our work outside of the program's asynchronous contexts (`AsyncLocalStorage`).
//!
//! An update belongs to no request, even if a request made the first import. But Node 20 and 22 call a threadsafe
//! function in the context in which it was made, and every timer and promise carries the context of its creation.

use std::cell::Cell;
use std::rc::Rc;

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::JsResult;

/// The asynchronous context in which the addon was loaded.
pub struct Outside {
    resource: Held,
}

impl State for Outside {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let class = js.builtin("async_hooks")?.get("AsyncResource")?;
        let resource = class.construct(&[js.string("node-hmr")])?.hold();
        Ok(Self { resource })
    }
}

/// Runs `work`, now, in the asynchronous context in which the addon was loaded.
pub fn outside(js: Js<'_>, work: impl for<'s> FnOnce(Js<'s>) + 'static) {
    let work = Rc::new(Cell::new(Some(work)));
    let taken = Rc::clone(&work);
    let ran = js.state::<Outside>().and_then(|state| {
        let run = js.function("", 0, move |call| {
            if let Some(work) = taken.take() {
                work(call.js);
            }
            Ok(call.js.undefined())
        })?;
        state.resource.get(js).call_method("runInAsyncScope", &[run])
    });
    // The program's own `async_hooks` may throw before `work` has run; then it runs without the context.
    if ran.is_err()
        && let Some(work) = work.take()
    {
        work(js);
    }
}
