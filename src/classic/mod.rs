//! The classic API: the lifecycle of hot modules, and the watcher classes.
//!
//! One update, as a straight line: a watcher emits → [`hearing`] finds the record → [`update`] has the file evicted and
//! required ([`load`], by [`require_cache`]) and its export checked ([`hot_module`]), follows the plan of [`lifecycle`], gives
//! the exports object its new value and emits `update`.
//!
//! | file | what it knows |
//! |---|---|
//! | `hmr_runtime.rs` | `createRuntime` and `HMRRuntime`: which methods it has (`import`, `unimport`, `closeAll`, the switches) |
//! | `runtimes.rs`, `switches.rs` | all runtimes of an environment; the global switches |
//! | `hot_module.rs` | what a hot module is, and `createModule` |
//! | `runner.rs`, `persist.rs` | runners; persist managers |
//! | `synthetic.rs`, `engine_require.rs` | what users give a runtime as `require`: a function of theirs; `import.meta` |
//! | `import.rs` | `runtime.import(id)`: the first of a module (and again the first, if that failed), a further one, simultaneous ones |
//! | `update.rs` | one update, step by step |
//! | `load.rs` | a version: its file is found, evicted, and required by its resolved path |
//! | `resolve.rs`, `node_paths.rs` | from an id to a file; where Node remembers that |
//! | `require_cache.rs` | evicting and requiring |
//! | `found.rs` | the error for a file that exports no hot module |
//! | `handed_out.rs` | loaders that return the old version again |
//! | `cycle.rs` | hot modules that import each other without end |
//! | `lifecycle.rs` | which steps of a life run, in which order |
//! | `calling.rs`, `context.rs` | calling a step and waiting for it; whose step runs |
//! | `replace.rs` | the new version in the old one's place, or the last good one again |
//! | `outcome.rs`, `values.rs` | how an update ends; the persistent values |
//! | `unloadable.rs` | a version that cannot be loaded: the report, and "using the last good version"; many at once |
//! | `settling.rs` | how long that report waits, as the file may be half written |
//! | `telling.rs` | the report of a failed run waits for the end of a burst |
//! | `trouble.rs` | the words of reports; how often the same failure came |
//! | `recent.rs` | the warning of modules that update themselves again and again |
//! | `record.rs`, `registry.rs` | what is known of one module; which of a runtime's modules an id or path means |
//! | `idle.rs` | leaving a module idle after a panic of ours |
//! | `watching.rs` | the watches of hot modules: `watch(id)` with the id as it was written; how many listeners a shared watcher may have |
//! | `hearing.rs`, `emitter.rs` | what becomes of a watcher's event; a runtime's own `update` |
//! | `watchers/` | the watcher classes |
//! | `dependencies/` | `{ dependencies: true }` |
//! | `in_program.rs`, `taking.rs` | runtimes in a hot program, which evaluates their modules; taking its versions over |
//! | `shutdown.rs` | the end of the process |
//! | `command.rs` | functions for the command alone |
//! | `brand.rs`, `inspect.rs` | objects of other copies of this package; how ours are printed |

pub mod brand;
pub mod calling;
pub mod command;
pub mod context;
pub mod cycle;
pub mod dependencies;
pub mod emitter;
pub mod engine_require;
pub mod found;
pub mod handed_out;
pub mod hearing;
pub mod hmr_runtime;
pub mod hot_module;
pub mod idle;
pub mod import;
pub mod in_program;
pub mod inspect;
pub mod lifecycle;
pub mod load;
pub mod node_paths;
pub mod outcome;
pub mod persist;
pub mod recent;
pub mod record;
pub mod registry;
pub mod replace;
pub mod require_cache;
pub mod resolve;
pub mod runner;
pub mod runtimes;
pub mod settling;
pub mod shutdown;
pub mod switches;
pub mod synthetic;
pub mod taking;
pub mod telling;
pub mod trouble;
pub mod unloadable;
pub mod update;
pub mod values;
pub mod watchers;
pub mod watching;

use crate::files::Delivery;
use crate::js::{Js, JsResult, NativeFn, Outside, Timers, Value};
use crate::report;
use watchers::fs_watcher::WatcherClasses;

/// Makes the states that must exist before the program runs, and fills the exports.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    // These states keep JavaScript values for good. They are made now, before the program can patch what they take, and
    // so that `nativeReferences` has a fixed base: every further reference has a named end.
    js.state::<emitter::Emitters>()?;
    js.state::<Timers>()?;
    js.state::<Outside>()?;
    js.state::<context::StepContext>()?;
    js.state::<calling::OwnMethods>()?;
    js.state::<registry::RegistryKey>()?;
    js.state::<emitter::EmitUpdate>()?;
    js.state::<hearing::OnUpdate>()?;
    js.state::<watchers::fs_watcher::Unwatch>()?;
    js.state::<synthetic::Synthetic>()?;
    js.state::<runtimes::Runtimes>()?;
    let (watchers, runners) = (
        js.state::<WatcherClasses>()?,
        js.state::<runner::RunnerClasses>()?,
    );
    let (persist, runtime) = (
        js.state::<persist::PersistClass>()?,
        js.state::<hmr_runtime::RuntimeClass>()?,
    );
    for class in [
        &watchers.base,
        &watchers.fs,
        &watchers.content,
        &watchers.noop,
        &runners.plain,
        &runners.awaited,
        &persist.0,
        &runtime.0,
    ] {
        let class = class.get(js);
        exports.set(&class.get("name")?.display(), class)?;
    }
    export_functions(js, exports)?;
    // Made last, so that it closes first: the listeners of its watches use the other states.
    js.state::<Delivery>()?;
    let more_follow = |js: Js<'_>| {
        js.state::<Delivery>()
            .is_ok_and(|delivery| !delivery.is_at_rest())
    };
    js.state::<report::Switches>()?.more_follow.set(Some(more_follow));
    Ok(())
}

fn export_functions<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    let functions: [(&str, u32, NativeFn); 5] = [
        ("createModule", 2, hot_module::create_module),
        ("createPersist", 0, persist::create_persist),
        ("createRunner", 1, runner::create_runner),
        ("createRuntime", 1, hmr_runtime::create_runtime),
        ("createSyntheticRequire", 4, synthetic::create_synthetic_require),
    ];
    for (name, length, body) in functions {
        exports.set(name, js.function(name, length, body)?)?;
    }
    exports.set("hmr", exports.get("createModule")?)?;
    exports.set("synthetic", exports.get("createSyntheticRequire")?)
}
