//! The emitter, and the Vite plugin that puts a server's messages on it.

pub mod changes;
pub mod hooks;
pub mod restart;

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use crate::vite_node::app::{App, Hot};
use crate::vite_node::console;
use crate::vite_node::hot_cache::Table;
use crate::vite_node::outbox;
use changes::Changes;

/// Which channel of a server brought a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
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
pub fn create_emitter<'s>(_hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    call.js.builtin("events")?.get("EventEmitter")?.construct(&[])
}

/// `viteNodeHmrPlugin()`.
pub fn create_plugin<'s>(hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let emitter = create_emitter(hot, call)?;
    let plugin = js.object();
    plugin.set("name", js.string("vite-node:hmr"))?;
    let configure = {
        let hot = Rc::clone(hot);
        js.function("configureServer", 2, move |call| configure_server(&hot, call))?
    };
    plugin.set("configureServer", configure.bind(js.undefined(), &[emitter])?)?;
    // Older versions of Vite have no `hotUpdate`, and call the second one.
    for name in ["hotUpdate", "handleHotUpdate"] {
        plugin.set(name, js.function(name, 1, |call| Ok(call.js.undefined()))?)?;
        intercept(hot, plugin, name, hooks::record_change, &[emitter])?;
    }
    let load = js.object();
    // Before other plugins' hooks, which may fail.
    load.set("order", js.string("pre"))?;
    load.set("handler", js.function("load", 1, |call| Ok(call.js.undefined()))?)?;
    intercept(hot, load, "handler", hooks::record_request, &[emitter])?;
    plugin.set("load", load)?;
    Ok(plugin)
}

impl Hot {
    /// The home of an emitter: an object with the changes that its plugin saw (native state), the server, and the waiting
    /// runners.
    pub fn emitter_home<'s>(&self, emitter: Value<'s>) -> JsResult<'s> {
        let js = emitter.js();
        if !emitter.is_object() {
            return Err(js.error("TypeError", "expected an emitter"));
        }
        self.home(emitter, || {
            let home = js.native_object(Rc::new(Changes::default()))?;
            home.set("origins", js.global()?.get("WeakMap")?.construct(&[])?)?;
            home.set("channels", js.global()?.get("WeakSet")?.construct(&[])?)?;
            home.set("adopted", js.global()?.get("WeakSet")?.construct(&[])?)?;
            home.set("listeners", js.global()?.get("WeakMap")?.construct(&[])?)?;
            home.set("waiting", js.map()?)?;
            Ok(home)
        })
    }
}

impl App {
    /// The changes that the plugin of the emitter saw.
    pub fn changes(&self, js: Js<'_>) -> Option<Rc<Changes>> {
        self.hot.emitter_home(self.emitter(js)).ok()?.native()
    }

    /// Which channel brought the payload.
    pub fn origin<'s>(&self, js: Js<'s>, payload: Value<'s>) -> Origin {
        let origin = self
            .hot
            .emitter_home(self.emitter(js))
            .and_then(|home| Table(home.get("origins")?).get(payload));
        match origin.ok().and_then(Value::text).as_deref() {
            Some("browser") => Origin::Browser,
            Some("ssr") => Origin::Ssr,
            Some(restart::ORIGIN) => Origin::Restart,
            _ => Origin::Unknown,
        }
    }
}

/// Remembers which channel brought a payload.
pub fn mark_origin<'s>(home: Value<'s>, payload: Value<'s>, origin: &str) -> JsResult<'s, ()> {
    Table(home.get("origins")?).set(payload, home.js().string(origin))
}

/// `configureServer(server)`, bound to the emitter.
fn configure_server<'s>(hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    let (js, emitter, server) = (call.js, call.arg(0), call.arg(1));
    let home = hot.emitter_home(emitter)?;
    server.set("emitter", emitter)?;
    let ssr = ssr_channel(server)?;
    if !may_restart(hot, home, server, emitter)? {
        home.set("server", server)?;
        home.set("channel", ssr)?;
    }
    // One object may be both channels, and it may come again when the server restarts.
    for (channel, origin) in [(ssr, "ssr"), (server.get("ws")?, "browser")] {
        if channel.is_object() && !is_wrapped(home, channel)? {
            let origin = js.string(origin);
            intercept(hot, channel, "send", forward, &[emitter, origin])?;
            if origin.text().as_deref() == Some("ssr") {
                intercept(hot, channel, "on", listen, &[emitter, channel])?;
                intercept(hot, channel, "off", stop_listening, &[emitter, channel])?;
            }
        }
    }
    Ok(js.undefined())
}

/// Whether this is a second server, whose parts Vite may move into the first one. Until then the first one counts. The second
/// server's SSR environment tells when it listens.
fn may_restart<'s>(
    hot: &Rc<Hot>,
    home: Value<'s>,
    server: Value<'s>,
    emitter: Value<'s>,
) -> JsResult<'s, bool> {
    let first = home.get("server")?;
    let environment = at_path(server, &["environments", "ssr"])?;
    if !first.is_object() || first.same(server) || !environment.is_object() {
        return Ok(false);
    }
    let can_tell = environment.get("listen")?.is_function() && first.get("restart")?.is_function();
    if can_tell {
        intercept(
            hot,
            environment,
            "listen",
            restart::environment_listens,
            &[emitter],
        )?;
    }
    Ok(can_tell)
}

/// `server.environments.ssr.hot`; `undefined` if one of these is missing.
pub fn ssr_channel(server: Value<'_>) -> JsResult<'_> {
    at_path(server, &["environments", "ssr", "hot"])
}

/// The value at a path of properties; `undefined` if one of them is missing.
fn at_path<'s>(object: Value<'s>, path: &[&str]) -> JsResult<'s> {
    path.iter().try_fold(object, |object, name| {
        if object.is_object() {
            object.get(name)
        } else {
            Ok(object.js().undefined())
        }
    })
}

fn is_wrapped<'s>(home: Value<'s>, channel: Value<'s>) -> JsResult<'s, bool> {
    let channels = Table(home.get("channels")?);
    if channels.has(channel)? {
        return Ok(true);
    }
    channels.0.call_method("add", &[channel])?;
    Ok(false)
}

/// One call of a method that we intercept.
pub struct Intercepted<'s> {
    /// The entry's own state.
    pub hot: Rc<Hot>,
    /// The emitter of the plugin.
    pub emitter: Value<'s>,
    /// The further value that the method is bound to.
    detail: Value<'s>,
    /// The receiver of the call.
    pub this: Value<'s>,
    args: Vec<Value<'s>>,
}

impl<'s> Intercepted<'s> {
    /// An argument, `undefined` when there is none.
    pub fn arg(&self, index: usize) -> Value<'s> {
        self.args
            .get(index)
            .copied()
            .unwrap_or_else(|| self.this.js().undefined())
    }
}

type Look = for<'s> fn(&Intercepted<'s>) -> JsResult<'s, ()>;

/// Puts a proxy before a method. The call goes on unchanged, `this` included, and `look` sees it afterwards.
fn intercept<'s>(
    hot: &Rc<Hot>,
    object: Value<'s>,
    name: &str,
    look: Look,
    bound: &[Value<'s>],
) -> JsResult<'s, ()> {
    let js = object.js();
    let method = object.get(name)?;
    if !method.is_function() {
        return Ok(());
    }
    let (hot, bound_count) = (Rc::clone(hot), bound.len());
    let apply = js.function("apply", 3, move |call| {
        let (bound, [method, this, args, ..]) = call.args.split_at(bound_count) else {
            return Ok(call.js.undefined());
        };
        let args = args.items()?;
        let result = method.call(*this, &args)?;
        let detail = bound.get(1).copied().unwrap_or_else(|| call.js.undefined());
        let intercepted = Intercepted {
            hot: Rc::clone(&hot),
            emitter: bound[0],
            detail,
            this: *this,
            args,
        };
        if let Err(thrown) = look(&intercepted) {
            // The caller's call has succeeded, so an error of our part is reported and not thrown.
            console::error(
                call.js,
                "a \"message\" listener of the emitter failed",
                Some(thrown.0),
            );
        }
        Ok(result)
    })?;
    let handler = js.object();
    handler.set("apply", apply.bind(js.undefined(), bound)?)?;
    let proxy = js.global()?.get("Proxy")?.construct(&[method, handler])?;
    object.set(name, proxy)
}

/// Gives a payload that the server sends to the emitter as well. `send(event, data)` stands for a custom payload.
fn forward<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    let js = call.emitter.js();
    let first = call.arg(0);
    let payload = if first.text().is_some() {
        custom_payload(first, call.arg(1))?
    } else {
        first
    };
    if payload.is_object() {
        let origins = Table(call.hot.emitter_home(call.emitter)?.get("origins")?);
        origins.set(payload, call.detail)?;
        // Plugins may have put anything among the modules. An error there is no reason to lose the message.
        let _ = hooks::reread(call, payload, call.detail.text().as_deref() == Some("ssr"));
    }
    call.emitter
        .call_method("emit", &[js.string("message"), payload])
        .map(drop)
}

/// `{ type: "custom", event, data }`
pub fn custom_payload<'s>(event: Value<'s>, data: Value<'s>) -> JsResult<'s> {
    let payload = event.js().object();
    payload.set("type", event.js().string("custom"))?;
    payload.set("event", event)?;
    payload.set("data", data)?;
    Ok(payload)
}

fn listen<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    outbox::server_listens(&call.hot, call.emitter, call.detail, &call.args)
}

fn stop_listening<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    outbox::server_stops_listening(&call.hot, call.emitter, call.detail, &call.args)
}
