//! Plans an update: everything that a payload asks for is decided before anything is touched.

use std::collections::HashSet;

use crate::graph;
use crate::js::{Held, Js, JsResult, Value};

use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::door::ids::{Roots, shown};
use crate::vite_node::door::scene::{Causes, Scene};
use crate::vite_node::plugin::Channel;
use crate::vite_node::plugin::changes::EditKey;
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
    causes: Causes,
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

/// Plans the update of a payload that arrived at that moment. `is_down`: the entries failed when they were executed last.
pub fn plan<'s>(
    app: &App,
    js: Js<'s>,
    payload: Value<'s>,
    is_down: bool,
    arrived: u64,
) -> JsResult<'s, Plan> {
    let scene = Scene::new(app, js, is_down, arrived)?;
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
            for edit in &step.causes.edits {
                let edit = applied.edit(edit);
                edit.updates.insert(step.key());
                if step.causes.are_certain {
                    edit.evicted.extend(self.evicted.iter().cloned());
                }
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
        self.causes == other.causes && self.path == other.path && self.accepted_path == other.accepted_path
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
        let mut causes = self.causes(timestamp, &accepted_path);
        let is_for_ssr = |edit: &EditKey| {
            let changes = self.changes.as_ref();
            changes.is_some_and(|changes| changes.is_for_ssr(edit, self.is_down))
        };
        if is_from_browser && causes.all(is_for_ssr) {
            return Ok(None);
        }
        let place = self.unambiguous(&path);
        let owner = self.owners.find(&self.roots, &place);
        let mut callbacks = self.callbacks(owner.as_deref(), &accepted_path)?;
        let mut is_self = self.roots.same(&path, &accepted_path);
        if callbacks.is_empty() && !is_self && (self.is_down || self.has_failed(&place)) {
            // The boundary's version that accepts the module never ran, so the boundary runs instead.
            accepted_path.clone_from(&path);
            causes = self.causes(timestamp, &accepted_path);
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
            causes,
        };
        let is_planned = || plan.steps.iter().any(|other| other.is_same(&step));
        let is_done = !step.causes.edits.is_empty() && (self.is_done(&step) || is_planned());
        Ok((!is_done).then_some(step))
    }

    /// Whether a step has been done already for all edits that it is about.
    fn is_done(&self, step: &Step) -> bool {
        let applied = self.app.state.applied.borrow();
        step.causes.all(|edit| {
            applied.find(edit).is_some_and(|edit| {
                edit.is_reloaded_since(self.arrived) || edit.updates.contains(&step.key())
            })
        })
    }

    fn add(&self, plan: &mut Plan, mut step: Step) {
        let id = self.id_of(&step.accepted_path);
        let index = plan.accepted.iter().position(|module| module.id == id);
        step.accepted = index.unwrap_or_else(|| {
            plan.accepted.push(Accepted {
                id,
                shown: shown(&step.accepted_path),
                exports: None,
            });
            plan.accepted.len() - 1
        });
        plan.steps.push(step);
    }

    /// Chooses the modules to evict: the accepted ones, the changed ones, and those between. If the changed ones are unknown,
    /// everything that the accepted modules import. Modules that an earlier message about the same edit has evicted are fresh,
    /// and stay.
    fn choose_evicted(&self, plan: &mut Plan) {
        let accepted: Vec<_> = plan.accepted.iter().map(|module| module.id.clone()).collect();
        if plan.steps.iter().any(|step| step.causes.edits.is_empty()) {
            let imports = self.app.imports(self.js, &self.loaded, &self.roots);
            plan.evicted = graph::reachable(&accepted, |id| imports.get(id).cloned().unwrap_or_default());
            let applied = self.app.state.applied.borrow();
            let is_fresh =
                |id: &String| edits_of(&plan.steps).any(|edit| applied.has_evicted(edit, id.as_str()));
            plan.evicted.retain(|id| accepted.contains(id) || !is_fresh(id));
            return;
        }
        let stale = |edit| {
            let changed = self.changed(edit);
            let mut stale = graph::affected(&changed, &accepted, |id| self.importers(id));
            let applied = self.app.state.applied.borrow();
            stale.retain(|id| !applied.has_evicted(edit, id));
            stale
        };
        let mut seen: HashSet<String> = accepted.iter().cloned().collect();
        let stale: Vec<_> = edits_of(&plan.steps)
            .flat_map(stale)
            .filter(|id| seen.insert(id.clone()))
            .collect();
        plan.evicted = [accepted, stale].concat();
    }
}

/// The edits that lead to the accepted modules of these steps, each once.
fn edits_of(steps: &[Step]) -> impl Iterator<Item = &EditKey> {
    let mut edits: Vec<&EditKey> = Vec::new();
    for causes in steps
        .iter()
        .map(|step| &step.causes)
        .filter(|causes| causes.are_certain)
    {
        for edit in &causes.edits {
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
    }
    edits.into_iter()
}
