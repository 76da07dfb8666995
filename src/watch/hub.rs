//! [`Hub`]: the interface of the watch engine, one per environment.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::backend::{Connect, NotifyBackend};
use super::shared::{Shared, Wakeup};
use super::stamp::Stamp;
use super::{Due, Notice, WatchError, WatchKey, WatchOptions, thread};

/// [`Hub::has_more`] looks at no more files than this.
const LOOKED_AT: usize = 2000;

/// Watches files and says which ones differ from what their user loaded. While nothing is watched, it has no thread and
/// no open descriptor.
pub struct Hub {
    /// What the hub shares with its thread and the backend's.
    pub(super) shared: Arc<Shared>,
}

impl Hub {
    /// Makes a hub that calls `wake`, from any thread and without a lock held, when there is something to take.
    ///
    /// `wake` is called once until `take_due` is called, and one time more when a save has begun: waking a sleeping thread
    /// takes as long as a save, so it pays to begin early. `wake` must not wait for the thread that calls the hub.
    pub fn new(wake: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Self::with_backend(wake, Box::new(NotifyBackend::connect))
    }

    pub fn with_backend(wake: Box<dyn Fn() + Send + Sync>, connect: Box<Connect>) -> Arc<Self> {
        let shared = Shared::new(wake, connect);
        Arc::new(Self { shared })
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
        if guarded.state.is_idle() {
            thread::start(&self.shared, &mut guarded).map_err(WatchError::NoThread)?;
        }
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
        if guarded.state.is_idle() {
            guarded.dismiss();
            self.shared.bell.notify_all();
        }
        self.shared.follow_up(guarded);
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
