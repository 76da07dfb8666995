//! What a hub knows: its watches, whose event is whose, what is due.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::debouncer::{Debouncer, Pace};
use super::file_change::{FileChange, Signal};
use super::notice::Notice;
use super::poll::{PollSchedule, Reason};
use super::repair::Repairs;
use super::roots::Roots;
use super::route::{Role, Route};
use super::stamp::{Comparison, Sight, Stamp, is_just_spoilt};
use super::{Due, Polling, WatchKey, WatchOptions};
use rustc_hash::FxBuildHasher;

/// How long new watches wait for others: thousands in a row would wake our thread for each otherwise,
const GATHER: Duration = Duration::from_millis(1);
/// and it would take the processor and the lock from the caller, who is adding them.
const GATHER_CAP: Duration = Duration::from_millis(50);
/// How long folders wait to be tidied up.
const TIDY: Duration = Duration::from_millis(10);

pub struct Watch {
    pub path: Arc<Path>,
    pub options: WatchOptions,
    pub stamp: Stamp,
    route: Route,
}

impl Watch {
    pub fn comparison(&self, may_be_write: bool) -> Comparison {
        Comparison {
            only_content: self.options.only_content,
            may_be_write,
        }
    }

    fn pace(&self, pace: Pace) -> Pace {
        self.options.debounce.map_or(pace, Pace::Wait)
    }
}

#[derive(Default)]
pub struct State {
    watches: HashMap<WatchKey, Box<Watch>, FxBuildHasher>,
    last_key: u64,
    pub roots: Roots,
    pub debouncer: Debouncer,
    pub polls: PollSchedule,
    /// Folders found readable, as text.
    pub readable: HashSet<OsString, FxBuildHasher>,
    pub repairs: Repairs,
    /// Until when new watches wait for others, and at the latest.
    gather: Option<(Instant, Instant)>,
    vacated: Vec<Arc<Path>>,
    /// Folders are being armed for routes that are not in `roots` yet: whatever happens to a name
    /// meanwhile may concern them.
    pub attaching: bool,
    pub tells_finished_writes: bool,
    /// When the folders are to be tidied up; see `Arming::tidy`.
    pub tidy_at: Option<Instant>,
    notices: Vec<Notice>,
    told: HashSet<Notice>,
    has_news: bool,
}

impl State {
    pub fn watch(&self, key: WatchKey) -> Option<&Watch> {
        self.watches.get(&key).map(Box::as_ref)
    }

    pub fn keys(&self) -> BTreeSet<WatchKey> {
        self.watches.keys().copied().collect()
    }

    pub fn is_idle(&self) -> bool {
        self.watches.is_empty()
    }

    pub fn add(&mut self, now: Instant, path: &Path, options: WatchOptions, stamp: Stamp) -> WatchKey {
        self.last_key += 1;
        let key = WatchKey(self.last_key);
        let (path, route) = (Arc::from(path), Route::new());
        self.watches.insert(
            key,
            Box::new(Watch {
                path,
                options,
                stamp,
                route,
            }),
        );
        match options.polling {
            Polling::Every(interval) => self.polls.set(now, key, Some(Reason::Asked), interval),
            Polling::Auto | Polling::Off => {
                self.repairs.added.push(key);
                let (_, cap) = self.gather.unwrap_or((now, now + GATHER_CAP));
                self.gather = Some((cap.min(now + GATHER), cap));
            }
        }
        key
    }

    /// Whether something has to find its way again that does not wait for others.
    pub fn has_urgent_repairs(&self) -> bool {
        !self.repairs.only_adds()
    }

    /// What has to find its way again by now.
    pub fn take_repairs(&mut self, now: Instant) -> Repairs {
        if !self.has_urgent_repairs() && self.gather.is_some_and(|(until, _)| until > now) {
            return Repairs::default();
        }
        self.gather = None;
        mem::take(&mut self.repairs)
    }

    pub fn remove(&mut self, now: Instant, key: WatchKey) {
        self.debouncer.cancel(key);
        self.polls.remove(key);
        let Some(watch) = self.watches.remove(&key) else {
            return;
        };
        if self.leave(key, &watch.route) {
            self.tidy_soon(now);
        }
    }

    /// Returns whether nobody else is interested in one of the folders.
    fn leave(&mut self, key: WatchKey, route: &Route) -> bool {
        self.roots.remove(key, route);
        let folders = route.iter().map(|point| &point.folder);
        let before = self.vacated.len();
        let vacated = folders.filter(|folder| !self.roots.is_root(folder));
        self.vacated.extend(vacated.map(Arc::clone));
        self.vacated.len() > before
    }

    /// The folders that nobody is interested in any more. They may still be armed, but what happens
    /// to them goes unheeded: they are not to be taken for armed again.
    pub fn take_vacated(&mut self) -> Vec<Arc<Path>> {
        let mut vacated = mem::take(&mut self.vacated);
        vacated.retain(|folder| !self.roots.is_root(folder));
        vacated
    }

    pub fn clear(&mut self) {
        *self = Self {
            last_key: self.last_key,
            told: mem::take(&mut self.told),
            ..Self::default()
        };
    }

    /// Soon, and together with what comes until then.
    pub fn tidy_soon(&mut self, now: Instant) {
        self.tidy_at = self.tidy_at.or(Some(now + TIDY));
    }

    pub fn detach(&mut self, key: WatchKey) {
        if let Some(watch) = self.watches.get_mut(&key) {
            let route = mem::take(&mut watch.route);
            self.leave(key, &route);
        }
    }

    /// Returns whether anybody still watches it.
    pub fn reattach(&mut self, key: WatchKey, route: Route) -> bool {
        let Some(watch) = self.watches.get_mut(&key) else {
            return false;
        };
        self.roots.add(key, &route);
        watch.route = route;
        true
    }

    pub fn on_signal(&mut self, now: Instant, signal: Signal) {
        match signal {
            Signal::Overflow => self.repairs.all = true,
            Signal::AncestorMoved(path) => {
                self.repairs.paths.insert(path);
            }
            Signal::Changed { path, change } => {
                self.repairs.unmounted |= change == FileChange::Unmounted;
                self.on_change(now, &path, change);
                if change == FileChange::Touched {
                    if self.attaching || self.roots.is_root(&path) {
                        self.repairs.touched.insert(path);
                    }
                } else if self.leads_elsewhere(&path, change) {
                    self.repairs.paths.insert(path);
                }
            }
        }
    }

    /// Whether it is about something that is watched, and not only a neighbour of it.
    pub fn is_of_interest(&self, signal: &Signal) -> bool {
        match signal {
            Signal::Changed { path, .. } => self.roots.is_root(path) || !self.roots.at(path).is_empty(),
            Signal::AncestorMoved(_) | Signal::Overflow => true,
        }
    }

    /// Whether a save may begin so. Where nobody tells of its end, it has to rest first.
    pub fn is_sign_of_save(&self, signal: &Signal) -> bool {
        self.tells_finished_writes && self.roots.shows_save(signal)
    }

    fn on_change(&mut self, now: Instant, path: &Path, change: FileChange) {
        let interests = self.roots.at(path).iter();
        let keys: Vec<_> = interests
            .filter(|interest| interest.role == Role::Target)
            .map(|interest| interest.key)
            .collect();
        if change == FileChange::Modified && self.tells_finished_writes {
            for key in keys {
                if let Some(watch) = self.watches.get(&key) {
                    self.debouncer.settle(now, key, watch.pace(Pace::Finished));
                }
            }
        } else {
            self.compare(now, keys, change);
        }
    }

    /// Compares these files with their stamps, because of one event.
    pub fn compare(&mut self, now: Instant, keys: impl IntoIterator<Item = WatchKey>, change: FileChange) {
        let mut changes = Vec::new();
        for key in keys {
            let Some(watch) = self.watches.get_mut(&key) else {
                continue;
            };
            let comparison = watch.comparison(change != FileChange::Touched);
            let fresh = watch.stamp.fresh(&watch.path, comparison);
            let sight = fresh.compared_with(&watch.stamp, comparison);
            // Or the next look for another cause would take it for a write. What is under way is compared as it was.
            if change == FileChange::Touched && sight == Sight::Same && !self.debouncer.awaits(key) {
                watch.stamp.take_inode_time(&fresh);
            }
            changes.extend(self.on_sight(now, key, sight, change));
        }
        if !changes.is_empty() {
            self.debouncer.changed(now, &changes);
        }
    }

    /// Returns the change if it is one to debounce.
    pub fn on_sight(
        &mut self,
        now: Instant,
        key: WatchKey,
        sight: Sight,
        change: FileChange,
    ) -> Option<(WatchKey, Pace)> {
        let watch = self.watches.get(&key)?;
        match sight {
            // The file may not have been read, and what is due is compared once more.
            Sight::Same if change == FileChange::Touched => {}
            Sight::Same => self.debouncer.cancel(key),
            Sight::Empty | Sight::Gone => self.debouncer.settle(now, key, watch.pace(Pace::Finished)),
            Sight::Changed { resting } => match change {
                // An editor may set the mode in the middle of its save.
                FileChange::Touched if self.debouncer.is_settling(key) => {
                    self.debouncer.settle(now, key, watch.pace(Pace::Finished));
                }
                FileChange::Written | FileChange::MovedIn | FileChange::Touched => {
                    return Some((key, watch.pace(Pace::Finished)));
                }
                _ if resting => return Some((key, watch.pace(Pace::Finished))),
                _ => return Some((key, watch.pace(Pace::Unsure))),
            },
        }
        None
    }

    fn leads_elsewhere(&self, path: &Path, change: FileChange) -> bool {
        let is_root = self.attaching || self.roots.is_root(path);
        if is_root && !matches!(change, FileChange::Modified | FileChange::Written) {
            return true;
        }
        if !change.is_about_name() {
            return false;
        }
        // Told of a folder that it watches for a moment too, notify has ended all watches below.
        if self.roots.is_above(path) {
            return true;
        }
        let interests = self.roots.at(path);
        interests.iter().any(|interest| interest.role == Role::Via)
            // The file may have been replaced by a link to another.
            || (!interests.is_empty()
                && std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()))
    }

    /// Whether a file that the debouncer let go differs from what its user loaded, which it is taken
    /// to be from now on.
    pub fn due(&mut self, now: Instant, key: WatchKey, settled: bool) -> Option<Due> {
        let watch = self.watches.get_mut(&key)?;
        let fresh = Stamp::with_content(&watch.path);
        let sight = fresh.compared_with(&watch.stamp, watch.comparison(true));
        let missing = match sight {
            Sight::Same => return None,
            Sight::Empty | Sight::Gone if !settled || is_just_spoilt(&watch.path) => {
                let pace = watch.pace(Pace::Finished);
                self.debouncer.settle(now, key, pace);
                return None;
            }
            sight => sight == Sight::Gone,
        };
        watch.stamp = fresh;
        let settled = missing || sight == Sight::Empty;
        Some(Due {
            key,
            settled,
            missing,
        })
    }

    /// What this watch's file was found to hold, if it has not been loaded meanwhile.
    pub fn note_content(&mut self, key: WatchKey, before: Stamp, stamp: Stamp) {
        if let Some(watch) = self.watches.get_mut(&key).filter(|watch| watch.stamp == before) {
            watch.stamp = stamp;
        }
    }

    /// What came since stays due: it differs.
    pub fn take_along(&mut self, key: WatchKey, taken: WatchKey) {
        let Some((path, stamp)) = self.watch(taken).map(|it| (Arc::clone(&it.path), it.stamp)) else {
            return;
        };
        if let Some(watch) = self.watches.get_mut(&key).filter(|watch| watch.path == path) {
            watch.stamp = stamp;
        }
    }

    pub fn tell(&mut self, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            if self.told.insert(notice.clone()) {
                self.notices.push(notice);
                self.has_news = true;
            }
        }
    }

    /// Whether the caller has to be woken.
    pub fn has_news(&self) -> bool {
        self.has_news || self.debouncer.has_due()
    }

    /// The caller has been told of the notices so far; it may leave them.
    pub fn on_woken(&mut self) {
        self.has_news = false;
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        mem::take(&mut self.notices)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.debouncer.next_deadline(),
            self.polls.next_deadline(),
            self.tidy_at,
            self.gather.map(|(until, _)| until),
        ];
        deadlines.into_iter().flatten().min()
    }
}

#[cfg(test)]
#[path = "tests/state.rs"]
mod tests;
