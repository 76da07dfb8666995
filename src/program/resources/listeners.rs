//! Listeners that hot code adds to `process` and its streams, and to `updates`.
//!
//! Node tells of each listener by an event of its own, so no method of `process` is touched.

use crate::js::{Call, Js, JsResult, Value};

use super::caller;
use super::held::{Kept, held};
use super::owner::{Owner, Phase, list};
use super::state::Resources;

const STREAMS: [&str; 3] = ["stdin", "stdout", "stderr"];

/// Begins to note the listeners of `process` and its streams.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let process = js.global()?.get("process")?;
    follow(resources, process)?;
    let object = js.global()?.get("Object")?;
    for name in STREAMS {
        let key = js.string(name);
        let before = object.call_method("getOwnPropertyDescriptor", &[process, key])?;
        let original = if before.is_object() {
            before.get("get")?
        } else {
            js.undefined()
        };
        if !original.is_function() {
            continue;
        }
        // Node makes a stream at the first read of its property, so the program's own read has to make it.
        let kept = original.hold();
        let get = js.function(name, 0, move |call| {
            let stream = kept.get(call.js).call(call.this, &[])?;
            follow(&*call.js.state::<Resources>()?, stream)?;
            Ok(stream)
        })?;
        let descriptor = object.call_method("assign", &[js.object(), before])?;
        descriptor.set("get", get)?;
        object.call_method("defineProperty", &[process, key, descriptor])?;
        let (process, before) = (process.hold(), before.hold());
        resources.undo.borrow_mut().push(Box::new(move |js| {
            let arguments = [process.get(js), js.string(name), before.get(js)];
            js.global()?
                .get("Object")?
                .call_method("defineProperty", &arguments)?;
            Ok(())
        }));
    }
    Ok(())
}

/// Lets the emitter's listeners be released with the version that added them.
fn follow<'s>(resources: &Resources, emitter: Value<'s>) -> JsResult<'s, ()> {
    let js = emitter.js();
    if !emitter.is_object()
        || resources
            .emitters
            .borrow()
            .iter()
            .any(|it| it.get(js).same(emitter))
    {
        return Ok(());
    }
    resources.emitters.borrow_mut().push(emitter.hold());
    hear(resources, emitter)
}

/// Notes from now on which version adds listeners to the emitter.
pub fn hear<'s>(resources: &Resources, emitter: Value<'s>) -> JsResult<'s, ()> {
    let js = emitter.js();
    for (event, body) in [
        ("newListener", added as crate::js::NativeFn),
        ("removeListener", removed),
    ] {
        let listener = js.function("", 2, body)?;
        emitter.call_method("on", &[js.string(event), listener])?;
        let (emitter, listener) = (emitter.hold(), listener.hold());
        resources.undo.borrow_mut().push(Box::new(move |js| {
            let arguments = [js.string(event), listener.get(js)];
            emitter.get(js).call_method("removeListener", &arguments)?;
            js.state::<Resources>()?.emitters.borrow_mut().clear();
            Ok(())
        }));
    }
    Ok(())
}

/// `newListener(event, listener)`: notes which version adds a listener.
fn added<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, event, listener) = (call.js, call.arg(0), call.arg(1));
    let resources = js.state::<Resources>()?;
    let Some((owner, facts)) = resources.current(js)? else {
        return Ok(js.undefined());
    };
    // Node's one decoder of key presses serves all versions.
    let is_decoder = matches!(&*listener.get("name")?.display(), "onData" | "onNewListener");
    if is_decoder || !caller::is_hot(js)? {
        return Ok(js.undefined());
    }
    if facts.is_over() {
        let (emitter, event, listener) = (call.this.hold(), event.hold(), listener.hold());
        js.soon(move |js| {
            let arguments = [event.get(js), listener.get(js)];
            let _ = emitter.get(js).call_method("removeListener", &arguments);
        })?;
        return Ok(js.undefined());
    }
    let registrations = resources.registrations.get(js);
    let mut records = registrations.call_method("get", &[listener])?;
    if !records.is_object() {
        records = js.array(&[]);
        registrations.call_method("set", &[listener, records])?;
    }
    let record = js.object();
    record.set("owner", owner)?;
    record.set("emitter", call.this)?;
    record.set("event", event)?;
    records.call_method("push", &[record])?;
    facts.has_started.set(true);
    keep_quiet(&resources, call.this, event)?;
    Ok(js.undefined())
}

/// Keeps Node from warning of too many listeners while the old version's listeners are there beside the new one's. Node warns
/// if the new ones alone are too many.
fn keep_quiet<'s>(resources: &Resources, emitter: Value<'s>, event: Value<'s>) -> JsResult<'s, ()> {
    let js = emitter.js();
    if resources.transitions.borrow().is_empty() {
        return Ok(());
    }
    let number = |value: Value<'s>| value.as_number().unwrap_or(0.0);
    let most = number(emitter.call_method("getMaxListeners", &[])?);
    let all = number(emitter.call_method("listenerCount", &[event])?) + 1.0;
    if most == 0.0 || all <= most {
        return Ok(());
    }
    let registrations = resources.registrations.get(js);
    let mut old = 0.0;
    for listener in emitter.call_method("listeners", &[event])?.items()? {
        let records = registrations.call_method("get", &[listener])?;
        if !records.is_object() {
            continue;
        }
        for record in records.items()? {
            let owner = record.get("owner")?.native::<Owner>();
            if owner.is_some_and(|owner| owner.phase.get() == Phase::Replaced)
                && record.get("emitter")?.same(emitter)
                && record.get("event")?.same(event)
            {
                old += 1.0;
            }
        }
    }
    let list = emitter.get("_events")?.get_key(event)?;
    if all - old <= most && list.is_array() && !list.get("warned")?.truthy() {
        list.set("warned", js.boolean(true))?;
        resources.quiet.borrow_mut().push(list.hold());
    }
    Ok(())
}

/// `removeListener(event, listener)`: forgets a listener.
fn removed<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, event) = (call.js, call.arg(0));
    let resources = js.state::<Resources>()?;
    if !resources.is_releasing.get() {
        forget(&resources, call.this, event, call.arg(1), None)?;
    }
    Ok(js.undefined())
}

/// Finds the note about a listener of an event that one of `owners` has added, or anybody. Returns all notes about the
/// listener, and the index of this one.
fn found<'s>(
    resources: &Resources,
    emitter: Value<'s>,
    event: Value<'s>,
    listener: Value<'s>,
    owners: Option<Value<'s>>,
) -> JsResult<'s, Option<(Value<'s>, usize)>> {
    let js = emitter.js();
    let records = resources.registrations.get(js).call_method("get", &[listener])?;
    if !records.is_object() {
        return Ok(None);
    }
    for (index, record) in records.items()?.into_iter().enumerate().rev() {
        let is_owner = match owners {
            Some(owners) => owners.call_method("has", &[record.get("owner")?])?.truthy(),
            None => true,
        };
        if is_owner && record.get("emitter")?.same(emitter) && record.get("event")?.same(event) {
            return Ok(Some((records, index)));
        }
    }
    Ok(None)
}

/// Forgets that one of `owners`, or anybody, has added a listener. Returns whether there was a note of it.
fn forget<'s>(
    resources: &Resources,
    emitter: Value<'s>,
    event: Value<'s>,
    listener: Value<'s>,
    owners: Option<Value<'s>>,
) -> JsResult<'s, bool> {
    let js = emitter.js();
    let Some((records, index)) = found(resources, emitter, event, listener, owners)? else {
        return Ok(false);
    };
    let index = f64::from(u32::try_from(index).unwrap_or(u32::MAX));
    records.call_method("splice", &[js.number(index), js.number(1.0)])?;
    Ok(true)
}

/// Removes every listener that these owners added, but for those in `kept`.
pub fn release<'s>(
    resources: &Resources,
    js: Js<'s>,
    owners: &[Value<'s>],
    kept: &Kept<'_, 's>,
) -> JsResult<'s, ()> {
    resources.is_releasing.set(true);
    let result = match owners {
        [] => Ok(()),
        _ => remove_all(resources, js, owners, kept),
    };
    resources.is_releasing.set(false);
    for list in resources.quiet.take() {
        list.get(js).set("warned", js.boolean(false))?;
    }
    result
}

/// Removes the listeners of all these owners in one pass over the emitters' listeners.
fn remove_all<'s>(
    resources: &Resources,
    js: Js<'s>,
    owners: &[Value<'s>],
    kept: &Kept<'_, 's>,
) -> JsResult<'s, ()> {
    let owners = js.global()?.get("Set")?.construct(&[js.array(owners)])?;
    let emitters: Vec<_> = resources.emitters.borrow().iter().map(|it| it.get(js)).collect();
    for emitter in emitters {
        for event in list(emitter.call_method("eventNames", &[])?)? {
            for listener in emitter.call_method("listeners", &[event])?.items()? {
                let note = found(resources, emitter, event, listener, Some(owners))?;
                if note.is_some()
                    && !kept.has(listener)?
                    && forget(resources, emitter, event, listener, Some(owners))?
                {
                    emitter.call_method("removeListener", &[event, listener])?;
                }
            }
        }
    }
    Ok(())
}

/// Removes the owners' listeners of events that a living version listens for. Their listeners of other events stay and belong
/// to nobody from now on, as do listeners that the program keeps.
pub fn leave_to_others<'s>(
    resources: &Resources,
    emitter: Value<'s>,
    owners: &[Value<'s>],
) -> JsResult<'s, ()> {
    if owners.is_empty() {
        return Ok(());
    }
    let js = emitter.js();
    let owners = js.global()?.get("Set")?.construct(&[js.array(owners)])?;
    for event in list(emitter.call_method("eventNames", &[])?)? {
        let (mut gone, mut is_heard) = (Vec::new(), false);
        for listener in emitter.call_method("listeners", &[event])?.items()? {
            if forget(resources, emitter, event, listener, Some(owners))? {
                gone.push(listener);
            } else {
                // Listeners without a note are our own, or were left here by an earlier call.
                is_heard |= found(resources, emitter, event, listener, None)?.is_some();
            }
        }
        if gone.is_empty() || !is_heard {
            continue;
        }
        let kept = held(resources, js);
        for listener in gone {
            if !kept.has(listener)? {
                emitter.call_method("removeListener", &[event, listener])?;
            }
        }
    }
    Ok(())
}
