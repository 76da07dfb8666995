//! Timers of hot code: the free names of compiled modules, and `node:timers`.
//!
//! Hot code gets functions of its own for the free names, so packages and Node itself keep the plain ones. A timer belongs to
//! the version in whose context it is started, not to the module in whose text the call stands: a helper starts timers for
//! its caller.

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use super::caller;
use super::owner::{Owner, Started};
use super::state::{Resources, copy_properties};

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

/// The timers of hot code: an object with `setTimeout`, `setInterval` and `setImmediate`.
pub fn for_hot_code<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s> {
    let made = resources.hot_timers.borrow().get(js);
    if made.is_object() {
        return Ok(made);
    }
    let object = js.object();
    for name in NAMES {
        // Read at each call, since a test may have put fake timers there.
        let function = js.function(name, 0, move |call| start(call, call.js.global()?.get(name)?))?;
        copy_properties(js, js.global()?.get(name)?, function)?;
        object.set(name, function)?;
    }
    *resources.hot_timers.borrow_mut() = object.hold();
    Ok(object)
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
    let Some((owner, facts)) = call.js.state::<Resources>()?.current(call.js)? else {
        return Ok(timer);
    };
    if facts.is_over() {
        end(timer)?;
    } else if timer.is_object() {
        keep(owner, &facts, timer)?;
    }
    Ok(timer)
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
    let is_immediate = timer.is_object() && timer.has_key(js.string("_onImmediate"))?;
    let name = if is_immediate {
        "clearImmediate"
    } else {
        "clearTimeout"
    };
    js.builtin("timers")?.call_method(name, &[timer])?;
    Ok(())
}
