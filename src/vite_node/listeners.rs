//! Calling users' functions: one after the other, none hurting another, each failure reported.

use crate::js::{Cx, Held, Js, JsResult, Value, settled, spawn_detached};

use super::app::App;
use super::console;

/// Calls the listeners of `event` and waits for all of them.
pub async fn notify(app: &App, event: &Held, data: &Held) {
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
    for result in called {
        let what = || {
            app.cx
                .with(|js| format!("a listener of \"{}\"", event.get(js).display()))
        };
        finish(&app.cx, result, what).await;
    }
}

/// [`notify`] for an event of Vite.
pub async fn notify_vite(app: &App, event: &str, data: &Held) {
    let event = app.cx.with(|js| js.string(event).hold());
    notify(app, &event, data).await;
}

/// What calling a user's function gave, to be kept.
pub fn outcome(result: JsResult<'_>) -> Result<Held, Held> {
    match result {
        Ok(value) => Ok(value.hold()),
        Err(thrown) => Err(thrown.hold()),
    }
}

/// Waits for what a user's function returned, and reports it when it failed.
pub async fn finish(cx: &Cx, result: Result<Held, Held>, what: impl Fn() -> String) {
    let result = match result {
        Ok(value) if cx.with(|js| value.get(js).is_thenable().unwrap_or(false)) => settled(cx, value).await,
        other => other,
    };
    if let Err(thrown) = result {
        cx.with(|js| console::error(js, &format!("{} failed", what()), Some(thrown.get(js))));
    }
}

/// As [`finish`], without waiting.
pub fn watch(js: Js<'_>, result: Result<Held, Held>, what: String) {
    let cx = Cx::new(js);
    spawn_detached(js, async move { finish(&cx, result, || what.clone()).await });
}
