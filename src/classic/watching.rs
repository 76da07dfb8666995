//! Starts and ends the watches of hot modules, through the runtime's watcher.

use std::rc::Rc;

use super::calling::Module;
use super::dependencies;
use super::record::{Phase, Record};
use super::registry::{self, Registry, place, require_of};
use super::switches::Switches;
use crate::classic::resolve::{self, FoundBy};
use crate::classic::watchers::fs_watcher;
use crate::error::HmrError;
use crate::js::{Js, JsResult, Value};
use crate::report;

/// Refuses a watcher that is none. Anything falsy means "watch nothing", and so does `true`, as in the JavaScript package.
pub fn check_watcher<'s>(callee: &str, watcher: Value<'s>) -> JsResult<'s, ()> {
    if !watcher.truthy() || watcher.text().is_none() && !watcher.is_object() && watcher.as_number().is_none()
    {
        return Ok(());
    }
    let is_watcher = watcher.is_object()
        && watcher.get("watch")?.is_function()
        && watcher.get("on")?.is_function()
        && !off_of(watcher)?.is_undefined();
    if is_watcher {
        return Ok(());
    }
    let expected = "a Watcher, any EventEmitter with a `watch(id)` method, or false";
    Err(HmrError::argument(callee, "watcher", expected, watcher).thrown(watcher.js()))
}

/// The method that removes a listener. Emitters for browsers and for old versions of Node have no `off`.
fn off_of(watcher: Value<'_>) -> JsResult<'_> {
    for name in ["off", "removeListener"] {
        let off = watcher.get(name)?;
        if off.is_function() {
            return Ok(off);
        }
    }
    Ok(watcher.js().undefined())
}

/// Resolves the id and, unless the module is watched or watching is off, starts its watch. This comes before the file is
/// read, so that no save is missed.
pub fn resolve_and_watch<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, ()> {
    let (runtime, record) = (module.runtime.get(js), &module.record);
    let watcher = runtime.get("watcher")?;
    let is_to_watch =
        !record.is_watched.get() && !js.state::<Switches>()?.reloading_disabled.get() && watcher.is_object();
    // A module that runs and needs no watch need not be resolved; its file may be missing for a moment.
    if !is_to_watch && record.phase.get() == Phase::Updating {
        return Ok(());
    }
    let require = require_of(runtime)?;
    let resolver = resolve::resolver_of(require, "HMRRuntime.import")?;
    let path = resolver.resolve(&record.id, "HMRRuntime.import")?;
    *record.found_by.borrow_mut() = resolve::found_by(resolver, &record.id, &path);
    if !record.is_alive.get() {
        return Ok(());
    }
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.import")?;
    registry.set_path(record, &path);
    if !is_to_watch {
        return Ok(());
    }
    if registry.watched.get() == 0 {
        listen(js, &registry, watcher)?;
    }
    registry.watched.set(registry.watched.get() + 1);
    record.is_watched.set(true);
    let started = watch(js, module, watcher, require, &path);
    if started.is_err() {
        stop_watching(js, &registry, registry_object, record);
    }
    started
}

/// Asks the watcher to watch the module, whose id was just resolved to this path.
fn watch<'s>(
    js: Js<'s>,
    module: &Module,
    watcher: Value<'s>,
    require: Value<'s>,
    path: &str,
) -> JsResult<'s, ()> {
    let (record, slot) = (&module.record, module.slot.get(js));
    let unwatch = if fs_watcher::is_ours(watcher)? && watcher.get("require")?.same(require) {
        let found_by = record.found_by.borrow().clone();
        fs_watcher::watch_found(watcher, &record.id, path, &found_by)?
    } else {
        watcher.call_method("watch", &[js.string(&record.id)])?
    };
    slot.set_item(place::UNWATCH, unwatch)?;
    // Nobody would catch the rejection of an async `watch`.
    report::rejection(js, &record.id, "its watch failed", unwatch);
    if !record.is_watched.get() {
        // The user's `watch` has unimported the module.
        call_unwatch(js, record, slot);
    }
    Ok(())
}

/// Moves the watch to the file that the id leads to now. A watched link stays watched, since it leads to both files.
pub fn watch_where_it_is<'s>(js: Js<'s>, module: &Module, path: &str) -> JsResult<'s, ()> {
    let record = &module.record;
    if matches!(*record.found_by.borrow(), FoundBy::Link(_)) {
        return Ok(());
    }
    let require = require_of(module.runtime.get(js))?;
    let resolver = resolve::resolver_of(require, "HMRRuntime.import")?;
    let found_by = resolve::found_by(resolver, &record.id, path);
    *record.found_by.borrow_mut() = found_by;
    if !record.is_watched.get() {
        return Ok(());
    }
    call_unwatch(js, record, module.slot.get(js));
    let registry_object = module.registry.object(js);
    let watcher = registry_object.get("watcher")?;
    let started = watch(js, module, watcher, require, path);
    if started.is_err() {
        stop_watching(js, &module.registry, registry_object, record);
    }
    started
}

fn listen<'s>(js: Js<'s>, registry: &Registry, watcher: Value<'s>) -> JsResult<'s, ()> {
    let registry_object = registry.object(js);
    let listener = registry_object.get("listener")?;
    registry_object.set("watcher", watcher)?;
    make_room(js, watcher)?;
    watcher.call_method("on", &[js.string("update"), listener])?;
    Ok(())
}

/// Raises the watcher's limit of listeners by one if it is reached. One watcher may serve many runtimes with a listener
/// each, and Node would warn of a leak.
fn make_room<'s>(js: Js<'s>, watcher: Value<'s>) -> JsResult<'s, ()> {
    for name in ["getMaxListeners", "setMaxListeners", "listenerCount"] {
        if !watcher.get(name)?.is_function() {
            return Ok(());
        }
    }
    let most = watcher.call_method("getMaxListeners", &[])?.as_number();
    let now = watcher
        .call_method("listenerCount", &[js.string("update")])?
        .as_number();
    // Zero means no limit.
    if let (Some(most), Some(now)) = (most, now)
        && most > 0.0
        && now >= most
    {
        watcher.call_method("setMaxListeners", &[js.number(now + 1.0)])?;
    }
    Ok(())
}

/// Ends the watch of a module; with the last watch, the runtime stops listening to its watcher. If a watcher of the user's
/// throws, the error is reported.
pub fn stop_watching(js: Js<'_>, registry: &Registry, registry_object: Value<'_>, record: &Rc<Record>) {
    if !record.is_watched.replace(false) {
        return;
    }
    registry.watched.set(registry.watched.get().saturating_sub(1));
    if let Ok(slot) = registry::slot(registry_object, record) {
        call_unwatch(js, record, slot);
    }
    if registry.watched.get() == 0 {
        let stopped = registry_object.get("watcher").and_then(|watcher| {
            let arguments = [js.string("update"), registry_object.get("listener")?];
            off_of(watcher)?.call(watcher, &arguments)
        });
        if let Err(thrown) = stopped {
            report::error(js, &record.id, "its watcher could not be left", thrown.0);
        }
    }
}

fn call_unwatch<'s>(js: Js<'s>, record: &Record, slot: Value<'s>) {
    let stopped = slot.item(place::UNWATCH).and_then(|unwatch| {
        slot.set_item(place::UNWATCH, js.undefined())?;
        if unwatch.is_function() {
            unwatch.call(js.undefined(), &[])
        } else {
            Ok(js.undefined())
        }
    });
    let what = "its watch could not be stopped";
    match stopped {
        Ok(closing) => report::rejection(js, &record.id, what, closing),
        Err(thrown) => report::error(js, &record.id, what, thrown.0),
    }
}

/// Ends all watches of a runtime.
pub fn stop_all(runtime: Value<'_>) -> JsResult<'_, ()> {
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.closeAll")?;
    registry.forget_all_ended();
    for record in registry.all() {
        stop_watching(runtime.js(), &registry, registry_object, &record);
        dependencies::release(runtime.js(), runtime, &record);
    }
    Ok(())
}
