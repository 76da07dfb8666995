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
    /// A version that a newer one replaces or has replaced.
    Old(Rc<Owner>),
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

fn who_pays(resources: &Resources, facts: &Rc<Owner>) -> Charged {
    match (facts.phase.get(), resources.transition(facts.transition)) {
        (Phase::Failed, _) => Charged::Failed,
        (_, Some(transition)) if transition.may_fail() => Charged::Fresh(transition),
        (Phase::Replaced | Phase::Released, _) => Charged::Old(Rc::clone(facts)),
        _ => Charged::Nobody,
    }
}

/// Who has thrown the exception that Node tells of.
fn charged_with_error<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, Charged> {
    let thrower = resources.thrower(js)?;
    match thrower.native::<Owner>() {
        Some(facts) => Ok(who_pays(resources, &facts)),
        None => charged(resources, js),
    }
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
    if is_success || matches!(charged, Charged::Nobody | Charged::Old(_)) {
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
    let charged = charged_with_error(&resources, js)?;
    if is_listened_for(process)? || has_capture.truthy() {
        return original.call(call.this, &call.args);
    }
    match charged {
        Charged::Nobody => return original.call(call.this, &call.args),
        // The command reports the error, or ends the process if it was told so.
        Charged::Old(_) if resources.is_commanded.get() => return original.call(call.this, &call.args),
        Charged::Old(facts) => report_old(js, &facts, call),
        Charged::Failed => {}
        Charged::Fresh(transition) => transition.fail(js, call.arg(0)),
    }
    swallow(call, original, process)
}

/// Reports an error of a version that is not the running one.
fn report_old(js: Js<'_>, facts: &Owner, call: &Call<'_>) {
    let id = report::relative(&facts.module);
    let what = if call.arg(1).truthy() {
        "an unhandled rejection of an old version"
    } else {
        "an uncaught exception of an old version"
    };
    report::error(js, &id, what, call.arg(0));
}

/// Whether the program listens for such errors itself; the command's own listener (`bin/uncaught.js`) does not count, nor the
/// one that `node:domain` adds beside every other one.
fn is_listened_for(process: Value<'_>) -> JsResult<'_, bool> {
    let name = process.js().string("uncaughtException");
    for listener in process.call_method("listeners", &[name])?.items()? {
        let is_of_domain = listener.get("name")?.text().as_deref() == Some("domainUncaughtExceptionClear");
        if !is_of_domain && !listener.get("standsIn")?.truthy() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets Node clean up after the error as though the program had handled it. `process.emit` says so, as neither a listener nor
/// `setUncaughtExceptionCaptureCallback` would do: other listeners would hear of the error, and `node:domain` forbids the latter.
fn swallow<'s>(call: &Call<'s>, original: Value<'s>, process: Value<'s>) -> JsResult<'s> {
    let js = call.js;
    let object = js.global()?.get("Object")?;
    let name = js.string("emit");
    let before = object.call_method("getOwnPropertyDescriptor", &[process, name])?;
    let emit = process.get("emit")?.hold();
    let replacement = js.function("emit", 1, move |call| {
        if call.arg(0).text().as_deref() == Some("uncaughtException") {
            leave_domains(call.js, call.this)?;
            return Ok(call.js.boolean(true));
        }
        emit.get(call.js).call(call.this, &call.args)
    })?;
    let descriptor = js.object();
    descriptor.set("value", replacement)?;
    descriptor.set("configurable", js.boolean(true))?;
    descriptor.set("writable", js.boolean(true))?;
    object.call_method("defineProperty", &[process, name, descriptor])?;
    let result = original.call(call.this, &call.args);
    if before.is_undefined() {
        process.delete_key(name)?;
    } else {
        object.call_method("defineProperty", &[process, name, before])?;
    }
    result
}

/// Leaves the domains that the error has left entered, as `node:domain` does when the program handles an error.
fn leave_domains<'s>(js: Js<'s>, process: Value<'s>) -> JsResult<'s, ()> {
    if !process.get("domain")?.is_object() {
        return Ok(());
    }
    let domains = js.builtin("domain")?;
    domains.get("_stack")?.set("length", js.number(0.0))?;
    domains.set("active", js.null())?;
    process.set("domain", js.null())
}
