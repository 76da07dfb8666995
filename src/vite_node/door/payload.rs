//! Takes messages of a Vite server, by type.

use std::rc::Rc;

use crate::js::{Call, Held, Js, JsResult, Value, settled, spawn};

use crate::vite_node::app::{App, Hot};
use crate::vite_node::console;
use crate::vite_node::disposing::dispose;
use crate::vite_node::listeners::{finish_in_time, notify, notify_vite};
use crate::vite_node::module_cache::Ids;
use crate::vite_node::outbox;
use crate::vite_node::plugin::Origin;
use crate::vite_node::reload::{entries, has_failed_start, reload, reload_as_wished};
use crate::vite_node::update;
use crate::vite_node::web_mode::is_web_mode;

/// `handleMessage(runner, emitter, files, payload)`.
pub fn handle_message<'s>(hot: &Rc<Hot>, call: &Call<'s>) -> JsResult<'s> {
    let app = App::new(hot, call.arg(0), call.arg(1), call.arg(2));
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
                "prune" => prune(app, payload).await,
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
    if app
        .cx
        .with(|js| app.origin(js, payload.get(js)) == Origin::Browser)
    {
        // Waits for this turn to end: the environments report one edit in one turn, the browser's first.
        let _ = settled(&app.cx, Held::undefined()).await;
    }
    if let Some(file) = &file {
        let (is_loaded, is_done, at) = app.cx.attempt(|js| {
            let roots = app.roots(js);
            let (loaded, owners) = (app.loaded(js)?, app.owners(js)?);
            let changes = app.changes(js);
            let at = changes
                .as_ref()
                .and_then(|changes| changes.latest(|changed| roots.is_of_file(changed, file)));
            // Looks whether the file itself or a module that its edit concerns is loaded.
            let edits = changes
                .as_ref()
                .zip(at)
                .and_then(|(changes, at)| changes.files(at));
            let modules: Vec<_> = edits
                .into_iter()
                .flatten()
                .flat_map(|(_, modules)| modules)
                .collect();
            let is_loaded = [&loaded, &owners]
                .iter()
                .any(|ids| !ids.of_file(roots, file, &[]).is_empty())
                || !app.edited(js, &loaded, roots, file, &modules).is_empty();
            let Some(changes) = changes else {
                return Ok((is_loaded, false, None));
            };
            let is_done = at.is_some_and(|at| {
                app.state.applied.borrow_mut().edit(at).is_reloaded_since(arrived)
                    || (app.origin(js, payload.get(js)) == Origin::Browser
                        && changes.is_for_ssr(at, app.state.reload_failed.get()))
            });
            Ok((is_loaded, is_done, at))
        })?;
        if is_done || !(is_loaded || app.state.reload_failed.get() || has_failed_start(app).await) {
            return Ok(());
        }
        edited_at = at;
    }
    if app
        .cx
        .with(|js| app.origin(js, payload.get(js)) == Origin::Restart)
    {
        app.follow_restart().await;
    }
    notify_vite(app, "vite:beforeFullReload", payload).await;
    app.cx
        .attempt(|js| app.cache(js)?.drop_event(js.string("vite:beforeFullReload")))?;
    reload(app, &[]).await?;
    if let Some(at) = edited_at {
        app.state.applied.borrow_mut().edit(at).reloaded = Some(app.state.next_moment());
    }
    Ok(())
}

/// Prunes the payload's modules: calls each one's disposer, then its prune callback, then drops its data and registrations. A
/// module that this runner still needs stays.
async fn prune(app: &App, payload: &Held) -> Result<(), Held> {
    notify_vite(app, "vite:beforePrune", payload).await;
    let owners = app.cx.attempt(|js| {
        let paths = payload.get(js).get("paths")?;
        let paths = if paths.is_object() {
            paths.items()?
        } else {
            Vec::new()
        };
        let (roots, cache) = (app.roots(js), app.cache(js)?);
        let (owners, loaded) = (app.owners(js)?, app.loaded(js)?);
        let everywhere = [
            owners,
            Ids::of(vec![cache.prune_callbacks()?, cache.data()?]),
            loaded,
        ];
        let find = |path: String| everywhere.iter().find_map(|ids| ids.find(roots, &path));
        Ok(paths
            .into_iter()
            .filter_map(|path| find(path.text()?))
            .collect::<Vec<_>>())
    })?;
    let origin = app.cx.with(|js| app.origin(js, payload.get(js)));
    for owner in owners {
        if app.cx.attempt(|js| is_needed(app, js, &owner, origin))? {
            continue;
        }
        app.await_evaluations(std::slice::from_ref(&owner)).await;
        dispose(app, std::slice::from_ref(&owner)).await;
        let called = app.cx.attempt(|js| {
            let (cache, key) = (app.cache(js)?, js.string(&owner));
            let callback = cache.prune_callbacks()?.get(key)?;
            if !callback.is_function() {
                return Ok(Held::undefined());
            }
            callback
                .call(js.undefined(), &[cache.data()?.get(key)?])
                .map(Value::hold)
        });
        finish_in_time(app, called, &format!("the prune callback of {owner}"), "").await;
        app.cx.attempt(|js| {
            let (cache, key) = (app.cache(js)?, js.string(&owner));
            cache.drop_owner(key)?;
            cache.data()?.delete(key)?;
            let module = app.loaded(js)?.find(app.roots(js), &owner);
            app.evict(js, module.iter().map(String::as_str))
        })?;
    }
    if app.state.disposing.take_wish() {
        reload_as_wished(app, &[]).await;
    }
    Ok(())
}

/// Whether a module that a channel says is pruned is still imported here. Browsers import other modules than runners, and the
/// SSR environment does not know what modules in web mode import.
fn is_needed<'s>(app: &App, js: Js<'s>, owner: &str, origin: Origin) -> JsResult<'s, bool> {
    let Some(id) = app.loaded(js)?.find(app.roots(js), owner) else {
        return Ok(false);
    };
    Ok(match origin {
        Origin::Browser => entries(app, js)?.contains(&id) || !app.current_importers(js, &id)?.is_empty(),
        Origin::Ssr => app
            .current_importers(js, &id)?
            .iter()
            .any(|importer| is_web_mode(importer)),
        Origin::Restart | Origin::Unknown => false,
    })
}

async fn error(app: &App, payload: &Held) -> Result<(), Held> {
    notify_vite(app, "vite:error", payload).await;
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
    console::error(js, &format!("Internal Server Error{text}"), None);
}
