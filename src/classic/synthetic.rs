//! `createSyntheticRequire`: makes a `require` from a function of the user's.

use crate::error::HmrError;
use crate::js::{Call, Held, Js, JsResult, State};

/// The function from which every synthetic `require` is bound.
pub struct Synthetic {
    call: Held,
}

impl State for Synthetic {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let call = js.function("require", 1, call)?.hold();
        Ok(Self { call })
    }
}

/// `createSyntheticRequire(require, realRequire, cache?, resolve?)`.
pub fn create_synthetic_require<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (require, real, cache, resolve) = (call.arg(0), call.arg(1), call.arg(2), call.arg(3));
    let wrong = |parameter, expected, given| {
        Err(HmrError::argument("createSyntheticRequire", parameter, expected, given).thrown(js))
    };
    if !require.is_function() {
        return wrong(
            "require",
            "a function that takes an id and returns the module",
            require,
        );
    }
    if !real.is_object() {
        return wrong(
            "realRequire",
            "a require function: pass the module's own `require`",
            real,
        );
    }
    if !(resolve.is_function() || resolve.is_nullish()) {
        return wrong(
            "resolve",
            "a function that takes an id and returns a path, or left out",
            resolve,
        );
    }
    let keeps_results = !cache.truthy();
    let cache = if keeps_results {
        let object = js.global()?.get("Object")?;
        object.call_method("create", &[js.null()])?
    } else {
        cache
    };
    let store = if keeps_results { cache } else { js.undefined() };
    let synthetic = js
        .state::<Synthetic>()?
        .call
        .get(js)
        .bind(js.undefined(), &[require, store])?;
    synthetic.define_constant(js.string("name"), js.string("require"))?;
    synthetic.define_constant(js.string("length"), js.number(1.0))?;
    synthetic.set("cache", cache)?;
    synthetic.set("main", real.get("main")?)?;
    synthetic.set("extensions", real.get("extensions")?)?;
    synthetic.set(
        "resolve",
        if resolve.is_nullish() {
            real.get("resolve")?
        } else {
            resolve
        },
    )?;
    Ok(synthetic)
}

/// The body of a synthetic `require`: the user's function and the store of results (or `undefined`) are bound arguments,
/// and the id follows.
fn call<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (require, store, id) = (call.arg(0), call.arg(1), call.arg(2));
    if !store.is_object() {
        return require.call(call.js.undefined(), &[id]);
    }
    if store.has_key(id)? {
        return store.get_key(id);
    }
    let result = require.call(call.js.undefined(), &[id])?;
    store.set_key(id, result)?;
    Ok(result)
}
