//! A `prune` message of a Vite server: modules that nobody imports any more.

use super::app::App;
use super::disposing::dispose;
use super::graph_fixes::web_mode::is_web_mode;
use super::listeners::{finish_in_time, notify_vite};
use super::plugin::Channel;
use super::reload::{entries, reload_for_disposer};
use super::runner::module_cache::Ids;
use crate::hot::event;
use crate::js::{Held, Js, JsResult, Value};

/// Prunes the payload's modules: calls each one's disposer, then its prune callback, then drops its data and registrations. A
/// module that this runner still needs stays.
pub async fn prune(app: &App, payload: &Held) -> Result<(), Held> {
    notify_vite(app, event::BEFORE_PRUNE, payload).await;
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
                .call(js.undefined(), &[cache.data()?.get(key)?])?
                .with_handler()
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
    if app.state.disposing.take_wanted_reload() {
        reload_for_disposer(app, &[]).await;
    }
    Ok(())
}

/// Whether a module that a channel says is pruned is still imported here. Browsers import other modules than runners, and the
/// SSR environment does not know what modules in web mode import.
fn is_needed<'s>(app: &App, js: Js<'s>, owner: &str, origin: Channel) -> JsResult<'s, bool> {
    let Some(id) = app.loaded(js)?.find(app.roots(js), owner) else {
        return Ok(false);
    };
    Ok(match origin {
        Channel::Browser => entries(app, js)?.contains(&id) || !app.current_importers(js, &id)?.is_empty(),
        Channel::Ssr => app
            .current_importers(js, &id)?
            .iter()
            .any(|importer| is_web_mode(importer)),
        Channel::Restart | Channel::Unknown => false,
    })
}
