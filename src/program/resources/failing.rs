//! Exits and uncaught errors of a version that has not come up: the version has failed, and the process goes on with the
//! version before.

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Thrown, Value};
use crate::report;

use super::owner::{Owner, Phase};
use super::state::Resources;
use super::swallowing::{self, swallow};
use super::transition::Charged;

/// Replaces `process.exit`, `process.abort` and the function that Node calls for errors that nobody handles.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let process = js.global()?.get("process")?;
    resources.wrap(process, "exit", exit)?;
    resources.wrap(process, "abort", abort)?;
    resources.wrap(process, "_fatalException", fatal)?;
    swallowing::install(resources, process)
}

impl Resources {
    /// Whether this error is one by which an exit of a failing version ended its code.
    pub fn is_exit(&self, js: Js<'_>, error: Value<'_>) -> bool {
        let has = self.exits.get(js).call_method("has", &[error]);
        has.is_ok_and(Value::truthy)
    }

    /// An error that ends the code which wanted to exit, where the process goes on.
    fn exit_error<'s>(&self, js: Js<'s>, message: &str) -> JsResult<'s, Thrown<'s>> {
        let Thrown(error) = js.error("Error", message);
        error.set("code", js.string("ERR_HMR_EXIT"))?;
        self.exits.get(js).call_method("add", &[error])?;
        Ok(Thrown(error))
    }
}

/// Whom code that runs at this moment is charged to.
fn charged<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, Charged> {
    let blamed = resources.blamed.borrow().clone();
    if let Some(blamed) = blamed {
        return Ok(blamed);
    }
    let current = resources.current(js)?;
    Ok(current.map_or(Charged::Nobody, |(_, facts)| who_pays(resources, &facts)))
}

fn who_pays(resources: &Resources, facts: &Rc<Owner>) -> Charged {
    let start = resources.start.borrow().clone();
    match (facts.phase.get(), resources.transition(facts.transition)) {
        (Phase::Failed, _) => Charged::Failed,
        (_, Some(transition)) if transition.may_fail() => Charged::Fresh(transition),
        (Phase::Replaced | Phase::Released, _) => Charged::Old(Rc::clone(facts)),
        (Phase::Running, _) if facts.transition == 0 => start.map_or(Charged::Nobody, Charged::Start),
        _ => Charged::Nobody,
    }
}

/// Whom the exception is charged to that Node tells of.
fn charged_with_error<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, Charged> {
    let of_microtask = resources.thrower(js)?.native::<Owner>();
    let current = resources.current(js)?.map(|(_, facts)| facts);
    Ok(match of_microtask.or(current) {
        Some(facts) => who_pays(resources, &facts),
        // The command gives the listeners what the entry has thrown.
        None => match &*resources.start.borrow() {
            Some(start) => Charged::Start(Rc::clone(start)),
            None => Charged::Nobody,
        },
    })
}

/// `process.exit(code)`.
fn exit<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let mut code = call.arg(0);
    if code.is_nullish() {
        code = call.js.global()?.get("process")?.get("exitCode")?;
    }
    let resources = call.js.state::<Resources>()?;
    if resources.is_closing.get() {
        let code = if code.is_nullish() {
            String::new()
        } else {
            code.display()
        };
        return Err(resources.exit_error(call.js, &format!("process.exit({code})"))?);
    }
    if code.is_nullish() || code.display() == "0" {
        return original.call(call.this, &call.args);
    }
    leave(call, original, &format!("process.exit({})", code.display()))
}

/// `process.abort()`. Some call it if `process.exit` has thrown, as that never does elsewhere.
fn abort<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    leave(call, original, "process.abort()")
}

/// Ends the process, or fails the version that has not come up. Code after the call must not run, so then this throws.
fn leave<'s>(call: &Call<'s>, original: Value<'s>, what: &str) -> JsResult<'s> {
    let (js, resources) = (call.js, call.js.state::<Resources>()?);
    let charged = charged(&resources, js)?;
    if matches!(charged, Charged::Nobody | Charged::Old(_)) {
        return original.call(call.this, &call.args);
    }
    let thrown = resources.exit_error(js, &format!("{what} before the new version had come up"))?;
    fail(js, &charged, thrown.0)?;
    Err(thrown)
}

/// `process._fatalException(error, fromPromise)`, which Node calls for uncaught exceptions and, by default, unhandled
/// rejections.
fn fatal<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let js = call.js;
    let resources = js.state::<Resources>()?;
    let process = js.global()?.get("process")?;
    let charged = charged_with_error(&resources, js)?;
    if resources.is_exit(js, call.arg(0)) {
        // The exit has failed its version already, and the program knows of no such error.
        return swallow(call, original, false);
    }
    let has_capture = process.call_method("hasUncaughtExceptionCaptureCallback", &[])?;
    if is_listened_for(process)? || has_capture.truthy() {
        return hand_over(&resources, call, original, &charged);
    }
    match charged {
        Charged::Nobody | Charged::Start(_) => return original.call(call.this, &call.args),
        // The command reports the error, or ends the process if it was told so.
        Charged::Old(_) if resources.is_commanded.get() => return original.call(call.this, &call.args),
        Charged::Old(facts) => report_old(js, &facts, call),
        Charged::Failed => {}
        Charged::Fresh(transition) => transition.fail(js, call.arg(0)),
    }
    swallow(call, original, true)
}

/// Gives an error to the program's own listeners. If these throw or exit, a version that has not come up has failed; for any
/// other one Node ends the process.
fn hand_over<'s>(
    resources: &Resources,
    call: &Call<'s>,
    original: Value<'s>,
    charged: &Charged,
) -> JsResult<'s> {
    if matches!(charged, Charged::Nobody | Charged::Old(_)) {
        return original.call(call.this, &call.args);
    }
    let before = resources.blamed.replace(Some(charged.clone()));
    let result = original.call(call.this, &call.args);
    resources.blamed.replace(before);
    let Err(Thrown(error)) = result else {
        return result;
    };
    fail(call.js, charged, error)?;
    swallow(call, original, false)
}

/// Fails what has not come up.
fn fail<'s>(js: Js<'s>, charged: &Charged, error: Value<'s>) -> JsResult<'s, ()> {
    match charged {
        Charged::Fresh(transition) => transition.fail(js, error),
        Charged::Start(start) => start.fail(js, error)?,
        Charged::Failed | Charged::Old(_) | Charged::Nobody => {}
    }
    Ok(())
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
