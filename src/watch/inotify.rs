//! inotify for a caller whose event loop waits for the descriptor itself.
//!
//! The crate notify reads events on a thread of its own, which then wakes the caller. A save is served sooner if the thread
//! that loads the file reads them: it is woken once, and sees the save before the request that asks for it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inotify::{Event, EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use parking_lot::Mutex;

use super::backend::{BackendError, Scope, Sink, WatchBackend};
use super::file_change::{FileChange, Signal};

/// The events of one look: fifteen with the longest names, and the few of a save. What is left makes the descriptor readable
/// again.
const BUFFER: usize = 4 * 1024;

/// Opens an inotify instance: the watches, and the queue of their events.
pub fn open(sink: Sink) -> Result<(EventQueue, Box<dyn WatchBackend>), BackendError> {
    let inotify = Inotify::init()?;
    let folders: Arc<Mutex<Folders>> = Arc::default();
    let backend = InotifyBackend {
        watches: inotify.watches(),
        folders: Arc::clone(&folders),
        sink: Arc::clone(&sink),
        missed_above: None,
    };
    let queue = EventQueue {
        inotify,
        folders,
        sink,
    };
    Ok((queue, Box::new(backend)))
}

/// The events that nobody has read yet.
pub struct EventQueue {
    inotify: Inotify,
    folders: Arc<Mutex<Folders>>,
    /// Receives the signals of the events, on the thread that reads them.
    sink: Sink,
}

impl AsFd for EventQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

impl EventQueue {
    /// Reads events and sends their signals. Does not wait: without events, it does nothing.
    pub fn read(&mut self) {
        let mut buffer = [0; BUFFER];
        let mut signals = Vec::new();
        match self.inotify.read_events(&mut buffer) {
            Ok(events) => {
                let mut folders = self.folders.lock();
                for event in events {
                    folders.signals(&event, &mut signals);
                }
            }
            Err(error) if is_no_loss(error.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, "the watcher failed, so events may be lost");
                signals.push(Signal::Overflow);
            }
        }
        (self.sink)(signals);
    }
}

fn is_no_loss(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// What is watched of one folder.
#[derive(Clone, Copy, Default)]
struct Scopes {
    entries: bool,
    itself: bool,
}

impl Scopes {
    fn with(mut self, scope: Scope, yes: bool) -> Self {
        match scope {
            Scope::Entries => self.entries = yes,
            Scope::Itself => self.itself = yes,
        }
        self
    }

    fn is_empty(self) -> bool {
        !self.entries && !self.itself
    }

    /// The signals of a folder that has left this path.
    fn moved(self, path: &Path) -> impl Iterator<Item = Signal> {
        let ancestor = self.itself.then(|| Signal::AncestorMoved(path.to_owned()));
        let folder = self.entries.then(|| Signal::Changed {
            path: path.to_owned(),
            change: FileChange::MovedOut,
        });
        ancestor.into_iter().chain(folder)
    }

    /// The events that the kernel has to report.
    fn events(self) -> WatchMask {
        let mut events = WatchMask::MOVE_SELF | WatchMask::DONT_FOLLOW;
        if self.entries {
            events |= WatchMask::CREATE
                | WatchMask::CLOSE_WRITE
                | WatchMask::MODIFY
                | WatchMask::ATTRIB
                | WatchMask::MOVED_TO
                | WatchMask::MOVED_FROM
                | WatchMask::DELETE
                | WatchMask::DELETE_SELF;
        }
        events
    }
}

/// A watched folder.
struct Folder {
    /// The kernel's watch.
    descriptor: WatchDescriptor,
    /// What is watched of it.
    scopes: Scopes,
}

/// The watched folders.
#[derive(Default)]
struct Folders {
    by_path: HashMap<PathBuf, Folder>,
    /// The paths by the number of the kernel's watch. Two paths have the same one if they lead to the same folder.
    by_number: HashMap<i32, Vec<PathBuf>>,
}

impl Folders {
    /// Adds the signals of one event.
    fn signals(&mut self, event: &Event<&OsStr>, signals: &mut Vec<Signal>) {
        if event.mask.contains(EventMask::Q_OVERFLOW) {
            signals.push(Signal::Overflow);
            return;
        }
        let number = event.wd.get_watch_descriptor_id();
        if event.mask.contains(EventMask::IGNORED) {
            self.forget_number(number);
            return;
        }
        for folder in self.by_number.get(&number).into_iter().flatten() {
            let Some(Folder { scopes, .. }) = self.by_path.get(folder) else {
                continue;
            };
            if event.mask.contains(EventMask::MOVE_SELF) {
                signals.extend(scopes.moved(folder));
            } else if scopes.entries
                && let Some(change) = file_change(event.mask)
            {
                let entry = event.name.map(|name| folder.join(name));
                let path = entry.unwrap_or_else(|| folder.clone());
                signals.push(Signal::Changed { path, change });
            }
        }
    }

    /// Forgets a watch that the kernel has ended.
    fn forget_number(&mut self, number: i32) {
        for path in self.by_number.remove(&number).unwrap_or_default() {
            self.by_path.remove(&path);
        }
    }

    /// Forgets one path. Returns what was watched of it, and the kernel's watch if no other path uses it.
    fn forget(&mut self, path: &Path) -> Option<(Scopes, Option<WatchDescriptor>)> {
        let Folder { descriptor, scopes } = self.by_path.remove(path)?;
        let number = descriptor.get_watch_descriptor_id();
        let paths = self.by_number.get_mut(&number)?;
        paths.retain(|other| other != path);
        if !paths.is_empty() {
            return Some((scopes, None));
        }
        self.by_number.remove(&number);
        Some((scopes, Some(descriptor)))
    }

    /// What is watched of this path.
    fn scopes(&self, path: &Path) -> Scopes {
        self.by_path
            .get(path)
            .map(|folder| folder.scopes)
            .unwrap_or_default()
    }

    /// Notes what the kernel watches of this path. Returns, as [`Self::forget`], what was there if it was another folder.
    fn note(
        &mut self,
        path: &Path,
        scopes: Scopes,
        descriptor: WatchDescriptor,
    ) -> Option<(Scopes, Option<WatchDescriptor>)> {
        let number = descriptor.get_watch_descriptor_id();
        let before = match self.by_path.get_mut(path) {
            Some(folder) if folder.descriptor.get_watch_descriptor_id() == number => {
                folder.scopes = scopes;
                return None;
            }
            _ => self.forget(path),
        };
        let folder = Folder { descriptor, scopes };
        self.by_path.insert(path.to_owned(), folder);
        self.by_number.entry(number).or_default().push(path.to_owned());
        before
    }
}

/// What an event says of the entry, or of the folder itself if it names no entry.
fn file_change(mask: EventMask) -> Option<FileChange> {
    const CHANGES: [(EventMask, FileChange); 9] = [
        (EventMask::CREATE, FileChange::Created),
        (EventMask::CLOSE_WRITE, FileChange::Written),
        (EventMask::MODIFY, FileChange::Modified),
        (EventMask::ATTRIB, FileChange::Touched),
        (EventMask::MOVED_TO, FileChange::MovedIn),
        (EventMask::MOVED_FROM, FileChange::MovedOut),
        (EventMask::DELETE, FileChange::Removed),
        (EventMask::DELETE_SELF, FileChange::Removed),
        (EventMask::UNMOUNT, FileChange::Unmounted),
    ];
    let known = CHANGES.iter().find(|(bit, _)| mask.contains(*bit));
    known.map(|(_, change)| *change)
}

/// The watches of one inotify instance. One instance does for both scopes: each folder has events of its own.
struct InotifyBackend {
    watches: Watches,
    folders: Arc<Mutex<Folders>>,
    /// Receives what this finds out itself.
    sink: Sink,
    /// Why a folder could not be watched as [`Scope::Itself`], for the next `flush`.
    missed_above: Option<BackendError>,
}

impl InotifyBackend {
    /// Asks the kernel to watch the folder in one scope more. Events that come before it is noted are dropped: whoever watches a
    /// folder looks at it afterwards.
    fn ask_for(&mut self, folder: &Path, scope: Scope) -> Result<(), BackendError> {
        let scopes = self.folders.lock().scopes(folder).with(scope, true);
        // `MASK_ADD`, as another path may lead to the same folder: the kernel would end what that one asked for.
        let descriptor = self.watches.add(folder, scopes.events() | WatchMask::MASK_ADD)?;
        let before = self.folders.lock().note(folder, scopes, descriptor);
        let Some((scopes, unused)) = before else {
            return Ok(());
        };
        self.remove(unused);
        // Another folder has taken the place of the one that the other scope watches. The event that says so may be unread, and
        // belongs to no path now.
        (self.sink)(scopes.moved(folder).collect());
        Ok(())
    }

    fn remove(&mut self, descriptor: Option<WatchDescriptor>) {
        if let Some(descriptor) = descriptor {
            // The kernel may have ended it already, with the folder.
            drop(self.watches.remove(descriptor));
        }
    }
}

impl WatchBackend for InotifyBackend {
    fn watch(&mut self, folder: &Path, scope: Scope) -> Result<(), BackendError> {
        let Err(error) = self.ask_for(folder, scope) else {
            return Ok(());
        };
        match scope {
            Scope::Entries => return Err(error),
            Scope::Itself if matches!(self.missed_above, Some(BackendError::Missing)) => {}
            Scope::Itself => self.missed_above = Some(error),
        }
        Ok(())
    }

    /// Of the events of a scope that has ended, the kernel goes on to report those of a folder that the other scope watches.
    fn unwatch(&mut self, folder: &Path, scope: Scope) {
        let mut folders = self.folders.lock();
        let Some(watched) = folders.by_path.get_mut(folder) else {
            return;
        };
        watched.scopes = watched.scopes.with(scope, false);
        if watched.scopes.is_empty() {
            let unused = folders.forget(folder).and_then(|(_, unused)| unused);
            drop(folders);
            self.remove(unused);
        }
    }

    fn flush(&mut self) -> Result<(), BackendError> {
        mem::take(&mut self.missed_above).map_or(Ok(()), Err)
    }

    fn tells_finished_writes(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[path = "tests/inotify.rs"]
mod tests;
