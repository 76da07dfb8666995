//! Full reloads that a server asks for. Those are ignored whose edit concerns nothing that is loaded, or has been followed.

use crate::hot::event;
use crate::js::{Held, Js, JsResult, settled};

use crate::vite_node::app::App;
use crate::vite_node::listeners::notify_vite;
use crate::vite_node::plugin::Channel;
use crate::vite_node::reload::{has_failed_start, reload};
use crate::vite_node::runner::module_cache::{Ids, counts_as_loaded};

/// `{ type: "full-reload", triggeredBy }`
pub async fn full_reload(app: &App, payload: &Held, arrived: u64) -> Result<(), Held> {
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
