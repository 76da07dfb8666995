//! [`Hub`]: the interface of the watch engine, one per environment.

use std::any::Any;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::mem;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::backend::{Connect, NotifyBackend, Sink, WatchBackend};
use super::shared::{Guarded, Shared, Wakeup};
use super::stamp::Stamp;
use super::{Due, Notice, WatchError, WatchKey, WatchOptions, thread};

/// [`Hub::has_more`] looks at no more files than this.
const LOOKED_AT: usize = 2000;

/// Watches files and says which ones differ from what their user loaded. While nothing is watched, it has no thread and
/// no open descriptor.
pub struct Hub {
    /// What the hub shares with its thread and the backend's.
    pub(super) shared: Arc<Shared>,
    /// Opens a backend whose events the caller's event loop reads.
    open_on_loop: Box<OpenOnLoop>,
    /// The reading of the events, while something is watched.
    reading: RefCell<Option<Box<dyn Any>>>,
}

/// Opens a backend whose events the caller's event loop reads, on the hub's thread. `None` if that cannot be: then a backend
/// with a thread of its own takes its place.
pub type OpenOnLoop = dyn Fn(Sink) -> Option<OnLoop>;

/// A backend whose events the caller's event loop reads.
pub struct OnLoop {
    /// The watches.
    pub backend: Box<dyn WatchBackend>,
    /// The reading, which ends when this is dropped.
    pub reading: Box<dyn Any>,
}

impl Hub {
    /// Makes a hub that calls `wake`, from any thread and without a lock held, when there is something to take.
    ///
    /// `wake` is called once until `take_due` is called. Where the backend has a thread of its own, it is called one time more
    /// when a save has begun: waking a sleeping thread takes as long as a save, so it pays to begin early. `wake` must not wait
    /// for the thread that calls the hub.
    pub fn new(wake: Box<dyn Fn() + Send + Sync>, open_on_loop: Box<OpenOnLoop>) -> Rc<Self> {
        Self::with_backend(wake, open_on_loop, Box::new(NotifyBackend::connect))
    }

    pub fn with_backend(
        wake: Box<dyn Fn() + Send + Sync>,
        open_on_loop: Box<OpenOnLoop>,
        connect: Box<Connect>,
    ) -> Rc<Self> {
        Rc::new(Self {
            shared: Shared::new(wake, connect),
            open_on_loop,
            reading: RefCell::default(),
        })
    }

    /// Begins to watch, unless something is watched already.
    pub(super) fn begin(&self, guarded: &mut Guarded) -> Result<(), WatchError> {
        if !guarded.state.is_idle() {
            return Ok(());
        }
        let on_loop = (self.open_on_loop)(self.shared.sink());
        guarded.is_read_on_loop = on_loop.is_some();
        let (backend, reading) = on_loop.map(|it| (it.backend, it.reading)).unzip();
        thread::start(&self.shared, guarded, backend).map_err(WatchError::NoThread)?;
        self.reading.replace(reading);
        Ok(())
    }

    /// Watches the file at this absolute path, which may be a link and need not exist. Every change after this returns will
    /// be due.
    ///
    /// Our own thread asks the OS for the watch, when no other watch was added for 1 ms, and after 50 ms at the latest. We
    /// see a change before that because the file is then compared with the stamp taken here.
    pub fn watch(&self, path: &Path, options: &WatchOptions) -> Result<WatchKey, WatchError> {
        let stamp = if options.only_content {
            Stamp::with_content(path)
        } else {
            Stamp::at_first_sight(path)
        };
        let mut guarded = self.shared.state.lock();
        if let Some(folder) = path.parent()
            && !guarded.state.readable.contains(folder.as_os_str())
        {
            drop(guarded);
            let readable = is_readable(folder)?;
            guarded = self.shared.state.lock();
            if readable {
                guarded.state.readable.insert(folder.as_os_str().to_owned());
            }
        }
        if guarded.shut_down {
            return Err(WatchError::ShutDown);
        }
        self.begin(&mut guarded)?;
        let key = guarded.state.add(Instant::now(), path, options.bounded(), stamp);
        self.shared.follow_up(guarded);
        Ok(key)
    }

    /// The path of a watch, while it lasts.
    pub fn path(&self, key: WatchKey) -> Option<Arc<Path>> {
        let guarded = self.shared.state.lock();
        guarded.state.watch(key).map(|watch| Arc::clone(&watch.path))
    }

    /// Ends a watch. From now on `take_due` does not return this key, not even for an earlier change.
    pub fn unwatch(&self, key: WatchKey) {
        let mut guarded = self.shared.state.lock();
        guarded.state.remove(Instant::now(), key);
        let is_idle = guarded.state.is_idle();
        if is_idle {
            guarded.dismiss();
            self.shared.bell.notify_all();
        }
        self.shared.follow_up(guarded);
        if is_idle {
            self.reading.take();
        }
    }

    /// Takes every file that differs from what its user loaded, in the order of the watches, each once.
    ///
    /// The hub assumes that the caller loads a file as it is at the moment when the iterator returns it. So the caller has
    /// to load it before it asks for the next one: a file may change and change back meanwhile.
    pub fn take_due(&self) -> impl Iterator<Item = Due> + '_ {
        let mut guarded = self.shared.state.lock();
        // An early wake-up (a save has begun) takes nothing: the burst is not over.
        let candidates = match mem::take(&mut guarded.wakeup) {
            Wakeup::Early => Vec::new(),
            Wakeup::Taken | Wakeup::WithCause => guarded.state.debouncer.take(Instant::now()),
        };
        self.shared.follow_up(guarded);
        candidates.into_iter().filter_map(|(key, settled)| {
            let mut guarded = self.shared.state.lock();
            let due = guarded.state.due(Instant::now(), key, settled);
            self.shared.follow_up(guarded);
            due
        })
    }

    /// Notes that the user of `key` has loaded its file, which is the same as that of `taken`, a watch that was due.
    pub fn take_along(&self, key: WatchKey, taken: WatchKey) {
        self.shared.state.lock().state.take_along(key, taken);
    }

    /// Whether so many watched files have changed and have not been taken. Looks at the files, since on a busy machine the OS's
    /// events come late.
    pub fn has_more(&self, count: usize) -> bool {
        let files: Vec<_> = {
            let state = &self.shared.state.lock().state;
            let watches = state.keys().into_iter().filter_map(|key| state.watch(key));
            let files = watches.map(|watch| (Arc::clone(&watch.path), watch.stamp));
            files.take(LOOKED_AT).collect()
        };
        let changed = files.iter().filter(|(path, stamp)| stamp.has_other_facts(path));
        changed.take(count).count() == count
    }

    /// The watches whose files are empty, missing or half-written, and wait for the end of their settle time.
    pub fn settling(&self) -> Vec<WatchKey> {
        self.shared.state.lock().state.debouncer.settling()
    }

    /// Whether no change is due now or after its settle time.
    pub fn is_at_rest(&self) -> bool {
        let debouncer = &self.shared.state.lock().state.debouncer;
        !debouncer.has_due() && debouncer.next_deadline().is_none()
    }

    pub fn take_notices(&self) -> Vec<Notice> {
        self.shared.state.lock().state.take_notices()
    }

    /// Ends all watching. Nothing calls `wake` after this returned.
    pub fn shutdown(&self) {
        let mut guarded = self.shared.state.lock();
        guarded.shut_down = true;
        guarded.dismiss();
        guarded.state.clear();
        drop(guarded);
        self.reading.take();
        self.shared.bell.notify_all();
        self.shared.wait_for_calm();
    }
}

/// Whether the folder can be read; false if it is not there.
fn is_readable(folder: &Path) -> Result<bool, WatchError> {
    match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
            let folder = folder.to_owned();
            Err(WatchError::Unreadable { folder, cause })
        }
        // The folder may be missing or no folder, which may change later.
        Err(_) => Ok(false),
        Ok(_) => Ok(true),
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shutdown();
    }
}
