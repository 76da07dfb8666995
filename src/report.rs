//! Every line for the user's console, and the trace for ourselves.
//!
//! All goes through JavaScript's `console`, looked up when the line is written: that is what users capture.

use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::addon::Addon;
use crate::js::{Js, Value};

#[derive(Clone, Copy)]
enum Colour {
    Red,
    Yellow,
    Blue,
}

/// Something failed and the program goes on: the module, what failed, then the thrown value as it was.
pub fn error(js: Js<'_>, id: &str, what: &str, thrown: Value<'_>) {
    let head = paint(js, "stderr", Colour::Red, &format!("[hmr] {id}: {what}"));
    write(js, "error", &[js.string(&head), thrown]);
}

/// Something the user may want to know, unless warnings are suppressed.
pub fn warning(js: Js<'_>, id: &str, text: &str) {
    if Addon::of(js).is_ok_and(|addon| addon.switches.warnings_suppressed.get()) {
        return;
    }
    let line = paint(js, "stderr", Colour::Yellow, &format!("[hmr] {id}: {text}"));
    write(js, "warn", &[js.string(&line)]);
}

/// Something about watching as a whole; a warning that belongs to no module.
pub fn notice(js: Js<'_>, text: &str) {
    if Addon::of(js).is_ok_and(|addon| addon.switches.warnings_suppressed.get()) {
        return;
    }
    let line = paint(js, "stderr", Colour::Yellow, &format!("[hmr] {text}"));
    write(js, "warn", &[js.string(&line)]);
}

/// One line for one update, when logging is on.
pub fn updated(js: Js<'_>, id: &str, what: &str, took: Duration) {
    if !Addon::of(js).is_ok_and(|addon| addon.switches.logging.get()) {
        return;
    }
    let milliseconds = took.as_secs_f64() * 1000.0;
    let line = paint(
        js,
        "stdout",
        Colour::Blue,
        &format!("[hmr] {id} {what} in {milliseconds:.1} ms"),
    );
    write(js, "log", &[js.string(&line)]);
}

fn write(js: Js<'_>, method: &str, parts: &[Value<'_>]) {
    // A console that throws (a closed pipe, a user's own) must not fail the update that speaks.
    let Ok(console) = js.global().and_then(|global| global.get("console")) else {
        return;
    };
    let is_format = parts.len() > 1
        && parts
            .first()
            .and_then(|part| part.text())
            .is_some_and(|head| head.contains('%'));
    let head = if is_format { &[js.string("%s")][..] } else { &[] };
    let written = console.call_method(method, &[head, parts].concat());
    if written.is_err() && parts.len() > 1 {
        // A value that cannot be shown, perhaps; that something failed can be said all the same.
        let _ = console.call_method(method, &parts[..1]);
    }
}

fn paint(js: Js<'_>, stream: &str, colour: Colour, text: &str) -> String {
    if !has_colours(js, stream) {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Red => 31,
        Colour::Yellow => 33,
        Colour::Blue => 34,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[39m")
}

/// As `util.styleText` decides: `FORCE_COLOR`, then `NO_COLOR` and its kin, then what the terminal can do.
fn has_colours(js: Js<'_>, stream: &str) -> bool {
    let Ok(process) = js.global().and_then(|global| global.get("process")) else {
        return false;
    };
    let variable = |name: &str| {
        let value = process.get("env").and_then(|env| env.get(name));
        value.ok().and_then(Value::text)
    };
    if let Some(force) = variable("FORCE_COLOR") {
        return force != "0" && force != "false";
    }
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    if is_set("NO_COLOR") || is_set("NODE_DISABLE_COLORS") || variable("TERM").as_deref() == Some("dumb") {
        return false;
    }
    process
        .get(stream)
        .and_then(|stream| stream.get("isTTY"))
        .is_ok_and(Value::truthy)
}

/// Prints one span per step of an update to stderr when `HMR_LOG` holds a tracing filter (`trace`,
/// `node_hmr=debug`, …). The first environment that loads the addon decides for the process.
pub fn trace_if_asked() {
    let Ok(filter) = std::env::var("HMR_LOG") else {
        return;
    };
    if filter.is_empty() {
        return;
    }
    let Ok(filter) = EnvFilter::try_new(&filter) else {
        return;
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    // A second load of the addon finds the subscriber of the first.
    drop(tracing::subscriber::set_global_default(subscriber));
}
