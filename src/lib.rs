//! Hot module reloading for Node servers.
mod graph;
mod hot;
mod js;
mod watch;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

/// Fills the module's exports.
#[napi(module_exports)]
pub fn register(exports: Object<'_>, env: Env) -> napi::Result<()> {
    js::open(env, exports, |js, exports| {
        exports.set("hello", js.function("hello", 1, |call| Ok(call.arg(0)))?)?;
        hot::register(js, exports)
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
