//! Plans an update: everything that a payload asks for is decided before anything is touched.

use std::path::Path;
use std::rc::Rc;

use crate::graph;
use crate::js::{Held, Js, JsResult, Value};

use crate::paths::is_in_node_modules;
use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::door::ids::{Roots, shown};
use crate::vite_node::plugin::Channel;
use crate::vite_node::plugin::changes::Changes;
use crate::vite_node::runner::module_cache::{Ids, counts_as_loaded};

/// A module that is to run again.
pub struct Accepted {
    /// Id of the module in the runner's spelling.
    pub id: String,
    /// Id of the module in the payload's spelling.
    pub shown: String,
    /// The module's exports, once it has run.
    pub exports: Option<Held>,
}

/// One update of the payload: a boundary, and the module that it accepts.
pub struct Step {
    /// Id of the boundary.
    pub path: String,
    accepted_path: String,
    /// Index of the accepted module.
    pub accepted: usize,
    /// The name of the boundary in the line for the user.
    pub shown: String,
    /// The boundary's callbacks that name the accepted module, as `{ deps, fn }`.
    pub callbacks: Vec<Held>,
    /// Id of the module whose `invalidate` started the update, if one did.
    pub first_invalidated_by: Option<String>,
    /// Time when the file changed, if the plugin saw that.
    edited_at: Option<f64>,
}

/// Everything that an update does.
#[derive(Default)]
pub struct Plan {
    /// The modules that run again, each once.
    pub accepted: Vec<Accepted>,
    /// The updates that concern a loaded module, in the payload's order.
    pub steps: Vec<Step>,
    /// The modules to evict, the accepted ones first.
    pub evicted: Vec<String>,
    /// Loaded modules whose evaluations have to end first, as their registrations count: the modules to evict, and boundaries
    /// that have not accepted yet.
    pub awaited: Vec<String>,
    /// The folder and the public path that ids are relative to.
    pub roots: Roots,
    /// The style sheets in the payload, as they are shown.
    styles: Vec<String>,
}

/// The loaded modules when the update arrives, with everything that planning needs.
struct Scene<'a, 's> {
    app: &'a App,
    js: Js<'s>,
    roots: Roots,
    loaded: Ids<'s>,
    owners: Ids<'s>,
    changes: Option<Rc<Changes>>,
    is_down: bool,
    arrived: u64,
}

/// Plans the update of a payload that arrived at that moment. `is_down`: the entries failed when they were executed last.
pub fn plan<'s>(
    app: &App,
    js: Js<'s>,
    payload: Value<'s>,
    is_down: bool,
    arrived: u64,
) -> JsResult<'s, Plan> {
    let (loaded, owners) = (app.loaded(js)?, app.owners(js)?);
    let scene = Scene {
        app,
        js,
        roots: app.roots(js).clone(),
        loaded,
        owners,
        changes: app.changes(js),
        is_down,
        arrived,
    };
    let mut plan = Plan {
        roots: scene.roots.clone(),
        ..Plan::default()
    };
    let is_from_browser = app.origin(js, payload) == Channel::Browser;
    let updates = payload.get("updates")?;
    for update in if updates.is_object() {
        updates.items()?
    } else {
        Vec::new()
    } {
        if let Some(step) = scene.step(&mut plan, update, is_from_browser)? {
            scene.add(&mut plan, step);
        }
    }
    if !plan.steps.is_empty() {
        scene.choose_evicted(&mut plan);
    }
    plan.awaited.extend(plan.evicted.iter().cloned());
    Ok(plan)
}

impl Plan {
    /// Notes for each edit that the plan is carried out, so that other environments' reports of the same edit are recognized.
    pub fn begin(&self, app: &App) {
        for style in &self.styles {
            // vite-node's own sentence, to the letter; then ours.
            let text = format!("no support css hmr.}} css hmr is not supported: {style}");
            app.cx.with(|js| report::vite_node::error(js, &text, None));
        }
        let mut applied = app.state.applied.borrow_mut();
        for step in &self.steps {
            if let Some(at) = step.edited_at {
                let edit = applied.edit(at);
                edit.updates.insert(step.key());
                edit.evicted.extend(self.evicted.iter().cloned());
            }
        }
    }
}

impl Step {
    /// The key that tells the updates of one edit apart.
    fn key(&self) -> (String, String) {
        (self.path.clone(), self.accepted_path.clone())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.edited_at == other.edited_at
            && self.path == other.path
            && self.accepted_path == other.accepted_path
    }
}

impl<'s> Scene<'_, 's> {
    /// The step for one update; `None` if the update concerns no loaded module, nobody accepts it, or it has been done.
    fn step(&self, plan: &mut Plan, update: Value<'s>, is_from_browser: bool) -> JsResult<'s, Option<Step>> {
        if !update.is_object() {
            return Ok(None);
        }
        let text = |name| Ok(update.get(name)?.text().unwrap_or_default());
        let (path, mut accepted_path) = (text("path")?, text("acceptedPath")?);
        if text("type")? != "js-update" {
            plan.styles.push(shown(&path));
            return Ok(None);
        }
        let timestamp = update.get("timestamp")?.as_number();
        let known = self.changes.as_ref().zip(timestamp);
        let edited_at = known
            .filter(|(changes, at)| changes.is_known(*at))
            .map(|(_, at)| at);
        if is_from_browser && known.is_some_and(|(changes, at)| changes.is_for_ssr(at, self.is_down)) {
            return Ok(None);
        }
        let place = self.unambiguous(&path);
        let owner = self.owners.find(&self.roots, &place);
        let mut callbacks = self.callbacks(owner.as_deref(), &accepted_path)?;
        let mut is_self = self.roots.same(&path, &accepted_path);
        if callbacks.is_empty() && !is_self && (self.is_down || self.has_failed(&place)) {
            // The boundary's version that accepts the module never ran, so the boundary runs instead.
            accepted_path.clone_from(&path);
            callbacks = self.callbacks(owner.as_deref(), &path)?;
            is_self = true;
        }
        let is_among = |ids: &Ids<'s>| ids.find(&self.roots, &place).is_some();
        // If the entries failed, no module is certainly loaded, and any module may mend that. A module that failed by itself
        // is not in the cache any more.
        let is_concerned = || {
            self.is_down || counts_as_loaded(&self.loaded, &self.owners, is_among) || self.has_failed(&place)
        };
        if callbacks.is_empty() && !(is_self && is_concerned()) {
            // The boundary may yet accept, if its evaluation is under way.
            plan.awaited.extend(self.loaded.find(&self.roots, &place));
            return Ok(None);
        }
        let shown = if is_self {
            shown(&path)
        } else {
            format!("{} via {}", shown(&accepted_path), shown(&path))
        };
        let step = Step {
            shown,
            path: owner.unwrap_or(place),
            accepted_path,
            accepted: 0,
            callbacks,
            first_invalidated_by: update.get("firstInvalidatedBy")?.text(),
            edited_at,
        };
        let is_planned = || plan.steps.iter().any(|other| other.is_same(&step));
        let is_done = edited_at.is_some_and(|at| self.is_done(&step, at) || is_planned());
        Ok((!is_done).then_some(step))
    }

    /// Whether a step has been done already for the edit of that moment.
    fn is_done(&self, step: &Step, edited_at: f64) -> bool {
        let applied = self.app.state.applied.borrow();
        applied
            .find(edited_at)
            .is_some_and(|edit| edit.is_reloaded_since(self.arrived) || edit.updates.contains(&step.key()))
    }

    /// The path of a payload; or, if it may be a path as well as a URL, the id that the server knows by it.
    fn unambiguous(&self, path: &str) -> String {
        let known = if self.roots.is_ambiguous(path) {
            self.app.id_of_url(self.js, path).ok().flatten()
        } else {
            None
        };
        known.unwrap_or_else(|| path.to_owned())
    }

    /// Whether the latest version of a module failed.
    fn has_failed(&self, path: &str) -> bool {
        let failed = self.app.state.failed.borrow();
        failed.iter().any(|id| self.roots.is_named(id, path))
    }

    fn callbacks(&self, owner: Option<&str>, accepted_path: &str) -> JsResult<'s, Vec<Held>> {
        let mut chosen = Vec::new();
        let Some(owner) = owner else { return Ok(chosen) };
        let accepted_path = self.unambiguous(accepted_path);
        for callback in self.app.cache(self.js)?.callbacks(self.js.string(owner))? {
            let mut deps = callback.get("deps")?.items()?.into_iter().filter_map(Value::text);
            if deps.any(|dep| self.roots.same(&dep, &accepted_path)) {
                chosen.push(callback.hold());
            }
        }
        Ok(chosen)
    }

    fn add(&self, plan: &mut Plan, mut step: Step) {
        let path = &step.accepted_path;
        let place = self.unambiguous(path);
        let known = self
            .loaded
            .find(&self.roots, &place)
            .or_else(|| self.owners.find(&self.roots, &place));
        let id = known.unwrap_or_else(|| {
            let name = shown(path);
            self.roots
                .entry(&name, |path| Path::new(path).exists())
                .unwrap_or(name)
        });
        let index = plan.accepted.iter().position(|module| module.id == id);
        step.accepted = index.unwrap_or_else(|| {
            plan.accepted.push(Accepted {
                id,
                shown: shown(path),
                exports: None,
            });
            plan.accepted.len() - 1
        });
        plan.steps.push(step);
    }

    /// Chooses the modules to evict: the accepted ones, the changed ones, and those between. If the changed ones are unknown,
    /// everything that the accepted modules import.
    fn choose_evicted(&self, plan: &mut Plan) {
        let accepted: Vec<_> = plan.accepted.iter().map(|module| module.id.clone()).collect();
        let find = |id: &String| self.loaded.find(&self.roots, id);
        plan.evicted = if let Some(files) = self.edited_files(plan) {
            let edited = |(file, modules): &(String, Vec<String>)| {
                self.app.edited(self.js, &self.loaded, &self.roots, file, modules)
            };
            let changed: Vec<_> = files.iter().flat_map(edited).collect();
            graph::affected(&changed, &accepted, |id| {
                let mut importers = self.app.importers(self.js, id);
                importers.retain(|id| !is_in_node_modules(id));
                importers.iter().filter_map(find).collect()
            })
        } else {
            let imports = self.app.imports(self.js, &self.loaded, &self.roots);
            graph::reachable(&accepted, |id| imports.get(id).cloned().unwrap_or_default())
        };
        // Modules that an earlier message about the same edit has evicted are fresh, and stay.
        let applied = self.app.state.applied.borrow();
        for at in plan.steps.iter().filter_map(|step| step.edited_at) {
            if let Some(edit) = applied.find(at) {
                plan.evicted
                    .retain(|id| accepted.contains(id) || !edit.evicted.contains(id));
            }
        }
    }

    /// The files whose change led to the update, with their modules as far as the server knows them; `None` if a part of the
    /// update has an unknown origin.
    fn edited_files(&self, plan: &Plan) -> Option<Vec<(String, Vec<String>)>> {
        let changes = self.changes.as_ref()?;
        let files = plan.steps.iter().map(|step| changes.files(step.edited_at?));
        files.collect::<Option<Vec<_>>>().map(|files| files.concat())
    }
}
