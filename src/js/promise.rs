//! Promises that somebody waits for later.

use super::held::Held;
use super::intrinsics::Intrinsics;
use super::realm::Js;
use super::state::State;
use super::value::{JsResult, Value};

/// A function that does nothing, for all promises whose rejection is looked at later.
struct Ignore(Held);

impl State for Ignore {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self(js.function("", 0, |call| Ok(call.js.undefined()))?.hold()))
    }
}

impl<'s> Value<'s> {
    /// For a promise or thenable, a promise of it that has a handler; any other value as it is. A rejection that comes
    /// before somebody waits for the value is no unhandled one then, which would end the process. The `then` of a thenable
    /// is called once, however often the promise is waited for.
    ///
    /// # Errors
    /// What reading `then` threw.
    pub fn with_handler(self) -> JsResult<'s> {
        if !self.is_thenable()? {
            return Ok(self);
        }
        let js = self.js();
        let (intrinsics, ignore) = (js.state::<Intrinsics>()?, js.state::<Ignore>()?);
        let class = intrinsics.promise.get(js);
        let promise = intrinsics.promise_resolve.get(js).call(class, &[self])?;
        let then = intrinsics.promise_then.get(js);
        then.call(promise, &[js.undefined(), ignore.0.get(js)])?;
        Ok(promise)
    }
}
