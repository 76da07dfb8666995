//! Our thread: waits for deadlines, repairs routes, polls files. No other thread calls the backend.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use super::WatchKey;
use super::arming::{Arming, PollCause};
use super::backend::WatchBackend;
use super::file_change::FileChange;
use super::repair::{repair, tidy};
use super::shared::{Guarded, Shared, Sleep, Wakeup};
use super::stamp::{Comparison, Facts, Sight};

/// The time until a folder that the OS refused to watch is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Starts the thread. An older one that has not ended yet gives way to it. Without a backend, the thread opens one at the first
/// need.
pub fn start(
    shared: &Arc<Shared>,
    guarded: &mut Guarded,
    backend: Option<Box<dyn WatchBackend>>,
) -> io::Result<()> {
    guarded.dismiss();
    shared.bell.notify_all();
    let (generation, ours) = (guarded.generation, Arc::clone(shared));
    let builder = thread::Builder::new().name("hmr watch".to_owned());
    let thread = builder.spawn(move || run(&ours, generation, backend))?;
    guarded.threads.push(thread.thread().id());
    Ok(())
}

fn run(shared: &Shared, generation: u64, backend: Option<Box<dyn WatchBackend>>) {
    work(shared, generation, Arming::new(shared.connector(), backend));
    // The backend is gone by now, with its threads and descriptors.
    shared.on_thread_end();
}

fn work(shared: &Shared, generation: u64, mut arming: Arming) {
    let mut retry_at = Instant::now() + RETRY;
    while let Some(mut guarded) = shared.lock_as(generation) {
        let now = Instant::now();
        let state = &mut guarded.state;
        state.debouncer.expire(now);
        if now >= retry_at {
            retry_at = now + RETRY;
            let unwatched = state.polls.keys_because_of(PollCause::Unwatched);
            state.repairs.keys.extend(unwatched);
        }
        let repairs = state.take_repairs(now);
        let looks = looks(&mut guarded, now);
        let tidies = guarded.state.tidy_at.is_some_and(|at| at <= now);
        // What the caller was woken for, it takes when it comes.
        let has_untold_news = guarded.state.has_news() && guarded.wakeup != Wakeup::WithCause;
        if repairs.is_empty() && looks.is_empty() && !tidies && !has_untold_news {
            sleep(shared, &mut guarded, generation);
            continue;
        }
        guarded.state.attaching = !repairs.is_empty();
        shared.follow_up(guarded);
        if !repairs.is_empty() {
            repair(shared, generation, &mut arming, repairs);
        }
        if tidies {
            tidy(shared, generation, &mut arming);
        }
        for look in looks {
            poll(shared, generation, &look);
        }
    }
}

/// A polled file to look at now.
struct Look {
    key: WatchKey,
    path: Arc<std::path::Path>,
    comparison: Comparison,
}

fn looks(guarded: &mut Guarded, now: Instant) -> Vec<Look> {
    let keys = guarded.state.polls.take_due(now).into_iter();
    keys.filter_map(|key| {
        let watch = guarded.state.watch(key)?;
        Some(Look {
            key,
            path: Arc::clone(&watch.path),
            comparison: watch.comparison(true),
        })
    })
    .collect()
}

/// Looks at a polled file, without the lock, since its file system may be slow.
fn poll(shared: &Shared, generation: u64, look: &Look) {
    let facts = Facts::of(&look.path);
    let Some(mut guarded) = shared.lock_as(generation) else {
        return;
    };
    let verdict = guarded.state.polls.on_look(look.key, facts);
    if verdict.find_again {
        guarded.state.repairs.keys.insert(look.key);
    }
    if !verdict.compare {
        return;
    }
    loop {
        let Some(stamp) = guarded.state.watch(look.key).map(|watch| watch.stamp) else {
            return;
        };
        drop(guarded);
        let sight = stamp.look(&look.path, look.comparison);
        // Without events, only the content tells a write from a `chmod` or a new link.
        let read = match sight {
            Sight::Same => stamp.with_content_of_same(&look.path),
            _ => stamp,
        };
        let Some(locked) = shared.lock_as(generation) else {
            return;
        };
        guarded = locked;
        // The file was loaded meanwhile. Compare it with the new stamp now, since the next look may see no change.
        if guarded
            .state
            .watch(look.key)
            .is_some_and(|watch| watch.stamp != stamp)
        {
            continue;
        }
        let now = Instant::now();
        guarded.state.note_content(look.key, stamp, read);
        if let Some(change) = guarded.state.on_sight(now, look.key, sight, FileChange::Modified) {
            guarded.state.debouncer.changed(now, &[change]);
        }
        break;
    }
    shared.follow_up(guarded);
}

fn sleep(shared: &Shared, guarded: &mut MutexGuard<'_, Guarded>, generation: u64) {
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
