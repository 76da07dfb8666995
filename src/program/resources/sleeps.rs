//! Waits of hot code by promise: `node:timers/promises` and `fs.promises.watch`.
//!
//! Only an `AbortSignal` can end such a wait from outside, so each gets one of ours. A wait that we ended never settles: an
//! old version must not wake up with an error that its code does not expect.

use crate::js::{Call, Js, JsResult, Value};

use super::caller;
use super::owner::{Owner, Started};
use super::started::{end, thing};
use super::state::Resources;

/// Replaces the functions that wait.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let timers = js.builtin("timers/promises")?;
    resources.wrap(timers, "setTimeout", |call, original| wait(call, original, 2))?;
    resources.wrap(timers, "setImmediate", |call, original| wait(call, original, 1))?;
    resources.wrap(timers, "setInterval", |call, original| iterate(call, original, 2))?;
    let scheduler = timers.get("scheduler")?;
    resources.wrap(scheduler, "wait", |call, original| wait(call, original, 1))?;
    let files = js.builtin("fs/promises")?;
    resources.wrap(files, "watch", |call, original| iterate(call, original, 1))
}

/// Calls a function that returns a promise. Its options are the argument at `place`.
fn wait<'s>(call: &Call<'s>, original: Value<'s>, place: usize) -> JsResult<'s> {
    let Some((owner, ours)) = begin(call, original, place)? else {
        return original.call(call.this, &call.args);
    };
    guard(call.js, ours.result, owner, ours.thing, true)
}

/// Calls a function that returns an asynchronous iterator. Its options are the argument at `place`.
fn iterate<'s>(call: &Call<'s>, original: Value<'s>, place: usize) -> JsResult<'s> {
    let js = call.js;
    let Some((owner, ours)) = begin(call, original, place)? else {
        return original.call(call.this, &call.args);
    };
    let iterator = js.object();
    for name in ["next", "return", "throw"] {
        let step = js.function(name, 1, move |call| {
            let (owner, thing, inner) = (call.arg(0), call.arg(1), call.arg(2));
            let rest = call.args.get(3..).unwrap_or_default();
            let result = inner.get(name)?.call(inner, rest)?;
            guard(call.js, result, owner, thing, name == "return")
        })?;
        iterator.set(
            name,
            step.bind(js.undefined(), &[owner, ours.thing, ours.result])?,
        )?;
    }
    let key = js.global()?.get("Symbol")?.get("asyncIterator")?;
    iterator.define_hidden(
        key,
        js.function("[Symbol.asyncIterator]", 0, |call| Ok(call.this))?,
    )?;
    Ok(iterator)
}

/// A call that has our signal.
struct Ours<'s> {
    result: Value<'s>,
    thing: Value<'s>,
}

/// Calls the original function with our signal, if hot code calls on behalf of a version. Otherwise `None`.
fn begin<'s>(
    call: &Call<'s>,
    original: Value<'s>,
    place: usize,
) -> JsResult<'s, Option<(Value<'s>, Ours<'s>)>> {
    let (js, resources) = (call.js, call.js.state::<Resources>()?);
    let Some((owner, facts)) = resources.current(js)? else {
        return Ok(None);
    };
    let given = call.arg(place);
    // The original function reports options that are no object.
    if !(given.is_undefined() || given.is_object()) || !caller::is_hot(js)? {
        return Ok(None);
    }
    let controller = js.global()?.get("AbortController")?.construct(&[])?;
    let options = js.object();
    if given.is_object() {
        js.global()?
            .get("Object")?
            .call_method("assign", &[options, given])?;
    }
    let signal = controller.get("signal")?;
    let theirs = options.get("signal")?;
    let both = if theirs.is_undefined() {
        signal
    } else {
        let any = js.global()?.get("AbortSignal")?;
        match any.call_method("any", &[js.array(&[theirs, signal])]) {
            Ok(both) => both,
            // The original function reports a wrong signal.
            Err(_) => return Ok(None),
        }
    };
    options.set("signal", both)?;
    let mut args = call.args.clone();
    args.resize(args.len().max(place + 1), js.undefined());
    if let Some(options_place) = args.get_mut(place) {
        *options_place = options;
    }
    let result = original.call(call.this, &args)?;
    let thing = thing(controller, controller, "abort", &[])?;
    Started::Things.add(owner, thing)?;
    if facts.is_over() {
        end(thing)?;
    }
    Ok(Some((owner, Ours { result, thing })))
}

/// A promise that settles as `promise` does, but never once we have ended the wait. `is_last`: when the promise settles,
/// nothing is left to end.
fn guard<'s>(
    js: Js<'s>,
    promise: Value<'s>,
    owner: Value<'s>,
    thing: Value<'s>,
    is_last: bool,
) -> JsResult<'s> {
    let fulfilled = js.function("", 1, move |call| {
        let (owner, thing, result) = (call.arg(0), call.arg(1), call.arg(2));
        if is_last || result.is_object() && result.get("done")?.truthy() {
            Started::Things.remove(owner, thing)?;
        }
        Ok(result)
    })?;
    let rejected = js.function("", 1, |call| {
        let (owner, thing, reason) = (call.arg(0), call.arg(1), call.arg(2));
        Started::Things.remove(owner, thing)?;
        let is_over = owner.native::<Owner>().is_some_and(|owner| owner.is_over());
        if is_over && thing.get("target")?.get("signal")?.get("aborted")?.truthy() {
            return never(call.js);
        }
        Err(crate::js::Thrown(reason))
    })?;
    let bound = [owner, thing];
    promise.call_method(
        "then",
        &[
            fulfilled.bind(js.undefined(), &bound)?,
            rejected.bind(js.undefined(), &bound)?,
        ],
    )
}

/// A promise that never settles.
fn never(js: Js<'_>) -> JsResult<'_> {
    let nothing = js.function("", 0, |call| Ok(call.js.undefined()))?;
    js.global()?.get("Promise")?.construct(&[nothing])
}
