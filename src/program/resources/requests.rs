//! Finds the requests that are under way.

use crate::js::{JsResult, Value};

use super::owner::list;
use super::state::Resources;

/// The description of the symbol under which an HTTP server keeps its connections.
pub const LIST: &str = "http.server.connections";
/// The description of the symbol under which an HTTP/2 server keeps its sessions, since Node 24.
pub const SESSIONS: &str = "sessions";

/// The symbol of Node's own with that description, if the object has a property of that name.
pub fn own_symbol<'s>(object: Value<'s>, description: &str) -> JsResult<'s, Option<Value<'s>>> {
    let statics = object.js().global()?.get("Object")?;
    let symbols = statics.call_method("getOwnPropertySymbols", &[object])?;
    for symbol in symbols.items()? {
        if symbol.get("description")?.text().as_deref() == Some(description) {
            return Ok(Some(symbol));
        }
    }
    Ok(None)
}

/// Responses and streams of the server that have not ended. Each is returned once: those that an earlier transition has
/// waited for belong to an earlier version.
pub fn under_way<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
    let all = open(resources, server)?;
    let known = resources.known_requests.get(server.js());
    let mut new = Vec::new();
    for request in all {
        if !known.call_method("has", &[request])?.truthy() {
            known.call_method("add", &[request])?;
            new.push(request);
        }
    }
    Ok(new)
}

/// Responses and streams of the server that have not ended.
pub fn open<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
    let mut all = responses(server)?;
    all.extend(streams(resources, server)?);
    Ok(all)
}

/// Number of the server's connections that were accepted and have not sent anything yet.
pub fn silent(server: Value<'_>) -> JsResult<'_, usize> {
    let mut count = 0;
    for socket in sockets(server)? {
        count += usize::from(socket.get("bytesRead")?.as_number() == Some(0.0));
    }
    Ok(count)
}

fn sockets(server: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
    let mut sockets = Vec::new();
    let Some(key) = own_symbol(server, LIST)? else {
        return Ok(sockets);
    };
    let connections = server.get_key(key)?;
    if !connections.is_object() {
        return Ok(sockets);
    }
    for parser in connections.call_method("all", &[])?.items()? {
        let socket = parser.get("socket")?;
        if socket.is_object() {
            sockets.push(socket);
        }
    }
    Ok(sockets)
}

fn responses(server: Value<'_>) -> JsResult<'_, Vec<Value<'_>>> {
    let mut responses = Vec::new();
    for socket in sockets(server)? {
        let response = socket.get("_httpMessage")?;
        let has_ended = |name: &str| -> JsResult<'_, bool> { Ok(response.get(name)?.truthy()) };
        if response.is_object() && !has_ended("writableFinished")? && !has_ended("destroyed")? {
            responses.push(response);
        }
    }
    Ok(responses)
}

fn streams<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
    let ours = resources.keys.sessions.get(server.js());
    let key = own_symbol(server, SESSIONS)?.unwrap_or(ours);
    let sessions = server.get_key(key)?;
    let mut open = Vec::new();
    if !sessions.is_object() {
        return Ok(open);
    }
    for session in list(sessions)? {
        let Some(state) = own_symbol(session, "state")? else {
            continue;
        };
        let streams = session.get_key(state)?.get("streams")?;
        if !streams.is_object() {
            continue;
        }
        for stream in list(streams.call_method("values", &[])?)? {
            if !stream.get("destroyed")?.truthy() {
                open.push(stream);
            }
        }
    }
    Ok(open)
}
