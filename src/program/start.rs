//! A program without its command, for tests.

use std::path::Path;

use crate::es::Engine;
use crate::js::{Call, Js, JsResult, Value};

/// Adds `hotProgram(path)`: runs an entry on the engine.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    let run = js.function("hotProgram", 1, hot_program)?;
    exports.define_hidden(js.string("hotProgram"), run)
}

fn hot_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let engine = Engine::of(call.js)?;
    engine.hook_require(call.js)?;
    engine.run_main(call.js, Path::new(&call.arg(0).display()))
}
