//! `HMRRuntime` and `createRuntime`: import, unimport, closeAll, and the global switches.

use std::cell::Cell;

use super::calling::{Module, StepFailure};
use super::context::StepContext;
use super::import::import;
use super::record::Phase;
use super::registry;
use super::switches::Switches;
use super::values::take_values;
use super::watching::{check_watcher, stop_all, stop_watching};
use super::{dependencies, emitter, engine_require, hearing, in_program, inspect, runtimes};
use crate::classic::watchers::fs_watcher::WatcherClasses;
use crate::error::HmrError;
use crate::es::Engine;
use crate::js::{Call, ClassSpec, Held, Js, JsResult, State, Value, define_class, spawn_detached};
use crate::report;

/// The class `HMRRuntime`.
const HMR_RUNTIME: ClassSpec = ClassSpec {
    name: "HMRRuntime",
    length: 2,
    constructor: |call| {
        let js = call.js;
        let (watcher, require) = (call.arg(0), engine_require::take(call.arg(1))?);
        check_watcher("HMRRuntime", watcher)?;
        check_require("HMRRuntime", require)?;
        dependencies::check("HMRRuntime", call.arg(2))?;
        js.builtin("events")?.call(call.this, &[])?;
        call.this.define_hidden(js.string("watcher"), watcher)?;
        call.this.define_hidden(js.string("_requireFn"), require)?;
        let maker = js.state::<StepContext>()?.maker(js);
        registry::attach(call.this, maker)?;
        hearing::attach(call.this)?;
        dependencies::attach(call.this, call.arg(2))?;
        in_program::add(call.this)?;
        Ok(call.this)
    },
    methods: &[
        ("import", 1, import),
        ("unimport", 1, unimport),
        ("closeAll", 0, close_all),
        ("dependencies", 1, dependencies::dependencies),
    ],
    statics: &[
        ("setLogging", 1, |call| {
            call.js.state::<report::Switches>()?.logging_chosen.set(true);
            set::<report::Switches>(call, |switches| &switches.logging)
        }),
        ("loggingEnabled", 0, |call| {
            get::<report::Switches>(call, |switches| &switches.logging)
        }),
        ("suppressWarnings", 1, |call| {
            set::<report::Switches>(call, |switches| &switches.warnings_suppressed)
        }),
        ("shouldSuppressWarnings", 0, |call| {
            get::<report::Switches>(call, |switches| &switches.warnings_suppressed)
        }),
        ("followDependencies", 1, |call| {
            set::<Switches>(call, |switches| &switches.dependencies_followed)
        }),
        ("dependenciesFollowed", 0, |call| {
            get::<Switches>(call, |switches| &switches.dependencies_followed)
        }),
        ("disableReloading", 0, disable_reloading),
        ("reloadDisabled", 0, |call| {
            get::<Switches>(call, |switches| &switches.reloading_disabled)
        }),
        ("shutdown", 0, super::shutdown::shutdown),
    ],
};

fn set<'s, T: State>(call: &Call<'s>, switch: fn(&T) -> &Cell<bool>) -> JsResult<'s> {
    switch(&*call.js.state::<T>()?).set(call.arg(0).truthy());
    Ok(call.js.undefined())
}

fn get<'s, T: State>(call: &Call<'s>, switch: fn(&T) -> &Cell<bool>) -> JsResult<'s> {
    Ok(call.js.boolean(switch(&*call.js.state::<T>()?).get()))
}

/// `HMRRuntime.disableReloading()`: ends all watches, and no runtime watches anything from now on.
fn disable_reloading<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    js.state::<Switches>()?.reloading_disabled.set(true);
    for (runtime, _) in runtimes::live(js) {
        stop_all(runtime)?;
    }
    if let Some(engine) = js.made_state::<Engine>() {
        engine.host().reloading_disabled(js);
    }
    Ok(js.undefined())
}

/// The JavaScript class `HMRRuntime`.
pub struct RuntimeClass(pub Held);

impl State for RuntimeClass {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let class = define_class(js, &HMR_RUNTIME, Some(js.builtin("events")?))?;
        class.define_hidden(js.string("HMRRuntime"), class)?;
        add_symbols(class)?;
        Ok(Self(class.hold()))
    }
}

/// Adds the methods that `util.inspect` and Node's `captureRejections` look for on the prototype.
fn add_symbols(class: Value<'_>) -> JsResult<'_, ()> {
    let js = class.js();
    inspect::show(class, inspect_runtime)?;
    let rejection = js.symbol_for("nodejs.rejection")?;
    class
        .get("prototype")?
        .define_hidden(rejection, js.function("onRejection", 2, on_rejection)?)
}

/// Takes the rejection of an async listener while rejections are captured. A listener of `update` is reported. For the
/// user's own events this does what Node does: `error` if the user lets emitters capture, else an unhandled rejection.
fn on_rejection<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (error, event, id) = (call.arg(0), call.arg(1), call.arg(2));
    if event.text().as_deref() == Some("update") {
        report::error(js, &id.display(), emitter::LISTENER_FAILED, error);
    } else if emitter::captures_rejections(js, call.this)? {
        call.this.call_method("emit", &[js.string("error"), error])?;
    } else {
        js.global()?.get("Promise")?.call_method("reject", &[error])?;
    }
    Ok(js.undefined())
}

fn inspect_runtime<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let view = inspect::own_view(call.this)?;
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
    inspect::as_class(call, view)
}

/// `createRuntime(require, watcher = new FSWatcher(require))`.
pub fn create_runtime<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (require, watcher) = (engine_require::take(call.arg(0))?, call.arg(1));
    check_require("createRuntime", require)?;
    check_watcher("createRuntime", watcher)?;
    dependencies::check("createRuntime", call.arg(2))?;
    let watcher = if watcher.is_undefined() {
        js.state::<WatcherClasses>()?.fs.get(js).construct(&[require])?
    } else {
        watcher
    };
    js.state::<RuntimeClass>()?
        .0
        .get(js)
        .construct(&[watcher, require, call.arg(2)])
}

fn check_require<'s>(callee: &str, require: Value<'s>) -> JsResult<'s, ()> {
    if require.is_function() && require.get("resolve")?.is_function() {
        return Ok(());
    }
    let expected = "a require function with a `resolve` method: pass the module's own `require`, \
                    `module.createRequire(import.meta.url)` or what `synthetic()` returns";
    Err(HmrError::argument(callee, "require", expected, require).thrown(require.js()))
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
    let module = Module::of(call.this, &registry, &record)?;
    record.is_alive.set(false);
    stop_watching(js, &registry, registry_object, &record);
    dependencies::release(js, call.this, &record);
    registry::forget(call.this, &registry, registry_object, &record)?;
    if let Some((persist, values)) = take_values(&module) {
        // `spawn_detached` polls the task at once, so the cleanup is called before this returns.
        spawn_detached(js, async move {
            if let Err(StepFailure::Thrown(thrown)) = module.clean_persist(&persist, &values).await {
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
    stop_all(call.this)?;
    Ok(call.js.undefined())
}
