//! Watches the files whose change restarts. Tells of a burst of changes once it is over, and only of files that have other
//! content.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tracing::trace;

use super::triggers::comes_with_install;

use crate::js::{Js, JsResult, JsWaker, Timers, outside};

use crate::files::{hub, options, tell_notices};
use crate::report;
use crate::watch::{Hub, LoadedFile, WatchKey, WatchOptions};

/// Changes within this time belong to one burst.
const QUIET: Duration = Duration::from_millis(30);
/// The same time while packages are installed.
const INSTALLED: Duration = Duration::from_millis(300);
/// Time for which a file may be missing that is about to be installed again.
const MISSING: Duration = Duration::from_secs(10);

/// A callback that gets the files that have changed.
pub type OnChange = Rc<dyn for<'s> Fn(Js<'s>, Vec<PathBuf>)>;

/// Hashes of the files' contents as they were loaded; `None` for a file that was missing.
type Contents = HashMap<PathBuf, Option<u64>>;

/// The watched files of one environment.
pub struct Watch {
    own: Weak<Self>,
    hub: Rc<Hub>,
    waker: JsWaker,
    options: WatchOptions,
    paths: RefCell<HashMap<WatchKey, PathBuf>>,
    watched: RefCell<HashSet<PathBuf>>,
    /// Contents of the watched files. A file whose content was not read yet has no entry.
    contents: Arc<Mutex<Contents>>,
    since: SystemTime,
    changed: RefCell<Vec<PathBuf>>,
    first: Cell<Option<Instant>>,
    last: Cell<Option<Instant>>,
    is_waiting: Cell<bool>,
    on_change: OnChange,
}

impl Watch {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// When `HMR_POLLING` is no number, or the environment is going.
    pub fn new(js: Js<'_>, since: SystemTime, on_change: OnChange) -> JsResult<'_, Rc<Self>> {
        let options = options::read("hmr", js.undefined(), false)?;
        let told: Rc<RefCell<Weak<Self>>> = Rc::default();
        let own = Rc::clone(&told);
        let waker = JsWaker::new(js, move |js| {
            let watch = own.borrow().upgrade();
            if let Some(watch) = watch {
                outside(js, move |js| watch.deliver(js));
            }
        })?;
        let hub = hub(js, &waker);
        let watch = Rc::new_cyclic(|own| Self {
            own: Weak::clone(own),
            hub,
            waker,
            options,
            paths: RefCell::default(),
            watched: RefCell::default(),
            contents: Arc::default(),
            since,
            changed: RefCell::default(),
            first: Cell::new(None),
            last: Cell::new(None),
            is_waiting: Cell::new(false),
            on_change,
        });
        *told.borrow_mut() = Rc::downgrade(&watch);
        Ok(watch)
    }

    /// Notes the present content of files as the one that the program loads.
    pub fn note(&self, files: &BTreeSet<PathBuf>) {
        let mut contents = self.contents.lock();
        for file in files {
            if !contents.contains_key(file) {
                contents.insert(file.clone(), content(file));
            }
        }
    }

    /// Whether the file is watched here.
    pub fn has(&self, path: &Path) -> bool {
        self.watched.borrow().contains(path)
    }

    /// Watches files, which need not exist.
    pub fn add(&self, js: Js<'_>, files: BTreeSet<PathBuf>) {
        let files: Vec<PathBuf> = {
            let mut watched = self.watched.borrow_mut();
            let new = files.into_iter().filter(|file| watched.insert(file.clone()));
            new.collect()
        };
        if files.is_empty() {
            return;
        }
        let loaded: Vec<LoadedFile<'_>> = files.iter().map(|path| LoadedFile { path, seen: None }).collect();
        match self.hub.watch_loaded(&loaded, &self.options) {
            Ok(keys) => {
                let both = keys.into_iter().zip(files.iter().cloned());
                self.paths.borrow_mut().extend(both);
            }
            Err(error) => report::notice(js, &format!("files cannot be watched: {error}")),
        }
        tell_notices(js, &self.hub);
        // Files that were changed between being loaded and being watched.
        let late = files.iter().filter(|file| self.differs(file)).cloned().collect();
        self.gather(js, late);
        self.read_soon(files);
    }

    /// Ends all watching.
    pub fn close(&self) {
        self.hub.shutdown();
        self.waker.close();
    }

    /// Reads, on another thread, the files whose content is not known.
    fn read_soon(&self, mut files: Vec<PathBuf>) {
        let contents = Arc::clone(&self.contents);
        files.retain(|file| !contents.lock().contains_key(file));
        if files.is_empty() {
            return;
        }
        let since = self.since;
        let work = move || {
            for file in &files {
                let read = content(file);
                // A file that is newer than the program may differ from the one that was loaded.
                if !is_newer(file, since) {
                    contents.lock().insert(file.clone(), read);
                }
            }
            trace!(?files, "contents are known");
        };
        // Without a thread, the files' times are compared instead.
        let _ = std::thread::Builder::new()
            .name(String::from("node-hmr contents"))
            .spawn(work);
    }

    fn differs(&self, file: &Path) -> bool {
        let known = self.contents.lock().get(file).copied();
        match known {
            Some(known) => content(file) != known,
            None => is_newer(file, self.since),
        }
    }

    fn deliver(&self, js: Js<'_>) {
        let mut changed = Vec::new();
        for due in self.hub.take_due() {
            // The file may be missing in the middle of a save.
            if due.missing && !due.settled {
                continue;
            }
            changed.extend(self.paths.borrow().get(&due.key).cloned());
        }
        tell_notices(js, &self.hub);
        changed.retain(|file| self.differs(file));
        self.gather(js, changed);
    }

    fn gather(&self, js: Js<'_>, changed: Vec<PathBuf>) {
        if changed.is_empty() {
            return;
        }
        let now = Instant::now();
        self.last.set(Some(now));
        let mut gathered = self.changed.borrow_mut();
        if gathered.is_empty() {
            self.first.set(Some(now));
        }
        for file in changed {
            if !gathered.contains(&file) {
                gathered.push(file);
            }
        }
        drop(gathered);
        if !self.is_waiting.replace(true) {
            self.wait(js);
        }
    }

    fn quiet(&self) -> Duration {
        if self.changed.borrow().iter().any(|file| comes_with_install(file)) {
            INSTALLED
        } else {
            QUIET
        }
    }

    fn wait(&self, js: Js<'_>) {
        let own = Weak::clone(&self.own);
        let wait = u32::try_from(self.quiet().as_millis()).unwrap_or(u32::MAX);
        let timer = js.state::<Timers>().and_then(|timers| {
            timers.after(js, wait, move |js| {
                if let Some(watch) = own.upgrade() {
                    watch.look(js);
                }
            })
        });
        if timer.is_err() {
            self.is_waiting.set(false);
        }
    }

    /// Tells of the changes if the burst is over.
    fn look(&self, js: Js<'_>) {
        let since = |time: &Cell<Option<Instant>>| time.get().map_or(Duration::MAX, |time| time.elapsed());
        if since(&self.last) < self.quiet() {
            return self.wait(js);
        }
        let missing = |file: &&PathBuf| comes_with_install(file) && !file.exists();
        let missing = self.changed.borrow().iter().find(missing).cloned();
        if let Some(file) = missing.filter(|_| since(&self.first) < MISSING) {
            trace!(?file, "missing, so packages are being installed");
            return self.wait(js);
        }
        self.is_waiting.set(false);
        let mut changed = self.changed.take();
        changed.retain(|file| self.differs(file));
        if !changed.is_empty() {
            let contents = changed.iter().map(|file| (file.clone(), content(file)));
            self.contents.lock().extend(contents);
            (self.on_change)(js, changed);
        }
    }
}

fn content(file: &Path) -> Option<u64> {
    let bytes = fs::read(file).ok()?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Some(hasher.finish())
}

/// Whether a file was written after that time. A missing file counts: it was there when it was loaded.
fn is_newer(file: &Path, since: SystemTime) -> bool {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.map_or(true, |modified| modified > since)
}
