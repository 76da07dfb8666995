//! The engine as the runner of updates: from modules that changed to stages, and from versions to edges of the graph.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use super::entry::Program;
use super::events::Events;
use super::ids::{engine_id, graph_id};
use super::owners::Owners;
use super::restart;
use super::update::HotProgram;
use crate::es::{self, Body, Engine, Stage, StepsEnded};
use crate::graph::hot::{ModuleId, Staged};
use crate::hot::{Evaluating, Evaluation, Prepared, Restart, Runner, Told, Version, Want, WatchRequest};
use crate::js::{Cx, Js, JsResult, Value};
use crate::report;

/// Runs updates on the engine of this environment.
pub struct OnEngine {
    pub(super) engine: Rc<Engine>,
    program: RefCell<Weak<HotProgram>>,
    /// The owners of what versions start; `None` where nothing is released.
    owners: RefCell<Option<Rc<Owners>>>,
    sought: RefCell<Vec<PathBuf>>,
    /// Versions whose evaluation has ended, each by module and number, until their update is over.
    ended: RefCell<Vec<(ModuleId, u32)>>,
}

impl OnEngine {
    /// A runner for the program that [`OnEngine::set_program`] will set.
    pub fn new(engine: &Rc<Engine>) -> Rc<Self> {
        Rc::new(Self {
            engine: Rc::clone(engine),
            program: RefCell::default(),
            owners: RefCell::default(),
            sought: RefCell::default(),
            ended: RefCell::default(),
        })
    }

    /// Sets the program.
    pub fn set_program(&self, program: &Rc<HotProgram>) {
        *self.program.borrow_mut() = Rc::downgrade(program);
    }

    /// Sets the owners of what versions start.
    pub fn set_owners(&self, owners: &Rc<Owners>) {
        *self.owners.borrow_mut() = Some(Rc::clone(owners));
    }

    /// Notes that a version of an update has run to its end, or failed.
    pub fn note_end(&self, id: ModuleId, serial: u32) {
        self.ended.borrow_mut().push((id, serial));
    }

    /// Takes the noted ends of a stage's versions, and of versions that these have required.
    fn take_ended(&self, stage: &Stage) -> Vec<ModuleId> {
        let mut ended = self.ended.borrow_mut();
        let is_its = |(id, serial): &(ModuleId, u32)| {
            let version = stage.version(engine_id(*id));
            version.is_none_or(|version| version.serial == *serial)
        };
        let taken = ended.extract_if(.., |entry| is_its(entry));
        taken.map(|(id, _)| id).collect()
    }

    pub(super) fn program(&self) -> Option<Rc<HotProgram>> {
        self.program.borrow().upgrade()
    }

    fn prepared(&self, stage: Rc<Stage>) -> Prepared {
        let mut edges = Staged::default();
        for id in stage.modules() {
            let version = stage.version(*id);
            let is_local = self.engine.record(*id).is_some_and(|record| record.is_local);
            if let Some(version) = version.filter(|version| is_local && version.unit.code().is_some()) {
                edges.insert(graph_id(*id), Self::without_left(&stage, self.edges(&version)));
            }
        }
        Prepared { edges, kept: stage }
    }
}

/// Whether this process is the primary of workers, each of which is hot by itself: a reload would end all of them.
fn has_cluster(js: Js<'_>) -> JsResult<'_, bool> {
    let cluster = js.builtin("cluster")?;
    let workers = cluster.get("workers")?;
    Ok(cluster.get("isPrimary")?.truthy() && workers.is_object() && !workers.keys()?.is_empty())
}

fn stage_of(prepared: &Prepared) -> Option<Rc<Stage>> {
    Rc::clone(&prepared.kept).downcast().ok()
}

impl Runner for OnEngine {
    fn resolve(&self, _js: Js<'_>, from: ModuleId, specifier: &str) -> Option<String> {
        let resolved = self.engine.resolve_from(engine_id(from), specifier).ok()?;
        Some(Engine::url_of(&resolved))
    }

    fn watch(&self, js: Js<'_>, version: &Rc<Version>, request: &Rc<WatchRequest>) {
        if let Some(program) = self.program() {
            program.watch_for(js, version, request);
        }
    }

    fn differing(&self, _js: Js<'_>, modules: &[ModuleId]) -> Vec<ModuleId> {
        let unread = self.unread();
        modules
            .iter()
            .filter(|id| unread.contains_key(*id))
            .copied()
            .collect()
    }

    fn is_current(&self, id: ModuleId) -> bool {
        !self.unread().contains_key(&id)
    }

    fn roots(&self) -> Vec<ModuleId> {
        let Some(program) = self.program() else {
            return Vec::new();
        };
        let graph = program.updater.graph.borrow();
        let mut roots: Vec<ModuleId> = graph.roots().collect();
        // The entry counts although a runtime may have imported it, too.
        let main = self.engine.main_module().map(graph_id);
        roots.extend(main.filter(|main| graph.has(*main) && !roots.contains(main)));
        roots
    }

    fn held(&self) -> Vec<ModuleId> {
        let (Some(program), Some(runtimes)) = (self.program(), self.engine.runtimes()) else {
            return Vec::new();
        };
        let files = runtimes.files().into_iter();
        files.flat_map(|file| program.modules_of(&file)).collect()
    }

    fn update_runtimes(&self, cx: &Cx, modules: &[ModuleId]) -> StepsEnded {
        let records = modules.iter().filter_map(|id| self.engine.record(engine_id(*id)));
        let paths: Vec<PathBuf> = records.filter_map(|record| record.path.clone()).collect();
        match self.engine.runtimes() {
            Some(runtimes) => runtimes.update(cx, &paths),
            None => Box::pin(async { None }),
        }
    }

    fn prepare<'s>(&self, js: Js<'s>, want: &Want, changed: &[ModuleId]) -> JsResult<'s, Prepared> {
        let Some(program) = self.program() else {
            return Err(js.error("Error", "node-hmr: no program"));
        };
        let (starts, among) = self.starts(&program, want);
        self.sought.take();
        let mut changed: HashSet<ModuleId> = changed.iter().copied().collect();
        if matches!(want, Want::Everything) {
            changed.extend(self.gone(&starts));
        }
        let outcome = self.reached(js, &starts, &among, &changed).and_then(|reached| {
            let again: Vec<es::ModuleId> = reached.order.iter().copied().map(engine_id).collect();
            self.note_gone(&reached.gone);
            for (_, unit) in &reached.units {
                let failed = unit
                    .resolved
                    .iter()
                    .filter_map(|resolved| resolved.as_ref().err());
                self.sought
                    .borrow_mut()
                    .extend(failed.flat_map(|error| error.sought.iter().cloned()));
            }
            let stage = self.engine.prepare(js, &reached.units, &again)?;
            stage.leave_out(Self::left_out(&reached.gone));
            Ok(stage)
        });
        match outcome {
            Ok(stage) => Ok(self.prepared(stage)),
            Err(thrown) => {
                let sought = self.sought.borrow().clone();
                program.seek(js, &sought);
                Err(thrown)
            }
        }
    }

    fn begins(&self, js: Js<'_>, prepared: &Prepared, replaced: &[ModuleId], pruned: &[ModuleId]) {
        let owners = self.owners.borrow().clone();
        if let (Some(owners), Some(stage)) = (owners, stage_of(prepared)) {
            let ids = |ids: &[ModuleId]| ids.iter().copied().map(engine_id).collect::<Vec<_>>();
            let begun = owners.begin(js, &self.engine, &stage, &ids(replaced), &ids(pruned));
            if let Err(thrown) = begun {
                report::error(js, "an update", "what it replaces could not be noted", thrown.0);
            }
        }
    }

    fn ends(&self, js: Js<'_>, prepared: &Prepared, has_succeeded: bool) {
        self.engine.no_longer_outdated();
        let owners = self.owners.borrow().clone();
        if let (Some(owners), Some(stage)) = (owners, stage_of(prepared))
            && let Err(thrown) = owners.end(js, &stage, has_succeeded)
        {
            report::error(
                js,
                "an update",
                "the old version could not take its ports back",
                thrown.0,
            );
        }
    }

    fn run_as<'s>(
        &self,
        js: Js<'s>,
        version: &Version,
        body: &mut dyn FnMut() -> JsResult<'s>,
    ) -> JsResult<'s> {
        let owners = self.owners.borrow().clone();
        match owners {
            Some(owners) => owners.run_as(js, (engine_id(version.module.id), version.serial.get()), body),
            None => body(),
        }
    }

    fn last_good<'s>(&self, js: Js<'s>, modules: &[ModuleId]) -> JsResult<'s, Prepared> {
        let again: Vec<es::ModuleId> = modules.iter().copied().map(engine_id).collect();
        let stage = self.engine.prepare(js, &[], &again)?;
        stage.keep_files();
        Ok(self.prepared(stage))
    }

    fn evaluate(&self, cx: &Cx, prepared: &Prepared, evaluation: &Evaluation) -> Evaluating {
        let Some(stage) = stage_of(prepared) else {
            return Box::pin(async { Ok(()) });
        };
        if let Some(program) = self.program() {
            for version in &evaluation.versions {
                let staged = stage.version(engine_id(version.module.id));
                if let Some(staged) = staged {
                    program.versions.tie(&staged, version);
                }
            }
        }
        if evaluation.is_reload
            && let Some(program) = self.program()
        {
            let graph = program.updater.graph.borrow();
            let all = graph.all().map(engine_id);
            self.engine.outdate(all.filter(|id| stage.version(*id).is_none()));
        }
        let mut order: Vec<es::ModuleId> = evaluation.order.iter().copied().map(engine_id).collect();
        if evaluation.is_reload {
            cx.with(|js| super::doors::outer_first(js, &mut order));
        }
        let owners = self.owners.borrow().clone();
        let (cx, is_reload) = (cx.clone(), evaluation.is_reload);
        Box::pin(async move {
            let (own_cx, own_stage) = (cx.clone(), Rc::clone(&stage));
            let evaluating = Box::pin(async move { es::evaluate(&own_cx, &own_stage, &order).await });
            match owners {
                Some(owners) => owners.come_up(&cx, &stage, evaluating, is_reload).await,
                None => evaluating.await,
            }
        })
    }

    fn commit<'s>(&self, js: Js<'s>, prepared: &Prepared) -> JsResult<'s, Staged> {
        let mut late = Staged::default();
        let Some(stage) = stage_of(prepared) else {
            return Ok(late);
        };
        self.engine.commit(js, &stage)?;
        for id in stage.modules() {
            super::doors::refresh(js, *id);
            let Some(version) = stage.version(*id) else {
                continue;
            };
            if version.live.borrow().common_js.is_none() {
                continue;
            }
            let edges = self.edges_so_far(js, graph_id(*id), &version)?;
            late.insert(graph_id(*id), Self::without_left(&stage, edges));
        }
        if let Some(program) = self.program() {
            program.watch_stage(js, &stage);
            program.miss(js, &stage);
        }
        Ok(late)
    }

    fn evaluated(&self, prepared: &Prepared) -> Vec<ModuleId> {
        let stage = stage_of(prepared);
        stage.map(|stage| self.take_ended(&stage)).unwrap_or_default()
    }

    fn lacks_name(&self, js: Js<'_>, thrown: Value<'_>) -> bool {
        self.engine.is_link_error(js, thrown)
    }

    fn is_exit(&self, js: Js<'_>, thrown: Value<'_>) -> bool {
        let owners = self.owners.borrow();
        owners.as_ref().is_some_and(|it| it.resources.is_exit(js, thrown))
    }

    fn runs_what_is_saved(&self, path: &str) -> bool {
        let modules = self.program().map(|program| program.modules_of(path.as_ref()));
        modules.is_none_or(|modules| modules.iter().all(|id| self.is_current(*id)))
    }

    fn name_of_hot(&self, id: ModuleId) -> &'static str {
        let unit = self.unit(id);
        if unit.is_some_and(|unit| matches!(unit.body, Body::CommonJs(_))) {
            "module.hot"
        } else {
            "import.meta.hot"
        }
    }

    fn discard(&self, js: Js<'_>, prepared: &Prepared) {
        self.evaluated(prepared);
        let Some(stage) = stage_of(prepared) else {
            return;
        };
        if let Err(thrown) = self.engine.discard(js, &stage) {
            report::error(js, "an update", "a failed version could not be dropped", thrown.0);
        }
        for id in stage.modules() {
            super::doors::refresh(js, *id);
        }
    }

    fn namespace<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s> {
        self.engine.current_namespace(js, engine_id(id))
    }

    fn forget(&self, js: Js<'_>, id: ModuleId) {
        let path = self
            .engine
            .record(engine_id(id))
            .and_then(|record| record.path.clone());
        // An error changes nothing: the module is not imported any more.
        drop(self.engine.remove(js, engine_id(id)));
        let owners = self.owners.borrow().clone();
        if let Some(owners) = owners {
            owners.forget(js, engine_id(id));
        }
        if let (Some(program), Some(path)) = (self.program(), path) {
            program.unwatch(&path, id);
        }
    }

    fn never_reloads(&self, _js: Js<'_>) -> bool {
        self.program().is_some_and(|program| program.rules.never_reloads)
    }

    fn left_to_others(&self, js: Js<'_>) -> Option<&'static str> {
        has_cluster(js).unwrap_or(false).then_some(
            "is left to the workers of the cluster; their primary keeps its version until it is started again",
        )
    }

    fn can_restart(&self, js: Js<'_>) -> bool {
        restart::is_possible(js)
    }

    fn restart(&self, js: Js<'_>, restart: &Restart) {
        restart::restart(js, &restart.way, &restart.why);
    }

    fn tell(&self, js: Js<'_>, told: &Told) {
        if let Ok(events) = js.state::<Events>() {
            events.tell(js, told);
        }
        if told.outcome == "reloaded"
            && let Ok(program) = js.state::<Program>()
        {
            program.entry_ran(js);
        }
    }

    fn sent(&self, js: Js<'_>, event: &str, data: Value<'_>) {
        if let Ok(events) = js.state::<Events>() {
            events.sent(js, event, data);
        }
    }
}
