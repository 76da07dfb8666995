//! `HMRRuntime` and `createRuntime`: import, unimport, closeAll, and the global switches.

use std::rc::Rc;

use super::registry::{self, Origin, Phase, Record, Registry};
use super::steps::Module;
use super::{require_cache, update};
use crate::addon::{Addon, Switches};
use crate::error::HmrError;
use crate::js::{Call, ClassSpec, Cx, Faint, Held, Js, JsResult, Value, settled, spawn, spawn_detached};
use crate::{report, watchers};

const LISTENER_FAILED: &str = "a listener of `update` failed";

/// The runtime's class.
pub const HMR_RUNTIME: ClassSpec = ClassSpec {
    name: "HMRRuntime",
    length: 2,
    constructor: |call| {
        let js = call.js;
        let (watcher, require) = (call.arg(0), call.arg(1));
        check_watcher("HMRRuntime", watcher)?;
        check_require("HMRRuntime", require)?;
        // Rejections of async listeners come to `on_rejection`, not to the process.
        let options = js.object();
        options.set("captureRejections", js.boolean(true))?;
        js.builtin("events")?.call(call.this, &[options])?;
        call.this.define_hidden(js.string("watcher"), watcher)?;
        call.this.define_hidden(js.string("_requireFn"), require)?;
        registry::attach(call.this)?;
        Ok(call.this)
    },
    methods: &[
        ("import", 1, import),
        ("unimport", 1, unimport),
        ("closeAll", 0, close_all),
    ],
    statics: &[
        ("setLogging", 1, |call| {
            set(call, |switches, yes| switches.logging.set(yes))
        }),
        ("loggingEnabled", 0, |call| {
            get(call, |switches| switches.logging.get())
        }),
        ("suppressWarnings", 1, |call| {
            set(call, |switches, yes| switches.warnings_suppressed.set(yes))
        }),
        ("shouldSuppressWarnings", 0, |call| {
            get(call, |switches| switches.warnings_suppressed.get())
        }),
        ("disableReloading", 0, disable_reloading),
        ("reloadDisabled", 0, |call| {
            get(call, |switches| switches.reloading_disabled.get())
        }),
    ],
};

fn set<'s>(call: &Call<'s>, switch: fn(&Switches, bool)) -> JsResult<'s> {
    switch(&Addon::of(call.js)?.switches, call.arg(0).truthy());
    Ok(call.js.undefined())
}

fn get<'s>(call: &Call<'s>, switch: fn(&Switches) -> bool) -> JsResult<'s> {
    Ok(call.js.boolean(switch(&Addon::of(call.js)?.switches)))
}

/// `HMRRuntime.disableReloading()`: for good. What is watched already is let go.
fn disable_reloading<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let addon = Addon::of(js)?;
    addon.switches.reloading_disabled.set(true);
    let watching = addon.watching.take();
    for object in watching.iter().filter_map(|object| object.get(js)) {
        if let Some(registry) = object.native::<Registry>() {
            stop_all(js, &registry, object);
        }
    }
    Ok(js.undefined())
}

/// What `util.inspect` and `captureRejections` look for on the prototype.
pub fn add_symbols<'s>(class: Value<'s>) -> JsResult<'s, ()> {
    let js = class.js();
    let prototype = class.get("prototype")?;
    let inspect = js.symbol_for("nodejs.util.inspect.custom")?;
    prototype.define_hidden(inspect, js.function("inspect", 3, inspect_runtime)?)?;
    let rejection = js.symbol_for("nodejs.rejection")?;
    prototype.define_hidden(rejection, js.function("onRejection", 2, on_rejection)?)
}

/// An async listener rejected. Of `update` it is reported; of the user's own events it stays what it would be
/// without us, an unhandled rejection.
fn on_rejection<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (error, event, id) = (call.arg(0), call.arg(1), call.arg(2));
    if event.text().as_deref() == Some("update") {
        report::error(js, &id.display(), LISTENER_FAILED, error);
    } else {
        js.global()?.get("Promise")?.call_method("reject", &[error])?;
    }
    Ok(js.undefined())
}

fn inspect_runtime<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let view = watchers::own_view(call.this)?;
    if let Ok((registry, _)) = registry::of(call.this, "inspect") {
        for record in registry.all() {
            let state = match record.phase.get() {
                Phase::Importing => "importing",
                Phase::Ready => "ready",
                Phase::Updating => "updating",
                Phase::Failed => "failed",
            };
            let watched = if record.is_watched.get() {
                "watched"
            } else {
                "not watched"
            };
            view.set(&record.id, js.string(&format!("{state}, {watched}")))?;
        }
    }
    super::runner::inspect_view(call, view)
}

/// `createRuntime(require, watcher = new FSWatcher(require))`.
pub fn create_runtime<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (require, watcher) = (call.arg(0), call.arg(1));
    check_require("createRuntime", require)?;
    check_watcher("createRuntime", watcher)?;
    let classes = &Addon::of(js)?.classes;
    let watcher = if watcher.is_undefined() {
        classes.fs_watcher.get(js).construct(&[require])?
    } else {
        watcher
    };
    classes.runtime.get(js).construct(&[watcher, require])
}

fn check_require<'s>(callee: &str, require: Value<'s>) -> JsResult<'s, ()> {
    if require.is_function() && require.get("resolve")?.is_function() {
        return Ok(());
    }
    let expected = "a require function with a `resolve` method: pass the module's own `require`, \
                    `module.createRequire(import.meta.url)` or what `synthetic()` returns";
    Err(HmrError::argument(callee, "require", expected, require).thrown(require.js()))
}

/// Anything falsy, and `true` as in the JavaScript package, means: watch nothing.
fn check_watcher<'s>(callee: &str, watcher: Value<'s>) -> JsResult<'s, ()> {
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

/// What takes a listener off an emitter. Emitters made for browsers and for old Nodes lack `off`.
fn off_of<'s>(watcher: Value<'s>) -> JsResult<'s> {
    for name in ["off", "removeListener"] {
        let off = watcher.get(name)?;
        if off.is_function() {
            return Ok(off);
        }
    }
    Ok(watcher.js().undefined())
}

/// The `require` function of a runtime.
pub fn require_of<'s>(runtime: Value<'s>) -> JsResult<'s> {
    runtime.get("_requireFn")
}

/// `runtime.import(id)`.
fn import<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cx = Cx::new(call.js);
    let (runtime, id) = (call.this.hold(), call.arg(0).hold());
    spawn(call.js, async move {
        let import = match cx.attempt(|js| begin(js, runtime.get(js), id.get(js)))? {
            Begun::Ended(result) => return result,
            Begun::Import(import) => import,
        };
        let _waiting = import
            .waiter
            .as_ref()
            .map(|waiter| waiter.waiting_for(&import.module.record));
        let module = &import.module;
        match import.way {
            Way::AsItIs => {}
            Way::Join => drop(module.record.idle.wait(&cx).await?),
            Way::First => end(&import, update::first_import(module).await)?,
            Way::Again => end(&import, update::import_again(module).await)?,
        }
        Ok(import.exports_object)
    })
}

enum Begun {
    Import(Import),
    /// An import made at the same time has done the work.
    Ended(Result<Held, Held>),
}

struct Import {
    module: Module,
    exports_object: Held,
    /// The module whose step asked for this import.
    waiter: Option<Rc<Record>>,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    /// Nothing to do but evaluate it.
    First,
    /// It runs already.
    Again,
    /// Something is under way for it; its end is ours.
    Join,
    /// It waits for the module that asks.
    AsItIs,
}

fn begin<'s>(js: Js<'s>, runtime: Value<'s>, id_value: Value<'s>) -> JsResult<'s, Begun> {
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.import")?;
    let Some(id) = id_value.text() else {
        let expected = "a string: the module's id, as `require` takes it";
        return Err(HmrError::argument("HMRRuntime.import", "id", expected, id_value).thrown(js));
    };
    if let Some(result) = registry.just_ended(&id) {
        return Ok(Begun::Ended(result));
    }
    let addon = Addon::of(js)?;
    let waiter = addon.context.current(js);
    let (record, way) = match registry.find(&id) {
        Some(record) if record.is_busy() => {
            let is_circle = waiter
                .as_ref()
                .is_some_and(|waiter| Rc::ptr_eq(waiter, &record) || record.waits_on(waiter));
            (record, if is_circle { Way::AsItIs } else { Way::Join })
        }
        Some(record) if record.phase.get() == Phase::Failed => {
            record.phase.set(Phase::Importing);
            (record, Way::First)
        }
        Some(record) => {
            record.phase.set(Phase::Updating);
            (record, Way::Again)
        }
        None => {
            let record = registry.add(&id);
            registry::add_slot(js, registry_object, &record)?;
            (record, Way::First)
        }
    };
    let waiter = waiter.filter(|waiter| !Rc::ptr_eq(waiter, &record));
    let module = module(runtime, &registry, registry_object, &record)?;
    let exports_object = module.slot.get(js).get("exportsObject")?.hold();
    Ok(Begun::Import(Import {
        module,
        exports_object,
        waiter,
        way,
    }))
}

fn module<'s>(
    runtime: Value<'s>,
    registry: &Rc<Registry>,
    registry_object: Value<'s>,
    record: &Rc<Record>,
) -> JsResult<'s, Module> {
    let js = runtime.js();
    Ok(Module {
        cx: Cx::new(js),
        addon: Addon::of(js)?,
        runtime: runtime.hold(),
        registry: Rc::clone(registry),
        record: Rc::clone(record),
        slot: registry::slot(registry_object, &record.id)?.hold(),
    })
}

/// Ends an import: those who joined it get its result, and so do those who ask before anyone can have got it.
/// A synchronous module is done before the second of two simultaneous imports is even called.
fn end(import: &Import, result: Result<(), Held>) -> Result<(), Held> {
    let module = &import.module;
    let record = &module.record;
    let has_failed_first = result.is_err() && record.phase.get() == Phase::Importing;
    record.phase.set(if has_failed_first {
        Phase::Failed
    } else {
        Phase::Ready
    });
    module.cx.with(|js| {
        if has_failed_first && record.is_alive.get() {
            forget_failed(js, module);
        }
        let outcome = result.clone().map(|()| Held::undefined());
        record.idle.fire(js, &outcome);
        if !has_failed_first {
            update::follow_up(js, module);
        }
        if record.is_alive.get() {
            let ended = result.clone().map(|()| import.exports_object.clone());
            keep_for_this_turn(js, module, ended);
        }
    });
    result
}

fn keep_for_this_turn(js: Js<'_>, module: &Module, ended: Result<Held, Held>) {
    let (cx, registry, id) = (
        module.cx.clone(),
        Rc::clone(&module.registry),
        module.record.id.clone(),
    );
    registry.keep_ended(&id, ended);
    spawn_detached(js, async move {
        // One microtask, and queued before the importer can wait for its promise: it never sees this.
        drop(settled(&cx, Held::undefined()).await);
        registry.forget_ended(&id);
    });
}

/// A failed first import leaves nothing watched. Persistent values that were generated are kept for the next
/// import or for `unimport`: a server that listens cannot be made twice.
fn forget_failed(js: Js<'_>, module: &Module) {
    let record = &module.record;
    record.pending.set(None);
    let forgotten =
        registry::of(module.runtime.get(js), "HMRRuntime.import").and_then(|(registry, object)| {
            stop_watching(js, &registry, object, record);
            if !record.has_values.get() {
                registry.remove(record);
                registry::remove_slot(object, &record.id)?;
            }
            Ok(())
        });
    let _ = forgotten;
}

/// Resolves the id and, unless it is watched or watching is off, watches it: before the file is read, so that no
/// edit falls between.
pub fn resolve_and_watch<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, ()> {
    let (runtime, record) = (module.runtime.get(js), &module.record);
    let watcher = runtime.get("watcher")?;
    let is_to_watch =
        !record.is_watched.get() && !module.addon.switches.reloading_disabled.get() && watcher.is_object();
    // What runs and needs no watch needs no file either: it may be away for a moment.
    if !is_to_watch && record.phase.get() == Phase::Updating {
        return Ok(());
    }
    let path = require_cache::resolve(require_of(runtime)?, &record.id)?;
    if !record.is_alive.get() {
        return Ok(());
    }
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.import")?;
    registry.set_path(record, &path);
    if !is_to_watch {
        return Ok(());
    }
    let slot = module.slot.get(js);
    if registry.watched.get() == 0 {
        listen(js, &module.addon, runtime, registry_object, watcher)?;
    }
    registry.watched.set(registry.watched.get() + 1);
    record.is_watched.set(true);
    let unwatch = match watcher.call_method("watch", &[js.string(&record.id)]) {
        Ok(unwatch) => unwatch,
        Err(thrown) => {
            stop_watching(js, &registry, registry_object, record);
            return Err(thrown);
        }
    };
    slot.set("unwatch", unwatch)?;
    if !record.is_watched.get() {
        // `watch` itself let the module go.
        call_unwatch(js, record, slot);
    }
    Ok(())
}

fn listen<'s>(
    js: Js<'s>,
    addon: &Addon,
    runtime: Value<'s>,
    registry_object: Value<'s>,
    watcher: Value<'s>,
) -> JsResult<'s, ()> {
    let mut listener = registry_object.get("listener")?;
    if listener.is_undefined() {
        listener = addon.on_update.get(js).bind(js.undefined(), &[runtime])?;
        registry_object.set("listener", listener)?;
    }
    registry_object.set("watcher", watcher)?;
    make_room(js, watcher)?;
    watcher.call_method("on", &[js.string("update"), listener])?;
    addon.watching.borrow_mut().extend(registry_object.faint());
    Ok(())
}

/// One watcher may serve many runtimes, and each has a listener of its own: no leak, so no warning of one.
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
    // Zero means: as many as there are.
    if let (Some(most), Some(now)) = (most, now)
        && most > 0.0
        && now >= most
    {
        watcher.call_method("setMaxListeners", &[js.number(now + 1.0)])?;
    }
    Ok(())
}

/// Stops watching a module; with the last one, the runtime's listener goes as well. Nothing is thrown: what
/// a watcher of the user's throws is reported.
fn stop_watching(js: Js<'_>, registry: &Registry, registry_object: Value<'_>, record: &Rc<Record>) {
    if !record.is_watched.replace(false) {
        return;
    }
    registry.watched.set(registry.watched.get().saturating_sub(1));
    if let Ok(slot) = registry::slot(registry_object, &record.id) {
        call_unwatch(js, record, slot);
    }
    if registry.watched.get() == 0 {
        if let Ok(addon) = Addon::of(js) {
            let is_other =
                |object: &Faint| object.get(js).is_some_and(|object| !object.same(registry_object));
            addon.watching.borrow_mut().retain(is_other);
        }
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
    let stopped = slot.get("unwatch").and_then(|unwatch| {
        slot.set("unwatch", js.undefined())?;
        if unwatch.is_function() {
            unwatch.call(js.undefined(), &[])
        } else {
            Ok(js.undefined())
        }
    });
    let what = "its watch could not be stopped";
    match stopped {
        Ok(closing) => update::report_rejection(js, &record.id, what, closing),
        Err(thrown) => report::error(js, &record.id, what, thrown.0),
    }
}

/// `runtime.unimport(id)`.
fn unimport<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (registry, registry_object) = registry::of(call.this, "HMRRuntime.unimport")?;
    let Some(id) = call.arg(0).text() else {
        let expected = "a string: the id that was imported";
        return Err(HmrError::argument("HMRRuntime.unimport", "id", expected, call.arg(0)).thrown(js));
    };
    registry.forget_ended(&id);
    let Some(record) = registry.find(&id) else {
        return Ok(js.undefined());
    };
    let module = module(call.this, &registry, registry_object, &record)?;
    record.is_alive.set(false);
    stop_watching(js, &registry, registry_object, &record);
    registry.remove(&record);
    registry::remove_slot(registry_object, &id)?;
    if let Some((persist, values)) = update::take_values(&module) {
        // Its first poll calls the cleanup, before this returns.
        spawn_detached(js, async move {
            if let Err(thrown) = module.clean_persist(&persist, &values).await {
                let what = "the cleanup of the persistent values failed";
                module
                    .cx
                    .with(|js| report::error(js, &module.record.id, what, thrown.get(js)));
            }
        });
    }
    Ok(js.undefined())
}

/// `runtime.closeAll()`.
fn close_all<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (registry, registry_object) = registry::of(call.this, "HMRRuntime.closeAll")?;
    stop_all(call.js, &registry, registry_object);
    Ok(call.js.undefined())
}

fn stop_all(js: Js<'_>, registry: &Registry, registry_object: Value<'_>) {
    registry.forget_all_ended();
    for record in registry.all() {
        stop_watching(js, registry, registry_object, &record);
    }
}

/// A watcher emitted `update`: the runtime is bound before the ids.
pub fn on_update<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let runtime = call.arg(0);
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.import")?;
    let origin = Addon::of(js)?.delivery.origin();
    let mut records: Vec<Rc<Record>> = Vec::new();
    let mut told = Vec::new();
    for argument in call.args.iter().skip(1) {
        if argument.is_array() {
            told.extend(argument.items()?);
        } else {
            told.push(*argument);
        }
    }
    for id in told.into_iter().filter_map(Value::text) {
        for record in registry.find_told(&id) {
            if !records.iter().any(|it| Rc::ptr_eq(it, &record)) {
                records.push(record);
            }
        }
    }
    records.sort_by_key(|record| record.order);
    for record in records {
        // An update of one may have stopped the watch of the next.
        if record.is_alive.get() && record.is_watched.get() {
            let module = module(runtime, &registry, registry_object, &record)?;
            update::change(js, module, origin);
        }
    }
    Ok(js.undefined())
}

/// `emitUpdate()` as a runner gets it: runtime and id are bound.
pub fn emit_update<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (runtime, id) = (call.arg(0), call.arg(1));
    let had_listeners = emit(call.js, runtime, &id.display());
    Ok(call.js.boolean(had_listeners))
}

/// Emits `update`. What a listener throws is reported, as nobody else would catch it, and keeps it from no other
/// listener. An `emit` of a subclass or of the instance is honoured.
pub fn emit(js: Js<'_>, runtime: Value<'_>, id: &str) -> bool {
    if let Ok(Some(listeners)) = plain_listeners(js, runtime) {
        for listener in &listeners {
            match listener.call(runtime, &[js.string(id)]) {
                Ok(result) => update::report_rejection(js, id, LISTENER_FAILED, result),
                Err(thrown) => report::error(js, id, LISTENER_FAILED, thrown.0),
            }
        }
        return !listeners.is_empty();
    }
    let arguments = [js.string("update"), js.string(id)];
    match runtime.call_method("emit", &arguments) {
        Ok(had_listeners) => {
            update::report_rejection(js, id, LISTENER_FAILED, had_listeners);
            had_listeners.truthy()
        }
        Err(thrown) => {
            report::error(js, id, LISTENER_FAILED, thrown.0);
            true
        }
    }
}

/// The listeners of `update` at this moment, unless someone's own `emit` decides who hears of it.
fn plain_listeners<'s>(js: Js<'s>, runtime: Value<'s>) -> JsResult<'s, Option<Vec<Value<'s>>>> {
    if !runtime.get("emit")?.same(Addon::of(js)?.plain_emit.get(js)) {
        return Ok(None);
    }
    let prototype = js.builtin("events")?.get("prototype")?;
    let listeners = prototype
        .get("rawListeners")?
        .call(runtime, &[js.string("update")])?;
    listeners.items().map(Some)
}

/// Where a change came from, by whether one of our watchers is emitting it.
pub const fn origin_of(settled: Option<bool>) -> Origin {
    match settled {
        Some(false) => Origin::Watched,
        Some(true) | None => Origin::Told,
    }
}
