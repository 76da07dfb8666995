//! Outside of whatever asynchronous context the program is in.
//!
//! An update belongs to no request, also when the first import was made in one. Node 20 and 22 call a threadsafe function in
//! the context in which it was made, and a timer or a promise carries its own everywhere.

use std::cell::Cell;
use std::rc::Rc;

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::JsResult;

/// The context in which the addon was loaded.
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

/// Runs `work` there.
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
    // Hooks of the program's that throw are its own; what there is to do is done all the same.
    if ran.is_err()
        && let Some(work) = work.take()
    {
        work(js);
    }
}
