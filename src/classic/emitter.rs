//! Emits `update` as an `EventEmitter` would, and reports the listeners that fail.

use crate::js::{Call, Held, Js, JsResult, State, Value};
use crate::report;

/// The words of the report about a listener that threw or rejected.
pub const LISTENER_FAILED: &str = "a listener of `update` failed";

/// Parts of `EventEmitter`, as they were when the addon was loaded.
pub struct Emitters {
    /// `EventEmitter.prototype.emit`
    plain_emit: Held,
    /// `EventEmitter.prototype.rawListeners`
    raw_listeners: Held,
    /// See [`capture_key`].
    capture_key: Held,
}

impl State for Emitters {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let class = js.builtin("events")?;
        let prototype = class.get("prototype")?;
        Ok(Self {
            plain_emit: prototype.get("emit")?.hold(),
            raw_listeners: prototype.get("rawListeners")?.hold(),
            capture_key: capture_key(class)?.hold(),
        })
    }
}

/// Whether the emitter has Node's own `emit`, and none of a subclass or of its own.
fn emits_plainly<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, bool> {
    Ok(emitter
        .get("emit")?
        .same(js.state::<Emitters>()?.plain_emit.get(js)))
}

/// The listener of `update` if there is one and no other: Node keeps that as `_events.update` itself. An emitter that
/// keeps it elsewhere has none as far as this can tell.
fn kept_listener(emitter: Value<'_>) -> JsResult<'_, Option<Value<'_>>> {
    let kept = emitter.get("_events")?;
    if !kept.is_object() {
        return Ok(None);
    }
    let listener = kept.get("update")?;
    Ok(listener.is_function().then_some(listener))
}

/// The listener of `update`, if `emit` would call this one and nothing else.
pub fn only_listener<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, Option<Value<'s>>> {
    if emits_plainly(js, emitter)? {
        kept_listener(emitter)
    } else {
        Ok(None)
    }
}

/// All listeners of `update` now; `None` if the emitter has an `emit` of its own.
pub fn plain_listeners<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, Option<Vec<Value<'s>>>> {
    if !emits_plainly(js, emitter)? {
        return Ok(None);
    }
    if let Ok(Some(listener)) = kept_listener(emitter) {
        return Ok(Some(vec![listener]));
    }
    let raw_listeners = js.state::<Emitters>()?.raw_listeners.get(js);
    raw_listeners
        .call(emitter, &[js.string("update")])?
        .items()
        .map(Some)
}

/// Node's private symbol `kCapture`, under which an emitter keeps whether it captures rejections; `undefined` if this
/// Node has none.
fn capture_key(emitter_class: Value<'_>) -> JsResult<'_> {
    let js = emitter_class.js();
    let object = js.global()?.get("Object")?;
    let symbols = object.call_method("getOwnPropertySymbols", &[emitter_class.get("prototype")?])?;
    for symbol in symbols.items()? {
        if symbol.display() == "Symbol(kCapture)" {
            return Ok(symbol);
        }
    }
    Ok(js.undefined())
}

/// Whether the emitter captures rejections of its listeners.
pub fn captures_rejections<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, bool> {
    let key = js.state::<Emitters>()?.capture_key.get(js);
    Ok(!key.is_undefined() && emitter.get_key(key)?.truthy())
}

/// Runs `emit` while the emitter captures rejections of its listeners. It is for an `emit` of the user's, which does not
/// return the listeners' results to us. At all other times the setting stays the user's, for the user's own events.
pub fn capturing_rejections<'s>(
    js: Js<'s>,
    emitter: Value<'s>,
    emit: impl FnOnce() -> JsResult<'s>,
) -> JsResult<'s> {
    let key = js.state::<Emitters>()?.capture_key.get(js);
    if key.is_undefined() {
        return emit();
    }
    let before = emitter.get_key(key)?;
    emitter.set_key(key, js.boolean(true))?;
    let result = emit();
    emitter.set_key(key, before)?;
    result
}

/// The unbound `emitUpdate`; each module's is bound to its runtime and id.
pub struct EmitUpdate(pub Held);

impl State for EmitUpdate {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let function = js.function("emitUpdate", 0, |call| Ok(emit_update(call)))?;
        Ok(Self(function.hold()))
    }
}

/// The body of `emitUpdate()`: the runtime and the id are bound arguments.
fn emit_update<'s>(call: &Call<'s>) -> Value<'s> {
    let (runtime, id) = (call.arg(0), call.arg(1));
    call.js.boolean(emit(call.js, runtime, &id.display()))
}

/// Emits `update`, by the `emit` of a subclass or instance if there is one. A listener that throws is reported, since no
/// caller would catch it, and the other listeners are called all the same.
pub fn emit(js: Js<'_>, runtime: Value<'_>, id: &str) -> bool {
    if let Ok(Some(listeners)) = plain_listeners(js, runtime) {
        for listener in &listeners {
            match listener.call(runtime, &[js.string(id)]) {
                Ok(result) => report::rejection(js, id, LISTENER_FAILED, result),
                Err(thrown) => report::error(js, id, LISTENER_FAILED, thrown.0),
            }
        }
        return !listeners.is_empty();
    }
    let arguments = [js.string("update"), js.string(id)];
    let emitted = capturing_rejections(js, runtime, || runtime.call_method("emit", &arguments));
    match emitted {
        Ok(had_listeners) => {
            report::rejection(js, id, LISTENER_FAILED, had_listeners);
            had_listeners.truthy()
        }
        Err(thrown) => {
            report::error(js, id, LISTENER_FAILED, thrown.0);
            true
        }
    }
}
