//! The source of change events: the OS through the crate notify, or a fake in tests.

use std::fmt;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use notify::{
    Config, Error, ErrorKind, EventKindMask, PathOp, RecommendedWatcher, RecursiveMode, WatchPathConfig,
    Watcher,
};

use super::file_change::{FileChange, Signal, signals};

/// Receives the signals of a backend that came together, in order, on the thread that reads them.
pub type Sink = Arc<dyn Fn(Vec<Signal>) + Send + Sync>;
/// Opens a backend that sends its signals to the sink.
pub type Connect = dyn Fn(Sink) -> Result<Box<dyn WatchBackend>, BackendError> + Send + Sync;

/// Which events of a folder the OS reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Changes of the folder's entries, and moves or the removal of the folder itself.
    Entries,
    /// Only moves of the folder itself.
    Itself,
}

/// Watches folders. Any thread may call it, except the thread that runs the sink.
pub trait WatchBackend: Send {
    /// Watches a folder, at most once per scope; if it is a link, the link itself. The watch for [`Scope::Entries`] begins
    /// now, the one for [`Scope::Itself`] with the next `flush`.
    fn watch(&mut self, folder: &Path, scope: Scope) -> Result<(), BackendError>;
    /// Ends a watch, with the next `flush` at the latest. A folder that is not watched (any more) is no error.
    fn unwatch(&mut self, folder: &Path, scope: Scope);
    /// Sends the batched requests. Of several failures it returns `Missing` if there is one, else the last.
    fn flush(&mut self) -> Result<(), BackendError>;
    /// Whether the backend ever sends `FileChange::Written`.
    fn tells_finished_writes(&self) -> bool;
    /// Whether the OS would still accept a watch of this folder.
    fn can_watch(&self, folder: &Path) -> bool {
        std::fs::read_dir(folder).is_ok()
    }
}

/// Why the OS does not watch a folder.
#[derive(Debug)]
pub enum BackendError {
    /// The user's limit of watches is reached.
    WatchLimit,
    /// The user's limit of instances is reached, or the process's limit of open files.
    InstanceLimit,
    /// There is no such folder (any more).
    Missing,
    /// Any other error.
    Other(io::Error),
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WatchLimit => f.write_str("too many watches"),
            Self::InstanceLimit => f.write_str("too many watchers or open files"),
            Self::Missing => f.write_str("no such folder"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

/// The error "too many open files", of the process or of inotify instances.
const EMFILE: i32 = 24;
/// The error "too many open files" of the whole system.
const ENFILE: i32 = 23;
/// The error of inotify beyond the user's limit of watches.
const ENOSPC: i32 = 28;

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::MaxFilesWatch => Self::WatchLimit,
            ErrorKind::PathNotFound => Self::Missing,
            ErrorKind::Io(error) => error.into(),
            kind => Self::Other(io::Error::other(Error::new(kind))),
        }
    }
}

impl From<io::Error> for BackendError {
    fn from(error: io::Error) -> Self {
        match (error.kind(), error.raw_os_error()) {
            (_, Some(EMFILE | ENFILE)) if cfg!(unix) => Self::InstanceLimit,
            (_, Some(ENOSPC)) if cfg!(target_os = "linux") => Self::WatchLimit,
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => Self::Missing,
            _ => Self::Other(error),
        }
    }
}

/// The backend of the OS, through the crate notify.
pub struct NotifyBackend {
    /// The watches of [`Scope::Entries`].
    entries: Channel,
    /// The watches of [`Scope::Itself`]. They have an instance of notify of their own because an instance has only one
    /// filter: with that of `entries`, each write into the home or temporary folder above a project would wake us. `None`
    /// if the OS has no instance left: then we miss moves of ancestors.
    moves: Option<Channel>,
}

impl NotifyBackend {
    pub fn connect(sink: Sink) -> Result<Box<dyn WatchBackend>, BackendError> {
        let events = EventKindMask::CREATE
            | EventKindMask::REMOVE
            | EventKindMask::ALL_MODIFY
            | EventKindMask::ACCESS_CLOSE;
        let entries = Channel::open(events, Arc::clone(&sink))?;
        let tell_move: Sink = Arc::new(move |signals| {
            let moves = signals.into_iter().filter_map(|signal| match signal {
                Signal::Changed {
                    path,
                    change: FileChange::MovedOut,
                } => Some(Signal::AncestorMoved(path)),
                Signal::Changed { .. } => None,
                other => Some(other),
            });
            sink(moves.collect());
        });
        let moves = if cfg!(target_os = "linux") {
            Channel::open(EventKindMask::MODIFY_NAME, tell_move).ok()
        } else {
            None
        };
        Ok(Box::new(Self { entries, moves }))
    }
}

impl WatchBackend for NotifyBackend {
    fn watch(&mut self, folder: &Path, scope: Scope) -> Result<(), BackendError> {
        let config = WatchPathConfig::new(RecursiveMode::NonRecursive).with_dereference_symlinks(false);
        let op = PathOp::Watch(folder.to_owned(), config);
        match (scope, &mut self.moves) {
            (Scope::Entries, _) => {
                self.entries.batch.push(op);
                self.entries.flush()?;
            }
            (Scope::Itself, Some(moves)) => moves.batch.push(op),
            (Scope::Itself, None) => {}
        }
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path, scope: Scope) {
        let op = PathOp::unwatch(folder);
        match (scope, &mut self.moves) {
            (Scope::Entries, _) => self.entries.batch.push(op),
            (Scope::Itself, Some(moves)) => moves.batch.push(op),
            (Scope::Itself, None) => {}
        }
    }

    fn flush(&mut self) -> Result<(), BackendError> {
        let entries = self.entries.flush();
        self.moves.as_mut().map_or(Ok(()), Channel::flush).and(entries)
    }

    fn tells_finished_writes(&self) -> bool {
        cfg!(target_os = "linux")
    }
}

/// One instance of notify.
struct Channel {
    /// The instance; `None` once its thread was found dead.
    watcher: Option<RecommendedWatcher>,
    /// The requests for the next `flush`. All of them together cost one round trip to notify's thread.
    batch: Vec<PathOp>,
}

impl Channel {
    fn open(events: EventKindMask, sink: Sink) -> Result<Self, BackendError> {
        let on_event = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => sink(signals(event)),
            Err(error) => {
                tracing::warn!(%error, "the watcher failed, so events may be lost");
                sink(vec![Signal::Overflow]);
            }
        };
        let config = Config::default().with_event_kinds(events);
        let watcher = Some(RecommendedWatcher::new(on_event, config)?);
        let mut channel = Self {
            watcher,
            batch: Vec::new(),
        };
        channel.check_alive()?;
        Ok(channel)
    }

    /// Fails if notify could not start its thread. notify does not report that itself, and panics when a watcher without
    /// a thread is dropped.
    fn check_alive(&mut self) -> Result<(), BackendError> {
        let is_dead = self
            .watcher
            .as_ref()
            .is_some_and(|watcher| watcher.watched_paths().is_err());
        if cfg!(target_os = "linux") && is_dead {
            mem::forget(self.watcher.take());
            return Err(ended());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), BackendError> {
        let mut batch = mem::take(&mut self.batch);
        let mut result = Ok(());
        while !batch.is_empty() {
            let watcher = self.watcher.as_mut().ok_or_else(ended)?;
            let Err(failure) = watcher.update_paths(batch) else {
                break;
            };
            match failure.origin {
                None => self.check_alive()?,
                Some(PathOp::Unwatch(_)) => {}
                Some(PathOp::Watch(..)) if matches!(result, Err(BackendError::Missing)) => {}
                Some(PathOp::Watch(..)) => result = Err(failure.source.into()),
            }
            batch = failure.remaining;
        }
        result
    }
}

fn ended() -> BackendError {
    BackendError::Other(io::Error::other("the watcher's thread has ended"))
}
