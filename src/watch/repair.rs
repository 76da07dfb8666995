//! Finds the ways anew after folders or links have changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::arming::{Arming, Attached, PollCause, Unreadable};
use super::file_change::FileChange;
use super::notice::Notice;
use super::poll::{POLL_INTERVAL, Reason};
use super::shared::Shared;
use super::state::Repairs;
use super::{Polling, WatchKey, WatchOptions};

/// Re-arms the folders that may have been replaced, and compares every file behind them: what
/// happened while nobody was watching shows in its state.
pub fn repair(shared: &Shared, repairs: &Repairs) {
    let mut arming = shared.arming.lock();
    let (folders, watches) = detach(shared, repairs);
    arming.forget_ways();
    arming.disarm_unwatched();
    // A watch follows its folder when that is moved, and the OS may have dropped it already.
    for folder in folders {
        arming.disarm(&folder);
    }
    let mut ways = Vec::with_capacity(watches.len());
    for (key, path, options) in watches {
        if shared.state.lock().shut_down {
            return;
        }
        let mut attached = attach(&mut arming, &path, options);
        if attached.poll.is_none() {
            let was_unmounted = repairs.unmounted
                || shared
                    .state
                    .lock()
                    .state
                    .polls
                    .is_because_of(key, PollCause::Unmounted);
            attached.poll = (was_unmounted && !path.exists()).then_some(PollCause::Unmounted);
        }
        ways.push((key, attached));
    }
    let notices = arming.take_notices();

    let now = Instant::now();
    let mut guarded = shared.state.lock();
    let state = &mut guarded.state;
    state.attaching = false;
    let keys: Vec<WatchKey> = ways.iter().map(|(key, _)| *key).collect();
    for (key, attached) in ways {
        state.reattach(key, attached.route);
        state
            .polls
            .set(now, key, attached.poll.map(Reason::Found), POLL_INTERVAL);
    }
    state.tell(notices);
    state.compare(now, keys, FileChange::Created);
    let unused = arming.unused(|folder| state.roots.is_root(folder));
    shared.follow_up(guarded);
    for folder in unused {
        arming.disarm(&folder);
    }
}

type Detached = (WatchKey, Arc<Path>, WatchOptions);

fn detach(shared: &Shared, repairs: &Repairs) -> (Vec<Arc<Path>>, Vec<Detached>) {
    let mut guarded = shared.state.lock();
    let state = &mut guarded.state;
    let (folders, keys) = if repairs.all {
        (state.roots.all(), state.keys())
    } else {
        let (folders, mut keys) = state.roots.touched_by(&repairs.paths);
        keys.extend(&repairs.keys);
        (folders, keys)
    };
    let mut watches = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(watch) = state.watch(key) else { continue };
        if matches!(watch.options.polling, Polling::Every(_)) {
            continue;
        }
        watches.push((key, Arc::clone(&watch.path), watch.options));
        state.detach(key);
    }
    state.attaching = true;
    (folders, watches)
}

/// As `watch` does, but a folder that became unreadable is polled until it is readable again.
fn attach(arming: &mut Arming, path: &Path, options: WatchOptions) -> Attached {
    match attach_for(arming, path, options) {
        Ok(attached) => attached,
        Err(Unreadable { folder, cause }) => {
            tracing::warn!(folder = %folder.display(), %cause, "polled");
            arming.tell(Notice::Unreadable { folder });
            Attached {
                route: Vec::new(),
                poll: Some(PollCause::Unwatched),
            }
        }
    }
}

/// Attaches as these options want it.
pub fn attach_for(arming: &mut Arming, path: &Path, options: WatchOptions) -> Result<Attached, Unreadable> {
    let mut attached = match options.polling {
        Polling::Every(_) => {
            return Ok(Attached {
                route: Vec::new(),
                poll: None,
            });
        }
        Polling::Auto | Polling::Off => arming.attach(path)?,
    };
    if attached.poll == Some(PollCause::NoEvents) {
        if options.polling == Polling::Off {
            attached.poll = None;
        } else {
            arming.tell_mounts_without_events(&attached.route);
        }
    }
    Ok(attached)
}
