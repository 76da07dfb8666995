//! Programs that run hot.

mod events;
mod hot_door;
mod hot_host;
mod on_engine;
mod start;
mod update;
mod watches;
mod wishes;

pub use update::{HotProgram, Rules};

use crate::js::{Js, JsResult, Value};

/// Fills the exports.
///
/// # Errors
/// While the environment is going.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    events::register(js, exports)?;
    start::register(js, exports)?;
    hot_door::register(js, exports)
}
