//! How `util.inspect` shows our objects.

use crate::js::{Call, JsResult, NativeFn, Value};

/// Makes `util.inspect` call `inspect` for the instances of a class.
pub fn show(class: Value<'_>, inspect: NativeFn) -> JsResult<'_, ()> {
    let js = class.js();
    let key = js.symbol_for("nodejs.util.inspect.custom")?;
    let prototype = class.get("prototype")?;
    prototype.define_hidden(key, js.function("inspect", 3, inspect)?)
}

/// Shows hidden properties as `Class { name: value }`.
pub fn properties<'s>(call: &Call<'s>, shown: &[(&str, &str)]) -> JsResult<'s> {
    let view = call.js.object();
    for (property, name) in shown {
        let value = call.this.get(property)?;
        if !value.is_nullish() {
            view.set(name, value)?;
        }
    }
    as_class(call, view)
}

/// Shows `view` under the class name of `this`.
pub fn as_class<'s>(call: &Call<'s>, view: Value<'s>) -> JsResult<'s> {
    let js = call.js;
    let class = call.this.get("constructor").and_then(|class| class.get("name"));
    let class = class
        .ok()
        .and_then(Value::text)
        .unwrap_or_else(|| "Object".into());
    if call.arg(0).as_number().is_some_and(|depth| depth < 0.0) {
        return Ok(js.string(&format!("[{class}]")));
    }
    let inspect = if call.arg(2).is_function() {
        call.arg(2)
    } else {
        js.builtin("util")?.get("inspect")?
    };
    let text = inspect.call(js.undefined(), &[view, call.arg(1)])?.display();
    Ok(js.string(&format!("{class} {text}")))
}

/// A plain object with the own enumerable properties of an emitter, except those of `EventEmitter`.
pub fn own_view(emitter: Value<'_>) -> JsResult<'_> {
    let view = emitter.js().object();
    for key in emitter.keys()? {
        if !matches!(
            key.display().as_str(),
            "_events" | "_eventsCount" | "_maxListeners"
        ) {
            view.set_key(key, emitter.get_key(key)?)?;
        }
    }
    Ok(view)
}
