//! The steps before a restart: requests under way are finished, the cleanups run, children end.

use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::Restart;
use super::image::Image;
use super::sockets::Socket;

use crate::js::{Cx, Held, Js, JsResult, Signal, Timers, Value, before, hand_on_stream, settled};
use crate::program::resources::{self, Resources};
use crate::report;

/// Time that accepted connections have to send their first bytes, in milliseconds.
const FIRST_WORDS: u32 = 25;
/// Time after which connections that have sent nothing are not waited for: browsers open such connections in advance.
const SILENCE: Duration = Duration::from_millis(250);
/// Interval for looking whether requests have ended, in milliseconds.
const LOOK: u32 = 10;
/// Time that child processes have to end.
const CHILDREN: Duration = Duration::from_secs(2);

/// Ends this image of the process and starts the next one. Returns only if the system refuses.
pub async fn restart(cx: Cx, state: Rc<Restart>, image: Rc<Image>, what: String) {
    let began = SystemTime::now();
    let deadline = Instant::now() + state.grace();
    let mut servers = Vec::new();
    let sockets = cx.with(|js| match stop_accepting(js, &state, &mut servers) {
        Ok(sockets) => sockets,
        Err(thrown) => {
            report::error(
                js,
                "a restart",
                "the listening sockets could not be kept",
                thrown.0,
            );
            Vec::new()
        }
    });
    finish_requests(&cx, &state, &servers, deadline).await;
    disconnect_workers(&cx, deadline).await;
    clean_up(&cx, &state, deadline).await;
    end_children(&cx, deadline).await;
    cx.with(|js| {
        if let Err(thrown) = last_words(js) {
            report::error(js, "a restart", "a listener of the exit failed", thrown.0);
        }
        let error = replace(js, &image, &sockets, began, &what);
        let thrown = js.error("Error", &error.to_string());
        report::error(
            js,
            "a restart",
            "the process could not be started again",
            thrown.0,
        );
        // The program's servers are closed and its cleanups have run, so it cannot go on.
        let process = js.global().and_then(|global| global.get("process"));
        let _ = process.and_then(|process| process.call_method("exit", &[js.number(1.0)]));
    });
}

fn stop_accepting<'s>(js: Js<'s>, state: &Restart, servers: &mut Vec<Held>) -> JsResult<'s, Vec<Socket>> {
    let listening = state.sockets.listening(js)?;
    let kept = state.sockets.keep(&listening)?;
    for server in listening.iter().filter_map(|one| one.server) {
        servers.push(server.hold());
        if is_http(server)? {
            let close = js.function("", 2, |call| {
                call.arg(1).set("shouldKeepAlive", call.js.boolean(false))?;
                Ok(call.js.undefined())
            })?;
            server.call_method("prependListener", &[js.string("request"), close])?;
        }
    }
    Ok(kept)
}

fn is_http(server: Value<'_>) -> JsResult<'_, bool> {
    Ok(server.get("closeIdleConnections")?.is_function())
}

/// Waits for responses that have begun. Each one is the last on its connection, so that the client connects to the next
/// image.
async fn finish_requests(cx: &Cx, state: &Rc<Restart>, servers: &[Held], deadline: Instant) {
    if servers.is_empty() {
        return;
    }
    let silence = Instant::now() + SILENCE;
    // At once, so that a response that is sent meanwhile is the last on its connection as well.
    let _ = cx.attempt(|js| count_open(js, servers));
    pause(cx, FIRST_WORDS).await;
    loop {
        let (open, silent) = cx.attempt(|js| count_open(js, servers)).unwrap_or_default();
        if open == 0 && (silent == 0 || Instant::now() >= silence) {
            break;
        }
        if Instant::now() >= deadline {
            cx.with(|js| {
                let grace = state.grace().as_millis();
                let text = format!("{open} requests took longer than {grace} ms; restarting without them");
                report::notice(js, &text);
            });
            break;
        }
        pause(cx, LOOK).await;
    }
    // If a server cannot close its connections, they end with the image.
    let _ = cx.attempt(|js| {
        for server in servers.iter().map(|server| server.get(js)) {
            if is_http(server)? {
                server.call_method("closeIdleConnections", &[])?;
            }
        }
        Ok(())
    });
}

/// Number of responses that have not ended, and of connections that have sent nothing.
fn count_open<'s>(js: Js<'s>, servers: &[Held]) -> JsResult<'s, (usize, usize)> {
    let resources = js.state::<Resources>()?;
    let (mut count, mut silent) = (0, 0);
    for server in servers.iter().map(|server| server.get(js)) {
        silent += resources::silent(server)?;
        for response in resources::open(&resources, server)? {
            count += 1;
            if response.get("headersSent")?.truthy() || response.get("shouldKeepAlive")?.is_undefined() {
                continue;
            }
            response.set("shouldKeepAlive", js.boolean(false))?;
        }
    }
    Ok((count, silent))
}

async fn clean_up(cx: &Cx, state: &Rc<Restart>, deadline: Instant) {
    let Some(leave) = state.leave() else { return };
    let begun = cx.attempt(|js| Ok(leave.get(js).call(js.undefined(), &[])?.hold()));
    let late = Rc::new(Signal::default());
    let rest = deadline.saturating_duration_since(Instant::now());
    let outcome = match begun {
        Ok(cleanups) => {
            cx.with(|js| fire_after(js, &late, u32::try_from(rest.as_millis()).unwrap_or(u32::MAX)));
            before(cx, settled(cx, cleanups), &late).await
        }
        Err(thrown) => Some(Err(thrown)),
    };
    cx.with(|js| match outcome {
        Some(Ok(_)) => {}
        Some(Err(thrown)) => report::error(js, "a restart", "a cleanup failed", thrown.get(js)),
        None => {
            let grace = state.grace().as_millis();
            report::notice(
                js,
                &format!("the cleanups took longer than {grace} ms; restarting without them"),
            );
        }
    });
}

/// The workers of a cluster close their servers, and finish the requests of these.
async fn disconnect_workers(cx: &Cx, deadline: Instant) {
    let workers = cx.attempt(|js| {
        let all = js.builtin("cluster")?.get("workers")?;
        let ids = if all.is_object() { all.keys()? } else { Vec::new() };
        ids.into_iter()
            .map(|id| Ok(all.get_key(id)?.hold()))
            .collect::<Result<Vec<_>, _>>()
    });
    let workers = workers.unwrap_or_default();
    if workers.is_empty() {
        return;
    }
    // Connections that were accepted are on their way to them.
    pause(cx, FIRST_WORDS).await;
    let _ = cx.attempt(|js| {
        for worker in &workers {
            worker.get(js).call_method("disconnect", &[])?;
        }
        Ok(())
    });
    let is_connected = |worker: Value<'_>| worker.call_method("isConnected", &[]).is_ok_and(Value::truthy);
    while Instant::now() < deadline && cx.with(|js| workers.iter().any(|worker| is_connected(worker.get(js))))
    {
        pause(cx, LOOK).await;
    }
}

/// Ends the child processes that the program has not let go of.
async fn end_children(cx: &Cx, deadline: Instant) {
    let deadline = deadline.min(Instant::now() + CHILDREN);
    let Ok(children) = cx.attempt(|js| {
        let process = js.global()?.get("process")?;
        let class = js.builtin("child_process")?.get("ChildProcess")?;
        let mut children = Vec::new();
        for handle in process.call_method("_getActiveHandles", &[])?.items()? {
            if handle.instance_of(class)? {
                handle.call_method("kill", &[js.string("SIGTERM")])?;
                children.push(handle.hold());
            }
        }
        Ok(children)
    }) else {
        return;
    };
    let runs = |js: Js<'_>| {
        children.iter().any(|child| {
            let child = child.get(js);
            let is_null = |name: &str| child.get(name).is_ok_and(Value::is_nullish);
            is_null("exitCode") && is_null("signalCode")
        })
    };
    while Instant::now() < deadline && cx.with(runs) {
        pause(cx, LOOK).await;
    }
}

/// Does what Node does when a process ends.
fn last_words(js: Js<'_>) -> JsResult<'_, ()> {
    let process = js.global()?.get("process")?;
    let said = process.call_method("emit", &[js.string("exit"), js.number(0.0)]);
    // `takeCoverage` writes only if `NODE_V8_COVERAGE` is set.
    js.builtin("v8")?.call_method("takeCoverage", &[])?;
    let input = process.get("stdin")?;
    if input.is_object() && input.get("isRaw")?.truthy() {
        input.call_method("setRawMode", &[js.boolean(false)])?;
    }
    said.map(|_| ())
}

fn replace(js: Js<'_>, image: &Image, sockets: &[Socket], began: SystemTime, what: &str) -> std::io::Error {
    for stream in 0..3 {
        hand_on_stream(stream);
    }
    let channel = image
        .variable("NODE_CHANNEL_FD")
        .and_then(|fd| fd.to_str()?.parse().ok());
    if let Some(channel) = channel {
        hand_on_stream(channel);
    }
    let began = began.duration_since(UNIX_EPOCH).unwrap_or_default();
    let inspector = inspector(js).ok().flatten();
    let sockets: Vec<Json> = sockets
        .iter()
        .filter_map(|socket| socket.handed_on().ok())
        .collect();
    let handed_on = json!({
        "process": std::process::id(),
        "began": began.as_secs_f64(),
        "what": what,
        "sockets": sockets,
        "inspector": inspector,
    });
    image.replace(&handed_on.to_string(), inspector.as_deref())
}

/// The address where a debugger may connect: host and port.
fn inspector(js: Js<'_>) -> JsResult<'_, Option<String>> {
    let Some(url) = js.builtin("inspector")?.call_method("url", &[])?.text() else {
        return Ok(None);
    };
    let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
    Ok(address.map(String::from))
}

/// Waits for a time, and keeps the process alive meanwhile.
async fn pause(cx: &Cx, milliseconds: u32) {
    let signal = Rc::new(Signal::default());
    cx.with(|js| fire_after(js, &signal, milliseconds));
    let _ = signal.wait(cx).await;
}

fn fire_after(js: Js<'_>, signal: &Rc<Signal>, milliseconds: u32) {
    let fired = Rc::clone(signal);
    let timer = js.state::<Timers>().and_then(|timers| {
        timers.after(js, milliseconds.min(i32::MAX.cast_unsigned()), move |js| {
            fired.fire(js, &Ok(Held::undefined()));
        })
    });
    if let Ok(timer) = timer {
        let _ = timer.call_method("ref", &[]);
    }
}
