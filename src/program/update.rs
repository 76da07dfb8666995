//! A hot program: which files are watched for it, and what takes their changes (`taking.rs`).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::SystemTime;

use super::hot_watch::HotWatches;
use super::ids::graph_id;
use super::links::Links;
use super::missed::Missed;
use super::on_engine::OnEngine;
use super::versions::Versions;
use super::watched_files::WatchedFiles;
use crate::es::{Engine, Record};
use crate::graph::hot::ModuleId;
use crate::hot::{Updater, Version, WatchRequest};
use crate::js::{Cx, Js, JsResult, State};
use rustc_hash::FxBuildHasher;

mod taking;

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
}
