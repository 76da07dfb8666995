//! Loads files and everything that they import, on all cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use rustc_hash::{FxHashMap, FxHashSet};

use super::known::Known;
use super::module::{Loaded, Place};
use super::read::{FileLoader, STACK};

/// Number of waiting files for which a further thread pays.
const WAITING: usize = 4;

/// One file to look at.
pub struct Job {
    pub url: Arc<str>,
    pub place: Place,
    /// Whether the file is read again. Otherwise only its imports are resolved again.
    pub reads: bool,
}

/// A crawl under way.
pub struct Crawl<'a> {
    files: &'a FileLoader,
    known: &'a Known,
    /// How many threads may take part.
    threads: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<Job>,
    /// How many threads have a job.
    busy: usize,
    helpers: usize,
    claimed: FxHashSet<Arc<str>>,
    loaded: FxHashMap<Arc<str>, Arc<Loaded>>,
}

impl<'a> Crawl<'a> {
    pub fn new(files: &'a FileLoader, known: &'a Known, threads: usize, mut jobs: Vec<Job>) -> Self {
        let mut claimed = FxHashSet::default();
        jobs.retain(|job| claimed.insert(Arc::clone(&job.url)));
        Self {
            files,
            known,
            threads,
            state: Mutex::new(State {
                waiting: jobs,
                busy: 0,
                helpers: 0,
                claimed,
                loaded: FxHashMap::default(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Loads everything. The calling thread takes part. The result has the new modules and the ones that were to be looked
    /// at.
    pub fn run(self) -> FxHashMap<Arc<str>, Arc<Loaded>> {
        thread::scope(|scope| {
            self.work(false, &|| {
                let room = thread::Builder::new()
                    .name("node-hmr load".to_owned())
                    .stack_size(STACK);
                // If no further thread can be started, loading takes longer.
                let _ = room.spawn_scoped(scope, || self.work(true, &|| ()));
            });
        });
        self.state.into_inner().loaded
    }

    fn work(&self, has_room: bool, add_helper: &dyn Fn()) {
        let mut own = None;
        while let Some(job) = own.take().or_else(|| self.next()) {
            let loaded = self.look_at(job, has_room);
            let places: Vec<(Arc<str>, Place)> =
                loaded.local_imports().map(|place| (place.url(), place)).collect();
            let mut state = self.state.lock();
            for (url, place) in places {
                if !self.known.has(&url) && state.claimed.insert(Arc::clone(&url)) {
                    let job = Job {
                        url,
                        place,
                        reads: true,
                    };
                    // This thread takes the first import itself, so a chain of imports needs no other thread.
                    if own.is_none() {
                        own = Some(job);
                    } else {
                        state.waiting.push(job);
                    }
                }
            }
            state.loaded.insert(Arc::clone(&loaded.url), loaded);
            if own.is_none() {
                state.busy -= 1;
            }
            let wanted = state.waiting.len() >= WAITING && state.helpers + 1 < self.threads;
            if wanted {
                state.helpers += 1;
            }
            let has_news = !state.waiting.is_empty() || state.busy == 0;
            drop(state);
            if wanted {
                add_helper();
            }
            if has_news {
                self.changed.notify_all();
            }
        }
    }

    /// The next file; `None` when all are done.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.waiting.pop() {
                state.busy += 1;
                return Some(job);
            }
            if state.busy == 0 {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    fn look_at(&self, job: Job, has_room: bool) -> Arc<Loaded> {
        let before = self.known.get(&job.url);
        let (url, place) = (Arc::clone(&job.url), job.place.clone());
        let attempt = || match before {
            Some(before) if !job.reads => self.files.resolve_again(before),
            before => self.files.load(job.place, job.url, before, has_room),
        };
        // A panic here must not leave the other threads waiting.
        catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| Arc::new(Loaded::failed(url, place)))
    }
}
