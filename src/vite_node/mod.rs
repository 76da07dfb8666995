//! The `./vite-node` entry: `import.meta.hot` for the runner of vite-node.
//!
//! `payload → update_queue → plan → update | reload → versions, listeners, module_cache → hot_cache`
//!
//! | file | what it knows |
//! |---|---|
//! | `hot_context.rs` | `import.meta.hot`: what one module registers |
//! | `hot_cache.rs` | the state of a runner: the maps that `getCache` shows |
//! | `versions.rs` | which registrations stay when a module runs again |
//! | `listeners.rs` | calling users' functions one by one, none hurting another |
//! | `evaluation.rs` | evaluations under way, which an update waits for |
//! | `patience.rs` | waiting for users' code, for a while |
//! | `disposing.rs` | disposers, each once, and what they ask for |
//! | `update_queue.rs`, `reload_queue.rs` | one message after another, and one reload after another |
//! | `plan.rs` | what an update asks for: boundaries, callbacks, modules to evict |
//! | `update.rs`, `reload.rs` | the two ways to run modules again |
//! | `module_cache.rs` | what a runner has loaded: finding, evicting, importers |
//! | `payload.rs` | messages of a Vite server, by type |
//! | `ids.rs` | the spellings of one module id |
//! | `outbox.rs` | `hot.send` |
//! | `plugin.rs` | the Vite plugin, which puts a server's messages on the emitter |
//! | `restart.rs` | a server that Vite restarts |
//! | `hooks.rs`, `changes.rs` | which modules were asked for, and which files its hooks saw change |
//! | `edited.rs` | which loaded modules an edit concerns |
//! | `web_mode.rs` | modules that the SSR environment knows only by name |
//! | `app.rs` | a runner with all that belongs to it |
//!
//! No JavaScript value is kept by native code but while a step is under way: the state lives in maps that
//! JavaScript can collect.

mod app;
mod changes;
mod console;
mod disposing;
mod edited;
mod evaluation;
mod hooks;
mod hot_cache;
mod hot_context;
mod ids;
mod listeners;
mod module_cache;
mod outbox;
mod patience;
mod payload;
mod plan;
mod plugin;
mod reload;
mod reload_queue;
mod restart;
mod update;
mod update_queue;
mod versions;
mod web_mode;

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};
use app::Hot;

type Body = for<'s> fn(&Rc<Hot>, &Call<'s>) -> JsResult<'s>;

const EXPORTS: [(&str, u32, Body); 7] = [
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
    let hot = Hot::open(js)?;
    for (name, length, body) in EXPORTS {
        let hot = Rc::clone(&hot);
        exports.set(name, js.function(name, length, move |call| body(&hot, call))?)?;
    }
    Ok(())
}
