//! Updates of a hot program: from files that changed to what the updater is asked for.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::SystemTime;

use super::events::Events;
use super::hot_watch::HotWatches;
use super::ids::graph_id;
use super::links::{Links, importing_later};
use super::missed::Missed;
use super::on_engine::OnEngine;
use super::restart;
use super::versions::Versions;
use super::watched_files::WatchedFiles;
use crate::es::{Engine, Read, Record};
use crate::graph::hot::ModuleId;
use crate::hot::{Batch, Updater, Version, WatchRequest};
use crate::js::{Cx, Js, JsResult, State, Timers};
use crate::report;
use crate::watch::{SETTLE_MS, is_just_emptied};
use rustc_hash::FxBuildHasher;

/// Time after which an emptied file counts as saved empty, in milliseconds: a little more than the settle time.
const SETTLED: u32 = SETTLE_MS + 10;

/// Whether a path matches the globs of an option.
pub type Matches = Box<dyn Fn(&Path) -> bool>;

/// What the program's options say about changes.
pub struct Rules {
    /// `include`: files whose change reloads.
    pub includes: Matches,
    /// Files whose change restarts.
    pub restarts: Matches,
    /// Folders below which `include` and `restart` may match.
    pub folders: Vec<PathBuf>,
    /// Whether a restart takes the place of every reload.
    pub never_reloads: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            includes: Box::new(|_| false),
            restarts: Box::new(|_| false),
            folders: Vec::new(),
            never_reloads: false,
        }
    }
}

/// The programs of one environment, whose watches end with it.
#[derive(Default)]
struct Running(RefCell<Vec<Weak<HotProgram>>>);

impl State for Running {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        for program in self.0.take().iter().filter_map(Weak::upgrade) {
            program.close();
        }
    }
}

/// The hot program of one environment.
pub struct HotProgram {
    pub(super) engine: Rc<Engine>,
    /// Runs the updates, one at a time.
    pub updater: Rc<Updater>,
    pub(super) runner: Rc<OnEngine>,
    pub(super) versions: Versions,
    pub(super) watches: Rc<WatchedFiles>,
    links: Links,
    pub(super) hot_watches: HotWatches,
    pub(super) rules: Rules,
    /// The modules of each file: several if it is imported with different queries.
    files: RefCell<HashMap<PathBuf, Vec<ModuleId>>>,
    /// The modules of `files` whose files are watched already.
    watched: RefCell<HashSet<ModuleId, FxBuildHasher>>,
    /// Paths whose appearance may mend the last failure.
    sought: RefCell<HashSet<PathBuf>>,
    /// Deleted files that the running versions do without.
    pub(super) missed: Missed,
    /// Time and size of each file when its change was taken last, since one save may be told of twice.
    taken: RefCell<HashMap<PathBuf, Look>>,
    is_closed: Cell<bool>,
    /// The start has failed, and who waits for the save that mends it starts everything again.
    is_waiting: Cell<bool>,
}

/// Time and size of a file; `None` if the file is missing.
type Look = Option<(Option<SystemTime>, u64)>;

fn look_at(path: &Path) -> Look {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}

impl HotProgram {
    /// Starts watching what the engine loads from now on.
    ///
    /// # Errors
    /// When `HMR_POLLING` is no number, or the environment is going.
    pub fn start<'s>(js: Js<'s>, engine: &Rc<Engine>, rules: Rules) -> JsResult<'s, Rc<Self>> {
        let runner = OnEngine::new(engine);
        let own: Rc<RefCell<Weak<Self>>> = Rc::default();
        let told = Rc::clone(&own);
        let watches = WatchedFiles::new(
            js,
            Rc::new(move |js: Js<'_>, paths: Vec<PathBuf>| {
                let program = told.borrow().upgrade();
                if let Some(program) = program {
                    program.changed(js, &paths);
                }
            }),
        )?;
        let told = Rc::clone(&own);
        let hot_watches = HotWatches::new(js, move |js, paths| {
            let program = told.borrow().upgrade();
            if let Some(program) = program {
                program.changed_below(js, paths);
            }
        })?;
        for folder in &rules.folders {
            hot_watches.watch_below(folder);
        }
        let updater = Updater::new(Rc::clone(&runner) as _);
        let program = Rc::new(Self {
            engine: Rc::clone(engine),
            updater,
            runner,
            versions: Versions::default(),
            watches,
            links: Links::default(),
            hot_watches,
            rules,
            files: RefCell::default(),
            watched: RefCell::default(),
            sought: RefCell::default(),
            missed: Missed::default(),
            taken: RefCell::default(),
            is_closed: Cell::new(false),
            is_waiting: Cell::new(false),
        });
        *own.borrow_mut() = Rc::downgrade(&program);
        program.runner.set_program(&program);
        js.state::<Running>()?
            .0
            .borrow_mut()
            .push(Rc::downgrade(&program));
        Ok(program)
    }

    /// Whether the watches keep the process alive.
    pub fn keep_alive(&self, js: Js<'_>, yes: bool) {
        self.watches.keep_alive(js, yes);
    }

    /// Leaves changes to whoever starts the program again.
    pub fn wait_for_start(&self, yes: bool) {
        self.is_waiting.set(yes);
    }

    /// Runs all disposers, importers first: the process is about to end.
    pub async fn dispose_all(&self, cx: &Cx) {
        self.updater.dispose_all(cx).await;
    }

    /// Ends all watching, since the environment goes.
    pub fn close(&self) {
        if !self.is_closed.replace(true) {
            self.watches.close();
            self.hot_watches.close();
        }
    }

    /// The modules of a file.
    pub(super) fn modules_of(&self, path: &Path) -> Vec<ModuleId> {
        self.files.borrow().get(path).cloned().unwrap_or_default()
    }

    /// Whether changes of the file are taken here.
    pub(super) fn takes(&self, path: &Path) -> bool {
        !self.is_closed.get() && self.files.borrow().contains_key(path)
    }

    /// Watches the file of a record.
    pub(super) fn watch(&self, js: Js<'_>, record: &Record) {
        self.links.watch_new(js, &self.engine, &self.watches);
        let Some(path) = &record.path else { return };
        let id = graph_id(record.id);
        if self.watched.borrow().contains(&id) {
            return;
        }
        let mut files = self.files.borrow_mut();
        let modules = files.entry(path.clone()).or_default();
        if !modules.contains(&id) {
            modules.push(id);
        }
        drop(files);
        let seen = || {
            let loaded = self.engine.sources().loader.get(&record.url);
            loaded.map(|loaded| loaded.stamp)
        };
        self.watches.watch(js, path, seen);
        self.missed.take(path);
        if self.watches.has(path) {
            self.watched.borrow_mut().insert(id);
        }
    }

    /// Ends the watch of a module that is gone.
    pub(super) fn unwatch(&self, path: &Path, id: ModuleId) {
        self.watched.borrow_mut().remove(&id);
        let mut files = self.files.borrow_mut();
        if let Some(modules) = files.get_mut(path) {
            modules.retain(|other| *other != id);
            if modules.is_empty() {
                files.remove(path);
                drop(files);
                self.unwatch_if_free(path);
                for link in self.links.take_to(path) {
                    self.unwatch_if_free(&link);
                }
            }
        }
    }

    fn unwatch_if_free(&self, path: &Path) {
        let is_needed = self.files.borrow().contains_key(path)
            || self.sought.borrow().contains(path)
            || self.links.has(path)
            || self.missed.has(path)
            || self.hot_watches.wants_file(path);
        if !is_needed {
            self.watches.unwatch(path);
        }
    }

    /// Watches missing paths whose appearance may mend the last failure.
    pub(super) fn seek(&self, js: Js<'_>, paths: &[PathBuf]) {
        let before = self.sought.replace(paths.iter().cloned().collect());
        for path in paths {
            self.watches.watch_as_it_is(js, path);
        }
        for path in before.iter().filter(|path| !paths.contains(path)) {
            self.unwatch_if_free(path);
        }
    }

    /// Adds what a version asks `hot.watch` for.
    pub(super) fn watch_for(&self, js: Js<'_>, version: &Rc<Version>, request: &Rc<WatchRequest>) {
        for path in self.hot_watches.take_dropped() {
            self.unwatch_if_free(&path);
        }
        if let Some(file) = self.hot_watches.add(version, request) {
            self.watches.watch_as_it_is(js, &file);
        }
    }

    /// Takes changed files below folders that options or versions ask to watch. An emptied file waits, since it may be half
    /// of a save.
    fn changed_below(self: &Rc<Self>, js: Js<'_>, paths: Vec<PathBuf>) {
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
    fn changed(self: &Rc<Self>, js: Js<'_>, paths: &[PathBuf]) {
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
        let mut batch = Batch::default();
        // A file that came or went may lead the imports of others elsewhere.
        let new = read.iter().filter(|read| read.is_new);
        let new = new.map(|read| graph_id(read.module));
        // The deletion of what no static import needs is no change: the next update does without it, or asks in vain.
        let is_idle =
            |id: &ModuleId| self.runner.is_gone(*id) && !self.runner.is_needed(*id, &HashSet::new());
        batch
            .changed
            .extend(new.filter(|id| !half.contains(id) && !is_idle(id)));
        for path in &paths {
            if (self.rules.restarts)(path) {
                restart::restart(js, &[report::relative(&path.to_string_lossy())], "");
                return;
            }
            let mut modules = self.files.borrow().get(path).cloned().unwrap_or_default();
            // A save of the same text is no change, but after a failure each save is another try.
            let differing = || {
                read.iter()
                    .filter(|read| modules.contains(&graph_id(read.module)))
            };
            let (differs, is_new) = (differing().next().is_some(), differing().any(|read| read.is_new));
            let look = look_at(path);
            let is_told_again = self.taken.borrow_mut().insert(path.clone(), look) == Some(look);
            let is_evaluating = modules.iter().any(|id| self.updater.is_evaluating(*id));
            let is_another_try = differs || self.updater.has_failed() || is_evaluating;
            if !is_new && (is_told_again || !is_another_try) {
                modules.clear();
            }
            if look.is_none() {
                let (idle, needed): (Vec<_>, Vec<_>) = modules.into_iter().partition(is_idle);
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
                continue;
            }
            batch.files.push(path.to_string_lossy().into_owned());
            batch.changed.extend(modules);
            batch
                .touched
                .extend(touched.into_iter().chain(moved.into_iter().flatten()));
            batch.retries |= is_sought;
            batch.wants_reload |= is_included;
        }
        if !batch.files.is_empty()
            && let Ok(events) = js.state::<Events>()
        {
            events.save_is_taken(js);
        }
        self.updater.change(js, batch);
    }
}
