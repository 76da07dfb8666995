//! Calls users' functions one after the other. Each failure is reported and does not stop the others.

use crate::js::{Cx, Held, Js, JsResult, Value, settled, spawn_detached};

use super::app::App;
use super::patience::PATIENCE_TEXT;
use crate::report;

/// Calls the listeners of `event` and waits for all of them.
pub async fn notify(app: &App, event: &Held, data: &Held) {
    for (result, what) in call_listeners(app, event, data) {
        finish(&app.cx, result, || what.clone()).await;
    }
}

/// Calls the listeners of an event of Vite, as [`notify`] does. An update waits for these listeners, so each is waited for 5
/// s at most.
pub async fn notify_vite(app: &App, event: &str, data: &Held) {
    let event = app.cx.with(|js| js.string(event).hold());
    for (result, what) in call_listeners(app, &event, data) {
        finish_in_time(app, result, &what, "").await;
    }
}

/// Calls the listeners of `event`. Returns the result of each, with its name in a report.
fn call_listeners(app: &App, event: &Held, data: &Held) -> Vec<(Result<Held, Held>, String)> {
    let called = app.cx.attempt(|js| {
        let functions = app.cache(js)?.listeners()?.get(event.get(js))?;
        let functions = if functions.is_object() {
            functions.items()?
        } else {
            Vec::new()
        };
        let call = |function: Value<'_>| outcome(function.call(js.undefined(), &[data.get(js)]));
        // Collected first: all are called before any is waited for.
        Ok(functions.into_iter().map(call).collect::<Vec<_>>())
    });
    let called = called.unwrap_or_else(|thrown| vec![Err(thrown)]);
    let what = app
        .cx
        .with(|js| format!("a listener of \"{}\"", event.get(js).display()));
    called.into_iter().map(|result| (result, what.clone())).collect()
}

/// The result of calling a user's function, to be kept. A promise has a handler from now on, since it may be rejected before
/// its turn to be waited for.
pub fn outcome(result: JsResult<'_>) -> Result<Held, Held> {
    match result.and_then(Value::with_handler) {
        Ok(value) => Ok(value.hold()),
        Err(thrown) => Err(thrown.hold()),
    }
}

/// Waits for the promise that a user's function returned, and reports its failure.
pub async fn finish(cx: &Cx, result: Result<Held, Held>, what: impl Fn() -> String) {
    let result = match result {
        Ok(value) if cx.with(|js| value.get(js).is_thenable().unwrap_or(false)) => settled(cx, value).await,
        other => other,
    };
    if result.is_err() {
        report(cx, &what(), result);
    }
}

/// As [`finish`], for 5 s at most. A promise that has not settled by then is reported, with `advice`, and left behind. A
/// later failure of it is reported too.
pub async fn finish_in_time(app: &App, result: Result<Held, Held>, what: &str, advice: &str) {
    let promise = match result {
        Ok(value) if app.cx.with(|js| value.get(js).is_thenable().unwrap_or(false)) => value,
        other => return finish(&app.cx, other, || what.to_owned()).await,
    };
    let name = what.to_owned();
    let late = move |cx: &Cx, result: Result<Held, Held>| report(cx, &name, result);
    match app.settled_in_time(promise, late).await {
        Some(result) => report(&app.cx, what, result),
        None => app.cx.with(|js| {
            let text = format!("{what} has not settled after {PATIENCE_TEXT} and is left behind{advice}");
            report::vite_node::error(js, &text, None);
        }),
    }
}

fn report(cx: &Cx, what: &str, result: Result<Held, Held>) {
    if let Err(thrown) = result {
        cx.with(|js| report::vite_node::error(js, &format!("{what} failed"), Some(thrown.get(js))));
    }
}

/// As [`finish`], without waiting.
pub fn watch(js: Js<'_>, result: Result<Held, Held>, what: String) {
    let cx = Cx::new(js);
    spawn_detached(js, async move { finish(&cx, result, || what.clone()).await });
}

/// Puts a payload on the emitter, whose `emit` may be the user's.
pub fn emit_message<'s>(emitter: Value<'s>, payload: Value<'s>) {
    let js = emitter.js();
    let result = emitter.call_method("emit", &[js.string("message"), payload]);
    watch(
        js,
        outcome(result),
        "a \"message\" listener of the emitter".into(),
    );
}
