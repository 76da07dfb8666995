//! Lets Node clean up after an uncaught error that the program does not get, or whose listener has failed.

use crate::js::{Call, Js, JsResult, Value};

use super::started::{keep, thing};
use super::state::Resources;

/// The method of `process` that sets the one function which gets uncaught errors in the place of all listeners.
const CAPTURE: &str = "setUncaughtExceptionCaptureCallback";

/// Notes which function gets uncaught errors, since Node does not tell. It goes with the version that set it.
pub fn install<'s>(resources: &Resources, process: Value<'s>) -> JsResult<'s, ()> {
    resources.wrap(process, CAPTURE, |call, original| {
        let result = original.call(call.this, &call.args)?;
        let (js, callback) = (call.js, call.arg(0));
        *js.state::<Resources>()?.capture.borrow_mut() = callback.faint();
        if callback.is_function() {
            keep(js, || ending(callback, original))?;
        }
        Ok(result)
    })
}

/// What ends the capture of uncaught errors by `callback`, if it is not over by then.
fn ending<'s>(callback: Value<'s>, original: Value<'s>) -> JsResult<'s> {
    let js = callback.js();
    let kept = original.hold();
    let end = js.function("end", 1, move |call| {
        let js = call.js;
        let resources = js.state::<Resources>()?;
        let capture = resources.capture.borrow().as_ref().and_then(|it| it.get(js));
        if capture.is_some_and(|capture| capture.same(call.arg(0))) {
            resources.capture.take();
            kept.get(js).call(js.undefined(), &[js.null()])?;
        }
        Ok(js.undefined())
    })?;
    let ends = js.object();
    ends.set("end", end)?;
    thing(callback, ends, "end", &[callback])
}

/// Has Node clean up after the error as though the program had handled it, while no listener hears of it.
///
/// `process.emit` says so, as neither a listener nor `setUncaughtExceptionCaptureCallback` would do: other listeners would hear of the
/// error, and `node:domain` forbids the latter. `is_told`: those who watch all errors (`uncaughtExceptionMonitor`) hear of it.
pub fn swallow<'s>(call: &Call<'s>, original: Value<'s>, is_told: bool) -> JsResult<'s> {
    let js = call.js;
    let process = js.global()?.get("process")?;
    let captures = stop_capturing(js, process)?;
    let object = js.global()?.get("Object")?;
    let name = js.string("emit");
    let before = object.call_method("getOwnPropertyDescriptor", &[process, name])?;
    let emit = process.get("emit")?.hold();
    let replacement = js.function("emit", 1, move |call| {
        let event = call.arg(0).text();
        match event.as_deref() {
            Some("uncaughtException") => {
                leave_domains(call.js, call.this)?;
                Ok(call.js.boolean(true))
            }
            Some("uncaughtExceptionMonitor") => {
                if is_told {
                    // What it throws itself ends no process that outlives the error.
                    let _ = emit.get(call.js).call(call.this, &call.args);
                }
                Ok(call.js.boolean(true))
            }
            _ => emit.get(call.js).call(call.this, &call.args),
        }
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
    if let Some(callback) = captures {
        process.call_method(CAPTURE, &[callback])?;
    }
    result
}

/// Keeps the function that captures uncaught errors from being called, if there is one. Returns it if it has to be set again.
fn stop_capturing<'s>(js: Js<'s>, process: Value<'s>) -> JsResult<'s, Option<Value<'s>>> {
    let captures = || process.call_method("hasUncaughtExceptionCaptureCallback", &[]);
    if !captures()?.truthy() {
        return Ok(None);
    }
    // A domain has one set while it is entered.
    leave_domains(js, process)?;
    let resources = js.state::<Resources>()?;
    let callback = resources.capture.borrow().as_ref().and_then(|it| it.get(js));
    if callback.is_none() || !captures()?.truthy() {
        return Ok(None);
    }
    process.call_method(CAPTURE, &[js.null()])?;
    Ok(callback)
}

/// Leaves the domains that the error has left entered, as `node:domain` does when the program handles an error.
fn leave_domains<'s>(js: Js<'s>, process: Value<'s>) -> JsResult<'s, ()> {
    if !process.get("domain")?.is_object() {
        return Ok(());
    }
    let domains = js.builtin("domain")?;
    let outermost = domains.get("_stack")?.item(0)?;
    if outermost.is_object() {
        outermost.call_method("exit", &[])?;
    }
    domains.set("active", js.null())?;
    process.set("domain", js.null())
}
