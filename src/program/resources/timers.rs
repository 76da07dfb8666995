//! Timers of hot code: the free names of compiled modules, and `node:timers`.
//!
//! Hot code gets functions of its own (`owned.js`) for the free names, so packages and Node itself keep the plain ones. Whose a
//! timer is says the context, not the module in whose text it stands: a helper starts it for who called the helper.

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use super::caller;
use super::owner::{Owner, Started};
use super::state::Resources;

/// The timers that hot code gets for its free names.
pub const NAMES: [&str; 3] = ["setTimeout", "setInterval", "setImmediate"];

/// Replaces the functions of `node:timers`, which hot code may import.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let module = js.builtin("timers")?;
    for name in NAMES {
        resources.wrap(module, name, imported)?;
    }
    Ok(())
}

/// Calls a function of `node:timers` that hot code may have imported.
fn imported<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let resources = call.js.state::<Resources>()?;
    if resources.current(call.js)?.is_some() && caller::is_hot(call.js)? {
        start(call, original)
    } else {
        original.call(call.this, &call.args)
    }
}

fn start<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let timer = original.call(call.this, &call.args)?;
    if let Some((owner, _)) = call.js.state::<Resources>()?.current(call.js)? {
        keep_or_end(owner, timer)?;
    }
    Ok(timer)
}

/// A timer that was started on behalf of a version.
pub fn keep_or_end<'s>(owner: Value<'s>, timer: Value<'s>) -> JsResult<'s, ()> {
    match owner.native::<Owner>() {
        Some(facts) if facts.is_over() => end(timer),
        Some(facts) if timer.is_object() => keep(owner, &facts, timer),
        _ => Ok(()),
    }
}

/// Keeps a timer for its owner. When there are twice as many as the last time, forgets the ended ones.
fn keep<'s>(owner: Value<'s>, facts: &Rc<Owner>, timer: Value<'s>) -> JsResult<'s, ()> {
    if Started::Timers.add(owner, timer)? <= facts.timers_kept.get() {
        return Ok(());
    }
    let mut left = 0;
    for timer in Started::Timers.all(owner)? {
        if timer.get("_destroyed")?.truthy() {
            Started::Timers.remove(owner, timer)?;
        } else {
            left += 1;
        }
    }
    facts.timers_kept.set(64.max(2 * left));
    Ok(())
}

/// Ends a timer of any kind.
pub fn end(timer: Value<'_>) -> JsResult<'_, ()> {
    let js = timer.js();
    if timer.is_object() && timer.has_key(js.string("_onImmediate"))? {
        // Not by `clearImmediate`: while Node reports an exception of one immediate, that would break its list of them.
        let nothing = js.function("", 0, |call| Ok(call.js.undefined()))?;
        return timer.set("_onImmediate", nothing);
    }
    js.builtin("timers")?.call_method("clearTimeout", &[timer])?;
    Ok(())
}
