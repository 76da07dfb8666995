//! Built-in JavaScript functions, taken when the addon is loaded: a program that patches its globals later does not
//! change what we call.

use super::held::Held;
use super::realm::Js;
use super::state::State;
use super::value::{JsResult, Value};

/// The built-in functions that were taken when the addon was loaded.
pub(super) struct Intrinsics {
    pub promise: Held,
    pub promise_resolve: Held,
    pub promise_then: Held,
    set_prototype_of: Held,
    function_bind: Held,
    map: Held,
}

impl State for Intrinsics {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let global = js.global()?;
        let promise = global.get("Promise")?;
        let object = global.get("Object")?;
        let function_prototype = global.get("Function")?.get("prototype")?;
        Ok(Self {
            promise: promise.hold(),
            promise_resolve: promise.get("resolve")?.hold(),
            promise_then: promise.get("prototype")?.get("then")?.hold(),
            set_prototype_of: object.get("setPrototypeOf")?.hold(),
            function_bind: function_prototype.get("bind")?.hold(),
            map: global.get("Map")?.hold(),
        })
    }
}

impl<'s> Js<'s> {
    /// A new `Map`.
    pub fn map(self) -> JsResult<'s> {
        self.state::<Intrinsics>()?.map.get(self).construct(&[])
    }
}

impl<'s> Value<'s> {
    /// `Object.setPrototypeOf(value, prototype)`.
    pub fn set_prototype(self, prototype: Value<'s>) -> JsResult<'s, ()> {
        let js = self.js();
        let set = js.state::<Intrinsics>()?.set_prototype_of.get(js);
        set.call(js.undefined(), &[self, prototype]).map(drop)
    }

    /// `value.bind(this, ...args)`: the bound values live on the JavaScript function, not in native memory.
    pub fn bind(self, this: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        let js = self.js();
        let mut all = vec![this];
        all.extend_from_slice(args);
        js.state::<Intrinsics>()?.function_bind.get(js).call(self, &all)
    }
}
