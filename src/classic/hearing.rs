//! The runtimes' listener of `update`: hears what a watcher emits.

use std::rc::Rc;

use smallvec::SmallVec;

use super::calling::Module;
use super::record::Record;
use super::registry;
use super::taking::is_echo;
use super::watchers::files::Hearers;
use super::{dependencies, update};
use crate::files::{Delivery, Origin};
use crate::js::{Call, Held, Js, JsResult, State, Value};

/// The unbound `update` listener; each runtime's is bound to it.
pub struct OnUpdate(Held);

impl State for OnUpdate {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        js.state::<Hearers>()?.hear_by(hear);
        Ok(Self(js.function("onUpdate", 0, on_update)?.hold()))
    }
}

/// Gives a new runtime its listener.
pub fn attach(runtime: Value<'_>) -> JsResult<'_, ()> {
    let js = runtime.js();
    let (_, registry_object) = registry::of(runtime, "HMRRuntime")?;
    let listener = js.state::<OnUpdate>()?.0.get(js);
    let listener = listener.bind(js.undefined(), &[runtime])?;
    js.state::<Hearers>()?.mark(listener, runtime)?;
    registry_object.set("listener", listener)
}

/// The body of the listener: the runtime is a bound argument, and the ids or paths follow.
fn on_update<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let runtime = call.arg(0);
    let origin = js.state::<Delivery>()?.origin();
    let mut told = Vec::new();
    for argument in call.args.iter().skip(1) {
        if argument.is_array() {
            told.extend(argument.items()?);
        } else {
            told.push(*argument);
        }
    }
    let ids: Vec<_> = told.into_iter().filter_map(Value::text).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    hear(runtime, &ids, origin)?;
    Ok(js.undefined())
}

/// Takes up changes of these ids or paths: starts the updates of the hot modules that they mean.
pub fn hear<'s>(runtime: Value<'s>, ids: &[&str], origin: Origin) -> JsResult<'s, ()> {
    let js = runtime.js();
    let (registry, _) = registry::of(runtime, "HMRRuntime.import")?;
    let news = ids
        .iter()
        .copied()
        .filter(|id| !is_echo(js, &registry, id, origin));
    let news: SmallVec<[&str; 4]> = news.collect();
    let ids = news.as_slice();
    if dependencies::take_over(runtime, &registry, ids, origin)? {
        return Ok(());
    }
    let mut records: Vec<Rc<Record>> = Vec::new();
    for id in ids {
        for record in registry.find_told(id) {
            if !records.iter().any(|it| Rc::ptr_eq(it, &record)) {
                records.push(record);
            }
        }
    }
    registry::sort(&mut records);
    for record in records {
        // The update of an earlier module may have ended the watch of this one.
        if record.is_alive.get() && record.is_watched.get() {
            let module = Module::of(runtime, &registry, &record)?;
            update::change(js, module, origin);
        }
    }
    Ok(())
}
