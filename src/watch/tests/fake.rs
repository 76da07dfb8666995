//! A backend that says what a test tells it to say.

use std::collections::HashSet;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::bench::Bench;
use crate::watch::backend::{BackendError, Connect, Scope, Sink, WatchBackend};
use crate::watch::file_change::{FileChange, Signal};

/// Says what it is told to say.
#[derive(Default)]
pub struct Script {
    pub sink: Option<Sink>,
    pub watched: HashSet<(PathBuf, Scope)>,
    pub room: Option<usize>,
    pub refuses_to_connect: bool,
    pub unreadable: Option<PathBuf>,
    pub is_silent_about_finished_writes: bool,
    /// One of the folders above is away when they are to be watched.
    pub misses_one_above: bool,
    /// Every folder that was watched, as often as it was.
    pub history: Vec<PathBuf>,
}

#[derive(Clone, Default)]
pub struct Fake(pub Arc<Mutex<Script>>);

impl Fake {
    pub fn connect(&self) -> Box<Connect> {
        let fake = self.clone();
        Box::new(move |sink| {
            let mut script = fake.0.lock();
            if script.refuses_to_connect {
                return Err(BackendError::InstanceLimit);
            }
            script.sink = Some(sink);
            drop(script);
            Ok(Box::new(fake.clone()))
        })
    }

    pub fn tell(&self, signal: Signal) {
        let sink = self.0.lock().sink.clone().unwrap();
        sink(vec![signal]);
    }

    pub fn tell_change(&self, path: &Path, change: FileChange) {
        self.tell(Signal::Changed {
            path: path.to_owned(),
            change,
        });
    }
}

impl WatchBackend for Fake {
    fn watch(&mut self, folder: &Path, scope: Scope) -> Result<(), BackendError> {
        let mut script = self.0.lock();
        if script.unreadable.as_deref() == Some(folder) {
            return Err(BackendError::Other(std::io::ErrorKind::PermissionDenied.into()));
        }
        if script.room.is_some_and(|room| script.watched.len() >= room) {
            return Err(BackendError::WatchLimit);
        }
        script.history.push(folder.to_owned());
        assert!(
            script.watched.insert((folder.to_owned(), scope)),
            "{} twice",
            folder.display()
        );
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path, scope: Scope) {
        assert!(
            self.0.lock().watched.remove(&(folder.to_owned(), scope)),
            "{}",
            folder.display()
        );
    }

    fn flush(&mut self) -> Result<(), BackendError> {
        if mem::take(&mut self.0.lock().misses_one_above) {
            return Err(BackendError::Missing);
        }
        Ok(())
    }

    fn tells_finished_writes(&self) -> bool {
        !self.0.lock().is_silent_about_finished_writes
    }

    fn can_watch(&self, folder: &Path) -> bool {
        self.0.lock().unreadable.as_deref() != Some(folder)
    }
}

pub fn bench() -> (Bench, Fake) {
    let fake = Fake::default();
    (Bench::with_backend(fake.connect()), fake)
}
