//! Puts a look of ours behind methods of the server and of the plugin.

use crate::js::{JsResult, Value};
use crate::report;

/// One call of a method that we intercept.
pub struct Intercepted<'s> {
    /// The emitter of the plugin.
    pub emitter: Value<'s>,
    /// The further value that the method is bound to.
    pub detail: Value<'s>,
    /// The receiver of the call.
    pub this: Value<'s>,
    /// The arguments of the call.
    pub args: Vec<Value<'s>>,
}

impl<'s> Intercepted<'s> {
    /// An argument, `undefined` when there is none.
    pub fn arg(&self, index: usize) -> Value<'s> {
        self.args
            .get(index)
            .copied()
            .unwrap_or_else(|| self.this.js().undefined())
    }
}

pub type Look = for<'s> fn(&Intercepted<'s>) -> JsResult<'s, ()>;

/// Puts a proxy before a method. The call goes on unchanged, `this` included, and `look` sees it afterwards.
pub fn intercept<'s>(object: Value<'s>, name: &str, look: Look, bound: &[Value<'s>]) -> JsResult<'s, ()> {
    let js = object.js();
    let method = object.get(name)?;
    if !method.is_function() {
        return Ok(());
    }
    let bound_count = bound.len();
    let apply = js.function("apply", 3, move |call| {
        let (bound, [method, this, args, ..]) = call.args.split_at(bound_count) else {
            return Ok(call.js.undefined());
        };
        let args = args.items()?;
        let result = method.call(*this, &args)?;
        let detail = bound.get(1).copied().unwrap_or_else(|| call.js.undefined());
        let intercepted = Intercepted {
            emitter: bound[0],
            detail,
            this: *this,
            args,
        };
        if let Err(thrown) = look(&intercepted) {
            // The caller's call has succeeded, so an error of our part is reported and not thrown.
            report::vite_node::error(
                call.js,
                "a \"message\" listener of the emitter failed",
                Some(thrown.0),
            );
        }
        Ok(result)
    })?;
    let handler = js.object();
    handler.set("apply", apply.bind(js.undefined(), bound)?)?;
    let proxy = js.global()?.get("Proxy")?.construct(&[method, handler])?;
    object.set(name, proxy)
}
