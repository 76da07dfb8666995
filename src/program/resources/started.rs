//! Watchers of files, workers and child processes that hot code starts.

use crate::js::{Js, JsResult, Value};

use super::owner::{Owner, Started};
use super::state::Resources;
use super::{caller, descendants, left_open};

/// Replaces the functions that start watchers, workers and child processes.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let files = js.builtin("fs")?;
    resources.wrap(files, "watch", |call, original| {
        let watcher = original.call(call.this, &call.args)?;
        keep(call.js, || thing(watcher, watcher, "close", &[]))?;
        Ok(watcher)
    })?;
    resources.wrap(files, "watchFile", |call, original| {
        // All versions that watch a file share one watcher of Node's, which none of them leaves open.
        let start = || original.call(call.this, &call.args);
        let watcher = if is_started_by_hot_code(call.js)? {
            as_one(call.js, start)?
        } else {
            start()?
        };
        let listener = call.args.iter().rev().copied().find(|arg| arg.is_function());
        if let Some(listener) = listener {
            let files = call.js.builtin("fs")?;
            keep(call.js, || {
                thing(watcher, files, "unwatchFile", &[call.arg(0), listener])
            })?;
        }
        Ok(watcher)
    })?;
    // `fork`, `exec` and the others call this method.
    let child = js
        .builtin("child_process")?
        .get("ChildProcess")?
        .get("prototype")?;
    resources.wrap(child, "spawn", |call, original| {
        let result = as_one(call.js, || original.call(call.this, &call.args))?;
        if !keep(call.js, || thing(call.this, call.this, "kill", &[]))? {
            note(call.js, "child process", call.this)?;
        }
        Ok(result)
    })?;
    resources.patch(js.builtin("worker_threads")?, "Worker", worker_class)
}

/// A proxy of the class `Worker`, so that everything about the class stays what it is.
fn worker_class(original: Value<'_>) -> JsResult<'_> {
    let js = original.js();
    let handler = js.object();
    let construct = js.function("construct", 3, |call| {
        let reflect = call.js.global()?.get("Reflect")?;
        let args = [call.arg(0), call.arg(1), call.arg(2)];
        let worker = as_one(call.js, || reflect.call_method("construct", &args))?;
        if keep(call.js, || thing(worker, worker, "terminate", &[]))? {
            let resources = call.js.state::<Resources>()?;
            if let Some((owner, _)) = resources.current(call.js)? {
                resources.note_exit(owner, worker)?;
            }
        } else {
            note(call.js, "worker", worker)?;
        }
        Ok(worker)
    })?;
    handler.set("construct", construct)?;
    js.global()?.get("Proxy")?.construct(&[original, handler])
}

/// A thing that is ended by `object[method](...args)`, unless the program keeps `target`.
pub fn thing<'s>(target: Value<'s>, object: Value<'s>, method: &str, args: &[Value<'s>]) -> JsResult<'s> {
    let js = target.js();
    let thing = js.object();
    thing.set("target", target)?;
    thing.set("object", object)?;
    thing.set("method", js.string(method))?;
    thing.set("args", js.array(args))?;
    Ok(thing)
}

/// Ends a thing.
pub fn end(thing: Value<'_>) -> JsResult<'_, ()> {
    let object = thing.get("object")?;
    // A child process that could not be started has no number, and `kill` would end our whole group of processes.
    let is_nobody = |child: Value<'_>| child.get("pid").is_ok_and(|pid| pid.as_number().is_none());
    if thing.get("method")?.text().as_deref() == Some("kill") && is_nobody(object) {
        return Ok(());
    }
    // Asked before the shell ends: later nobody tells whose they were.
    let commands = commands_of_shell(thing.get("target")?)?;
    let method = object.get_key(thing.get("method")?)?;
    let result = method.call(object, &thing.get("args")?.items()?)?;
    for command in commands {
        let process = thing.js().global()?.get("process")?;
        let number = thing.js().number(f64::from(command));
        // A command that has ended meanwhile cannot be told.
        let _ = process.call_method("kill", &[number, thing.js().string("SIGTERM")]);
    }
    if result.is_promise() {
        let nothing = thing.js().function("", 0, |call| Ok(call.js.undefined()))?;
        result.call_method("catch", &[nothing])?;
    }
    Ok(())
}

/// The processes of the commands that a shell runs for `exec`, or for `spawn` with the option `shell`.
fn commands_of_shell(child: Value<'_>) -> JsResult<'_, Vec<u32>> {
    let arguments = child.get("spawnargs")?;
    if !arguments.is_array() || arguments.array_length() != Some(3) {
        return Ok(Vec::new());
    }
    let is_shell = arguments.item(1)?.text().as_deref() == Some("-c");
    let runs = child.get("exitCode")?.is_nullish() && child.get("signalCode")?.is_nullish();
    let number = child.get("pid")?.as_number().filter(|_| is_shell && runs);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number of a process"
    )]
    let processes = number.map(|number| descendants::below(number as u32));
    Ok(processes.into_iter().flatten().collect())
}

/// Calls `start` without noting new resources one by one: a child process has pipes, a worker has ports.
fn as_one<'s>(js: Js<'s>, start: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    let resources = js.state::<Resources>()?;
    let before = resources.is_starting.replace(true);
    let started = start();
    resources.is_starting.set(before);
    started
}

/// Notes a child process or worker that a package has started, as it may stay open.
fn note<'s>(js: Js<'s>, what: &str, target: Value<'s>) -> JsResult<'s, ()> {
    match js.state::<Resources>()?.current(js)? {
        Some((owner, _)) => left_open::note_other(js, owner, what, target),
        None => Ok(()),
    }
}

/// Whether what is started now will be released with a version.
fn is_started_by_hot_code(js: Js<'_>) -> JsResult<'_, bool> {
    Ok(js.state::<Resources>()?.current(js)?.is_some() && caller::is_hot(js)?)
}

/// Keeps the thing that `make` gives, if hot code has just started it on behalf of a version. Otherwise returns `false`.
pub fn keep<'s>(js: Js<'s>, make: impl FnOnce() -> JsResult<'s>) -> JsResult<'s, bool> {
    let Some((owner, facts)) = js.state::<Resources>()?.current(js)? else {
        return Ok(false);
    };
    if !caller::is_hot(js)? {
        return Ok(false);
    }
    let thing = make()?;
    if facts.is_over() {
        end(thing)?;
    } else {
        add(owner, &facts, thing)?;
    }
    Ok(true)
}

/// Adds a thing to an owner. If there are many, forgets child processes that have ended.
fn add<'s>(owner: Value<'s>, facts: &Owner, thing: Value<'s>) -> JsResult<'s, ()> {
    const MANY: u32 = 64;
    let count = Started::Things.add(owner, thing)?;
    if count < MANY || !count.is_multiple_of(MANY) || facts.is_over() {
        return Ok(());
    }
    for thing in Started::Things.all(owner)? {
        let target = thing.get("target")?;
        let has_ended = |name: &str| -> JsResult<'s, bool> { Ok(target.get(name)?.as_number().is_some()) };
        let is_ended_worker = target.get("threadId")?.as_number() == Some(-1.0);
        if is_ended_worker || has_ended("exitCode")? || target.get("signalCode")?.text().is_some() {
            Started::Things.remove(owner, thing)?;
        }
    }
    Ok(())
}
