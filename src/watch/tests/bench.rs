//! A hub with a temporary folder, and the caller's side of it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::temp::TempDir;
use crate::watch::backend::{Connect, NotifyBackend, Sink};
use crate::watch::file_change::Signal;
use crate::watch::shared::Wakeup;
use crate::watch::{Due, Hub, LoadedFile, OpenOnLoop, Stamp, WatchKey, WatchOptions};

/// Far more than anything takes, so that only a lost change runs into it.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Bench {
    pub hub: Rc<Hub>,
    wakes: Receiver<()>,
    temp: TempDir,
    paths: HashMap<WatchKey, PathBuf>,
}

/// One due file, loaded as soon as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    pub due: Due,
    pub text: Option<String>,
}

/// What opens the backend on an event loop, in the run of the tests that has one.
pub fn on_loop() -> Box<OpenOnLoop> {
    #[cfg(target_os = "linux")]
    let open = super::event_loop::open();
    #[cfg(not(target_os = "linux"))]
    let open = Box::new(|_| None);
    open
}

impl Bench {
    /// A hub of the OS's events.
    pub fn new() -> Self {
        Self::with(on_loop(), Box::new(NotifyBackend::connect))
    }

    /// A hub of this backend.
    pub fn with_backend(connect: Box<Connect>) -> Self {
        Self::with(Box::new(|_| None), connect)
    }

    /// A hub of the OS's events, whose signals `listen` gets as well.
    pub fn listening(listen: impl Fn(&Signal) + Send + Sync + 'static) -> Self {
        let listen = Arc::new(listen);
        let tee = move |sink: Sink| -> Sink {
            let listen = Arc::clone(&listen);
            Arc::new(move |signals| {
                signals.iter().for_each(&*listen);
                sink(signals);
            })
        };
        let (open, tee_on_loop) = (on_loop(), tee.clone());
        Self::with(
            Box::new(move |sink| open(tee_on_loop(sink))),
            Box::new(move |sink| NotifyBackend::connect(tee(sink))),
        )
    }

    fn with(open_on_loop: Box<OpenOnLoop>, connect: Box<Connect>) -> Self {
        let (sender, wakes) = channel();
        let wake = move || {
            let _ = sender.send(());
        };
        let hub = Hub::with_backend(Box::new(wake), open_on_loop, connect);
        Self {
            hub,
            wakes,
            temp: TempDir::new(),
            paths: HashMap::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn write_all(&self, names: &[String], text: &str) {
        for name in names {
            self.write(name, text);
        }
    }

    pub fn mkdir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn watch(&mut self, name: &str) -> WatchKey {
        self.watch_with(name, WatchOptions::default())
    }

    pub fn watch_with(&mut self, name: &str, options: WatchOptions) -> WatchKey {
        let path = self.path(name);
        self.watch_path(&path, options)
    }

    pub fn watch_path(&mut self, path: &Path, options: WatchOptions) -> WatchKey {
        let key = self.hub.watch(path, &options).unwrap();
        self.paths.insert(key, path.to_owned());
        key
    }

    /// Watches files that looked like that when they were loaded.
    pub fn watch_loaded(
        &mut self,
        files: &[(PathBuf, Option<Stamp>)],
        options: &WatchOptions,
    ) -> Vec<WatchKey> {
        let loaded = files.iter().map(|(path, seen)| LoadedFile { path, seen: *seen });
        let keys = self
            .hub
            .watch_loaded(&loaded.collect::<Vec<_>>(), options)
            .unwrap();
        let paths = files.iter().map(|(path, _)| path.clone());
        self.paths.extend(keys.iter().copied().zip(paths));
        keys
    }

    /// Waits until our thread has nothing to do: all watches are armed.
    pub fn rest(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.hub.shared.state.lock().is_at_rest() {
            assert!(Instant::now() < deadline, "no rest");
            std::thread::yield_now();
        }
    }

    /// The next delivery.
    pub fn next(&self) -> Vec<Load> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let loads = self.load();
            if !loads.is_empty() {
                return loads;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(self.wakes.recv_timeout(left).is_ok(), "nothing was due");
        }
    }

    /// As `next`, without looking before it was woken.
    pub fn next_woken(&self) -> Vec<Load> {
        loop {
            assert!(self.wakes.recv_timeout(PATIENCE).is_ok(), "nothing was due");
            let loads = self.load();
            if !loads.is_empty() {
                return loads;
            }
        }
    }

    /// Whether it was called since the last time.
    pub fn is_called(&self) -> bool {
        self.wakes.try_recv().is_ok()
    }

    /// Comes as if it had been called early.
    pub fn load_early(&self) -> Vec<Load> {
        self.hub.shared.state.lock().wakeup = Wakeup::Early;
        self.load()
    }

    /// What is due within this time, if anything is.
    pub fn next_within(&self, patience: Duration) -> Vec<Load> {
        let _ = self.wakes.recv_timeout(patience);
        self.load()
    }

    fn load(&self) -> Vec<Load> {
        let due = self.hub.take_due();
        due.map(|due| Load {
            due,
            text: self.read(due.key),
        })
        .collect()
    }

    fn read(&self, key: WatchKey) -> Option<String> {
        fs::read(&self.paths[&key])
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits until this file is delivered with this text, and returns the deliveries of it until then.
    pub fn until(&self, key: WatchKey, text: &str) -> Vec<Load> {
        let mut loads = Vec::new();
        loop {
            loads.extend(self.next_woken().into_iter().filter(|load| load.due.key == key));
            if loads
                .last()
                .is_some_and(|load| load.text.as_deref() == Some(text))
            {
                return loads;
            }
        }
    }

    /// Asserts that the next delivery is this text of this file alone.
    #[track_caller]
    pub fn expect(&self, key: WatchKey, text: &str) {
        let due = Due {
            key,
            settled: false,
            missing: false,
        };
        assert_eq!(
            self.next_woken(),
            [Load {
                due,
                text: Some(text.to_owned())
            }]
        );
    }

    /// Asserts that nothing is under way: a marked change arrives alone.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        let name = format!("marker{}", self.paths.len());
        self.write(&name, "old");
        let marker = self.watch(&name);
        self.write(&name, "new");
        self.expect(marker, "new");
        self.hub.unwatch(marker);
    }
}
