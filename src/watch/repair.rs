//! Finds the ways to files: of new watches, and anew after folders or links have changed.

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

/// So many files are looked at between two looks at the state.
const COMPARED_AT_ONCE: usize = 64;

/// Folders and links that changed: what goes through them has to find its way again.
#[derive(Debug, Default)]
pub struct Repairs {
    pub paths: HashSet<PathBuf>,
    /// Folders whose mode, owner or times changed. If they can be read as before, the ways through them are the same.
    pub touched: HashSet<PathBuf>,
    pub keys: BTreeSet<WatchKey>,
    /// New watches.
    pub added: Vec<WatchKey>,
    /// Events were lost: anything may have changed.
    pub all: bool,
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

struct Detached {
    key: WatchKey,
    path: Arc<Path>,
    options: WatchOptions,
    was_unmounted: bool,
}

/// Arms the folders on the way, those that may have been replaced anew, and then compares every
/// file behind them: what happened while nobody was watching shows in its state.
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
    // A watch follows its folder when that is moved, and the OS may have dropped it already.
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
        // The event may not have come: the watch ended with the mount.
        let is_unmounted =
            |route| unmounted || watch.was_unmounted || arming.ends_below_a_mount(route, &disarmed);
        // By now it may be mounted again, behind the way that was found.
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
        // A folder that may not be searched hides its files.
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

/// Compares files whose folders have been armed, or touched. Only what differs is compared with the lock held, for which the
/// caller's thread would wait: of what changes after the first look the OS tells.
fn compare(shared: &Shared, generation: u64, keys: &[WatchKey], change: FileChange) {
    let Some(guarded) = shared.lock_as(generation) else {
        return;
    };
    let (state, mut differ) = (&guarded.state, BTreeSet::new());
    let mut unsure = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(watch) = state.watch(*key) {
            if state.debouncer.awaits(*key) {
                // It may be back as it was, and nothing to wait for.
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

/// Disarms what is unused, and finishes arming the rest.
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
