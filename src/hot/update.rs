//! One update: `match → dispose → evict → execute → keep or drop old registrations → callbacks`.

use std::collections::HashSet;

use crate::graph;
use crate::js::{Held, Js, JsResult, Value, settled};

use super::app::App;
use super::console;
use super::ids::{Roots, is_installed, shown};
use super::listeners::{self, dispose, notify_vite, outcome};
use super::module_cache::Ids;
use super::plugin::Origin;
use super::versions::Versions;

/// A module that runs again.
struct Accepted {
    id: String,
    shown: String,
    exports: Option<Held>,
}

/// One update of a payload that concerns something loaded.
struct Step {
    /// Index of the accepted module.
    accepted: usize,
    path: String,
    accepted_path: String,
    /// What the user reads when it is done.
    shown: String,
    callbacks: Vec<Held>,
    first_invalidated_by: Option<String>,
}

#[derive(Default)]
struct Plan {
    accepted: Vec<Accepted>,
    steps: Vec<Step>,
    /// Modules to evict, the accepted ones first.
    evicted: Vec<String>,
    /// The modules that are loaded before the update.
    before: HashSet<String>,
    roots: Roots,
}

/// `{ type: "update", updates }`
pub async fn update(app: &App, payload: &Held) -> Result<(), Held> {
    notify_vite(app, "vite:beforeUpdate", payload).await;
    let plan = app.cx.attempt(|js| plan(app, js, payload.get(js)))?;
    if !plan.steps.is_empty() {
        apply(app, plan).await;
    }
    notify_vite(app, "vite:afterUpdate", payload).await;
    Ok(())
}

/// Chooses, before anything is touched, what is to be done.
fn plan<'s>(app: &App, js: Js<'s>, payload: Value<'s>) -> JsResult<'s, Plan> {
    let roots = app.roots(js);
    let (loaded, owners) = (app.loaded(js)?, app.owners(js)?);
    let is_from_browser = app.origin(js, payload) == Origin::Browser;
    let changes = app.changes(js);
    let mut plan = Plan {
        roots,
        ..Plan::default()
    };
    let mut changed = Some(Vec::new());
    let mut fresh = HashSet::new();
    let updates = payload.get("updates")?;
    for update in if updates.is_object() {
        updates.items()?
    } else {
        Vec::new()
    } {
        let text = |name| Ok(update.get(name)?.text().unwrap_or_default());
        let (path, accepted_path) = (text("path")?, text("acceptedPath")?);
        if text("type")? != "js-update" {
            console::error(js, &format!("css hmr is not supported: {}", shown(&path)), None);
            continue;
        }
        let timestamp = update.get("timestamp")?.as_number().unwrap_or(f64::NAN);
        let files = changes.as_ref().and_then(|changes| changes.files(timestamp));
        let is_known_to_ssr = changes
            .as_ref()
            .is_some_and(|changes| changes.is_known_to_ssr(timestamp));
        if is_from_browser && is_known_to_ssr {
            continue;
        }
        let Some(mut step) = plan.step(app, js, &loaded, &owners, &path, &accepted_path)? else {
            continue;
        };
        step.first_invalidated_by = update.get("firstInvalidatedBy")?.text();
        if files.is_some() {
            let mut applied = app.state.applied.borrow_mut();
            let edit = applied.edit(timestamp);
            let is_new = edit
                .updates
                .insert((step.path.clone(), step.accepted_path.clone()));
            if edit.is_reloaded || !is_new {
                continue;
            }
            fresh.extend(edit.evicted.iter().cloned());
        }
        match (files, &mut changed) {
            (Some(files), Some(changed)) => changed.extend(files),
            _ => changed = None,
        }
        plan.add(&loaded, &owners, step);
    }
    plan.before = loaded.iter().map(str::to_owned).collect();
    plan.evicted = evicted(app, js, &plan, &loaded, changed);
    plan.evicted
        .retain(|id| !fresh.contains(id) || plan.accepted.iter().any(|module| module.id == *id));
    if let Some(changes) = changes {
        for update in if updates.is_object() {
            updates.items()?
        } else {
            Vec::new()
        } {
            let timestamp = update.get("timestamp")?.as_number().unwrap_or(f64::NAN);
            if changes.files(timestamp).is_some() {
                app.state
                    .applied
                    .borrow_mut()
                    .edit(timestamp)
                    .evicted
                    .extend(plan.evicted.iter().cloned());
            }
        }
    }
    Ok(plan)
}

/// What to evict: the accepted modules, what changed, and what lies between. Where it is unknown what changed, all
/// that the accepted modules import.
fn evicted(app: &App, js: Js<'_>, plan: &Plan, loaded: &Ids, changed: Option<Vec<String>>) -> Vec<String> {
    let accepted: Vec<_> = plan.accepted.iter().map(|module| module.id.clone()).collect();
    let Some(files) = changed else {
        let imports = app.imports(js, loaded, &plan.roots);
        return graph::reachable(&accepted, |id| imports.get(id).cloned().unwrap_or_default());
    };
    let mut modules: Vec<_> = files
        .iter()
        .flat_map(|file| loaded.of_file(&plan.roots, file))
        .collect();
    modules.retain(|id| !is_installed(id));
    graph::affected(&modules, &accepted, |id| {
        let importers = app.importers(js, id).into_iter();
        importers
            .filter(|id| !is_installed(id))
            .map(|id| loaded.find(&plan.roots, &id).unwrap_or(id))
            .collect()
    })
}

impl Plan {
    /// What one update asks for; `None` when it concerns nothing loaded, or nobody accepts it.
    fn step<'s>(
        &self,
        app: &App,
        js: Js<'s>,
        loaded: &Ids,
        owners: &Ids,
        path: &str,
        accepted_path: &str,
    ) -> JsResult<'s, Option<Step>> {
        let roots = &self.roots;
        let is_self = roots.same(path, accepted_path);
        let owner = owners.find(roots, path);
        let mut callbacks = Vec::new();
        if let Some(owner) = &owner {
            for callback in app.cache(js)?.callbacks(js.string(owner))? {
                let deps = callback.get("deps")?.items()?;
                if deps
                    .into_iter()
                    .filter_map(Value::text)
                    .any(|dep| roots.same(&dep, accepted_path))
                {
                    callbacks.push(callback.hold());
                }
            }
        }
        let is_loaded =
            owner.is_some() || loaded.find(roots, path).is_some() || app.state.reload_failed.get();
        if callbacks.is_empty() && !(is_self && is_loaded) {
            return Ok(None);
        }
        let shown = if is_self {
            shown(path)
        } else {
            format!("{} via {}", shown(accepted_path), shown(path))
        };
        Ok(Some(Step {
            accepted: 0,
            path: owner.unwrap_or_else(|| path.to_owned()),
            accepted_path: accepted_path.to_owned(),
            shown,
            callbacks,
            first_invalidated_by: None,
        }))
    }

    fn add(&mut self, loaded: &Ids, owners: &Ids, mut step: Step) {
        let path = &step.accepted_path;
        let id = loaded
            .find(&self.roots, path)
            .or_else(|| owners.find(&self.roots, path));
        let id = id.unwrap_or_else(|| {
            let plain = shown(path);
            let entry = self
                .roots
                .entry(&plain, |path| std::path::Path::new(path).exists());
            entry.unwrap_or(plain)
        });
        let known = self.accepted.iter().position(|module| module.id == id);
        step.accepted = known.unwrap_or_else(|| {
            self.accepted.push(Accepted {
                id,
                shown: shown(path),
                exports: None,
            });
            self.accepted.len() - 1
        });
        self.steps.push(step);
    }
}

async fn apply(app: &App, mut plan: Plan) {
    dispose(app, &plan.evicted).await;
    let versions = Versions::open(app, plan.evicted.iter().cloned());
    let evicted = app
        .cx
        .attempt(|js| app.evict(js, plan.evicted.iter().map(String::as_str)));
    if let Err(thrown) = evicted {
        app.cx
            .with(|js| console::error(js, "the module cache failed", Some(thrown.get(js))));
    }
    for id in &plan.evicted {
        plan.before.remove(id);
    }
    let mut failed = HashSet::new();
    for module in &mut plan.accepted {
        let started = app.cx.with(|js| {
            let id = js.string(&module.id);
            outcome(app.runner(js).call_method("executeId", &[id]))
        });
        let result = match started {
            Ok(promise) => settled(&app.cx, promise).await,
            thrown => thrown,
        };
        match result {
            Ok(exports) => module.exports = Some(exports),
            Err(thrown) => {
                failed.insert(module.id.clone());
                let text = format!("Failed to reload {}: the next save tries again.", module.shown);
                app.cx.with(|js| console::error(js, &text, Some(thrown.get(js))));
            }
        }
    }
    versions.close(app, &failed, &plan.before).await;
    for step in &plan.steps {
        run_callbacks(app, &plan, step);
    }
}

/// Calls the callbacks of one update; they are not waited for.
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
            let called = call(js, callback.get(js), module, &plan.roots);
            listeners::watch(
                js,
                outcome(called),
                format!("an accept callback of {}", step.path),
            );
        });
    }
    app.state.first_invalidated_by.replace(None);
    if module.exports.is_some() {
        app.cx
            .with(|js| console::log(js, &format!("hot updated: {}", step.shown)));
    }
}

/// `fn([…])`: the changed module in its place, `undefined` in the others'.
fn call<'s>(js: Js<'s>, callback: Value<'s>, module: &Accepted, roots: &Roots) -> JsResult<'s> {
    let slot = |dep: Value<'s>| {
        let is_it = dep.text().is_some_and(|dep| roots.same(&dep, &module.id));
        let exports = module.exports.as_ref().filter(|_| is_it);
        exports.map_or_else(|| js.undefined(), |exports| exports.get(js))
    };
    let modules: Vec<_> = callback.get("deps")?.items()?.into_iter().map(slot).collect();
    callback.get("fn")?.call(js.undefined(), &[js.array(&modules)])
}
