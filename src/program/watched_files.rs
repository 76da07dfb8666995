//! Watches the files of a hot program: gathers the hub's due changes as paths.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::files::{hub, options, tell_notices};
use crate::js::{Js, JsResult, JsWaker, Timers};
use crate::report;
use crate::watch::{Hub, LoadedFile, Stamp, WatchKey, WatchOptions};

/// Changes within this time after another one are gathered with it. The first change of a quiet program is told of at once.
const GATHER: Duration = Duration::from_millis(20);

/// A callback that gets the paths that changed together.
pub type OnChange = Rc<dyn for<'s> Fn(Js<'s>, Vec<PathBuf>)>;

/// The watched files of one environment.
pub struct WatchedFiles {
    hub: Rc<Hub>,
    waker: JsWaker,
    options: WatchOptions,
    keys: RefCell<HashMap<PathBuf, WatchKey>>,
    paths: RefCell<HashMap<WatchKey, PathBuf>>,
    /// Files to watch from the end of this turn on, with their stamps from before they were read. Watching many at once is
    /// cheaper.
    asked: RefCell<HashMap<PathBuf, Option<Stamp>>>,
    is_asking: Cell<bool>,
    is_closed: Cell<bool>,
    changed: RefCell<Vec<PathBuf>>,
    is_gathering: Cell<bool>,
    last: Cell<Option<Instant>>,
    on_change: OnChange,
}

impl WatchedFiles {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// When `HMR_POLLING` is no number, or the environment is going.
    pub fn new(js: Js<'_>, on_change: OnChange) -> JsResult<'_, Rc<Self>> {
        let options = options::read("hmr", js.undefined(), false)?;
        let own: Rc<RefCell<std::rc::Weak<Self>>> = Rc::default();
        let of_waker = Rc::clone(&own);
        let waker = JsWaker::new(js, move |js| {
            let watches = of_waker.borrow().upgrade();
            if let Some(watches) = watches {
                watches.deliver(js);
            }
        })?;
        let hub = hub(js, &waker);
        let watches = Rc::new(Self {
            hub,
            waker,
            options,
            keys: RefCell::default(),
            paths: RefCell::default(),
            asked: RefCell::default(),
            is_asking: Cell::new(false),
            is_closed: Cell::new(false),
            changed: RefCell::default(),
            is_gathering: Cell::new(false),
            last: Cell::new(None),
            on_change,
        });
        *own.borrow_mut() = Rc::downgrade(&watches);
        Ok(watches)
    }

    /// Whether the watches keep the process alive.
    pub fn keep_alive(&self, js: Js<'_>, yes: bool) {
        self.waker.keep_alive(js, yes);
    }

    /// Watches a file, which need not exist, from the end of this turn on. If the file differs from `seen` by then, that is a
    /// change, which the watch engine finds out on its own thread.
    ///
    /// `seen` gives nothing as long as the file was not read. Another call for the same file asks again.
    pub fn watch(self: &Rc<Self>, js: Js<'_>, path: &Path, seen: impl FnOnce() -> Option<Stamp>) {
        if self.keys.borrow().contains_key(path) {
            return;
        }
        match self.asked.borrow_mut().entry(path.to_owned()) {
            Entry::Occupied(mut slot) => {
                if slot.get().is_none() {
                    slot.insert(seen());
                }
                return;
            }
            Entry::Vacant(slot) => drop(slot.insert(seen())),
        }
        if self.is_asking.replace(true) {
            return;
        }
        let watches = Rc::clone(self);
        let later = js
            .state::<Timers>()
            .and_then(|timers| timers.next_turn(js, move |js| watches.watch_asked(js)));
        if later.is_err() {
            self.is_asking.set(false);
        }
    }

    /// The files that were seen missing or empty, and may be in the middle of a save.
    pub fn unsettled(&self) -> HashSet<PathBuf> {
        let paths = self.paths.borrow();
        let settling = self.hub.settling().into_iter();
        settling.filter_map(|key| paths.get(&key).cloned()).collect()
    }

    /// Whether the file is watched already.
    pub fn has(&self, path: &Path) -> bool {
        self.keys.borrow().contains_key(path)
    }

    /// Watches a file, which need not exist. A difference from its state at this moment is a change.
    pub fn watch_as_it_is(self: &Rc<Self>, js: Js<'_>, path: &Path) {
        self.watch(js, path, || Some(Stamp::at_first_sight(path)));
    }

    /// Watches the files that were asked for, now.
    pub fn watch_asked(self: &Rc<Self>, js: Js<'_>) {
        self.is_asking.set(false);
        let asked: Vec<(PathBuf, Option<Stamp>)> = self.asked.take().into_iter().collect();
        if asked.is_empty() || self.is_closed.get() {
            return;
        }
        let files: Vec<LoadedFile<'_>> = asked
            .iter()
            .map(|(path, seen)| LoadedFile {
                path,
                seen: seen.map(Stamp::without_old_content),
            })
            .collect();
        match self.hub.watch_loaded(&files, &self.options) {
            Ok(watched) => {
                let (mut paths, mut keys) = (self.paths.borrow_mut(), self.keys.borrow_mut());
                for ((path, _), key) in asked.into_iter().zip(watched) {
                    paths.insert(key, path.clone());
                    keys.insert(path, key);
                }
            }
            Err(error) => report::notice(js, &format!("files cannot be watched: {error}")),
        }
        tell_notices(js, &self.hub);
    }

    /// Ends a watch.
    pub fn unwatch(&self, path: &Path) {
        self.asked.borrow_mut().remove(path);
        let key = self.keys.borrow_mut().remove(path);
        if let Some(key) = key {
            self.paths.borrow_mut().remove(&key);
            self.hub.unwatch(key);
        }
    }

    /// Ends all watching.
    pub fn close(&self) {
        self.is_closed.set(true);
        self.hub.shutdown();
        self.waker.close();
    }

    fn deliver(self: &Rc<Self>, js: Js<'_>) {
        let mut changed = Vec::new();
        for due in self.hub.take_due() {
            let Some(path) = self.paths.borrow().get(&due.key).cloned() else {
                continue;
            };
            // The file may be missing in the middle of a save.
            if !due.missing || due.settled {
                changed.push(path);
            }
        }
        tell_notices(js, &self.hub);
        self.add(js, changed);
    }

    /// Takes changed paths. The first change of a quiet program is told of at once, further ones are gathered.
    pub fn add(self: &Rc<Self>, js: Js<'_>, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        let mut changed = self.changed.borrow_mut();
        for path in paths {
            if !changed.contains(&path) {
                changed.push(path);
            }
        }
        drop(changed);
        if self.is_gathering.get() {
            return;
        }
        let since = self.last.get().map(|last| last.elapsed());
        let Some(rest) = since.and_then(|since| GATHER.checked_sub(since)) else {
            self.tell(js);
            return;
        };
        self.is_gathering.set(true);
        let watches = Rc::clone(self);
        let wait = u32::try_from(rest.as_millis()).unwrap_or(0) + 1;
        let scheduled = js.state::<Timers>().and_then(|timers| {
            timers.after(js, wait, move |js| {
                watches.is_gathering.set(false);
                watches.tell(js);
            })
        });
        if scheduled.is_err() {
            self.is_gathering.set(false);
        }
    }

    fn tell(&self, js: Js<'_>) {
        let changed = self.changed.take();
        if !changed.is_empty() {
            self.last.set(Some(Instant::now()));
            (self.on_change)(js, changed);
        }
    }
}
