//! The door to the watch engine: one hub per environment.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::backend::{Connect, NotifyBackend};
use super::shared::{Call, Shared};
use super::stamp::Stamp;
use super::{Due, Notice, WatchError, WatchKey, WatchOptions, thread};

/// Watches files and says which ones differ from what their user loaded. Runs no thread and holds
/// no descriptor while nothing is watched.
pub struct Hub {
    pub(super) shared: Arc<Shared>,
}

impl Hub {
    /// `wake` is called from any thread, without a lock held, when there is something to take. It is
    /// not called again before `take_due` was, but for one more call when a save has begun, before
    /// there is anything to take: a thread that sleeps takes as long to wake as a save.
    /// It must not wait for the thread that calls the hub.
    pub fn new(wake: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Self::with_backend(wake, Box::new(NotifyBackend::connect))
    }

    pub fn with_backend(wake: Box<dyn Fn() + Send + Sync>, connect: Box<Connect>) -> Arc<Self> {
        let shared = Shared::new(wake, connect);
        Arc::new(Self { shared })
    }

    /// Watches the file at this absolute path, which may be a link and need not exist. A change
    /// after this returned will be due.
    ///
    /// The OS is asked on our own thread, once no new watch has come for a millisecond, 50 at
    /// most: a change until then shows when the file is compared with the stamp taken here.
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

    /// From now on `take_due` does not return this key, not even for a change just before.
    pub fn unwatch(&self, key: WatchKey) {
        let mut guarded = self.shared.state.lock();
        guarded.state.remove(Instant::now(), key);
        if guarded.state.is_idle() {
            guarded.dismiss();
            self.shared.bell.notify_all();
        }
        self.shared.follow_up(guarded);
    }

    /// Everything that differs from what its user loaded, in the order of the watches, each once.
    /// A file is taken to be loaded as it is when the iterator comes to it: load it then, before
    /// the next, since it or the way to it may change and change back meanwhile.
    pub fn take_due(&self) -> impl Iterator<Item = Due> + '_ {
        let mut guarded = self.shared.state.lock();
        // Whoever was called early leaves what is under way.
        let candidates = match mem::take(&mut guarded.call) {
            Call::Early => Vec::new(),
            Call::Taken | Call::WithCause => guarded.state.debouncer.take(Instant::now()),
        };
        self.shared.follow_up(guarded);
        candidates.into_iter().filter_map(|(key, settled)| {
            let mut guarded = self.shared.state.lock();
            let due = guarded.state.due(Instant::now(), key, settled);
            self.shared.follow_up(guarded);
            due
        })
    }

    /// The user of `key` has loaded the same file as that of `taken`, which was due.
    pub fn take_along(&self, key: WatchKey, taken: WatchKey) {
        self.shared.state.lock().state.take_along(key, taken);
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

/// Whether the folder can be read, if it is there.
fn is_readable(folder: &Path) -> Result<bool, WatchError> {
    match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
            let folder = folder.to_owned();
            Err(WatchError::Unreadable { folder, cause })
        }
        // Whatever else is in the way may change.
        Err(_) => Ok(false),
        Ok(_) => Ok(true),
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shutdown();
    }
}
