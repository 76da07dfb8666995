//! A Vite server that restarts itself, as it does for its configuration and `.env`.
//!
//! Vite makes a second server, with the same plugins, then moves all its parts into the first one, which is the object that
//! the user's set-up holds. The new module graphs are empty, and vite-node's server takes a module without a node for
//! unchanged. So we add a node for every loaded module, marked as changed now, and the application is reloaded.

use crate::js::{Js, JsResult, Timers, Value, settled};

use super::channels::ssr_channel;
use super::intercept::Intercepted;
use super::mark_origin;
use crate::paths::is_in_node_modules;
use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::homes::emitter_home;
use crate::vite_node::listeners::emit_message;

/// The mark of a message that comes from a restarted server.
pub const ORIGIN: &str = "restart";

/// Takes note that the SSR environment of a second server listens. If the environment belongs to the first server by now,
/// Vite has moved the parts, and a message on the emitter asks for a reload.
pub fn environment_listens<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    let (js, server) = (call.emitter.js(), call.arg(0));
    let home = emitter_home(call.emitter)?;
    let config = |server: Value<'s>| {
        if server.is_object() {
            server.get("config")
        } else {
            Ok(server)
        }
    };
    // Plugins get the first server through a proxy, so the servers are compared by their configurations.
    if !config(server)?.is_object() || !config(home.get("server")?)?.same(config(server)?) {
        return Ok(());
    }
    home.set("channel", ssr_channel(server)?)?;
    let payload = js.object();
    payload.set("type", js.string("full-reload"))?;
    payload.set("path", js.string("*"))?;
    mark_origin(home, payload, ORIGIN)?;
    let (emitter, payload) = (call.emitter.hold(), payload.hold());
    // Waits a turn, since Vite has not finished the restart.
    js.state::<Timers>()?.next_turn(js, move |js| {
        emit_message(emitter.get(js), payload.get(js));
    })
}

impl App {
    /// Prepares the reload after a restart of the server, and tells the user of it.
    pub async fn follow_restart(&self) {
        let ids = self.cx.attempt(|js| self.known_to_old_server(js));
        for id in ids.unwrap_or_default() {
            let entry = self.cx.attempt(|js| self.add_to_graph(js, &id).map(Value::hold));
            let Ok(entry) = entry else { continue };
            if let Ok(node) = settled(&self.cx, entry).await {
                // A graph that is not Vite's may throw anything.
                let _ = self.cx.attempt(|js| self.invalidate_node(js, &id, node.get(js)));
            }
        }
        self.cx.with(|js| {
            report::vite_node::log(js, "the Vite server has restarted: the application is reloaded");
            for (name, kept, asked) in self.outdated_options(js) {
                let text = format!(
                    "the runner keeps the `{name}` that it was made with, {kept:?}, and the server has {asked:?} now: \
                     start the process again"
                );
                report::vite_node::error(js, &text, None);
            }
        });
    }

    /// The modules whose code vite-node's server may have kept: those that are loaded or were asked for.
    fn known_to_old_server<'s>(&self, js: Js<'s>) -> JsResult<'s, Vec<String>> {
        let mut ids: Vec<_> = self.loaded(js)?.iter().map(str::to_owned).collect();
        if let Some(changes) = self.changes(js) {
            ids.extend(changes.requested());
        }
        ids.retain(|id| !is_in_node_modules(id));
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Options of the runner that still have the old server's values: name, value, and the new server's value.
    fn outdated_options(&self, js: Js<'_>) -> Vec<(&'static str, String, String)> {
        let runner = self.runner(js);
        let kept = |name| {
            let object = if name == "base" {
                runner.get("options")
            } else {
                Ok(runner)
            };
            object
                .ok()
                .filter(|object| object.is_object())?
                .get(name)
                .ok()?
                .text()
        };
        let option = |name| Some((name, kept(name)?, self.server_option(js, name)?));
        let options = ["root", "base"].into_iter().filter_map(option);
        options.filter(|(_, kept, asked)| kept != asked).collect()
    }
}
