//! Takes messages of a Vite server, by type.

use crate::hot::event;
use crate::js::{Call, Held, Js, JsResult, spawn};

use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::door::full_reload::full_reload;
use crate::vite_node::listeners::{notify, notify_vite};
use crate::vite_node::outbox;
use crate::vite_node::prune;
use crate::vite_node::update;

/// `handleMessage(runner, emitter, files, payload)`.
pub fn handle_message<'s>(call: &Call<'s>) -> JsResult<'s> {
    let app = App::new(call.arg(0), call.arg(1), call.arg(2));
    let payload = call.arg(3).hold();
    match app {
        Ok(app) => spawn(call.js, async move {
            handle(&app, &payload).await.map(|()| Held::undefined())
        }),
        Err(thrown) => {
            let thrown = thrown.hold();
            spawn(call.js, async move { Err(thrown) })
        }
    }
}

async fn handle(app: &App, payload: &Held) -> Result<(), Held> {
    let kind = app.cx.attempt(|js| {
        let payload = payload.get(js);
        Ok(if payload.is_object() {
            payload.get("type")?.text()
        } else {
            None
        })
    })?;
    app.cx.attempt(|js| outbox::retry(app, js))?;
    match kind.as_deref().unwrap_or_default() {
        "connected" => app.cx.with(|js| outbox::flush(app, js, true)),
        "custom" => custom(app, payload).await?,
        kind @ ("update" | "full-reload" | "prune" | "error") => {
            let arrived = app.state.next_moment();
            app.take_turn().await;
            let result = match kind {
                "update" => update::update(app, payload, arrived).await,
                "full-reload" => full_reload(app, payload, arrived).await,
                "prune" => prune::prune(app, payload).await,
                _ => error(app, payload).await,
            };
            app.leave();
            result?;
        }
        _ => {}
    }
    Ok(())
}

async fn custom(app: &App, payload: &Held) -> Result<(), Held> {
    let (event, data) = app.cx.attempt(|js| {
        let payload = payload.get(js);
        Ok((payload.get("event")?.hold(), payload.get("data")?.hold()))
    })?;
    notify(app, &event, &data).await;
    Ok(())
}

async fn error(app: &App, payload: &Held) -> Result<(), Held> {
    notify_vite(app, event::ERROR, payload).await;
    app.cx.with(|js| report(js, payload));
    Ok(())
}

fn report(js: Js<'_>, payload: &Held) {
    let err = payload.get(js).get("err").unwrap_or_else(|_| js.undefined());
    let part = |name| {
        let part = if err.is_object() {
            err.get(name).ok()?.text()
        } else {
            None
        };
        part.map(|text| format!("\n{text}"))
    };
    let text = [part("message"), part("stack")]
        .into_iter()
        .flatten()
        .collect::<String>();
    report::vite_node::error(js, &format!("Internal Server Error{text}"), None);
}
