//! Takes messages of a Vite server, by type.

use crate::hot::event;
use crate::js::{Call, Held, Js, JsResult, settled, spawn};

use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::listeners::{notify, notify_vite};
use crate::vite_node::outbox;
use crate::vite_node::plugin::Channel;
use crate::vite_node::prune;
use crate::vite_node::reload::{has_failed_start, reload};
use crate::vite_node::runner::module_cache::{Ids, counts_as_loaded};
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

async fn full_reload(app: &App, payload: &Held, arrived: u64) -> Result<(), Held> {
    let file = app
        .cx
        .attempt(|js| Ok(payload.get(js).get("triggeredBy")?.text()))?;
    let mut edited_at = None;
    let origin = || app.cx.with(|js| app.origin(js, payload.get(js)));
    if origin() == Channel::Browser {
        // Waits for this turn to end: the environments report one edit in one turn, the browser's first.
        let _ = settled(&app.cx, Held::undefined()).await;
    }
    if let Some(file) = &file {
        let from = origin();
        let cause = app
            .cx
            .attempt(|js| cause_of_reload(app, js, file, from, arrived))?;
        let is_concerned = cause.concerns_loaded || app.state.reload_failed.get();
        if cause.is_done || !(is_concerned || has_failed_start(app).await) {
            return Ok(());
        }
        edited_at = cause.edited_at;
    }
    if origin() == Channel::Restart {
        app.follow_restart().await;
    }
    notify_vite(app, event::BEFORE_FULL_RELOAD, payload).await;
    app.cx
        .attempt(|js| app.cache(js)?.drop_event(js.string(event::BEFORE_FULL_RELOAD)))?;
    reload(app, &[]).await?;
    if let Some(at) = edited_at {
        app.state.applied.borrow_mut().edit(at).reloaded = Some(app.state.next_moment());
    }
    Ok(())
}

/// The edit for which a server asks for a full reload.
struct Cause {
    /// Whether the edited file counts as loaded, or its edit concerns a loaded module.
    concerns_loaded: bool,
    /// Whether the edit has been followed already, or will be by another message.
    is_done: bool,
    /// Time when the file changed, if the plugin saw that.
    edited_at: Option<f64>,
}

/// Looks up the edit of `file`, for which a message from `origin` that arrived at that moment asks for a full reload.
fn cause_of_reload<'s>(
    app: &App,
    js: Js<'s>,
    file: &str,
    origin: Channel,
    arrived: u64,
) -> JsResult<'s, Cause> {
    let roots = app.roots(js);
    let (loaded, owners) = (app.loaded(js)?, app.owners(js)?);
    let changes = app.changes(js);
    let edited_at = changes
        .as_ref()
        .and_then(|changes| changes.latest(|changed| roots.is_of_file(changed, file)));
    let edits = changes
        .as_ref()
        .zip(edited_at)
        .and_then(|(changes, at)| changes.files(at));
    let modules = edits.into_iter().flatten().flat_map(|(_, modules)| modules);
    let modules: Vec<_> = modules.collect();
    let is_among = |ids: &Ids<'s>| !ids.of_file(roots, file, &[]).is_empty();
    let concerns_loaded = counts_as_loaded(&loaded, &owners, is_among)
        || !app.edited(js, &loaded, roots, file, &modules).is_empty();
    let is_done = changes.zip(edited_at).is_some_and(|(changes, at)| {
        app.state.applied.borrow_mut().edit(at).is_reloaded_since(arrived)
            || (origin == Channel::Browser && changes.is_for_ssr(at, app.state.reload_failed.get()))
    });
    Ok(Cause {
        concerns_loaded,
        is_done,
        edited_at,
    })
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
