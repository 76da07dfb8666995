//! The `./vite-node` entry: `import.meta.hot` for the runner of vite-node.
//!
//! `payload → update_queue → (plan → update) | (full_reload → reload) → versions, listeners, module_cache → hot_cache`
//!
//! | place | what it knows |
//! |---|---|
//! | `door/` | messages: brings ids into the runner's spelling, plans updates, decides which full reloads are ignored |
//! | `runner/` | a runner's module cache: finding, evicting, importers, when a module counts as loaded; evaluations under way |
//! | `plugin/` | the Vite plugin: a server's messages, what its hooks saw change, its restarts |
//! | `graph_fixes/` | everything that we write into Vite's own module graphs |
//! | `app.rs` | a runner with its emitter and entries, while a step is under way |
//! | `homes.rs` | which record belongs to a runner or an emitter: one each, held weakly |
//! | `hot_cache.rs` | the maps of a runner's record, which `getCache` shows to users |
//! | `state.rs` | the rest of the record, native: turns, disposers and runs under way, what failed |
//! | `hot_context.rs` | `import.meta.hot`: what one module registers |
//! | `versions.rs` | what is noted of one run of modules |
//! | `outcome.rs` | which registrations stay when modules have run again |
//! | `listeners.rs`, `patience.rs` | calling users' functions one by one; waiting for their promises, but not for ever |
//! | `disposing.rs` | disposers, each once; reloads that they ask for |
//! | `update_queue.rs`, `reload_queue.rs` | whose turn it is: one message after another; one reload after another |
//! | `update.rs`, `reload.rs` | the two ways to run modules again; `reload.rs` also: whether the user's own start failed |
//! | `prune.rs` | modules that nobody imports any more |
//! | `outbox.rs` | `hot.send` |
//!
//! Native code keeps a JavaScript value only while a step is under way. The state lives in maps that JavaScript can collect.

mod app;
mod disposing;
mod door;
mod graph_fixes;
mod homes;
mod hot_cache;
mod hot_context;
mod listeners;
mod outbox;
mod outcome;
mod patience;
mod plugin;
mod prune;
mod reload;
mod reload_queue;
mod runner;
mod state;
mod update;
mod update_queue;
mod versions;

use crate::js::{Js, JsResult, NativeFn, Value};
use door::payload;

const EXPORTS: [(&str, u32, NativeFn); 7] = [
    ("createHmrEmitter", 0, plugin::create_emitter),
    ("viteNodeHmrPlugin", 0, plugin::create_plugin),
    ("getCache", 1, app::get_cache),
    ("sendMessageBuffer", 2, outbox::send_message_buffer),
    ("reload", 2, reload::reload_entry),
    ("handleMessage", 4, payload::handle_message),
    ("createHotContext", 4, hot_context::create_hot_context),
];

/// Adds what `@upvotr/node-hmr/vite-node` exports.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    // Made now, before the program can patch what these keep.
    js.state::<homes::Homes>()?;
    js.state::<hot_context::Methods>()?;
    for (name, length, body) in EXPORTS {
        exports.set(name, js.function(name, length, body)?)?;
    }
    Ok(())
}
