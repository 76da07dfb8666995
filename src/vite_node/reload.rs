//! Reloads: runs everything again.

use std::cell::Cell;
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use crate::js::{Call, Held, Js, JsResult, Value, settled, spawn};

use super::app::App;
use super::disposing::dispose;
use super::listeners::outcome;
use super::runner::module_cache::{Ids, RunState};
use super::versions::Versions;
use crate::paths::is_in_node_modules;
use crate::report;

/// `reload(runner, files)`.
pub fn reload_entry<'s>(call: &Call<'s>) -> JsResult<'s> {
    match App::new(call.arg(0), call.js.undefined(), call.arg(1)) {
        Ok(app) => start(call.js, app, None),
        Err(thrown) => {
            let thrown = thrown.hold();
            spawn(call.js, async move { Err(thrown) })
        }
    }
}

/// Reloads without waiting for messages under way. The promise brings the entries' exports. `asker` is the module that asks.
/// A disposer gets a promise without exports, since the reload comes when the disposers are done.
pub fn start(js: Js<'_>, app: App, asker: Option<String>) -> JsResult<'_> {
    let state = Rc::clone(&app.state);
    if state.disposing.is_asking(asker.as_deref()) {
        state.disposing.want_reload();
        let nothing = js.array(&[]).hold();
        return spawn(js, async { Ok(nothing) });
    }
    let files = app.files(js);
    let upcoming = state.reloads.upcoming(files);
    if let Some(promise) = upcoming.filter(|_| !app.is_being_run(asker.as_deref())) {
        return Ok(promise);
    }
    let begun = Rc::new(Cell::new(false));
    let has_begun = Rc::clone(&begun);
    let promise = spawn(js, async move {
        app.enter();
        app.take_reload_turn(asker.as_deref()).await;
        app.await_all_evaluations(asker.as_deref()).await;
        let result = reload_now(&app, &[], || app.state.reloads.begin(&begun)).await;
        app.state.reloads.begin(&begun);
        app.end_reload();
        app.leave();
        result
    })?;
    if !has_begun.get() {
        state.reloads.announce(files, promise, has_begun);
    }
    Ok(promise)
}

/// Waits for evaluations under way, disposes and evicts every module except those of installed packages, then executes the
/// entries. Brings their exports, or the error of the first that failed. The disposers of `disposed` have been called
/// already.
pub async fn reload(app: &App, disposed: &[String]) -> Result<Held, Held> {
    app.take_reload_turn(None).await;
    app.await_all_evaluations(None).await;
    let result = reload_now(app, disposed, || ()).await;
    app.end_reload();
    result
}

/// Does the work of [`reload`] for a caller that has the turn. Calls `begin` when the disposers are done.
async fn reload_now(app: &App, disposed: &[String], begin: impl FnOnce()) -> Result<Held, Held> {
    let disposing = app.cx.attempt(|js| {
        let owners = app
            .cache(js)?
            .disposers()?
            .keys()?
            .items()?
            .into_iter()
            .filter_map(Value::text);
        Ok(owners
            .filter(|id| !is_in_node_modules(id) && !disposed.contains(id))
            .collect::<Vec<_>>())
    })?;
    dispose(app, &disposing).await;
    // This reload is the one that a disposer may have asked for.
    app.state.disposing.take_wanted_reload();
    begin();
    // Read only now, since a disposer may load or register something.
    let (own, owners, entries) = app.cx.attempt(|js| {
        let own = |ids: &Ids<'_>| {
            ids.iter()
                .filter(|id| !is_in_node_modules(id))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let loaded = app.loaded(js)?;
        Ok((own(&loaded), own(&app.owners(js)?), entries(app, js)?))
    })?;
    let versions = Versions::open(app, own.iter().cloned().chain(owners));
    app.state.importers.borrow_mut().clear();
    let evicted = app.cx.attempt(|js| app.evict(js, own.iter().map(String::as_str)));
    run(app, &versions, evicted.map(|()| entries)).await
}

/// Executes the entries again after a reload that failed. The failed modules are evicted already, the others stay.
pub async fn resume(app: &App) {
    app.take_reload_turn(None).await;
    let versions = Versions::open(app, []);
    let entries = app.cx.attempt(|js| entries(app, js));
    let result = run(app, &versions, entries).await;
    app.end_reload();
    if let Err(thrown) = result {
        app.cx
            .with(|js| report::vite_node::error(js, "the reload still fails", Some(thrown.get(js))));
    }
}

/// Whether the user's own start of the application failed. Such a start leaves its modules in the runner's cache, and its
/// registrations, disposers included.
pub async fn has_failed_start(app: &App) -> bool {
    if app.state.reload_failed.get() {
        // After a reload, the application is not the one that the user started.
        return false;
    }
    let entries = app.cx.attempt(|js| entries(app, js)).unwrap_or_default();
    if app.cx.attempt(|js| is_sound(app, js, &entries)).unwrap_or(false) {
        return false;
    }
    let outcomes = app.outcomes(entries.clone()).await;
    if outcomes.iter().all(|(_, outcome)| *outcome == RunState::Ran) {
        let promises = app.cx.attempt(|js| {
            let promises = entries.iter().map(|id| promise(app, js, id));
            promises
                .map(|promise| promise.map(Value::faint))
                .collect::<JsResult<'_, Vec<_>>>()
        });
        app.state
            .sound
            .replace(promises.unwrap_or_default().into_iter().flatten().collect());
    }
    outcomes.iter().any(|(_, outcome)| *outcome == RunState::Failed)
}

/// Whether the entries are the same modules that were known to have worked.
fn is_sound<'s>(app: &App, js: Js<'s>, entries: &[String]) -> JsResult<'s, bool> {
    let sound = app.state.sound.borrow();
    if entries.is_empty() || sound.len() != entries.len() {
        return Ok(false);
    }
    for (id, known) in entries.iter().zip(sound.iter()) {
        let now = promise(app, js, id)?;
        if !known.get(js).is_some_and(|known| known.same(now)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The promise of a loaded module.
fn promise<'s>(app: &App, js: Js<'s>, id: &str) -> JsResult<'s> {
    let module = app.module(js, id)?;
    if module.is_object() {
        module.get("promise")
    } else {
        Ok(js.undefined())
    }
}

/// Starts an application again whose start failed.
pub async fn restart(app: &App) {
    if let Err(thrown) = reload(app, &[]).await {
        app.cx
            .with(|js| report::vite_node::error(js, "the application still fails", Some(thrown.get(js))));
    }
}

/// Reloads because a disposer has asked for a reload.
pub async fn reload_for_disposer(app: &App, disposed: &[String]) {
    if let Err(thrown) = reload(app, disposed).await {
        let text = "the reload that a disposer asked for failed";
        app.cx
            .with(|js| report::vite_node::error(js, text, Some(thrown.get(js))));
    }
}

/// Executes the entries side by side, and waits for all of them.
async fn run(app: &App, versions: &Versions, entries: Result<Vec<String>, Held>) -> Result<Held, Held> {
    let (entries, mut first_failure) = match entries {
        Ok(entries) => (entries, None),
        Err(thrown) => (Vec::new(), Some(thrown)),
    };
    let started = app.cx.with(|js| {
        let execute = |entry: &String| outcome(app.runner(js).call_method("executeId", &[js.string(entry)]));
        entries.iter().map(execute).collect::<Vec<_>>()
    });
    let reload = app.state.reloads.count();
    let results = ended(app, versions, &entries, started).await;
    let (mut exports, mut failed) = (Vec::new(), HashSet::new());
    for (entry, result) in entries.iter().zip(results) {
        match result {
            Ok(result) => exports.push(result),
            Err(thrown) => {
                failed.insert(entry.clone());
                first_failure.get_or_insert(thrown);
            }
        }
    }
    versions.close(app, &entries.into_iter().collect(), &failed).await;
    // An evaluation that took long may end after a later reload, which counts.
    if app.state.reloads.count() == reload {
        app.state.reload_failed.set(first_failure.is_some());
    }
    match first_failure {
        Some(thrown) => Err(thrown),
        None => app.cx.attempt(|js| {
            let exports: Vec<_> = exports.iter().map(|exports| exports.get(js)).collect();
            Ok(js.array(&exports).hold())
        }),
    }
}

/// Waits until all entries have been evaluated. The first error rejects the promise of the reload, and the others are
/// reported; all of them if an entry takes so long that this promise may never settle.
async fn ended(
    app: &App,
    versions: &Versions,
    entries: &[String],
    started: Vec<Result<Held, Held>>,
) -> Vec<Result<Held, Held>> {
    let mut results = Vec::new();
    for (entry, promise) in entries.iter().zip(started) {
        results.push(match promise {
            Ok(promise) => {
                let result = app.evaluated_in_time(versions, entry, promise.clone()).await;
                result.ok_or(promise)
            }
            thrown => Ok(thrown),
        });
    }
    let is_late = results.iter().any(Result::is_err);
    let mut told: Vec<Held> = Vec::new();
    let failures = entries.iter().zip(&results).filter_map(|(entry, result)| {
        let thrown = result.as_ref().ok()?.as_ref().err()?;
        Some((entry, thrown))
    });
    for (entry, thrown) in failures {
        app.cx.with(|js| {
            // A module that several entries import fails them with one error.
            let is_known = told.iter().any(|known| known.get(js).same(thrown.get(js)));
            let is_told_by_promise = told.is_empty() && !is_late;
            if !is_known && !is_told_by_promise {
                report::vite_node::error(js, &format!("{entry} failed"), Some(thrown.get(js)));
            }
        });
        told.push(thrown.clone());
    }
    let mut all = Vec::new();
    for result in results {
        all.push(match result {
            Ok(result) => result,
            Err(promise) => settled(&app.cx, promise).await,
        });
    }
    all
}

/// The ids of the entries, in the runner's spelling.
pub fn entries<'s>(app: &App, js: Js<'s>) -> JsResult<'s, Vec<String>> {
    let (files, roots, loaded) = (app.files(js), app.roots(js), app.loaded(js)?);
    let entry = |file: Value<'_>| {
        let file = file.display();
        if loaded.contains(&file) {
            return file;
        }
        roots
            .entry(&file, |path| Path::new(path).exists())
            .unwrap_or(file)
    };
    let files = if files.is_object() {
        files.items()?
    } else {
        Vec::new()
    };
    Ok(files.into_iter().map(entry).collect())
}
