//! Programs that run hot.
//!
//! | file | what it knows |
//! |---|---|
//! | `run.rs` | opening an environment for a program; the program's entry |
//! | `options.rs` | package.json's `"hmr"`, flags, the environment |
//! | `doors.rs`, `facade.rs` | code outside that reaches hot modules |
//! | `restart/` | a new image of the process in the place of the old one |
//! | `resources/` | what versions of modules start: ports are taken over, the rest is released |
mod doors;
mod facade;
mod options;
mod resources;
mod restart;
mod run;
mod start;

use crate::js::{Js, JsResult, Value};

/// Fills the exports.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    start::register(js, exports)?;
    run::register(js, exports)?;
    resources::register(js, exports)?;
    restart::register(js, exports)
}
