//! One update: `plan → dispose → evict → execute → keep or drop old registrations → callbacks`.

use std::collections::HashSet;

use crate::hot::event;
use crate::js::{Held, Js, JsResult, Value, settled};

use super::app::App;
use super::disposing::dispose;
use super::door::plan::{Accepted, Plan, Step, plan};
use super::listeners::{notify_vite, outcome, watch};
use super::reload;
use super::versions::Versions;
use crate::report;

/// `{ type: "update", updates }`
pub async fn update(app: &App, payload: &Held, arrived: u64) -> Result<(), Held> {
    notify_vite(app, event::BEFORE_UPDATE, payload).await;
    let (mut plan, mut has_failed_start) = decide(app, payload, arrived).await?;
    if app.await_evaluations(&plan.awaited).await {
        // Decided again after waiting, since the registrations and imports of these modules count.
        (plan, has_failed_start) = decide(app, payload, arrived).await?;
    }
    plan.begin(app);
    if !plan.steps.is_empty() {
        // After a failed start nobody imports the module that the update would run, as the start ended before that import.
        if has_failed_start {
            reload::restart(app).await;
        } else {
            apply(app, plan).await;
        }
    }
    notify_vite(app, event::AFTER_UPDATE, payload).await;
    Ok(())
}

/// Plans the update, and finds out whether the application has to be started again instead.
async fn decide(app: &App, payload: &Held, arrived: u64) -> Result<(Plan, bool), Held> {
    let has_failed_start = reload::has_failed_start(app).await;
    let is_down = has_failed_start || app.state.reload_failed.get();
    let plan = app
        .cx
        .attempt(|js| plan(app, js, payload.get(js), is_down, arrived))?;
    Ok((plan, has_failed_start))
}

async fn apply(app: &App, mut plan: Plan) {
    let before = app.state.reloads.count();
    dispose(app, &plan.evicted).await;
    if app.state.disposing.take_wanted_reload() {
        return reload::reload_for_disposer(app, &plan.evicted).await;
    }
    if app.state.reloads.has_begun_since(before) {
        // A reload that began meanwhile runs all of these modules, so nothing is left to do.
        return;
    }
    let versions = Versions::open(app, plan.evicted.iter().cloned());
    let evicted = app.cx.attempt(|js| {
        app.keep_importers(js, &plan.evicted);
        app.evict(js, plan.evicted.iter().map(String::as_str))
    });
    if let Err(thrown) = evicted {
        app.cx
            .with(|js| report::vite_node::error(js, "the module cache failed", Some(thrown.get(js))));
    }
    let failed = execute_all(app, &versions, &mut plan).await;
    let executed = plan.accepted.iter().map(|module| module.id.clone()).collect();
    versions.close(app, &executed, &failed).await;
    // An evaluation that took long may end after a later update of the module, whose callbacks have its exports.
    let is_outdated = |step: &&Step| {
        let module = plan.accepted.get(step.accepted);
        versions.is_late.get() && module.is_some_and(|module| versions.is_settled(&module.id))
    };
    for step in plan.steps.iter().filter(|step| !is_outdated(step)) {
        run_callbacks(app, &plan, step);
    }
    if failed.is_empty() && app.state.reload_failed.get() {
        reload::resume(app).await;
    }
}

/// Executes the accepted modules one after another, and waits for all of them. Returns those that failed.
async fn execute_all(app: &App, versions: &Versions, plan: &mut Plan) -> HashSet<String> {
    let (mut failed, mut late) = (HashSet::new(), Vec::new());
    for module in &mut plan.accepted {
        let started = app.cx.with(|js| {
            let id = js.string(&module.id);
            outcome(app.runner(js).call_method("executeId", &[id]))
        });
        let result = match &started {
            Ok(promise) => app.evaluated_in_time(versions, &module.id, promise.clone()).await,
            Err(thrown) => Some(Err(thrown.clone())),
        };
        match (result, started) {
            (Some(result), _) => note(app, module, result, &mut failed),
            (None, Ok(promise)) => late.push((module, promise)),
            (None, Err(_)) => {}
        }
    }
    for (module, promise) in late {
        let result = settled(&app.cx, promise).await;
        note(app, module, result, &mut failed);
    }
    failed
}

/// Notes the outcome of executing a module, and reports its failure.
fn note(app: &App, module: &mut Accepted, result: Result<Held, Held>, failed: &mut HashSet<String>) {
    match result {
        Ok(exports) => module.exports = Some(exports),
        Err(thrown) => {
            failed.insert(module.id.clone());
            app.cx
                .with(|js| report::vite_node::failed_to_reload(js, &module.shown, thrown.get(js)));
        }
    }
}

/// Calls the callbacks of one update without waiting for them.
fn run_callbacks(app: &App, plan: &Plan, step: &Step) {
    let Some(module) = plan.accepted.get(step.accepted) else {
        return;
    };
    app.state
        .first_invalidated_by
        .borrow_mut()
        .clone_from(&step.first_invalidated_by);
    for callback in &step.callbacks {
        app.cx.with(|js| {
            let called = call(js, callback.get(js), module, plan);
            watch(
                js,
                outcome(called),
                format!("an accept callback of {}", step.path),
            );
        });
    }
    app.state.first_invalidated_by.replace(None);
    if module.exports.is_some() {
        app.cx
            .with(|js| report::vite_node::log(js, &format!("hot updated: {}", step.shown)));
    }
}

/// Calls `fn([…])` with the changed module in its place of the array and `undefined` in the others.
fn call<'s>(js: Js<'s>, callback: Value<'s>, module: &Accepted, plan: &Plan) -> JsResult<'s> {
    let slot = |dep: Value<'s>| {
        let is_it = dep
            .text()
            .is_some_and(|dep| plan.roots.is_named(&module.id, &dep));
        let exports = module.exports.as_ref().filter(|_| is_it);
        exports.map_or_else(|| js.undefined(), |exports| exports.get(js))
    };
    let modules: Vec<_> = callback.get("deps")?.items()?.into_iter().map(slot).collect();
    callback.get("fn")?.call(js.undefined(), &[js.array(&modules)])
}
