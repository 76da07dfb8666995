//! `configureServer`: gives the server its emitter, and the emitter every message that the server sends on its channels.

use super::intercept::{Intercepted, intercept};
use super::{hooks, restart};
use crate::js::{Call, JsResult, Value};
use crate::vite_node::homes::emitter_home;
use crate::vite_node::hot_cache::Table;
use crate::vite_node::listeners::emit_message;
use crate::vite_node::outbox;

/// `configureServer(server)`, bound to the emitter.
pub fn configure_server<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, emitter, server) = (call.js, call.arg(0), call.arg(1));
    let home = emitter_home(emitter)?;
    server.set("emitter", emitter)?;
    let ssr = ssr_channel(server)?;
    if !may_restart(home, server, emitter)? {
        home.set("server", server)?;
        home.set("channel", ssr)?;
    }
    // One object may be both channels, and it may come again when the server restarts.
    for (channel, origin) in [(ssr, "ssr"), (server.get("ws")?, "browser")] {
        if channel.is_object() && !is_wrapped(home, channel)? {
            let origin = js.string(origin);
            intercept(channel, "send", forward, &[emitter, origin])?;
            if origin.text().as_deref() == Some("ssr") {
                intercept(channel, "on", listen, &[emitter, channel])?;
                intercept(channel, "off", stop_listening, &[emitter, channel])?;
            }
        }
    }
    Ok(js.undefined())
}

/// Whether this is a second server, whose parts Vite may move into the first one. Until then the first one counts. The second
/// server's SSR environment tells when it listens.
fn may_restart<'s>(home: Value<'s>, server: Value<'s>, emitter: Value<'s>) -> JsResult<'s, bool> {
    let first = home.get("server")?;
    let environment = at_path(server, &["environments", "ssr"])?;
    if !first.is_object() || first.same(server) || !environment.is_object() {
        return Ok(false);
    }
    let can_tell = environment.get("listen")?.is_function() && first.get("restart")?.is_function();
    if can_tell {
        intercept(environment, "listen", restart::environment_listens, &[emitter])?;
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

/// Gives a payload that the server sends to the emitter as well. `send(event, data)` stands for a custom payload.
fn forward<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    let first = call.arg(0);
    let payload = if first.text().is_some() {
        custom_payload(first, call.arg(1))?
    } else {
        first
    };
    if payload.is_object() {
        let origins = Table(emitter_home(call.emitter)?.get("origins")?);
        origins.set(payload, call.detail)?;
        // Plugins may have put anything among the modules. An error there is no reason to lose the message.
        let _ = hooks::reread(call, payload, call.detail.text().as_deref() == Some("ssr"));
    }
    emit_message(call.emitter, payload);
    Ok(())
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
    outbox::server_listens(call.emitter, call.detail, &call.args)
}

fn stop_listening<'s>(call: &Intercepted<'s>) -> JsResult<'s, ()> {
    outbox::server_stops_listening(call.emitter, call.detail, &call.args)
}
