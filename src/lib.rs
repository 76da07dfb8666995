//! Hot module reloading for Node servers.
//!
//! | place | what it holds | JavaScript |
//! |---|---|---|
//! | `classic/` | entry: the lifecycle of hot modules and the watcher classes, the classic API | yes |
//! | `program/` | entry: hot programs: updates, reloads, restarts, what versions start | yes |
//! | `vite_node/` | entry `./vite-node`: `import.meta.hot` for vite-node | yes |
//! | `es/` | the engine: ES modules, TypeScript and CommonJS, from the file to the evaluation | but for `es/compile/`, `es/resolve/` and `es/load/` |
//! | `hot/` | the state machine of `import.meta.hot`, and what an update does | yes |
//! | `files/` | delivers due file changes to the subscribers | yes |
//! | `report/` | every line of the addon for the user's console | yes |
//! | `watch/` | one hub per environment: the OS's events become due file changes | no |
//! | `graph/` | which module imports which, what a change affects | no |
//! | `error.rs` | every error that we make, in words | yes |
//! | `paths.rs` | functions on paths | no |
//! | `js/` | our words for Node-API; the only `unsafe` | yes |
//! | `pure.rs` | the parts without JavaScript as a crate of their own, for tests | no |
//!
//! Code uses only folders further down. `docs/implementation.md` follows one update from the file to the exports.
mod classic;
mod error;
mod es;
mod files;
mod graph;
mod hot;
mod js;
mod paths;
mod program;
mod report;
mod vite_node;
mod watch;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use js::{Held, Js, JsResult, MethodSpec, State, add_methods};

/// Fills the exports of the addon, when Node loads it.
#[napi(module_exports)]
pub fn register(exports: Object<'_>, env: Env) -> napi::Result<()> {
    report::start_if_asked();
    js::open(env, exports, |js, exports| {
        js.realm().report_panics(|js, message| {
            report::error(js, "node-hmr", "failed", js.error("Error", message).0);
        });
        classic::register(js, exports)?;
        vite_node::register(js, exports)?;
        program::register(js, exports)?;
        let internals = js.function("internals", 0, |call| {
            Ok(call.js.state::<Internals>()?.0.get(call.js))
        })?;
        exports.define_hidden(js.string("internals"), internals)
    });
    Ok(())
}

/// What `internals()` returns: functions for the command, `register.mjs` and the tests, which the package's index files do
/// not name. They are made at the first call, since a program that only uses the classic API has no need of them, and a
/// function takes longer to make than to call.
struct Internals(Held);

impl State for Internals {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let object = js.object();
        add_methods(object, &OWN)?;
        classic::command::add_internals(object)?;
        program::add_internals(object)?;
        Ok(Self(object.hold()))
    }
}

const OWN: [MethodSpec; 3] = [
    ("reportError", 3, |call| {
        let (id, what) = (call.arg(0).display(), call.arg(1).display());
        report::error(call.js, &id, &what, call.arg(2));
        Ok(call.js.undefined())
    }),
    ("nativeReferences", 0, |call| {
        let count = u32::try_from(call.js.realm().live_references()).unwrap_or(u32::MAX);
        Ok(call.js.number(f64::from(count)))
    }),
    ("panicAt", 1, |call| {
        match call.arg(0).display().as_str() {
            "delivery" => call.js.realm().panic_at("delivery"),
            "task" => call.js.realm().panic_at("task"),
            _ => panic!("a test asked for this"),
        }
        Ok(call.js.undefined())
    }),
];

/// The addon's version and the target it was built for, as `hmr --info` prints it.
#[napi]
pub fn addon_version() -> String {
    format!(
        "{} {}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}
