//! Exits and uncaught errors of a version that has not come up: the version has failed, and the process goes on with the
//! version before.

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Thrown, Value};
use crate::report;

use super::owner::{Owner, Phase};
use super::state::Resources;
use super::transition::Transition;

/// The version that an exit or error at this moment belongs to.
enum Charged {
    /// A version that has not come up.
    Fresh(Rc<Transition>),
    /// A version that was given up already.
    Failed,
    /// No such version: Node's rule holds.
    Nobody,
}

/// Replaces `process.exit` and the function that Node calls for errors that nobody handles.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let process = js.global()?.get("process")?;
    resources.wrap(process, "exit", exit)?;
    resources.wrap(process, "_fatalException", fatal)
}

fn charged<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, Charged> {
    let Some((_, facts)) = resources.current(js)? else {
        return Ok(Charged::Nobody);
    };
    Ok(who_pays(resources, &facts))
}

fn who_pays(resources: &Resources, facts: &Owner) -> Charged {
    match (facts.phase.get(), resources.transition(facts.transition)) {
        (Phase::Failed, _) => Charged::Failed,
        (_, Some(transition)) if transition.may_fail() => Charged::Fresh(transition),
        _ => Charged::Nobody,
    }
}

/// The version that an error without any context belongs to: Node 20 and 22 have left the context of `queueMicrotask` by the
/// time they tell of an exception in it. What a request throws has a context.
fn charged_by_stack<'s>(resources: &Resources, js: Js<'s>, error: Value<'s>) -> JsResult<'s, Charged> {
    let newest = resources.transitions.borrow().last().cloned();
    let Some(transition) = newest.filter(|it| it.may_fail()) else {
        return Ok(Charged::Nobody);
    };
    let hooks = js.builtin("async_hooks")?;
    if hooks.call_method("executionAsyncId", &[])?.as_whole() != Some(0) {
        return Ok(Charged::Nobody);
    }
    let files = report::files_in_stack(error);
    let fresh = transition.fresh.borrow();
    let is_its = fresh.iter().any(|owner| files.contains(&owner.facts.module));
    drop(fresh);
    Ok(if is_its {
        Charged::Fresh(transition)
    } else {
        Charged::Nobody
    })
}

/// `process.exit(code)`. Code after it must not run, so for a failing version it throws.
fn exit<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, resources) = (call.js, call.js.state::<Resources>()?);
    let mut code = call.arg(0);
    if code.is_nullish() {
        code = js.global()?.get("process")?.get("exitCode")?;
    }
    let is_success = code.is_nullish() || code.display() == "0";
    let charged = charged(&resources, js)?;
    if is_success || matches!(charged, Charged::Nobody) {
        return original.call(call.this, &call.args);
    }
    let message = format!(
        "process.exit({}) before the new version had come up",
        code.display()
    );
    let Thrown(error) = js.error("Error", &message);
    error.set("code", js.string("ERR_HMR_EXIT"))?;
    if let Charged::Fresh(transition) = charged {
        transition.fail(js, error);
    }
    Err(Thrown(error))
}

/// `process._fatalException(error, fromPromise)`, which Node calls for uncaught exceptions and, by default, unhandled
/// rejections.
fn fatal<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let js = call.js;
    let resources = js.state::<Resources>()?;
    let process = js.global()?.get("process")?;
    let has_capture = process.call_method("hasUncaughtExceptionCaptureCallback", &[])?;
    if is_listened_for(process)? || has_capture.truthy() {
        return original.call(call.this, &call.args);
    }
    let charged = match charged(&resources, js)? {
        Charged::Nobody => charged_by_stack(&resources, js, call.arg(0))?,
        known => known,
    };
    match charged {
        Charged::Nobody => return original.call(call.this, &call.args),
        Charged::Failed => {}
        Charged::Fresh(transition) => transition.fail(js, call.arg(0)),
    }
    swallow(call, original, process)
}

/// Whether the program listens for such errors itself; the command's own listener (`bin/uncaught.js`) does not count.
fn is_listened_for(process: Value<'_>) -> JsResult<'_, bool> {
    let name = process.js().string("uncaughtException");
    for listener in process.call_method("listeners", &[name])?.items()? {
        if !listener.get("standsIn")?.truthy() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets Node clean up after the error as though the program had handled it.
fn swallow<'s>(call: &Call<'s>, original: Value<'s>, process: Value<'s>) -> JsResult<'s> {
    let js = call.js;
    let nothing = js.function("", 0, |call| Ok(call.js.undefined()))?;
    let set = |value: Value<'s>| process.call_method("setUncaughtExceptionCaptureCallback", &[value]);
    if set(nothing).is_err() {
        // `node:domain` is in use: Node's callbacks after the error are left out.
        return Ok(js.boolean(true));
    }
    let result = original.call(call.this, &call.args);
    set(js.null())?;
    result
}
