//! The door to the watch engine: one hub per environment.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::arming::{Arming, Unreadable};
use super::backend::{Connect, NotifyBackend};
use super::poll::{POLL_INTERVAL, Reason};
use super::repair::attach_for;
use super::shared::Shared;
use super::{Due, Notice, Polling, WatchError, WatchKey, WatchOptions, thread};

/// Watches files and says which ones differ from what their user loaded. Runs no thread and holds
/// no descriptor while nothing is watched.
pub struct Hub {
    shared: Arc<Shared>,
}

impl Hub {
    /// `wake` is called from any thread, without a lock held, when there is something to take. It is
    /// not called again before `take_due` was. It must not wait for the thread that calls the hub.
    pub fn new(wake: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        Self::with_backend(wake, Box::new(NotifyBackend::connect))
    }

    pub fn with_backend(wake: Box<dyn Fn() + Send + Sync>, connect: Box<Connect>) -> Arc<Self> {
        Arc::new(Self {
            shared: Shared::new(wake, connect),
        })
    }

    /// Watches the file at this absolute path, which may be a link and need not exist. A change
    /// after this returned will be due.
    pub fn watch(&self, path: &Path, options: &WatchOptions) -> Result<WatchKey, WatchError> {
        let mut arming = self.shared.arming.lock();
        let mut guarded = self.shared.state.lock();
        if guarded.shut_down {
            return Err(WatchError::ShutDown);
        }
        guarded.state.attaching = true;
        drop(guarded);
        thread::start(&self.shared).map_err(WatchError::NoThread)?;
        let attached = match attach_for(&mut arming, path, *options) {
            Ok(attached) => attached,
            Err(Unreadable { folder, cause }) => {
                self.shared.state.lock().state.attaching = false;
                self.end_if_idle(&mut arming);
                return Err(WatchError::Unreadable { folder, cause });
            }
        };
        let mut guarded = self.shared.state.lock();
        if guarded.shut_down {
            drop(guarded);
            arming.disconnect();
            return Err(WatchError::ShutDown);
        }
        let state = &mut guarded.state;
        state.attaching = false;
        state.tells_finished_writes = arming.tells_finished_writes();
        state.tell(arming.take_notices());
        let key = state.add(path, *options, attached.route);
        let (reason, interval) = match options.polling {
            Polling::Every(interval) => (Some(Reason::Asked), interval),
            Polling::Auto | Polling::Off => (attached.poll.map(Reason::Found), POLL_INTERVAL),
        };
        state.polls.set(Instant::now(), key, reason, interval);
        self.shared.follow_up(guarded);
        Ok(key)
    }

    /// From now on `take_due` does not return this key, not even for a change just before.
    pub fn unwatch(&self, key: WatchKey) {
        let mut arming = self.shared.arming.lock();
        let mut guarded = self.shared.state.lock();
        let mut unused = guarded.state.remove(key);
        unused.retain(|point| !guarded.state.roots.is_root(&point.folder));
        drop(guarded);
        for point in unused {
            arming.disarm(&point.folder);
        }
        self.end_if_idle(&mut arming);
    }

    fn end_if_idle(&self, arming: &mut Arming) {
        let mut guarded = self.shared.state.lock();
        if guarded.state.is_idle() {
            guarded.dismiss();
            drop(guarded);
            self.shared.bell.notify_all();
            arming.disconnect();
        }
    }

    /// Everything that differs from what its user loaded, in the order of the watches, each once.
    /// The files are taken to be loaded as they are now: load them after this, not before.
    pub fn take_due(&self) -> Vec<Due> {
        let mut guarded = self.shared.state.lock();
        guarded.woken = false;
        let due = guarded.state.take_due(Instant::now());
        self.shared.follow_up(guarded);
        due
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
        self.shared.arming.lock().disconnect();
        self.shared.wait_for_calm();
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shutdown();
    }
}
