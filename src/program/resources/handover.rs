//! Moves a listening handle from server to server, and with it the connections that wait for their next request.
//!
//! The new server keeps its own options, TLS and limits. The parsers of existing connections stay bound to the old server,
//! whose `emit` leads to the server that has the slot now. Each server points to the slot and none to another server, so
//! versions do not keep each other alive.

use crate::js::{Call, Js, JsResult, Value};

use super::closing;
use super::ports::{Slot, listens};
use super::requests::{LIST, SESSIONS, own_symbol};
use super::state::Resources;

/// Events of requests and connections, which are answered by the server that has the slot now.
const FORWARDED: [&str; 20] = [
    "request",
    "checkContinue",
    "checkExpectation",
    "connect",
    "upgrade",
    "clientError",
    "dropRequest",
    "stream",
    "session",
    "sessionError",
    "timeout",
    "connection",
    "secureConnection",
    "tlsClientError",
    "unknownProtocol",
    "newSession",
    "resumeSession",
    "OCSPRequest",
    "keylog",
    "drop",
];

/// Methods of our own that a server has from being taken over until it gets the slot back.
const OVERRIDES: [(&str, crate::js::NativeFn); 3] = [
    ("emit", emit),
    ("listenerCount", listener_count),
    ("close", close),
];

/// Moves the handle of `old` to `new`, which begins to listen by `listen`.
pub fn take_over<'s>(
    resources: &Resources,
    old: Value<'s>,
    new: Value<'s>,
    listen: impl FnOnce() -> JsResult<'s>,
) -> JsResult<'s, ()> {
    let js = new.js();
    new.set("_handle", old.get("_handle")?)?;
    old.set("_handle", js.null())?;
    listen()?;
    follow_ref(new)?;
    if let Some((slot, _)) = Slot::of(resources, old)? {
        new.define_hidden(resources.keys.slot.get(js), slot)?;
        slot.set("current", new)?;
        move_connections(resources, old, new)?;
        follow_sessions(resources, new)?;
        override_methods(resources, old)?;
    }
    Ok(())
}

/// Closes the handle of `old`, whose address excludes the one that `new` begins to listen on by `listen`. The connections
/// move all the same.
pub fn displace<'s>(
    resources: &Resources,
    old: Value<'s>,
    new: Value<'s>,
    listen: impl FnOnce() -> JsResult<'s, ()>,
) -> JsResult<'s, ()> {
    old.get("_handle")?.call_method("close", &[])?;
    old.set("_handle", old.js().null())?;
    listen()?;
    if let Some((slot, _)) = Slot::of(resources, old)? {
        slot.set("current", new)?;
        move_connections(resources, old, new)?;
        override_methods(resources, old)?;
    }
    Ok(())
}

/// Moves the handle of `new` back to `old`, as though `new` had never listened. If the handle of `new` has another address,
/// it is closed and `old` listens again.
pub fn give_back<'s>(
    resources: &Resources,
    old: Value<'s>,
    new: Value<'s>,
    is_same: bool,
) -> JsResult<'s, ()> {
    let js = old.js();
    let Some((slot, _)) = Slot::of(resources, old)? else {
        return Ok(());
    };
    restore_methods(resources, old)?;
    slot.set("current", old)?;
    new.define_hidden(resources.keys.slot.get(js), slot)?;
    if !is_same && listens(new)? {
        new.get("_handle")?.call_method("close", &[])?;
        new.set("_handle", js.null())?;
    }
    if !listens(new)? {
        move_connections(resources, new, old)?;
        override_methods(resources, new)?;
        // The failed version has closed the handle.
        old.get("_listen2")?.call(old, &slot.get("args")?.items()?)?;
        return Ok(());
    }
    let handle = new.get("_handle")?;
    new.set("_handle", js.null())?;
    old.set("_handle", handle)?;
    follow_ref(old)?;
    if let Some(symbol) = own_symbol(handle, "owner_symbol")? {
        handle.set_key(symbol, old)?;
    }
    move_connections(resources, new, old)?;
    for listener in old.call_method("listeners", &[js.string("listening")])?.items()? {
        // Lets Node enforce the time limits of HTTP again.
        if listener.get("name")?.text().as_deref() == Some("setupConnectionsTracking") {
            listener.call(old, &[])?;
        }
    }
    override_methods(resources, new)
}

/// A server that lost its address listens once more: it is like any other again.
pub fn listens_again<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, ()> {
    match Slot::of(resources, server)? {
        Some((slot, _)) if !slot.get("current")?.same(server) => restore_methods(resources, server),
        _ => Ok(()),
    }
}

/// Lets the handle keep the process alive if its server does.
fn follow_ref(server: Value<'_>) -> JsResult<'_, ()> {
    let method = if server.get("_unref")?.truthy() {
        "unref"
    } else {
        "ref"
    };
    let handle = server.get("_handle")?;
    if handle.is_object() && handle.get(method)?.is_function() {
        handle.call_method(method, &[])?;
    }
    Ok(())
}

/// Closes the connections that wait for a request and that stayed with an old server, since the new one answers no HTTP.
pub fn close_idle(old: Value<'_>) -> JsResult<'_, ()> {
    let is_over = old.get("_handle")?.is_nullish();
    if is_over && old.get("closeIdleConnections")?.is_function() {
        old.call_method("closeIdleConnections", &[])?;
    }
    Ok(())
}

/// Ends the use of an old server for good: removes its listeners, so that their version can be collected.
pub fn retire(old: Value<'_>) -> JsResult<'_, ()> {
    let js = old.js();
    let current = old.get("_handle")?;
    if !current.is_nullish() {
        return Ok(());
    }
    close_idle(old)?;
    stop_checking(old)?;
    for event in FORWARDED {
        old.call_method("removeAllListeners", &[js.string(event)])?;
    }
    // Emits `close`. If the server still has connections of its own, the last one of them emits it.
    old.call_method("_emitCloseIfDrained", &[])?;
    Ok(())
}

/// Whether a server answers HTTP requests of any version.
fn is_http(server: Value<'_>) -> JsResult<'_, bool> {
    Ok(server.get("closeIdleConnections")?.is_function() || server.get("updateSettings")?.is_function())
}

/// Lets the connections of `from` that wait for a request count as connections of `to`.
fn move_connections<'s>(resources: &Resources, from: Value<'s>, to: Value<'s>) -> JsResult<'s, ()> {
    if !is_http(from)? || !is_http(to)? {
        // The old server answers them until the new version has come up.
        return Ok(());
    }
    for socket in connections(from)? {
        if socket.get("_server")?.same(from) {
            socket.set("_server", to)?;
            count(from, -1.0)?;
            count(to, 1.0)?;
        }
    }
    move_list(from, to)?;
    move_sessions(resources, from, to)
}

fn count(server: Value<'_>, by: f64) -> JsResult<'_, ()> {
    let count = server.get("_connections")?.as_number().unwrap_or(0.0);
    server.set("_connections", server.js().number(count + by))
}

/// The sockets of a server that wait for requests. Upgraded sockets are not among them.
fn connections(server: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
    let js = server.js();
    if server.get("updateSettings")?.is_function() {
        let process = js.global()?.get("process")?;
        return process.call_method("_getActiveHandles", &[])?.items();
    }
    let mut sockets = Vec::new();
    let Some(list) = own_symbol(server, LIST)? else {
        return Ok(sockets);
    };
    for parser in server.get_key(list)?.call_method("all", &[])?.items()? {
        let mut socket = parser.get("socket")?;
        while socket.is_object() && socket.get("_server")?.is_nullish() {
            // For TLS, the server counts the socket below this one.
            socket = socket.get("_parent")?;
        }
        if socket.is_object() {
            sockets.push(socket);
        }
    }
    Ok(sockets)
}

/// All servers of a slot share one list of connections, so that the limits and `closeIdleConnections` of the server
/// that has the slot reach each of them; the other servers get an empty one.
fn move_list<'s>(from: Value<'s>, to: Value<'s>) -> JsResult<'s, ()> {
    if let Some(key) = own_symbol(from, LIST)? {
        let list = from.get_key(key)?;
        if list.is_object() {
            to.set_key(key, list)?;
            from.set_key(key, list.get("constructor")?.construct(&[])?)?;
        }
    }
    stop_checking(from)
}

/// Ends the interval by which Node enforces the time limits of an HTTP server. It would keep the server.
fn stop_checking(server: Value<'_>) -> JsResult<'_, ()> {
    let js = server.js();
    if let Some(key) = own_symbol(server, "http.server.connectionsCheckingInterval")? {
        js.builtin("timers")?
            .call_method("clearInterval", &[server.get_key(key)?])?;
        server.set_key(key, js.undefined())?;
    }
    Ok(())
}

/// Moves the sessions of an HTTP/2 server, as `move_list` moves connections.
fn move_sessions<'s>(resources: &Resources, from: Value<'s>, to: Value<'s>) -> JsResult<'s, ()> {
    let js = from.js();
    let own = own_symbol(from, SESSIONS)?;
    let ours = resources.keys.sessions.get(js);
    for key in own.into_iter().chain([ours]) {
        let (sessions, theirs) = (from.get_key(key)?, to.get_key(key)?);
        if !sessions.is_object() || !theirs.is_object() {
            continue;
        }
        for session in super::owner::list(sessions)? {
            theirs.call_method("add", &[session])?;
        }
        sessions.call_method("clear", &[])?;
    }
    Ok(())
}

/// Keeps a list of an HTTP/2 server's sessions, in versions of Node that keep none.
pub fn follow_sessions<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, ()> {
    let js = server.js();
    let key = resources.keys.sessions.get(js);
    let is_needed = server.get("updateSettings")?.is_function() && own_symbol(server, SESSIONS)?.is_none();
    if !is_needed || server.get_key(key)?.is_object() {
        return Ok(());
    }
    let sessions = js.global()?.get("Set")?.construct(&[])?;
    server.define_hidden(key, sessions)?;
    let listener = js.function("", 1, |call| {
        let (sessions, session) = (call.arg(0), call.arg(1));
        sessions.call_method("add", &[session])?;
        let closed = call
            .js
            .function("", 0, |call| call.arg(0).call_method("delete", &[call.arg(1)]))?;
        let closed = closed.bind(call.js.undefined(), &[sessions, session])?;
        session.call_method("once", &[call.js.string("close"), closed])
    })?;
    let listener = listener.bind(js.undefined(), &[sessions])?;
    server.call_method("on", &[js.string("session"), listener])?;
    Ok(())
}

fn override_methods<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, ()> {
    let js = server.js();
    let name = js.string("emit");
    if server.has_own_key(name)? {
        server.define_hidden(resources.keys.emit.get(js), server.get("emit")?)?;
    }
    for (name, body) in OVERRIDES {
        server.define_hidden(js.string(name), js.function(name, 1, body)?)?;
    }
    Ok(())
}

fn restore_methods<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, ()> {
    let js = server.js();
    for (name, _) in OVERRIDES {
        server.delete_key(js.string(name))?;
    }
    let key = resources.keys.emit.get(js);
    let own = server.get_key(key)?;
    if own.is_function() {
        server.set("emit", own)?;
        server.delete_key(key)?;
    }
    Ok(())
}

/// The method that a server would have without us.
fn plain<'s>(resources: &Resources, server: Value<'s>, name: &str) -> JsResult<'s> {
    let js = server.js();
    if name == "emit" {
        let own = server.get_key(resources.keys.emit.get(js))?;
        if own.is_function() {
            return Ok(own);
        }
    }
    let object = js.global()?.get("Object")?;
    object.call_method("getPrototypeOf", &[server])?.get(name)
}

/// The server that answers requests of this one, if it is another one.
fn successor<'s>(js: Js<'s>, resources: &Resources, call: &Call<'s>) -> JsResult<'s, Option<Value<'s>>> {
    let event = call.arg(0).text();
    if !event.is_some_and(|event| FORWARDED.contains(&event.as_str())) {
        return Ok(None);
    }
    let Some((slot, _)) = Slot::of(resources, call.this)? else {
        return Ok(None);
    };
    let current = slot.get("current")?;
    let is_other = current.is_object() && !current.same(call.this) && is_http(current)?;
    let _ = js;
    Ok((is_other && is_http(call.this)?).then_some(current))
}

/// `emit` of a server that was taken over.
fn emit<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, resources) = (call.js, call.js.state::<Resources>()?);
    if let Some(current) = successor(js, &resources, call)? {
        return current.call_method("emit", &call.args);
    }
    let is_close = call.arg(0).text().as_deref() == Some("close");
    if is_close && is_pending(&resources, call.this) {
        // The new version may still fail, and then this server goes on.
        return Ok(js.boolean(false));
    }
    let emit = plain(&resources, call.this, "emit")?;
    if is_close {
        return closing::emit_close(call, emit);
    }
    emit.call(call.this, &call.args)
}

/// `listenerCount` of a server that was taken over: Node asks whether somebody takes upgrades.
fn listener_count<'s>(call: &Call<'s>) -> JsResult<'s> {
    let resources = call.js.state::<Resources>()?;
    if let Some(current) = successor(call.js, &resources, call)? {
        return current.call_method("listenerCount", &call.args);
    }
    plain(&resources, call.this, "listenerCount")?.call(call.this, &call.args)
}

/// `close` of a server that was taken over. The server's own version believes that it listens until then.
fn close<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, resources) = (call.js, call.js.state::<Resources>()?);
    if call.arg(0).is_function() {
        call.this
            .call_method("once", &[js.string("close"), call.arg(0)])?;
    }
    if !is_pending(&resources, call.this) {
        call.this.call_method("_emitCloseIfDrained", &[])?;
    }
    Ok(call.this)
}

fn is_pending(resources: &Resources, server: Value<'_>) -> bool {
    let transitions = resources.transitions.borrow().clone();
    transitions
        .iter()
        .any(|transition| transition.claimed_from(server))
}
