//! `hot.send`: messages wait in the runner's buffer as JSON texts until there is a listener.

use crate::js::{Call, Held, Js, JsResult, Value, settled, spawn_detached};

use super::app::App;
use super::homes::emitter_home;
use super::hot_cache::{Table, add_to, array_from, remove_from};
use super::listeners::{emit_message, outcome, watch};
use super::plugin::channels::custom_payload;
use crate::report;

/// `sendMessageBuffer(runner, emitter)`.
pub fn send_message_buffer<'s>(call: &Call<'s>) -> JsResult<'s> {
    let app = App::new(call.arg(0), call.arg(1), call.js.undefined())?;
    flush(&app, call.js, true);
    Ok(call.js.undefined())
}

/// `hot.send(event, data)`.
pub fn send<'s>(app: &App, js: Js<'s>, event: Value<'s>, data: Value<'s>) -> JsResult<'s, ()> {
    let payload = custom_payload(event, data)?;
    let text = js.global()?.get("JSON")?.call_method("stringify", &[payload])?;
    let buffer = app.cache(js)?.0.get("messageBuffer")?;
    buffer.call_method("push", &[text])?;
    flush(app, js, false);
    wait_for_listener(app, js)
}

fn is_empty<'s>(app: &App, js: Js<'s>) -> JsResult<'s, bool> {
    let length = app.cache(js)?.0.get("messageBuffer")?.get("length")?;
    Ok(length.as_number() <= Some(0.0))
}

/// Delivers the messages in the buffer: all of them, or those that have a listener.
pub fn flush(app: &App, js: Js<'_>, is_forced: bool) {
    if let Err(thrown) = try_flush(app, js, is_forced) {
        report::vite_node::error(js, "a message could not be sent", Some(thrown.0));
    }
}

fn try_flush<'s>(app: &App, js: Js<'s>, is_forced: bool) -> JsResult<'s, ()> {
    let buffer = app.cache(js)?.0.get("messageBuffer")?;
    let mut kept = 0;
    // Read anew each time, and a message is taken out before it is delivered, since a listener may send messages as well.
    while let Some(text) = buffer.items()?.get(kept).copied() {
        let message = Message::read(app, js, text)?;
        if is_forced || message.has_listener()? {
            buffer.call_method(
                "splice",
                &[
                    js.number(f64::from(u32::try_from(kept).unwrap_or(0))),
                    js.number(1.0),
                ],
            )?;
            message.deliver(js);
        } else {
            kept += 1;
        }
    }
    stop_waiting(app, js)
}

/// One message, with the emitter and server that may get it.
struct Message<'s> {
    text: Value<'s>,
    event: String,
    data: Value<'s>,
    emitter: Value<'s>,
    server_listeners: Vec<Value<'s>>,
    client: Value<'s>,
}

impl<'s> Message<'s> {
    fn read(app: &App, js: Js<'s>, text: Value<'s>) -> JsResult<'s, Self> {
        let emitter = app.emitter(js);
        let parsed = js.global()?.get("JSON")?.call_method("parse", &[text]);
        // Users may put their own texts into the buffer.
        let parsed = parsed
            .ok()
            .filter(|message| message.is_object())
            .unwrap_or_else(|| js.object());
        let event = parsed.get("event")?;
        let (mut server_listeners, mut client) = (Vec::new(), js.undefined());
        if emitter.is_object() {
            let home = emitter_home(emitter)?;
            server_listeners = listeners_of_server(home, event)?;
            if !server_listeners.is_empty() {
                client = client_of(home, emitter)?;
            }
        }
        let data = parsed.get("data")?;
        Ok(Self {
            text,
            event: event.display(),
            data,
            emitter,
            server_listeners,
            client,
        })
    }

    fn has_listener(&self) -> JsResult<'s, bool> {
        if !self.server_listeners.is_empty() {
            return Ok(true);
        }
        let js = self.text.js();
        if !self.emitter.is_object() {
            return Ok(false);
        }
        if !self.emitter.get("listenerCount")?.is_function() {
            return Ok(true);
        }
        let count = self
            .emitter
            .call_method("listenerCount", &[js.string("custom")])?;
        Ok(count.as_number() != Some(0.0))
    }

    fn deliver(&self, js: Js<'s>) {
        if self.emitter.is_object() {
            let emitted = self
                .emitter
                .call_method("emit", &[js.string("custom"), self.text]);
            watch(
                js,
                outcome(emitted),
                "a \"custom\" listener of the emitter".into(),
            );
        }
        for listener in &self.server_listeners {
            let called = listener.call(js.undefined(), &[self.data, self.client]);
            watch(
                js,
                outcome(called),
                format!("a server listener of \"{}\"", self.event),
            );
        }
    }
}

/// The functions that listen for `event` on the server's SSR channel.
fn listeners_of_server<'s>(home: Value<'s>, event: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
    let channel = home.get("channel")?;
    let api = if channel.is_object() {
        channel.get("api")?
    } else {
        channel
    };
    let inner = if api.is_object() {
        api.get("innerEmitter")?
    } else {
        api
    };
    // Vite's own channel has a property with its emitter, which also knows the listeners from before our plugin.
    if inner.is_object() && inner.get("rawListeners")?.is_function() {
        return inner.call_method("rawListeners", &[event])?.items();
    }
    let events = Table(home.get("listeners")?).get(channel)?;
    let functions = if events.is_object() {
        Table(events).get(event)?
    } else {
        events
    };
    if functions.is_array() {
        functions.items()
    } else {
        Ok(Vec::new())
    }
}

/// The `client` argument of a server's listener. `client.send` reaches the runners as the server's own messages do.
fn client_of<'s>(home: Value<'s>, emitter: Value<'s>) -> JsResult<'s> {
    let js = home.js();
    let known = home.get("client")?;
    if known.is_object() {
        return Ok(known);
    }
    let send = js.function("send", 2, |call| {
        let (emitter, first) = (call.arg(0), call.arg(1));
        let payload = if first.text().is_some() {
            custom_payload(first, call.arg(2))?
        } else {
            first
        };
        emit_message(emitter, payload);
        Ok(call.js.undefined())
    })?;
    let client = js.object();
    client.set("send", send.bind(js.undefined(), &[emitter])?)?;
    home.set("client", client)?;
    Ok(client)
}

/// Delivers the buffer once the emitter or the server has a listener. The emitter's home has the list of waiting runners.
fn wait_for_listener<'s>(app: &App, js: Js<'s>) -> JsResult<'s, ()> {
    let emitter = app.emitter(js);
    if !emitter.is_object() || is_empty(app, js)? {
        return Ok(());
    }
    let home = emitter_home(emitter)?;
    Table(home.get("waiting")?).set(app.runner(js), js.boolean(true))?;
    if is_hooked(home, emitter)? || !emitter.get("on")?.is_function() {
        return Ok(());
    }
    let on_new_listener = js.function("", 2, |call| {
        if call.arg(1).text().as_deref() == Some("custom") {
            flush_waiting(call.arg(0))?;
        }
        Ok(call.js.undefined())
    })?;
    let hook = on_new_listener.bind(js.undefined(), &[emitter])?;
    home.set("hook", hook)?;
    emitter
        .call_method("on", &[js.string("newListener"), hook])
        .map(drop)
}

/// Whether our hook is still on the emitter: `removeAllListeners` may have taken it off.
fn is_hooked<'s>(home: Value<'s>, emitter: Value<'s>) -> JsResult<'s, bool> {
    let hook = home.get("hook")?;
    if !hook.is_function() || !emitter.get("listeners")?.is_function() {
        return Ok(hook.is_function());
    }
    let listeners = emitter.call_method("listeners", &[emitter.js().string("newListener")])?;
    Ok(listeners.items()?.iter().any(|listener| listener.same(hook)))
}

/// Looks again for a listener, in case the emitter has not told of it.
pub fn retry<'s>(app: &App, js: Js<'s>) -> JsResult<'s, ()> {
    let emitter = app.emitter(js);
    if !emitter.is_object() {
        return Ok(());
    }
    let home = emitter_home(emitter)?;
    if Table(home.get("waiting")?).has(app.runner(js))? && !is_hooked(home, emitter)? {
        flush(app, js, false);
        wait_for_listener(app, js)?;
    }
    Ok(())
}

/// Delivers the waiting runners' buffers, since a listener was added or is about to be: an emitter tells before it adds one.
fn flush_waiting(emitter: Value<'_>) -> JsResult<'_, ()> {
    let (js, home) = (emitter.js(), emitter_home(emitter)?);
    let waiting = Table(home.get("waiting")?);
    let mut apps = Vec::new();
    for runner in waiting.keys()?.items()? {
        apps.push(App::new(runner, emitter, js.undefined())?);
    }
    if apps.is_empty() {
        return Ok(());
    }
    spawn_detached(js, async move {
        let Some(cx) = apps.first().map(|app| app.cx.clone()) else {
            return;
        };
        let _ = settled(&cx, Held::undefined()).await;
        for app in &apps {
            cx.with(|js| {
                flush(app, js, false);
            });
        }
    });
    Ok(())
}

/// Takes a runner whose buffer is empty off the list, and the hook off the emitter with the last one.
fn stop_waiting<'s>(app: &App, js: Js<'s>) -> JsResult<'s, ()> {
    let emitter = app.emitter(js);
    if !emitter.is_object() || !is_empty(app, js)? {
        return Ok(());
    }
    let home = emitter_home(emitter)?;
    let waiting = Table(home.get("waiting")?);
    waiting.delete(app.runner(js))?;
    let hook = home.get("hook")?;
    if hook.is_function() && array_from(waiting.0)?.items()?.is_empty() {
        home.set("hook", js.undefined())?;
        emitter.call_method("off", &[js.string("newListener"), hook])?;
    }
    Ok(())
}

/// `server.environments.ssr.hot.on(event, listener)` was called.
pub fn server_listens<'s>(emitter: Value<'s>, channel: Value<'s>, args: &[Value<'s>]) -> JsResult<'s, ()> {
    let [event, listener, ..] = args else {
        return Ok(());
    };
    // By channel: a server that was restarted has another one.
    let channels = Table(emitter_home(emitter)?.get("listeners")?);
    if !channels.has(channel)? {
        channels.set(channel, emitter.js().map()?)?;
    }
    add_to(Table(channels.get(channel)?), *event, *listener)?;
    flush_waiting(emitter)
}

/// `server.environments.ssr.hot.off(event, listener)` was called.
pub fn server_stops_listening<'s>(
    emitter: Value<'s>,
    channel: Value<'s>,
    args: &[Value<'s>],
) -> JsResult<'s, ()> {
    let [event, listener, ..] = args else {
        return Ok(());
    };
    let events = Table(emitter_home(emitter)?.get("listeners")?).get(channel)?;
    if events.is_object() {
        remove_from(Table(events), *event, *listener)?;
    }
    Ok(())
}
