//! Our thread: waits for deadlines, repairs routes, polls.

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::arming::PollCause;
use super::file_change::FileChange;
use super::repair::repair;
use super::shared::{Guarded, Shared, Sleep};
use super::stamp::Facts;

/// How long until a folder that could not be watched is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Starts the thread unless it runs.
pub fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let mut guarded = shared.state.lock();
    if !guarded.state.is_idle() {
        return Ok(());
    }
    // The thread of an earlier watch may be about to end; this one takes its place.
    guarded.dismiss();
    shared.bell.notify_all();
    let (generation, ours) = (guarded.generation, Arc::clone(shared));
    let thread = thread::Builder::new()
        .name("hmr watch".to_owned())
        .spawn(move || run(&ours, generation))?;
    guarded.threads.push(thread.thread().id());
    Ok(())
}

fn run(shared: &Shared, generation: u64) {
    let mut retry_at = Instant::now() + RETRY;
    let mut guarded = shared.state.lock();
    while guarded.generation == generation {
        let now = Instant::now();
        guarded.state.debouncer.expire(now);
        if now >= retry_at {
            retry_at = now + RETRY;
            let unwatched: Vec<_> = guarded
                .state
                .polls
                .keys_because_of(PollCause::Unwatched)
                .collect();
            guarded.state.repairs.keys.extend(unwatched);
        }
        let repairs = mem::take(&mut guarded.state.repairs);
        let polls = guarded.state.polls.take_due(now);
        if repairs.is_empty() && polls.is_empty() && !guarded.state.has_news() {
            sleep(shared, &mut guarded, generation);
            continue;
        }
        let looks: Vec<_> = polls
            .into_iter()
            .filter_map(|key| {
                let watch = guarded.state.watch(key)?;
                Some((key, Arc::clone(&watch.path), watch.stamp, watch.comparison(true)))
            })
            .collect();
        shared.follow_up(guarded);
        if !repairs.is_empty() {
            repair(shared, &repairs);
        }
        // Without the lock: polled file systems may be slow.
        for (key, path, stamp, comparison) in looks {
            let verdict = shared.state.lock().state.polls.on_look(key, Facts::of(&path));
            let sight = verdict.compare.then(|| stamp.look(&path, comparison));
            let mut guarded = shared.state.lock();
            if guarded.generation != generation {
                break;
            }
            if verdict.find_again {
                guarded.state.repairs.keys.insert(key);
            }
            if let Some(sight) = sight
                && guarded.state.watch(key).is_some_and(|watch| watch.stamp == stamp)
                && let Some(change) = guarded.state.on_sight(now, key, sight, FileChange::Modified)
            {
                guarded.state.debouncer.changed(now, &[change]);
            }
        }
        guarded = shared.state.lock();
    }
    shared.on_thread_end(&mut guarded);
}

fn sleep(shared: &Shared, guarded: &mut parking_lot::MutexGuard<'_, Guarded>, generation: u64) {
    let deadline = guarded.state.next_deadline();
    guarded.sleep = deadline.map_or(Sleep::Endless, Sleep::Until);
    match deadline {
        Some(deadline) => {
            shared.bell.wait_until(guarded, deadline);
        }
        None => shared.bell.wait(guarded),
    }
    if guarded.generation == generation {
        guarded.sleep = Sleep::Awake;
    }
}
