//! One update, from the changed files to the accept callbacks.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use super::event;
use super::runner::{Evaluation, Prepared, Restart, Want};
use super::step::{Step, Steps};
use super::updater::{Batch, UnderWay, Updater};
use super::version::{Hot, Version};
use super::work::{Evaluated, Work};
use crate::graph::hot::{By, Edge, ModuleId, Outcome, Plan, Spread, Staged};
use crate::js::{Cx, Held, Js, JsResult};

impl Updater {
    /// Runs one update. Returns whether this update still has the turn, which the caller then gives back with `leave`.
    /// Otherwise another update has the turn by now.
    pub(super) async fn update(self: &Rc<Self>, cx: &Cx, batch: Batch) -> bool {
        self.updates.set(self.updates.get() + 1);
        let mut work = Work {
            steps: Steps::new(self.updates.get()),
            start: Instant::now(),
            changed: Vec::new(),
            spread: Spread {
                outcome: Outcome::Updated,
                affected: Vec::new(),
                acceptors: Vec::new(),
            },
            is_reload: batch.wants_reload,
            plan: Plan::default(),
            callbacks: Vec::new(),
            payload: OnceCell::new(),
            batch,
        };
        self.let_go(cx, &mut work).await;
        let Some((prepared, restart)) = self.begin(cx, &mut work).await else {
            return true;
        };
        if let Some(restart) = restart {
            cx.with(|js| {
                self.runner.discard(js, &prepared);
                self.runner.restart(js, &restart);
            });
            return true;
        }
        let plan = &work.plan;
        let disposed: HashSet<ModuleId> = plan.dispose.iter().copied().collect();
        let pruned = plan.prune.iter().filter(|id| !disposed.contains(id));
        let pruned: Vec<ModuleId> = pruned.copied().collect();
        cx.with(|js| self.runner.begins(js, &prepared, &plan.dispose, &pruned));
        self.dispose(cx, &work).await;
        let versions = self.stage(&work);
        let order = work.plan.enter.clone();
        work.steps.enter(Step::Evaluating, work.plan.evaluate.len());
        match self.evaluate(cx, &mut work, &prepared, &versions, order).await {
            Evaluated::Superseded { holds } => {
                work.steps.enter(Step::Superseded, 0);
                return holds;
            }
            Evaluated::Threw(thrown) => self.fail_evaluated(cx, work, &prepared, &versions, &thrown).await,
            Evaluated::Ran => self.finish(cx, work, &prepared, &versions).await,
        }
        true
    }

    /// Looks which modules runtimes keep up to date. Returns those that they have let go of since.
    fn look_at_runtimes(&self) -> Vec<ModuleId> {
        let held = self.runner.held().into_iter().collect();
        let lost = self.graph.borrow_mut().set_held(&held);
        *self.hot.held.borrow_mut() = held;
        lost
    }

    /// Prunes the modules that runtimes have let go of and nobody else imports.
    async fn let_go(self: &Rc<Self>, cx: &Cx, work: &mut Work) {
        let lost = self.look_at_runtimes();
        if lost.is_empty() {
            return;
        }
        self.prune(cx, &lost).await;
        let graph = self.graph.borrow();
        work.batch.changed.retain(|id| graph.has(*id));
        work.batch.touched.retain(|id| graph.has(*id));
    }

    /// Finds out what is to be evaluated and prepares it. Returns nothing if the update ends here. Saved modules that cannot be
    /// linked are tried a second time with those that could not be linked before; if that fails, too, the first try counts.
    async fn begin(self: &Rc<Self>, cx: &Cx, work: &mut Work) -> Option<(Rc<Prepared>, Option<Restart>)> {
        let mut first = None;
        loop {
            work.steps.enter(Step::Spreading, work.batch.changed.len());
            if !self.spread(cx, work).await {
                return None;
            }
            let restart = cx.with(|js| self.restart_instead(js, work));
            if work.is_reload && restart.is_none() && cx.with(|js| self.is_left_to_others(js, work)) {
                return None;
            }
            work.steps.enter(Step::Preparing, work.spread.affected.len());
            let thrown = match cx.attempt(|js| self.prepare(js, work)) {
                Ok(prepared) => return Some((Rc::new(prepared), restart)),
                Err(thrown) => thrown,
            };
            let tried = (work.changed.clone(), work.spread.clone(), work.is_reload);
            if first.is_none() && self.add_unlinked(cx, work, &thrown) {
                first = Some((thrown, tried));
                continue;
            }
            let (thrown, tried) = first.unwrap_or((thrown, tried));
            (work.changed, work.spread, work.is_reload) = tried;
            self.fail_prepared(cx, work, thrown);
            return None;
        }
    }

    /// Finds out which modules changed and how far the change spreads. Returns `false` if nothing changed.
    async fn spread(self: &Rc<Self>, cx: &Cx, work: &mut Work) -> bool {
        cx.with(|js| self.resolve_missing_targets(js));
        let files: Vec<ModuleId> = work.batch.changed.iter().copied().collect();
        let invalidated = work.batch.refusing();
        let mut changed = cx.with(|js| self.runner.differing(js, &files));
        changed.extend(files.iter().copied().filter(|id| self.is_evaluating(*id)));
        changed.extend(invalidated.iter().map(|version| version.module.id));
        changed.extend(&work.batch.touched);
        self.take_broken(&work.batch, &mut changed);
        loop {
            changed.sort_unstable();
            changed.dedup();
            if changed.is_empty() && !work.is_reload {
                return false;
            }
            work.spread = self.graph.borrow_mut().spread(&changed, &*self.hot);
            work.is_reload |= matches!(work.spread.outcome, Outcome::Reload { .. });
            let Some(other) = self.take_over(&work.spread.affected, work.is_reload) else {
                break;
            };
            work.steps.enter(Step::Spreading, other.modules.len());
            changed.extend(other.batch.borrow().changed.iter().copied());
            self.drop_versions(cx, &other.versions).await;
            cx.with(|js| {
                self.runner.discard(js, &other.prepared);
                self.runner.ends(js, &other.prepared, false);
            });
            work.batch.merge(other.batch.take());
        }
        work.changed = changed;
        work.batch.changed = work.changed.iter().copied().collect();
        true
    }

    /// Takes over from an evaluation under way that has one of these modules. That evaluation can publish nothing from now
    /// on.
    fn take_over(&self, affected: &[ModuleId], is_reload: bool) -> Option<Rc<UnderWay>> {
        let mut under_way = self.under_way.borrow_mut();
        let concerns =
            |other: &Rc<UnderWay>| is_reload || affected.iter().any(|id| other.modules.contains(id));
        let place = under_way.iter().position(concerns)?;
        let other = under_way.remove(place);
        other.is_superseded.set(true);
        Some(other)
    }

    /// Prepares new versions, and the plan for them.
    fn prepare<'s>(&self, js: Js<'s>, work: &mut Work) -> JsResult<'s, Prepared> {
        let want = if work.is_reload {
            Want::Everything
        } else {
            Want::Modules(work.spread.affected.clone())
        };
        let prepared = self.runner.prepare(js, &want, &work.changed)?;
        let graph = self.graph.borrow();
        work.plan = if work.is_reload {
            graph.reload_plan(&self.runner.roots(), &prepared.edges)
        } else {
            graph.plan(&work.spread, &prepared.edges)
        };
        drop(graph);
        work.callbacks = self.callbacks(&work.plan.callbacks);
        Ok(prepared)
    }

    /// Emits `vite:beforeUpdate` or `vite:beforeFullReload`, then runs all disposers.
    async fn dispose(self: &Rc<Self>, cx: &Cx, work: &Work) {
        work.steps.enter(Step::Disposing, work.plan.dispose.len());
        let before = if work.is_reload {
            event::BEFORE_FULL_RELOAD
        } else {
            event::BEFORE_UPDATE
        };
        self.notify_of(cx, before, work).await;
        for id in &work.plan.dispose {
            if let Some(version) = self.hot.current(*id) {
                self.dispose_version(cx, &version).await;
            }
        }
    }

    /// Makes a version of `import.meta.hot` for each module that is evaluated or may be.
    pub(super) fn stage(&self, work: &Work) -> Vec<Rc<Version>> {
        let mut ids = work.plan.evaluate.clone();
        if work.is_reload {
            let known: HashSet<ModuleId> = work.plan.prune.iter().chain(&ids).copied().collect();
            let all = self.hot.all().into_iter().map(|module| module.id);
            ids.extend(all.filter(|id| !known.contains(id)));
        }
        let versions = self.stage_all(&ids);
        for refusing in work.batch.refusing() {
            let successor = versions
                .iter()
                .find(|version| version.module.id == refusing.module.id);
            if let Some(successor) = successor {
                successor.refusals.set(refusing.refusals.get() + 1);
            }
        }
        versions
    }

    pub(super) fn stage_all(&self, ids: &[ModuleId]) -> Vec<Rc<Version>> {
        let modules = ids.iter().filter_map(|id| self.hot.find(*id));
        let versions: Vec<Rc<Version>> = modules.map(|module| Hot::stage(&module)).collect();
        let mut staged = self.staged.borrow_mut();
        for version in &versions {
            staged.insert(version.module.id, Rc::clone(version));
        }
        versions
    }

    /// Evaluates the new versions. If that takes longer than this turn, other updates may run meanwhile.
    pub(super) async fn evaluate(
        self: &Rc<Self>,
        cx: &Cx,
        work: &mut Work,
        prepared: &Rc<Prepared>,
        versions: &[Rc<Version>],
        order: Vec<ModuleId>,
    ) -> Evaluated {
        let evaluation = Evaluation {
            order,
            versions: versions.to_vec(),
            is_reload: work.is_reload,
        };
        let mut evaluating = self.runner.evaluate(cx, prepared, &evaluation);
        let begun = std::future::poll_fn(|waker| Poll::Ready(evaluating.as_mut().poll(waker))).await;
        if let Poll::Ready(result) = begun {
            return result.map_or_else(Evaluated::Threw, |()| Evaluated::Ran);
        }
        let under_way = Rc::new(UnderWay {
            modules: versions.iter().map(|version| version.module.id).collect(),
            batch: RefCell::new(std::mem::take(&mut work.batch)),
            versions: versions.to_vec(),
            prepared: Rc::clone(prepared),
            is_superseded: Cell::new(false),
        });
        self.under_way.borrow_mut().push(Rc::clone(&under_way));
        self.leave(cx);
        let result = evaluating.await;
        let mut holds = false;
        if !under_way.is_superseded.get() {
            self.enter(cx).await;
            holds = true;
        }
        if under_way.is_superseded.get() {
            return Evaluated::Superseded { holds };
        }
        self.under_way
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, &under_way));
        work.batch = under_way.batch.take();
        match result {
            Ok(()) => Evaluated::Ran,
            Err(thrown) => Evaluated::Threw(thrown),
        }
    }

    /// Finishes an update whose new versions all ran: importers see them, unused modules are pruned, accept callbacks are
    /// called.
    async fn finish(
        self: &Rc<Self>,
        cx: &Cx,
        mut work: Work,
        prepared: &Rc<Prepared>,
        versions: &[Rc<Version>],
    ) {
        work.steps.enter(Step::Committing, versions.len());
        let late = match cx.attempt(|js| self.runner.commit(js, prepared)) {
            Ok(late) => late,
            Err(thrown) => {
                self.fail_evaluated(cx, work, prepared, versions, &thrown).await;
                return;
            }
        };
        cx.with(|js| self.runner.ends(js, prepared, true));
        work.plan.evaluate = self.runner.evaluated(prepared);
        let lost = self.publish(&work, prepared, late, versions);
        work.plan.prune.extend(lost);
        work.plan.prune.extend(self.look_at_runtimes());
        work.steps.enter(Step::Pruning, work.plan.prune.len());
        self.prune(cx, &work.plan.prune).await;
        work.steps.enter(Step::Telling, work.callbacks.len());
        let callbacks = std::mem::take(&mut work.callbacks);
        *self.refused_first.borrow_mut() = work.batch.first_refusing();
        self.is_telling.set(true);
        self.call_acceptors(cx, callbacks, None).await;
        self.is_telling.set(false);
        let failure = self.update_runtimes(cx, &work).await;
        if !work.is_reload {
            self.notify_of(cx, event::AFTER_UPDATE, &work).await;
        }
        if work.is_reload {
            self.follow_reload(cx, &work);
        }
        match failure {
            Some(thrown) => {
                let told = self.told(&work, "failed", Some(thrown));
                cx.with(|js| self.runner.tell(js, &told));
            }
            None => self.tell_done(cx, &work),
        }
        work.steps.enter(Step::Done, 0);
    }

    /// Starts the next update for changed modules that the reload did not evaluate: those below a hot module of a runtime
    /// that lives on.
    fn follow_reload(self: &Rc<Self>, cx: &Cx, work: &Work) {
        let graph = self.graph.borrow();
        let is_left = |id: &&ModuleId| graph.has(**id) && !work.plan.evaluate.contains(id);
        let changed = work.changed.iter().filter(is_left).copied().collect();
        drop(graph);
        let batch = Batch {
            changed,
            ..Batch::default()
        };
        cx.with(|js| self.change(js, batch));
    }

    /// Lets runtimes take the new versions of their modules, in the order of evaluation. Brings the error of a runtime that
    /// failed, which has been reported.
    async fn update_runtimes(&self, cx: &Cx, work: &Work) -> Option<Held> {
        let acceptors = work.spread.acceptors.iter();
        let classic = acceptors.filter(|acceptor| acceptor.by == By::Classic);
        let owners: Vec<ModuleId> = classic.map(|acceptor| acceptor.owner).collect();
        let evaluated = work.plan.evaluate.iter().copied();
        let modules: Vec<ModuleId> = evaluated.filter(|id| owners.contains(id)).collect();
        if work.is_reload || modules.is_empty() {
            return None;
        }
        self.runner.update_runtimes(cx, &modules).await
    }

    /// Makes the new versions the ones that count. `late` are the imports that are known only after evaluation. Returns the
    /// modules that have lost an importer by them.
    pub(super) fn publish(
        &self,
        work: &Work,
        prepared: &Rc<Prepared>,
        late: Staged,
        versions: &[Rc<Version>],
    ) -> Vec<ModuleId> {
        for version in versions {
            self.staged.borrow_mut().remove(&version.module.id);
            Hot::publish(version);
        }
        let mut graph = self.graph.borrow_mut();
        if work.is_reload {
            graph.forget_order();
        }
        for (id, edges) in &prepared.edges {
            graph.set_edges(*id, edges.clone());
        }
        let mut lost = Vec::new();
        for (id, edges) in late {
            let before = graph.edges(id).iter().map(|edge| edge.to);
            lost.extend(before.filter(|to| !edges.iter().any(|edge| edge.to == *to)));
            graph.set_edges(id, edges);
        }
        for (from, edge) in self.asked.take() {
            graph.add_edge(from, edge);
        }
        for id in &work.plan.evaluate {
            graph.evaluated(*id);
        }
        lost
    }

    /// Notes that a module has loaded another one by `import()` or `require()`.
    pub fn imported(&self, from: ModuleId, edge: Edge) {
        if self.staged.borrow().contains_key(&from) {
            // The graph still has the imports of the version before, so the edge waits until this version is published.
            self.asked.borrow_mut().push((from, edge));
        } else {
            self.graph.borrow_mut().add_edge(from, edge);
        }
    }
}
