//! Finds the routes of new watches, and finds routes again after folders or links have changed.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::arming::{Arming, Attached, PollCause, Unreadable};
use super::file_change::FileChange;
use super::notice::Notice;
use super::poll::{POLL_INTERVAL, Reason};
use super::route::{Role, Route};
use super::shared::Shared;
use super::stamp::Sight;
use super::{Polling, WatchKey, WatchOptions};

/// This many files are compared before the lock is taken again.
const COMPARED_AT_ONCE: usize = 64;

/// The watches whose routes have to be found again.
#[derive(Debug, Default)]
pub struct Repairs {
    /// Folders and links that changed: every route through one of them.
    pub paths: HashSet<PathBuf>,
    /// Folders whose mode, owner or times changed. If we can read them as before, the routes through them are the same.
    pub touched: HashSet<PathBuf>,
    /// Watches that have to find their routes again for another reason.
    pub keys: BTreeSet<WatchKey>,
    /// Watches that are new.
    pub added: Vec<WatchKey>,
    /// Whether events were lost, so that every route may have changed.
    pub all: bool,
    /// Whether a file system was unmounted.
    pub unmounted: bool,
}

impl Repairs {
    pub fn only_adds(&self) -> bool {
        self.paths.is_empty() && self.touched.is_empty() && self.keys.is_empty() && !self.all
    }
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.only_adds()
    }
}

/// A watch without a route.
struct Detached {
    /// Its key.
    key: WatchKey,
    /// The watched path.
    path: Arc<Path>,
    /// Its options.
    options: WatchOptions,
    /// Whether it was polled because its file system was not mounted.
    was_unmounted: bool,
}

/// Finds the routes again, arms the folders on them (those that may have been replaced a second time), and then compares
/// the files: the comparison shows the changes made while no watch was there.
pub fn repair(shared: &Shared, generation: u64, arming: &mut Arming, mut repairs: Repairs) {
    let mut in_place = std::mem::take(&mut repairs.touched);
    in_place.retain(|folder| {
        let is_in_place = arming.is_in_place(folder);
        if !is_in_place {
            repairs.paths.insert(folder.clone());
        }
        is_in_place
    });
    let unmounted = repairs.unmounted;
    let only_adds = repairs.only_adds();
    let Some((folders, watches)) = detach(shared, generation, repairs) else {
        return;
    };
    if !only_adds {
        arming.forget_ways();
        arming.disarm_unwatched();
    }
    // The OS's watch follows a folder that is moved, and the OS may have dropped the watch already.
    let disarmed: Vec<_> = folders
        .into_iter()
        .filter_map(|folder| arming.disarm(&folder).map(|identity| (folder, identity)))
        .collect();
    let mut ways = Vec::with_capacity(watches.len());
    for watch in watches {
        if shared.lock_as(generation).is_none() {
            return;
        }
        let mut attached = attach(arming, &watch.path, watch.options);
        // The event "unmounted" may be missing, because the watch ended with the mount.
        let is_unmounted =
            |route| unmounted || watch.was_unmounted || arming.ends_below_a_mount(route, &disarmed);
        // The file system may be mounted again by now: then the route leads to it.
        let ends_before = |route: &Route| route.last().is_some_and(|point| point.role == Role::Via);
        if attached.poll.is_none()
            && is_unmounted(&attached.route)
            && (ends_before(&attached.route) || !watch.path.exists())
        {
            attached.poll = Some(PollCause::Unmounted);
        }
        ways.push((watch.key, attached));
    }

    let Some(mut guarded) = shared.lock_as(generation) else {
        return;
    };
    let (state, now) = (&mut guarded.state, Instant::now());
    state.attaching = false;
    state.tells_finished_writes = arming.tells_finished_writes();
    state.tell(arming.take_notices());
    let keys: Vec<_> = ways.iter().map(|(key, _)| *key).collect();
    for (key, Attached { route, poll }) in ways {
        if state.reattach(key, route) {
            let reason = poll.map(Reason::Found);
            state.polls.set(now, key, reason, POLL_INTERVAL);
        }
    }
    state.tidy_soon(now);
    shared.follow_up(guarded);

    compare_all(shared, generation, &keys, FileChange::Created);
    if !in_place.is_empty()
        && let Some(guarded) = shared.lock_as(generation)
    {
        // A mode without the right to search the folder hides its files.
        let (_, keys) = guarded.state.roots.touched_by(&in_place);
        drop(guarded);
        let keys: Vec<_> = keys.into_iter().collect();
        compare_all(shared, generation, &keys, FileChange::Touched);
    }
}

fn compare_all(shared: &Shared, generation: u64, keys: &[WatchKey], change: FileChange) {
    for keys in keys.chunks(COMPARED_AT_ONCE) {
        compare(shared, generation, keys, change);
    }
}

/// Compares files whose folders have been armed or touched.
///
/// The first look is without the lock, since the caller's thread would have to wait for it; only files that differ are
/// compared again with the lock held. A file that changes after the first look is no loss, as the OS reports it.
fn compare(shared: &Shared, generation: u64, keys: &[WatchKey], change: FileChange) {
    let Some(guarded) = shared.lock_as(generation) else {
        return;
    };
    let (state, mut differ) = (&guarded.state, BTreeSet::new());
    let mut unsure = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(watch) = state.watch(*key) {
            if state.debouncer.awaits(*key) {
                // The file may be as it was before, so that there is nothing to wait for any more.
                differ.insert(*key);
            } else {
                unsure.push((
                    *key,
                    Arc::clone(&watch.path),
                    watch.stamp,
                    watch.comparison(change != FileChange::Touched),
                ));
            }
        }
    }
    drop(guarded);
    unsure.retain(|(_, path, stamp, by)| stamp.look(path, *by) != Sight::Same);
    differ.extend(unsure.iter().map(|(key, ..)| *key));
    if differ.is_empty() {
        return;
    }
    let Some(mut guarded) = shared.lock_as(generation) else {
        return;
    };
    guarded.state.compare(Instant::now(), differ, change);
    shared.follow_up(guarded);
}

fn detach(shared: &Shared, generation: u64, repairs: Repairs) -> Option<(Vec<Arc<Path>>, Vec<Detached>)> {
    let mut guarded = shared.lock_as(generation)?;
    let state = &mut guarded.state;
    let (mut folders, mut keys): (Vec<_>, _) = if repairs.all {
        (state.roots.all().into_iter().collect(), state.keys())
    } else {
        state.roots.touched_by(&repairs.paths)
    };
    if !repairs.only_adds() {
        state.readable.clear();
    }
    keys.extend(repairs.keys);
    keys.extend(repairs.added);
    let mut watches = Vec::with_capacity(keys.len());
    for key in keys {
        let was_unmounted = state.polls.is_because_of(key, PollCause::Unmounted);
        let Some(watch) = state.watch(key) else { continue };
        let (path, options) = (Arc::clone(&watch.path), watch.options);
        if !matches!(options.polling, Polling::Every(_)) {
            watches.push(Detached {
                key,
                path,
                options,
                was_unmounted,
            });
            state.detach(key);
        }
    }
    folders.extend(state.take_vacated());
    Some((folders, watches))
}

fn attach(arming: &mut Arming, path: &Path, options: WatchOptions) -> Attached {
    let mut attached = match arming.attach(path) {
        Ok(attached) => attached,
        Err(Unreadable { folder, cause }) => {
            tracing::warn!(folder = %folder.display(), %cause, "polled");
            arming.tell(Notice::Unreadable { folder });
            let (route, poll) = (Vec::new(), Some(PollCause::Unwatched));
            return Attached { route, poll };
        }
    };
    if attached.poll == Some(PollCause::NoEvents) {
        if options.polling == Polling::Off {
            attached.poll = None;
        } else {
            arming.tell_mounts_without_events(&attached.route);
        }
    }
    attached
}

/// Disarms the unused folders, and sends the backend's batched requests.
pub fn tidy(shared: &Shared, generation: u64, arming: &mut Arming) {
    let Some(mut guarded) = shared.lock_as(generation) else {
        return;
    };
    guarded.state.tidy_at = None;
    guarded.state.take_vacated();
    let used = guarded.state.roots.all();
    drop(guarded);
    let replaced = arming.tidy(&used);
    let Some(mut guarded) = shared.lock_as(generation) else {
        return;
    };
    guarded.state.tell(arming.take_notices());
    guarded.state.repairs.paths.extend(replaced);
    shared.follow_up(guarded);
}
