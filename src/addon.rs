//! What belongs to one load of the addon: its classes, switches and watchers' delivery.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::js::{ClassSpec, Faint, Held, Js, JsResult, MethodSpec, Value, define_class};
use crate::report;
use crate::runtime::{
    context::StepContext, dependencies::Environment, hmr_runtime, hot_module, persist, runner, synthetic,
    watching,
};
use crate::watchers::{self, delivery::Delivery};

/// The addon's state in one realm. Its references are to its own classes and functions, never to users' code.
pub struct Addon {
    /// The classes that values are tested against.
    pub classes: Classes,
    /// The global switches of `HMRRuntime`.
    pub switches: Switches,
    /// Where a runtime keeps its registry.
    pub registry_key: Held,
    /// `emitUpdate`, to be bound to a runtime and an id.
    pub emit_update: Held,
    /// A runtime's `update` listener, to be bound to the runtime.
    pub on_update: Held,
    /// What `synthetic` binds.
    pub synthetic_call: Held,
    /// Timers that were there when the addon was loaded.
    pub timers: Timers,
    /// Which module's step is running.
    pub context: StepContext,
    /// From file changes to watchers' `update` events.
    pub delivery: Delivery,
    /// What following plainly required modules needs for all runtimes.
    pub dependencies: Environment,
    /// Runtimes that have imported something, for `disableReloading` and `shutdown`.
    pub runtimes: RefCell<Vec<Faint>>,
    /// How many modules have been imported.
    pub imports: Cell<u64>,
}

/// The addon's classes.
pub struct Classes {
    /// `Runner`
    pub runner: Held,
    /// `AsyncRunner`
    pub async_runner: Held,
    /// `PersistManager`
    pub persist_manager: Held,
    /// `HMRRuntime`
    pub runtime: Held,
    /// `FSWatcher`
    pub fs_watcher: Held,
    /// `ContentWatcher`
    pub content_watcher: Held,
}

/// `HMRRuntime`'s global switches.
#[derive(Default)]
pub struct Switches {
    /// `setLogging`
    pub logging: Cell<bool>,
    /// `suppressWarnings`
    pub warnings_suppressed: Cell<bool>,
    /// `disableReloading`
    pub reloading_disabled: Cell<bool>,
}

/// `setTimeout`, `clearTimeout` and `setImmediate` of Node.
pub struct Timers {
    set: Held,
    clear: Held,
    set_immediate: Held,
}

impl Timers {
    /// Calls `action` once after `milliseconds`, without keeping the process alive for it.
    pub fn after<'s>(
        &self,
        js: Js<'s>,
        milliseconds: u32,
        action: impl for<'t> Fn(Js<'t>) + 'static,
    ) -> JsResult<'s> {
        let callback = js.function("", 0, move |call| {
            action(call.js);
            Ok(call.js.undefined())
        })?;
        let arguments = [callback, js.number(f64::from(milliseconds))];
        let timer = self.set.get(js).call(js.undefined(), &arguments)?;
        if timer.is_object() {
            timer.call_method("unref", &[])?;
        }
        Ok(timer)
    }

    /// Calls `action` in the next turn of the event loop.
    pub fn next_turn<'s>(&self, js: Js<'s>, action: impl for<'t> Fn(Js<'t>) + 'static) -> JsResult<'s, ()> {
        let callback = js.function("", 0, move |call| {
            action(call.js);
            Ok(call.js.undefined())
        })?;
        self.set_immediate.get(js).call(js.undefined(), &[callback])?;
        Ok(())
    }

    /// Calls off what `after` gave.
    pub fn cancel(&self, js: Js<'_>, timer: Value<'_>) {
        let _ = self.clear.get(js).call(js.undefined(), &[timer]);
    }
}

impl Addon {
    /// Remembers a runtime, weakly, and gives the next place in the order of imports.
    pub fn next_import(&self, runtime: Value<'_>) -> u64 {
        let mut runtimes = self.runtimes.borrow_mut();
        let js = runtime.js();
        let mut is_known = false;
        runtimes.retain(|known| {
            known.get(js).is_some_and(|known| {
                is_known |= known.same(runtime);
                true
            })
        });
        if !is_known {
            runtimes.extend(runtime.faint());
        }
        self.imports.set(self.imports.get() + 1);
        self.imports.get()
    }

    /// The runtimes that have imported something and are still there.
    pub fn live_runtimes<'s>(&self, js: Js<'s>) -> Vec<Value<'s>> {
        self.runtimes
            .borrow()
            .iter()
            .filter_map(|runtime| runtime.get(js))
            .collect()
    }

    /// The addon's state of this realm.
    ///
    /// # Errors
    /// Only while the environment is going.
    pub fn of(js: Js<'_>) -> JsResult<'_, Rc<Self>> {
        js.realm()
            .state()
            .ok_or_else(|| js.error("Error", "node-hmr: this environment is shutting down"))
    }

    /// Makes the classes, links their prototypes and fills the exports.
    pub fn load<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
        let emitter = js.builtin("events")?;
        let watcher = define_class(js, &watchers::WATCHER, Some(emitter))?;
        let class = |spec: &ClassSpec, parent: Option<Value<'s>>| define_class(js, spec, parent);
        let fs_watcher = class(&watchers::fs_watcher::FS_WATCHER, Some(watcher))?;
        let content_watcher = class(&watchers::fs_watcher::CONTENT_WATCHER, Some(fs_watcher))?;
        let noop_watcher = class(&watchers::NOOP_WATCHER, Some(watcher))?;
        let runner = class(&runner::RUNNER, None)?;
        let async_runner = class(&runner::ASYNC_RUNNER, None)?;
        let persist_manager = class(&persist::PERSIST_MANAGER, None)?;
        let runtime = class(&hmr_runtime::HMR_RUNTIME, Some(emitter))?;
        runtime.define_hidden(js.string("HMRRuntime"), runtime)?;
        hmr_runtime::add_symbols(runtime)?;
        for (class, inspect) in [
            (runner, runner::inspect as crate::js::NativeFn),
            (async_runner, runner::inspect),
            (persist_manager, persist::inspect),
            (fs_watcher, watchers::fs_watcher::inspect),
        ] {
            let key = js.symbol_for("nodejs.util.inspect.custom")?;
            class
                .get("prototype")?
                .define_hidden(key, js.function("inspect", 3, inspect)?)?;
        }

        let functions: &[MethodSpec] = &[
            ("createModule", 2, hot_module::create_module),
            ("createPersist", 0, persist::create_persist),
            ("createRunner", 1, runner::create_runner),
            ("createRuntime", 1, hmr_runtime::create_runtime),
            ("createSyntheticRequire", 4, synthetic::create_synthetic_require),
        ];
        for &(name, length, body) in functions {
            exports.set(name, js.function(name, length, body)?)?;
        }
        exports.set("hmr", exports.get("createModule")?)?;
        exports.set("synthetic", exports.get("createSyntheticRequire")?)?;
        for class in [
            watcher,
            fs_watcher,
            content_watcher,
            noop_watcher,
            runner,
            async_runner,
            persist_manager,
            runtime,
        ] {
            exports.set(&class.get("name")?.display(), class)?;
        }
        let report = js.function("reportError", 3, |call| {
            report::error(
                call.js,
                &call.arg(0).display(),
                &call.arg(1).display(),
                call.arg(2),
            );
            Ok(call.js.undefined())
        })?;
        exports.define_hidden(js.string("reportError"), report)?;
        let references = js.function("nativeReferences", 0, |call| {
            let count = u32::try_from(call.js.realm().live_references()).unwrap_or(u32::MAX);
            Ok(call.js.number(f64::from(count)))
        })?;
        exports.define_hidden(js.string("nativeReferences"), references)?;

        let timers = js.builtin("timers")?;
        let addon = Rc::new(Self {
            classes: Classes {
                runner: runner.hold(),
                async_runner: async_runner.hold(),
                persist_manager: persist_manager.hold(),
                runtime: runtime.hold(),
                fs_watcher: fs_watcher.hold(),
                content_watcher: content_watcher.hold(),
            },
            switches: Switches::default(),
            registry_key: js.symbol("node-hmr registry").hold(),
            emit_update: js
                .function("emitUpdate", 0, |call| Ok(hmr_runtime::emit_update(call)))?
                .hold(),
            on_update: js.function("onUpdate", 0, watching::on_update)?.hold(),
            synthetic_call: js.function("require", 1, synthetic::call)?.hold(),
            timers: Timers {
                set: timers.get("setTimeout")?.hold(),
                clear: timers.get("clearTimeout")?.hold(),
                set_immediate: timers.get("setImmediate")?.hold(),
            },
            context: StepContext::new(js)?,
            delivery: Delivery::default(),
            dependencies: Environment::default(),
            runtimes: RefCell::default(),
            imports: Cell::new(0),
        });
        js.realm().set_state(addon);
        let realm = Rc::downgrade(js.realm());
        js.realm().at_exit(move || {
            if let Some(addon) = realm.upgrade().and_then(|realm| realm.state::<Self>()) {
                addon.delivery.close();
            }
        });
        Ok(())
    }
}
