//! [`State`]: what a hub knows of its watches and their changes.

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
use super::roots::WatchRoots;
use super::route::{Role, Route};
use super::stamp::{Comparison, Sight, Stamp, is_just_spoilt};
use super::{Due, Polling, WatchKey, WatchOptions};
use rustc_hash::FxBuildHasher;

/// Our thread begins with new watches when no other was added for this time. If each of thousands of new watches woke it,
/// it would take the processor and the lock from the caller who adds them.
const GATHER: Duration = Duration::from_millis(1);
/// Our thread begins with new watches after this time even if more are being added.
const GATHER_CAP: Duration = Duration::from_millis(50);
/// The time between a folder's last use and the tidying up.
const TIDY: Duration = Duration::from_millis(10);

/// One watch.
pub struct Watch {
    /// The watched path, as given.
    pub path: Arc<Path>,
    /// How the file is watched.
    pub options: WatchOptions,
    /// What the file looked like when its user loaded it.
    pub stamp: Stamp,
    /// The route of the path; empty until it is found.
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

/// What a hub knows of its watches and their changes.
#[derive(Default)]
pub struct State {
    /// The watches by key.
    watches: HashMap<WatchKey, Box<Watch>, FxBuildHasher>,
    /// The number of the newest key.
    last_key: u64,
    /// The folders that the routes go through.
    pub roots: WatchRoots,
    /// Decides when changes are due.
    pub debouncer: Debouncer,
    /// The files that are polled.
    pub polls: PollSchedule,
    /// Folders that were found readable.
    pub readable: HashSet<OsString, FxBuildHasher>,
    /// The watches whose routes our thread has to find.
    pub repairs: Repairs,
    /// When our thread begins with new watches: this time moves with each of them, but never beyond the second one.
    gather: Option<(Instant, Instant)>,
    /// Folders that may have lost their last watch.
    vacated: Vec<Arc<Path>>,
    /// Whether our thread is arming folders whose routes are not in `roots` yet, so that any change of a name may concern
    /// them.
    pub attaching: bool,
    /// Whether the backend reports finished writes.
    pub tells_finished_writes: bool,
    /// When our thread tidies up; see `Arming::tidy`.
    pub tidy_at: Option<Instant>,
    /// Notices for the caller to take.
    notices: Vec<Notice>,
    /// All notices that there were, as each is given once.
    told: HashSet<Notice>,
    /// Whether a notice came since the caller was woken.
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

    /// Whether our thread has repairs to do other than new watches, so that it must not wait for more.
    pub fn has_urgent_repairs(&self) -> bool {
        !self.repairs.only_adds()
    }

    /// Takes the repairs to do now; none while new watches may be followed by others.
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
        if self.remove_interests(key, &watch.route) {
            self.tidy_soon(now);
        }
    }

    /// Removes a watch's interests, and returns whether a folder has lost its last watch.
    fn remove_interests(&mut self, key: WatchKey, route: &Route) -> bool {
        self.roots.remove(key, route);
        let folders = route.iter().map(|point| &point.folder);
        let before = self.vacated.len();
        let vacated = folders.filter(|folder| !self.roots.is_root(folder));
        self.vacated.extend(vacated.map(Arc::clone));
        self.vacated.len() > before
    }

    /// Takes the folders that have no watch any more. They may still be armed, but we ignore their events, so a new watch
    /// must not take them for armed.
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

    /// Makes our thread tidy up soon, once for all folders that are vacated until then.
    pub fn tidy_soon(&mut self, now: Instant) {
        self.tidy_at = self.tidy_at.or(Some(now + TIDY));
    }

    pub fn detach(&mut self, key: WatchKey) {
        if let Some(watch) = self.watches.get_mut(&key) {
            let route = mem::take(&mut watch.route);
            self.remove_interests(key, &route);
        }
    }

    /// Sets the route of a watch. False if the watch has ended.
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

    /// Whether the signal concerns a watched file or folder, and not only a neighbour.
    pub fn is_of_interest(&self, signal: &Signal) -> bool {
        match signal {
            Signal::Changed { path, .. } => self.roots.is_root(path) || !self.roots.at(path).is_empty(),
            Signal::AncestorMoved(_) | Signal::Overflow => true,
        }
    }

    /// Whether the signal may be the beginning of a save. False if the backend does not report finished writes: then the
    /// file has to rest before it is due.
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
            // Otherwise the next comparison would take the new inode time for a write. A file with a change under way is
            // still compared with its old stamp.
            if change == FileChange::Touched && sight == Sight::Same && !self.debouncer.awaits(key) {
                watch.stamp.take_inode_time(&fresh);
            }
            changes.extend(self.on_sight(now, key, sight, change));
        }
        if !changes.is_empty() {
            self.debouncer.changed(now, &changes);
        }
    }

    /// Moves the watch's change as the result of a comparison demands. Returns the change if it has to be debounced.
    pub fn on_sight(
        &mut self,
        now: Instant,
        key: WatchKey,
        sight: Sight,
        change: FileChange,
    ) -> Option<(WatchKey, Pace)> {
        let watch = self.watches.get(&key)?;
        match sight {
            // Nothing to cancel: a touched file may not have been read, and a due file is compared once more.
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
        // After this event for a folder above watched ones, notify has ended all watches below it.
        if self.roots.is_above(path) {
            return true;
        }
        let interests = self.roots.at(path);
        interests.iter().any(|interest| interest.role == Role::Via)
            // The file may have been replaced by a link to another.
            || (!interests.is_empty()
                && std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()))
    }

    /// Compares a file whose change is due with what its user loaded. If it differs, it is due, and counts as loaded from
    /// now on. This reads the file with the lock held, for which only the threads of the watch engine have to wait.
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

    /// Replaces the stamp of a watch by one with the content, unless the file was loaded again meanwhile.
    pub fn note_content(&mut self, key: WatchKey, before: Stamp, stamp: Stamp) {
        if let Some(watch) = self.watches.get_mut(&key).filter(|watch| watch.stamp == before) {
            watch.stamp = stamp;
        }
    }

    /// Gives a watch the stamp of another watch of the same path, whose file was just loaded for both. A later change of the
    /// file still differs from that stamp.
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

    /// Notes that the caller was woken for the notices so far. It need not take them.
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
