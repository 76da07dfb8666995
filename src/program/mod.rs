//! Programs that run hot.
mod resources;
mod start;

use crate::js::{Js, JsResult, Value};

/// Adds the exports of programs.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    start::register(js, exports)?;
    resources::register(js, exports)
}
