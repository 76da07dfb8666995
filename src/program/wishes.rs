//! What versions have asked to watch by `hot.watch`: files, folders and globs.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use crate::graph::hot::ModuleId;
use crate::hot::{Updater, Version, WatchWish};
use crate::js::{Cx, Js, JsResult, JsWaker, Timers, spawn_detached};
use crate::watch::Trees;

/// How often folders are looked at where the OS does not tell, in milliseconds.
const POLL: u32 = 300;

/// What a wish covers.
enum Place {
    /// That path: a file, or none yet.
    File(PathBuf),
    /// Everything below a folder.
    Below(PathBuf),
    /// What matches, below the folder before the first wildcard.
    Glob { folder: PathBuf, glob: String },
}

struct Entry {
    version: Weak<Version>,
    wish: Rc<WatchWish>,
    place: Place,
}

/// The wishes of one environment.
pub struct Wishes {
    trees: Rc<Trees>,
    waker: JsWaker,
    entries: RefCell<Vec<Entry>>,
}

impl Wishes {
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
        })
    }

    /// Watches a folder for options.
    pub fn watch_below(&self, folder: &Path) {
        self.trees.watch(folder);
    }

    /// Adds a wish; gives the path to watch if it is one file.
    pub fn add(&self, version: &Rc<Version>, wish: &Rc<WatchWish>) -> Option<PathBuf> {
        let place = place_of(&wish.pattern);
        let file = match &place {
            Place::File(path) => Some(path.clone()),
            Place::Below(folder) | Place::Glob { folder, .. } => {
                self.trees.watch(folder);
                None
            }
        };
        self.entries.borrow_mut().push(Entry {
            version: Rc::downgrade(version),
            wish: Rc::clone(wish),
            place,
        });
        file
    }

    /// Forgets the wishes of versions that are gone; gives the files that they were about.
    pub fn take_dropped(&self) -> HashSet<PathBuf> {
        let mut files = HashSet::new();
        self.entries.borrow_mut().retain(|entry| {
            let is_alive = entry
                .version
                .upgrade()
                .is_some_and(|version| !version.is_retired());
            if !is_alive {
                match &entry.place {
                    Place::File(path) => drop(files.insert(path.clone())),
                    Place::Below(folder) | Place::Glob { folder, .. } => self.trees.unwatch(folder),
                }
            }
            is_alive
        });
        files
    }

    /// Whether a wish is about this very file.
    pub fn wants_file(&self, path: &Path) -> bool {
        let entries = self.entries.borrow();
        entries
            .iter()
            .any(|entry| matches!(&entry.place, Place::File(file) if file == path))
    }

    /// A file changed: calls the callbacks that are about it, and gives the modules of which it counts as a change.
    pub fn changed(&self, js: Js<'_>, updater: &Rc<Updater>, path: &Path) -> Vec<ModuleId> {
        let concerned: Vec<(Rc<Version>, Rc<WatchWish>)> = {
            let entries = self.entries.borrow();
            let concerned = entries.iter().filter(|entry| entry.place.has(path));
            let alive =
                concerned.filter_map(|entry| Some((entry.version.upgrade()?, Rc::clone(&entry.wish))));
            alive.filter(|(version, _)| !version.is_retired()).collect()
        };
        let mut touched = Vec::new();
        for (version, wish) in concerned {
            if wish.callback.is_none() {
                touched.push(version.module.id);
                continue;
            }
            let (cx, updater) = (Cx::new(js), Rc::clone(updater));
            let path = path.to_string_lossy().into_owned();
            spawn_detached(js, async move {
                updater.call_watcher(&cx, &version, &wish, &path).await;
            });
        }
        touched
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
    fn has(&self, path: &Path) -> bool {
        match self {
            Self::File(file) => file == path,
            Self::Below(folder) => path.starts_with(folder),
            Self::Glob { glob, .. } => {
                let path = path.to_string_lossy().replace('\\', "/");
                fast_glob::glob_match(glob, path.as_bytes())
            }
        }
    }
}

/// A path that exists is no glob, whatever its letters are.
fn place_of(pattern: &str) -> Place {
    let path = Path::new(pattern);
    // Changes are told of by the path as it is really called.
    let real = std::fs::canonicalize(path);
    if let Ok(real) = real {
        return if real.is_dir() {
            Place::Below(real)
        } else {
            Place::File(real)
        };
    }
    if !pattern.contains(['*', '?', '[', '{']) {
        return Place::File(path.to_owned());
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
    let folder = std::fs::canonicalize(&folder).unwrap_or(folder);
    let start = folder.to_string_lossy().replace('\\', "/");
    let glob = format!("{}/{}", start.trim_end_matches('/'), rest.join("/"));
    Place::Glob { folder, glob }
}
