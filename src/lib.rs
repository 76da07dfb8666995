//! Hot module reloading for Node servers.
//!
//! | folder | what it holds | JavaScript |
//! |---|---|---|
//! | `js/` | our words for Node-API; the only `unsafe` | yes |
//! | `classic/` | the lifecycle of hot modules: the classic API | yes |
//! | `vite_node/` | `import.meta.hot` for vite-node: the `./vite-node` entry | yes |
//! | `watchers/` | the watcher classes, fed by `watch/` | yes |
//! | `watch/` | one hub per environment: the OS's events become due file changes | no |
//! | `graph/` | who imports whom, what a change affects | no |
//!
//! Arrows point down only. `docs/implementation.md` follows one update from the file to the exports.
mod addon;
mod classic;
mod emitter;
mod error;
mod es;
mod graph;
mod hot;
mod inspect;
mod js;
mod outside;
mod program;
mod quick_hash;
mod report;
mod resolve;
mod timers;
mod vite_node;
mod watch;
mod watchers;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

/// Fills the module's exports.
#[napi(module_exports)]
pub fn register(exports: Object<'_>, env: Env) -> napi::Result<()> {
    report::start_if_asked();
    js::open(env, exports, |js, exports| {
        addon::Addon::load(js, exports)?;
        vite_node::register(js, exports)?;
        program::register(js, exports)
    });
    Ok(())
}

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
