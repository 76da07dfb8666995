//! Takes changed files: which of them the updater is told of, and as what.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::super::events::Events;
use super::super::ids::graph_id;
use super::super::links::importing_later;
use super::super::restart;
use super::{HotProgram, look_at};
use crate::es::Read;
use crate::graph::hot::ModuleId;
use crate::hot::Batch;
use crate::js::{Js, Timers};
use crate::report;
use crate::watch::{SETTLE_MS, is_just_emptied};

/// Time after which an emptied file counts as saved empty, in milliseconds: a little more than the settle time.
const SETTLED: u32 = SETTLE_MS + 10;

impl HotProgram {
    /// Takes changed files below folders that options or versions ask to watch. An emptied file waits, since it may be half
    /// of a save.
    pub(super) fn changed_below(self: &Rc<Self>, js: Js<'_>, paths: Vec<PathBuf>) {
        let (emptied, whole): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_just_emptied(path));
        self.watches.add(js, whole);
        self.look_later(js, emptied);
    }

    /// These files are being written: looks at them once more after the settle time, though they will be told of, too.
    fn look_later(self: &Rc<Self>, js: Js<'_>, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        let program = Rc::downgrade(self);
        let later = js.state::<Timers>().and_then(|timers| {
            timers.after(js, SETTLED, move |js| {
                if let Some(program) = program.upgrade() {
                    program.watches.add(js, paths.clone());
                }
            })
        });
        // Without a timer the environment is going.
        let _ = later;
    }

    /// Whether the file differs from what was read of it a moment ago, since the next save is being written.
    fn is_being_written(&self, path: &Path, read: &[Read]) -> bool {
        let modules = self.modules_of(path);
        let mut new = read
            .iter()
            .filter(|read| read.is_new && modules.contains(&graph_id(read.module)));
        new.any(|read| {
            let record = self.engine.record(read.module);
            let loaded = record.and_then(|record| self.engine.sources().loader.get(&record.url));
            loaded.is_some_and(|loaded| loaded.stamp.has_other_facts(path))
        })
    }

    /// Takes files that changed together.
    pub(super) fn changed(self: &Rc<Self>, js: Js<'_>, paths: &[PathBuf]) {
        // A file that was emptied since is just being saved again, and that save is told of, too.
        let whole = paths.iter().filter(|path| !is_just_emptied(path));
        let whole: Vec<PathBuf> = whole.cloned().collect();
        if !whole.is_empty() {
            self.take(js, &whole);
        }
    }

    /// The modules that count as changed if this path is a link that leads elsewhere now. Those that import it statically were
    /// read again.
    fn moved_by(&self, path: &Path) -> Option<Vec<ModuleId>> {
        let left = self.links.left(path)?;
        let graph = self.updater.graph.borrow();
        Some(importing_later(&graph, &self.modules_of(&left)))
    }

    /// The files that are not being written at this moment, and the modules of those that are, which are looked at again later.
    fn set_aside(
        self: &Rc<Self>,
        js: Js<'_>,
        paths: &[PathBuf],
        read: &[Read],
    ) -> (Vec<PathBuf>, Vec<ModuleId>) {
        let (unfinished, whole): (Vec<PathBuf>, Vec<PathBuf>) = paths
            .iter()
            .cloned()
            .partition(|path| self.is_being_written(path, read));
        let half = unfinished.iter().flat_map(|path| self.modules_of(path)).collect();
        self.look_later(js, unfinished);
        (whole, half)
    }

    fn take(self: &Rc<Self>, js: Js<'_>, paths: &[PathBuf]) {
        // The next image of the process reads them anew.
        if restart::is_under_way(js) || self.is_waiting.get() {
            return;
        }
        // `restart/watch.rs` watches these files as well. It looks at their content, and gathers further changes.
        let taken_here = paths.iter().filter(|path| !restart::is_trigger(js, path));
        let paths: Vec<PathBuf> = taken_here.cloned().collect();
        let read = self.engine.read(&paths);
        let (paths, half) = self.set_aside(js, &paths, &read);
        if let Some(path) = paths.iter().find(|path| (self.rules.restarts)(path)) {
            restart::restart(js, &[report::relative(&path.to_string_lossy())], "");
            return;
        }
        let mut batch = Batch::default();
        // A file that came or went may lead the imports of others elsewhere.
        let new = read.iter().filter(|read| read.is_new);
        let new = new.map(|read| graph_id(read.module));
        batch
            .changed
            .extend(new.filter(|id| !half.contains(id) && !self.is_idle(*id)));
        for path in &paths {
            self.add_change(js, &mut batch, path, &read);
        }
        if !batch.files.is_empty()
            && let Ok(events) = js.state::<Events>()
        {
            events.save_is_taken(js);
        }
        self.updater.change(js, batch);
    }

    /// Whether the file of a module is deleted, and no static import needs it. That is no change: the next update does without the
    /// module, or asks for it in vain.
    fn is_idle(&self, id: ModuleId) -> bool {
        self.runner.is_gone(id) && !self.runner.is_needed(id, &HashSet::new())
    }

    /// Adds what the change of one file asks for.
    fn add_change(&self, js: Js<'_>, batch: &mut Batch, path: &Path, read: &[Read]) {
        let mut modules = self.modules_of(path);
        // A save of the same text is no change, but after a failure each save is another try.
        let differing = || {
            read.iter()
                .filter(|read| modules.contains(&graph_id(read.module)))
        };
        let (differs, is_new) = (differing().next().is_some(), differing().any(|read| read.is_new));
        let look = look_at(path);
        let is_told_again = self.taken.borrow_mut().insert(path.to_owned(), look) == Some(look);
        let is_evaluating = modules.iter().any(|id| self.updater.is_evaluating(*id));
        let is_another_try = differs || self.updater.has_failed() || is_evaluating;
        if !is_new && (is_told_again || !is_another_try) {
            modules.clear();
        }
        if look.is_none() {
            let (idle, needed): (Vec<_>, Vec<_>) = modules.into_iter().partition(|id| self.is_idle(*id));
            self.report_deleted(js, &idle);
            modules = needed;
        }
        let is_sought = look.is_some() && self.sought.borrow_mut().remove(path);
        let mut touched = self.hot_watches.changed(js, &self.updater, path);
        if look.is_some() {
            touched.extend(self.askers_of(path));
        }
        let is_included = (self.rules.includes)(path);
        let moved = self.moved_by(path);
        if modules.is_empty() && !is_sought && touched.is_empty() && !is_included && moved.is_none() {
            return;
        }
        batch.files.push(path.to_string_lossy().into_owned());
        batch.changed.extend(modules);
        batch.touched.extend(touched);
        batch.touched.extend(moved.into_iter().flatten());
        batch.retries |= is_sought;
        batch.wants_reload |= is_included;
    }
}
