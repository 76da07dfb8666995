//! Runs our work outside of the program's asynchronous contexts (`AsyncLocalStorage`).
//!
//! An update belongs to no request, even if a request made the first import. But Node 20 and 22 call a threadsafe
//! function in the context in which it was made, and every timer and promise carries the context of its creation.

use std::cell::RefCell;

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::JsResult;

/// The asynchronous context in which the addon was loaded.
pub struct Outside {
    /// An `AsyncResource` of that context.
    resource: Held,
    /// Its method `runInAsyncScope`.
    run_in_scope: Held,
    /// The JavaScript function for all calls of [`outside`]: to make one for each would take longer than most work.
    run_last: Held,
    /// The work of the calls of [`outside`] under way that has not begun yet, the innermost last.
    works: RefCell<Vec<Work>>,
}

/// Work that [`outside`] was given.
type Work = Box<dyn for<'s> FnOnce(Js<'s>)>;

impl State for Outside {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let class = js.builtin("async_hooks")?.get("AsyncResource")?;
        let resource = class.construct(&[js.string("node-hmr")])?;
        let run_last = js.function("", 0, |call| {
            let work = call.js.state::<Self>()?.works.borrow_mut().pop();
            if let Some(work) = work {
                work(call.js);
            }
            Ok(call.js.undefined())
        })?;
        Ok(Self {
            resource: resource.hold(),
            run_in_scope: resource.get("runInAsyncScope")?.hold(),
            run_last: run_last.hold(),
            works: RefCell::default(),
        })
    }
}

/// Runs `work`, now, in the asynchronous context in which the addon was loaded.
pub fn outside(js: Js<'_>, work: impl for<'s> FnOnce(Js<'s>) + 'static) {
    let Ok(state) = js.state::<Outside>() else {
        return work(js);
    };
    let place = state.works.borrow().len();
    state.works.borrow_mut().push(Box::new(work));
    let run = state.run_last.get(js);
    let ran = state.run_in_scope.get(js).call(state.resource.get(js), &[run]);
    // The program's own `async_hooks` may throw before the work has begun; then it runs without the context.
    let left = state.works.borrow_mut().drain(place..).next();
    if let (Err(_), Some(work)) = (ran, left) {
        work(js);
    }
}
