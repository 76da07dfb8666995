//! What belongs to one load of the addon: its classes, switches and watchers' delivery.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::classic::{
    command, context::StepContext, dependencies::Environment, engine_require, hmr_runtime, hot_module,
    persist, registry::Registry, runner, steps::OwnMethods, synthetic, watching,
};
use crate::js::{ClassSpec, Faint, Held, Js, JsResult, MethodSpec, Value, define_class};
use crate::outside::Outside;
use crate::resolve::Resolved;
use crate::timers::Timers;
use crate::watchers::{self, delivery::Delivery};
use crate::{emitter, report};

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
    /// `EventEmitter.prototype.emit` as it was when the addon was loaded.
    pub plain_emit: Held,
    /// See `emitter::capture_key`.
    pub capture_key: Held,
    /// `EventEmitter.prototype.rawListeners`, likewise.
    pub raw_listeners: Held,
    /// A runtime's `update` listener, to be bound to the runtime.
    pub on_update: Held,
    /// What `FSWatcher.watch` returns, but for the watch that it ends.
    pub unwatch: Held,
    /// The methods of `Runner`, `AsyncRunner` and `PersistManager`.
    pub own_methods: OwnMethods,
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
    /// Runtimes that have modules.
    runtimes: RefCell<Vec<Listed>>,
    /// Those of all runtimes.
    registries: RefCell<Vec<Weak<Registry>>>,
    /// What a runtime asks its watcher to watch, while it does.
    pub resolved: RefCell<Option<Resolved>>,
    /// How many modules have been imported.
    pub imports: Cell<u32>,
}

struct Listed {
    runtime: Faint,
    registry: Weak<Registry>,
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
    /// `followDependencies`
    pub dependencies_followed: Cell<bool>,
    /// `disableReloading`
    pub reloading_disabled: Cell<bool>,
}

impl Addon {
    /// The `require` function for what was given in its place: `import.meta`, its `url`, a path.
    pub fn require_of<'s>(&self, given: Value<'s>) -> JsResult<'s, Value<'s>> {
        engine_require::take(given)
    }

    /// Remembers the registry of a new runtime, weakly.
    pub fn add_registry(&self, registry: &Rc<Registry>) {
        let mut registries = self.registries.borrow_mut();
        registries.retain(|other| other.strong_count() > 0);
        registries.push(Rc::downgrade(registry));
    }

    /// Remembers a runtime, weakly, while it has modules.
    pub fn list_runtime(&self, runtime: Value<'_>, registry: &Rc<Registry>) {
        let listed = runtime.faint().map(|runtime| Listed {
            runtime,
            registry: Rc::downgrade(registry),
        });
        self.runtimes.borrow_mut().extend(listed);
    }

    /// Forgets a runtime that has no modules any more, and those that were collected.
    pub fn unlist_runtime(&self, runtime: Value<'_>) {
        let js = runtime.js();
        let is_other = |listed: &Listed| listed.runtime.get(js).is_some_and(|it| !it.same(runtime));
        self.runtimes.borrow_mut().retain(is_other);
    }

    /// The next place in the order of imports.
    pub fn next_import(&self) -> u32 {
        self.imports.set(self.imports.get().saturating_add(1));
        self.imports.get()
    }

    /// The runtimes that have modules.
    pub fn live_runtimes<'s>(&self, js: Js<'s>) -> Vec<(Value<'s>, Rc<Registry>)> {
        let runtimes = self.runtimes.borrow();
        let live = runtimes.iter();
        live.filter_map(|listed| Some((listed.runtime.get(js)?, listed.registry.upgrade()?)))
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
        js.realm()
            .report_panics(|js, error| report::error(js, "node-hmr", "failed", error));
        let emitter = js.builtin("events")?;
        let watcher = define_class(js, &watchers::WATCHER, Some(emitter))?;
        let class = |spec: &ClassSpec, parent: Option<Value<'s>>| define_class(js, spec, parent);
        let fs_watcher = class(&watchers::fs_watcher::FS_WATCHER, Some(watcher))?;
        let content_watcher = class(&watchers::fs_watcher::CONTENT_WATCHER, Some(fs_watcher))?;
        let noop_watcher = class(&watchers::NOOP_WATCHER, Some(watcher))?;
        let runner = class(&runner::RUNNER, None)?;
        let async_runner = class(&runner::ASYNC_RUNNER, None)?;
        let persist_manager = class(&persist::PERSIST_MANAGER, None)?;
        for class in [runner, async_runner, persist_manager] {
            hot_module::brand(class)?;
        }
        let mut own_methods = OwnMethods::default();
        own_methods.take(runner, runner::CALLBACKS)?;
        own_methods.take(async_runner, runner::CALLBACKS)?;
        own_methods.take(persist_manager, persist::CALLBACKS)?;
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

        export_functions(js, exports)?;
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
            plain_emit: emitter.get("prototype")?.get("emit")?.hold(),
            capture_key: emitter::capture_key(emitter)?.hold(),
            raw_listeners: emitter.get("prototype")?.get("rawListeners")?.hold(),
            on_update: js.function("onUpdate", 0, watching::on_update)?.hold(),
            unwatch: js.function("unwatch", 0, watchers::fs_watcher::unwatch)?.hold(),
            own_methods,
            synthetic_call: js.function("require", 1, synthetic::call)?.hold(),
            timers: Timers::take(js)?,
            context: StepContext::new(js)?,
            delivery: Delivery::default(),
            dependencies: Environment::default(),
            runtimes: RefCell::default(),
            registries: RefCell::default(),
            resolved: RefCell::default(),
            imports: Cell::new(0),
        });
        js.realm().set_state(addon);
        // Made now: the context of the moment is kept.
        js.state::<Outside>()?;
        let realm = Rc::downgrade(js.realm());
        js.realm().at_exit(move || {
            if let Some(addon) = realm.upgrade().and_then(|realm| realm.state::<Self>()) {
                addon.delivery.close();
                for registry in addon.registries.take().iter().filter_map(Weak::upgrade) {
                    registry.close();
                }
            }
        });
        Ok(())
    }
}

fn export_functions<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
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
    // For the bin and the tests; the package's index files do not name them.
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
    let panics = js.function("panicAt", 1, |call| {
        match call.arg(0).display().as_str() {
            "delivery" => call.js.realm().panic_at("delivery"),
            "task" => call.js.realm().panic_at("task"),
            _ => panic!("a test asked for this"),
        }
        Ok(call.js.undefined())
    })?;
    exports.define_hidden(js.string("panicAt"), panics)?;
    let is_hot = js.function("isHotModule", 1, |call| {
        Ok(call.js.boolean(hot_module::take(call.arg(0))?.is_some()))
    })?;
    exports.define_hidden(js.string("isHotModule"), is_hot)?;
    command::export(js, exports)
}
