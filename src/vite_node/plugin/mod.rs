//! The emitter, and the Vite plugin that puts a server's messages on it.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | the emitter, the plugin object, which channel brought a payload |
//! | `channels.rs` | `configureServer`: the server's messages reach the emitter |
//! | `hooks.rs`, `changes.rs` | what the plugin's hooks note; which files changed when, which modules were asked for |
//! | `intercept.rs` | a look of ours behind somebody's method |
//! | `restart.rs` | a second server, as Vite restarts itself |

pub mod changes;
pub mod channels;
pub mod hooks;
pub mod intercept;
pub mod restart;

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use crate::vite_node::app::App;
use crate::vite_node::homes::emitter_home;
use crate::vite_node::hot_cache::Table;
use changes::Changes;
use channels::configure_server;
use intercept::intercept;

/// Which channel of a server brought a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The channel to the browsers.
    Browser,
    /// The channel of the SSR environment.
    Ssr,
    /// No channel: the server has restarted.
    Restart,
    /// No channel that we know: a payload made by hand.
    Unknown,
}

/// `createHmrEmitter()`.
pub fn create_emitter<'s>(call: &Call<'s>) -> JsResult<'s> {
    call.js.builtin("events")?.get("EventEmitter")?.construct(&[])
}

/// `viteNodeHmrPlugin()`.
pub fn create_plugin<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let emitter = create_emitter(call)?;
    let plugin = js.object();
    plugin.set("name", js.string("vite-node:hmr"))?;
    let configure = js.function("configureServer", 2, configure_server)?;
    plugin.set("configureServer", configure.bind(js.undefined(), &[emitter])?)?;
    // Older versions of Vite have no `hotUpdate`, and call the second one.
    for name in ["hotUpdate", "handleHotUpdate"] {
        plugin.set(name, js.function(name, 1, |call| Ok(call.js.undefined()))?)?;
        intercept(plugin, name, hooks::record_change, &[emitter])?;
    }
    let load = js.object();
    // Before other plugins' hooks, which may fail.
    load.set("order", js.string("pre"))?;
    load.set("handler", js.function("load", 1, |call| Ok(call.js.undefined()))?)?;
    intercept(load, "handler", hooks::record_request, &[emitter])?;
    plugin.set("load", load)?;
    Ok(plugin)
}

impl App {
    /// The changes that the plugin of the emitter saw.
    pub fn changes(&self, js: Js<'_>) -> Option<Rc<Changes>> {
        emitter_home(self.emitter(js)).ok()?.native()
    }

    /// Which channel brought the payload.
    pub fn origin<'s>(&self, js: Js<'s>, payload: Value<'s>) -> Channel {
        let origin = emitter_home(self.emitter(js)).and_then(|home| Table(home.get("origins")?).get(payload));
        match origin.ok().and_then(Value::text).as_deref() {
            Some("browser") => Channel::Browser,
            Some("ssr") => Channel::Ssr,
            Some(restart::ORIGIN) => Channel::Restart,
            _ => Channel::Unknown,
        }
    }
}

/// Remembers which channel brought a payload.
pub fn mark_origin<'s>(home: Value<'s>, payload: Value<'s>, origin: &str) -> JsResult<'s, ()> {
    Table(home.get("origins")?).set(payload, home.js().string(origin))
}
