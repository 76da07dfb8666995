//! What an `EventEmitter` would do when asked to emit `update`.

use crate::addon::Addon;
use crate::js::{Js, JsResult, Value};

/// Whether nobody's own `emit` decides who hears of what: neither a subclass's nor the instance's.
fn emits_plainly<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, bool> {
    Ok(emitter.get("emit")?.same(Addon::of(js)?.plain_emit.get(js)))
}

/// The listener of `update`, if it alone would be called. One listener is kept as `_events.update` itself; an emitter
/// that keeps it elsewhere has none as far as this can tell.
pub fn only_listener<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, Option<Value<'s>>> {
    if !emits_plainly(js, emitter)? {
        return Ok(None);
    }
    let kept = emitter.get("_events")?;
    let listener = if kept.is_object() {
        kept.get("update")?
    } else {
        kept
    };
    Ok(listener.is_function().then_some(listener))
}

/// All listeners of `update` at this moment, or `None` where someone's own `emit` decides.
pub fn plain_listeners<'s>(js: Js<'s>, emitter: Value<'s>) -> JsResult<'s, Option<Vec<Value<'s>>>> {
    if let Some(listener) = only_listener(js, emitter)? {
        return Ok(Some(vec![listener]));
    }
    if !emits_plainly(js, emitter)? {
        return Ok(None);
    }
    let raw_listeners = Addon::of(js)?.raw_listeners.get(js);
    raw_listeners
        .call(emitter, &[js.string("update")])?
        .items()
        .map(Some)
}
