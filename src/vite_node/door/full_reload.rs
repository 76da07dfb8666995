//! Full reloads that a server asks for. Those are ignored whose edit concerns nothing that is loaded, or has been followed.

use crate::hot::event;
use crate::js::{Held, Js, JsResult, settled};

use crate::vite_node::app::App;
use crate::vite_node::listeners::notify_vite;
use crate::vite_node::plugin::Channel;
use crate::vite_node::plugin::changes::EditKey;
use crate::vite_node::reload::{has_failed_start, reload};
use crate::vite_node::runner::module_cache::{Ids, counts_as_loaded};

/// `{ type: "full-reload", triggeredBy }`
pub async fn full_reload(app: &App, payload: &Held, arrived: u64) -> Result<(), Held> {
    let file = app
        .cx
        .attempt(|js| Ok(payload.get(js).get("triggeredBy")?.text()))?;
    let mut edit = None;
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
        edit = cause.edit;
    }
    if origin() == Channel::Restart {
        app.follow_restart().await;
    }
    notify_vite(app, event::BEFORE_FULL_RELOAD, payload).await;
    app.cx
        .attempt(|js| app.cache(js)?.drop_event(js.string(event::BEFORE_FULL_RELOAD)))?;
    reload(app, &[]).await?;
    if let Some(edit) = edit {
        app.state.applied.borrow_mut().edit(&edit).reloaded = Some(app.state.next_moment());
    }
    Ok(())
}

/// The edit for which a server asks for a full reload.
struct Cause {
    /// Whether the edited file counts as loaded, or its edit concerns a loaded module.
    concerns_loaded: bool,
    /// Whether the edit has been followed already, or will be by another message.
    is_done: bool,
    /// The edit itself, if the plugin saw it.
    edit: Option<EditKey>,
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
    let edit = changes
        .as_ref()
        .and_then(|changes| changes.latest(|changed| roots.is_of_file(changed, file)));
    let seen = changes.zip(edit.as_ref());
    let modules = seen.as_ref().map(|(changes, edit)| changes.modules(edit));
    let modules = modules.unwrap_or_default();
    let is_among = |ids: &Ids<'s>| !ids.of_file(roots, file, &[]).is_empty();
    let concerns_loaded = counts_as_loaded(&loaded, &owners, is_among)
        || !app.edited(js, &loaded, roots, file, &modules).is_empty();
    let is_done = seen.is_some_and(|(changes, edit)| {
        let applied = app.state.applied.borrow();
        let is_for_ssr = || changes.is_for_ssr(edit, app.state.reload_failed.get());
        applied
            .find(edit)
            .is_some_and(|edit| edit.is_reloaded_since(arrived))
            || (origin == Channel::Browser && is_for_ssr())
    });
    Ok(Cause {
        concerns_loaded,
        is_done,
        edit,
    })
}
