//! Failed updates: the last good version goes on, and the next save tries again.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::event;
use super::restarting::PACKAGES_STAY;
use super::runner::Prepared;
use super::step::Step;
use super::updater::{Batch, Broken, Updater};
use super::version::{Hot, Version};
use super::work::{Evaluated, Work};
use crate::graph::hot::ModuleId;
use crate::js::{Cx, Held, Js, Timers};
use crate::report;
use crate::watch::SETTLE_MS;

impl Updater {
    /// Whether the last failure has not been mended.
    pub fn has_failed(&self) -> bool {
        self.broken.borrow().is_some()
    }

    /// Adds the modules of the last failure to the changed ones, if this batch may mend it.
    pub(super) fn take_broken(&self, batch: &Batch, changed: &mut Vec<ModuleId>) {
        let mut broken = self.broken.borrow_mut();
        let Some(failed) = broken.as_mut() else { return };
        let concerns = |id: &ModuleId| failed.involved.contains(id);
        if !batch.retries && !batch.wants_reload && !batch.changed.iter().any(concerns) {
            return;
        }
        let known = self.graph.borrow();
        // A saved file is tried also if its text is what runs again, since each save has an outcome. Any other module is
        // tried only if its text is not what runs, or if it had failed without a change of its text.
        let is_tried = |id: &ModuleId| {
            let fails_still = failed.touched.contains(id) || !self.runner.is_current(*id);
            known.has(*id) && (fails_still || batch.changed.contains(id))
        };
        changed.extend(failed.changed.iter().copied().filter(is_tried));
    }

    /// After modules that lack a name: adds the other modules whose saved text does not run, and returns whether there are any.
    /// An export that moves from one module to another takes two saves, which can be linked only together.
    pub(super) fn add_unlinked(&self, cx: &Cx, work: &mut Work, thrown: &Held) -> bool {
        // An evaluation under way may still publish its modules; a second try that fails would have ended it for nothing.
        let is_alone = self.under_way.borrow().is_empty();
        if !is_alone || !cx.with(|js| self.runner.lacks_name(js, thrown.get(js))) {
            return false;
        }
        let waits = |id: &ModuleId| !work.changed.contains(id) && !self.runner.is_current(*id);
        let waiting: Vec<ModuleId> = self.graph.borrow().all().filter(waits).collect();
        work.batch.changed.extend(&waiting);
        !waiting.is_empty()
    }

    /// Ends an update that could not be prepared. Nothing was touched, so everything goes on. The error is reported after the
    /// settle time, since the file may be half of a save.
    pub(super) fn fail_prepared(self: &Rc<Self>, cx: &Cx, work: &Work, thrown: Held) {
        work.steps.enter(Step::Failed, 0);
        self.note_broken(cx, work, &thrown);
        let updater = Rc::clone(self);
        let (number, cx_later) = (self.updates.get(), cx.clone());
        let told = self.told(work, "failed", Some(thrown.clone()));
        let told = Rc::new(told);
        let later = move |js: Js<'_>| {
            let is_current = updater
                .broken
                .borrow()
                .as_ref()
                .is_some_and(|broken| broken.update == number);
            if !is_current {
                return;
            }
            updater.say(js, "the new version cannot be loaded", &thrown);
            let (updater, cx, thrown, told) = (
                Rc::clone(&updater),
                cx_later.clone(),
                thrown.clone(),
                Rc::clone(&told),
            );
            crate::js::spawn_detached(js, async move {
                let payload = cx.with(|js| error_payload(js, &thrown));
                updater.notify(&cx, event::ERROR, &payload).await;
                cx.with(|js| updater.runner.tell(js, &told));
            });
        };
        let scheduled = cx.attempt(|js| {
            js.state::<Timers>()?.after(js, SETTLE_MS, later)?;
            Ok(())
        });
        drop(scheduled);
    }

    /// Ends an update whose new versions ran and failed. Their disposers run, and the last good versions go on.
    pub(super) async fn fail_evaluated(
        self: &Rc<Self>,
        cx: &Cx,
        mut work: Work,
        prepared: &Rc<Prepared>,
        versions: &[Rc<Version>],
        thrown: &Held,
    ) {
        work.steps.enter(Step::Failed, versions.len());
        self.note_broken(cx, &work, thrown);
        let restarts = cx.with(|js| self.restarts_for_package(js, &work, thrown.get(js)));
        if !restarts {
            cx.with(|js| self.say(js, "the new version failed", thrown));
        }
        self.drop_versions(cx, versions).await;
        self.asked.take();
        cx.with(|js| {
            self.runner.discard(js, prepared);
            self.runner.ends(js, prepared, false);
        });
        let payload = cx.with(|js| error_payload(js, thrown));
        self.notify(cx, event::ERROR, &payload).await;
        let was_disposed = |id: &ModuleId| {
            let current = self.hot.current(*id);
            current.is_some_and(|version| version.was_disposed.get())
        };
        if restarts {
            cx.with(|js| self.restart_for_package(js, &work, thrown.get(js)));
            return;
        }
        if work.is_reload && cx.with(|js| self.threw_in_package(js, thrown.get(js))) {
            cx.with(|js| report::notice(js, &format!("{PACKAGES_STAY}, or restart with --restart")));
        }
        if work.plan.dispose.iter().any(was_disposed) {
            self.restore(cx, &mut work).await;
        }
        let callbacks = std::mem::take(&mut work.callbacks);
        self.call_acceptors(cx, callbacks, Some(thrown)).await;
        let told = self.told(&work, "failed", Some(thrown.clone()));
        cx.with(|js| self.runner.tell(js, &told));
    }

    /// Evaluates the last good code again, since its disposers have run.
    async fn restore(self: &Rc<Self>, cx: &Cx, work: &mut Work) {
        let known: Vec<ModuleId> = {
            let graph = self.graph.borrow();
            let old = work.plan.dispose.iter().rev().copied();
            old.filter(|id| graph.has(*id)).collect()
        };
        work.steps.enter(Step::Restoring, known.len());
        let prepared = match cx.attempt(|js| self.runner.last_good(js, &known)) {
            Ok(prepared) => Rc::new(prepared),
            Err(thrown) => {
                cx.with(|js| self.say(js, "the last good version cannot be loaded again", &thrown));
                return;
            }
        };
        // What the versions whose disposers have run had started gives way, their ports too.
        cx.with(|js| self.runner.begins(js, &prepared, &known, &[]));
        let versions = self.stage_all(&known);
        let enter = self.graph.borrow().entrances(&known);
        let evaluated = self.evaluate(cx, work, &prepared, &versions, enter).await;
        let failed = match evaluated {
            Evaluated::Ran => {
                let committed = cx.attempt(|js| self.runner.commit(js, &prepared).map(drop));
                committed.err()
            }
            Evaluated::Threw(thrown) => Some(thrown),
            Evaluated::Superseded { .. } => return,
        };
        if let Some(thrown) = failed {
            cx.with(|js| self.say(js, "the last good version failed as well", &thrown));
            self.drop_versions(cx, &versions).await;
            cx.with(|js| {
                self.runner.discard(js, &prepared);
                self.runner.ends(js, &prepared, false);
            });
            return;
        }
        cx.with(|js| self.runner.ends(js, &prepared, true));
        for version in &versions {
            self.staged.borrow_mut().remove(&version.module.id);
            Hot::publish(version);
        }
        for (from, edge) in self.asked.take() {
            self.graph.borrow_mut().add_edge(from, edge);
        }
        work.steps.enter(Step::Done, 0);
    }

    fn note_broken(&self, cx: &Cx, work: &Work, thrown: &Held) {
        let (words, lacks_name) = cx.with(|js| {
            let thrown = thrown.get(js);
            (report::fingerprint(thrown), self.runner.lacks_name(js, thrown))
        });
        let mut involved: BTreeSet<ModuleId> = work.spread.affected.iter().copied().collect();
        involved.extend(&work.plan.evaluate);
        involved.extend(&work.changed);
        if work.is_reload {
            involved.extend(self.graph.borrow().all());
        } else if lacks_name {
            // A missing name is also mended by an importer that no longer asks for it.
            involved.extend(self.graph.borrow().above(&work.changed));
        }
        // If a file is gone, it is the reason why its importers fail, so it is named.
        let files = &work.batch.files;
        let gone = files.iter().find(|file| !Path::new(file).exists());
        let path = gone.or(files.first()).cloned();
        let path = path.or_else(|| work.changed.first().map(|id| self.path(*id)));
        let mut broken = self.broken.borrow_mut();
        let times = match &*broken {
            Some(before) if before.words == words && words.is_some() => before.times,
            _ => 0,
        };
        let was_said = broken.as_ref().is_some_and(|before| before.was_said);
        *broken = Some(Broken {
            changed: work.changed.iter().copied().collect(),
            touched: work.batch.touched.clone(),
            involved,
            words,
            times,
            was_said,
            update: self.updates.get(),
            path: path.unwrap_or_default(),
        });
    }

    /// Reports the error of an update. If the same error was reported last, only how often it has occurred.
    fn say(&self, js: Js<'_>, what: &str, thrown: &Held) {
        let (path, times) = match &mut *self.broken.borrow_mut() {
            Some(broken) => {
                broken.times += 1;
                broken.was_said = true;
                (report::relative(&broken.path), broken.times)
            }
            None => (String::new(), 1),
        };
        if times > 1 {
            report::repeated_error(js, &path, what, thrown.get(js), times);
        } else {
            report::error(js, &path, what, thrown.get(js));
        }
        report::remark(js, &format!("{path} kept its last good version"));
    }

    /// Notes that an update has succeeded. Returns whether it has mended a failure that was reported.
    pub(super) fn recover(&self) -> bool {
        let mended = self.broken.borrow_mut().take_if(|broken| {
            let graph = self.graph.borrow();
            let runs = |id: &ModuleId| !graph.has(*id) || self.runner.is_current(*id);
            broken.changed.iter().all(runs)
        });
        mended.is_some_and(|broken| broken.was_said)
    }
}

fn error_payload(js: Js<'_>, thrown: &Held) -> Held {
    let payload = js.object();
    // A new object takes any property.
    let _ = payload.set("type", js.string("error"));
    let _ = payload.set("err", thrown.get(js));
    payload.hold()
}
