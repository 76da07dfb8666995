//! Files, folders and globs that versions watch by `hot.watch`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use crate::graph::hot::ModuleId;
use crate::hot::{Updater, Version, WatchRequest};
use crate::js::{Cx, Js, JsResult, JsWaker, Timers, spawn_detached};
use crate::watch::{Stamp, Trees, is_just_emptied};

/// Interval for looking at folders whose changes the system does not tell, in milliseconds.
const POLL: u32 = 300;

/// The files that a request covers.
enum Place {
    /// One file.
    File(PathBuf),
    /// Everything below a folder.
    Below(PathBuf),
    /// A path that does not exist, and may become a file or a folder.
    Either(PathBuf),
    /// The files that match a glob, below the folder before its first wildcard.
    Glob { folder: PathBuf, glob: String },
}

struct Entry {
    version: Weak<Version>,
    request: Rc<WatchRequest>,
    place: Place,
}

/// What the versions of one environment ask for.
pub struct HotWatches {
    trees: Rc<Trees>,
    waker: JsWaker,
    entries: RefCell<Vec<Entry>>,
    /// Stamps of files from when a callback was last told of them, or a request named them. The same content is no change.
    seen: RefCell<HashMap<PathBuf, Stamp>>,
}

impl HotWatches {
    /// `on_change` is told which files below watched folders changed.
    ///
    /// # Errors
    /// When the environment is going.
    pub fn new<'s>(
        js: Js<'s>,
        on_change: impl for<'t> Fn(Js<'t>, Vec<PathBuf>) + 'static,
    ) -> JsResult<'s, Self> {
        let own: Rc<RefCell<Option<Rc<Trees>>>> = Rc::default();
        let taken = Rc::clone(&own);
        let waker = JsWaker::new(js, move |js| {
            let trees = taken.borrow().clone();
            if let Some(trees) = trees {
                let changed = trees.take();
                if !changed.is_empty() {
                    on_change(js, changed);
                }
            }
        })?;
        let wake = waker.clone();
        let trees = Rc::new(Trees::new(move || wake.wake()));
        *own.borrow_mut() = Some(Rc::clone(&trees));
        if !trees.is_told() {
            look_again(js, &trees, &waker);
        }
        Ok(Self {
            trees,
            waker,
            entries: RefCell::default(),
            seen: RefCell::default(),
        })
    }

    /// Watches a folder for options.
    pub fn watch_below(&self, folder: &Path) {
        self.trees.watch(folder);
    }

    /// Adds a request; gives the path to watch if it may be one file.
    pub fn add(&self, version: &Rc<Version>, request: &Rc<WatchRequest>) -> Option<PathBuf> {
        let place = place_of(&request.pattern);
        if let Some(folder) = place.folder() {
            self.trees.watch(folder);
        }
        let file = place.file().map(Path::to_owned);
        if let Some(file) = &file {
            let mut seen = self.seen.borrow_mut();
            seen.entry(file.clone())
                .or_insert_with(|| Stamp::with_content(file));
        }
        self.entries.borrow_mut().push(Entry {
            version: Rc::downgrade(version),
            request: Rc::clone(request),
            place,
        });
        file
    }

    /// Forgets what versions asked for that are gone. Returns the files that these covered.
    pub fn take_dropped(&self) -> HashSet<PathBuf> {
        let mut files = HashSet::new();
        self.entries.borrow_mut().retain(|entry| {
            let is_alive = entry
                .version
                .upgrade()
                .is_some_and(|version| !version.is_retired());
            if !is_alive {
                files.extend(entry.place.file().map(Path::to_owned));
                if let Some(folder) = entry.place.folder() {
                    self.trees.unwatch(folder);
                }
            }
            is_alive
        });
        let entries = self.entries.borrow();
        let is_wanted = |path: &Path| entries.iter().any(|entry| entry.place.has(path));
        self.seen.borrow_mut().retain(|path, _| is_wanted(path));
        files
    }

    /// Whether a request is about this very file.
    pub fn wants_file(&self, path: &Path) -> bool {
        let entries = self.entries.borrow();
        entries
            .iter()
            .any(|entry| entry.place.file().is_some_and(|file| file == path))
    }

    /// Takes a changed file: calls the callbacks of the requests that cover it. Returns the modules that count as changed by
    /// it.
    pub fn changed(&self, js: Js<'_>, updater: &Rc<Updater>, path: &Path) -> Vec<ModuleId> {
        let concerned: Vec<(Rc<Version>, Rc<WatchRequest>)> = {
            let entries = self.entries.borrow();
            let concerned = entries.iter().filter(|entry| entry.place.has(path));
            let alive =
                concerned.filter_map(|entry| Some((entry.version.upgrade()?, Rc::clone(&entry.request))));
            alive.filter(|(version, _)| !version.is_retired()).collect()
        };
        if concerned.is_empty() || !self.has_changed(path) {
            return Vec::new();
        }
        let mut touched = Vec::new();
        for (version, request) in concerned {
            if request.callback.is_none() {
                touched.push(version.module.id);
                continue;
            }
            let (cx, updater) = (Cx::new(js), Rc::clone(updater));
            let path = path.to_string_lossy().into_owned();
            spawn_detached(js, async move {
                updater.call_watcher(&cx, &version, &request, &path).await;
            });
        }
        touched
    }

    /// Whether the file differs from its last stamp. One save may be told of in several ways.
    fn has_changed(&self, path: &Path) -> bool {
        let now = Stamp::with_content(path);
        // Half of the next save is no content to compare with, and that save is told of, too.
        if is_just_emptied(path) || now.has_other_facts(path) {
            return false;
        }
        let before = self.seen.borrow_mut().insert(path.to_owned(), now);
        before.is_none_or(|before| now.differs_from(&before))
    }

    /// Ends all watching.
    pub fn close(&self) {
        self.waker.close();
        self.entries.take();
    }
}

fn look_again(js: Js<'_>, trees: &Rc<Trees>, waker: &JsWaker) {
    let (trees, waker) = (Rc::downgrade(trees), waker.clone());
    let scheduled = js.state::<Timers>().and_then(|timers| {
        timers.after(js, POLL, move |js| {
            if let Some(trees) = trees.upgrade() {
                trees.look();
                waker.wake();
                look_again(js, &trees, &waker);
            }
        })
    });
    let _ = scheduled;
}

impl Place {
    /// The path that may be one file.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Either(path) => Some(path),
            Self::Below(_) | Self::Glob { .. } => None,
        }
    }

    /// The folder below which files may be covered.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Below(folder) | Self::Either(folder) | Self::Glob { folder, .. } => Some(folder),
            Self::File(_) => None,
        }
    }

    fn has(&self, path: &Path) -> bool {
        match self {
            Self::File(file) => file == path,
            Self::Below(folder) | Self::Either(folder) => path.starts_with(folder),
            Self::Glob { glob, .. } => {
                let path = path.to_string_lossy().replace('\\', "/");
                fast_glob::glob_match(glob, path.as_bytes())
            }
        }
    }
}

/// The files that a pattern covers. A path that exists is no glob, whatever characters it has.
fn place_of(pattern: &str) -> Place {
    let path = Path::new(pattern);
    let is_glob = pattern.contains(['*', '?', '[', '{']) && !path.exists();
    if !is_glob {
        let real = as_called(path);
        return if real.is_dir() {
            Place::Below(real)
        } else if real.exists() {
            Place::File(real)
        } else {
            Place::Either(real)
        };
    }
    let mut folder = PathBuf::new();
    let mut rest = Vec::new();
    for part in path.components() {
        let name = part.as_os_str().to_string_lossy();
        if !rest.is_empty() || name.contains(['*', '?', '[', '{']) {
            rest.push(name.into_owned());
        } else {
            folder.push(part);
        }
    }
    let folder = as_called(&folder);
    let start = folder.to_string_lossy().replace('\\', "/");
    let glob = format!("{}/{}", start.trim_end_matches('/'), rest.join("/"));
    Place::Glob { folder, glob }
}

/// The path without symbolic links, as far as it exists: changes are told of by it.
fn as_called(path: &Path) -> PathBuf {
    let real = path.ancestors().find_map(|folder| {
        let real = std::fs::canonicalize(folder).ok()?;
        Some((real, path.strip_prefix(folder).ok()?))
    });
    match real {
        Some((real, rest)) if rest.as_os_str().is_empty() => real,
        Some((real, rest)) => real.join(rest),
        None => path.to_owned(),
    }
}
