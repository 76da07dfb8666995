//! Programs that run hot.
//!
//! | file | what it knows |
//! |---|---|
//! | `run.rs` | opening an environment for a program |
//! | `entry.rs` | the program that an environment was opened for |
//! | `options.rs` | package.json's `"hmr"`, flags, the environment |
//! | `doors.rs` | code outside that reaches hot modules: Node's loaders get facades, which `keep` fills; workers |
//! | `facade_text.rs` | the text of a facade |
//! | `preloaded.rs` | files that were loaded before the program was opened |
//! | `update.rs`, `update/` | what is watched for a program; which changes the updater is told of, and as what |
//! | `on_engine.rs` | the engine as the runner of updates |
//! | `edges.rs`, `reached.rs` | who imports whom; what the new text of an update still reaches |
//! | `gone.rs`, `missed.rs` | deleted files: which updates need them, and what asks for them when they are back |
//! | `hot_host.rs` | what the engine tells: `import.meta.hot`, the graph, what is watched |
//! | `versions.rs` | the engine's versions, paired with those of `import.meta.hot` |
//! | `watched_files.rs` | the watches of a program's files: due changes, as paths |
//! | `links.rs` | links on the ways of imports, which may lead elsewhere later |
//! | `hot_watch.rs` | what `hot.watch` asks for |
//! | `host.rs` | the engine's host: on whose behalf code runs |
//! | `ids.rs` | the engine's module ids as the graph's |
//! | `test_door.rs` | a program without the command, for tests |
//! | `owners.rs` | the owners of what versions start; how long an update waits until they have come up |
//! | `runtimes.rs` | runtimes of the classic API that versions make |
//! | `events.rs` | `updates` |
//! | `restart/` | a new image of the process in the place of the old one |
//! | `resources/` | what versions of modules start: ports are taken over, the rest is released |
mod doors;
mod edges;
mod entry;
mod events;
mod facade_text;
mod gone;
mod host;
mod hot_host;
mod hot_watch;
mod ids;
mod links;
mod missed;
mod on_engine;
mod options;
mod owners;
mod preloaded;
mod reached;
mod resources;
mod restart;
mod run;
mod runtimes;
mod test_door;
mod update;
mod versions;
mod watched_files;

use crate::js::{Js, JsResult, Value, add_methods};

/// Fills the exports.
///
/// # Errors
/// While the environment is going.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    events::register(js, exports)
}

/// Adds the functions of programs to `internals()`.
///
/// # Errors
/// While the environment is going.
pub fn add_internals(internals: Value<'_>) -> JsResult<'_, ()> {
    add_methods(internals, &test_door::FUNCTIONS)?;
    add_methods(internals, &run::FUNCTIONS)?;
    add_methods(internals, &[resources::FUNCTION, resources::START])?;
    add_methods(internals, &restart::FUNCTIONS)
}
