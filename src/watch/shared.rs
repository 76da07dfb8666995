//! What the hub, its thread and the backend's thread share.

use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::backend::{BackendError, Connect, Sink, WatchBackend};
use super::debouncer::QUIET;
use super::file_change::Signal;
use super::state::State;

/// How long `shutdown` waits for calls under way. They do not wait for anyone; a dead network file
/// system may hold them up.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Shared {
    /// Held neither while the backend nor while `wake` is called.
    pub state: Mutex<Guarded>,
    /// Calls our thread.
    pub bell: Condvar,
    /// Tells that a thread has ended or is back from `wake`.
    calm: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
    connect: Arc<Connect>,
    sink: Sink,
}

/// What our thread does. Awake, it looks for work before it sleeps.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sleep {
    #[default]
    Awake,
    Until(Instant),
    Endless,
}

/// What the caller was called for with `wake`, since it came for what is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// It has come.
    #[default]
    Taken,
    /// A save has begun: there will be something to take.
    Early,
    /// There is something to take.
    WithCause,
}

#[derive(Default)]
pub struct Guarded {
    pub state: State,
    pub shut_down: bool,
    /// The number of our present thread. An older one ends when it sees this.
    pub generation: u64,
    pub threads: Vec<ThreadId>,
    pub sleep: Sleep,
    pub call: Call,
    last_sign: Option<Instant>,
    waking: Vec<ThreadId>,
}

impl Guarded {
    #[cfg(test)]
    pub fn is_at_rest(&self) -> bool {
        let is_asleep = !matches!(self.sleep, Sleep::Awake);
        is_asleep && self.state.repairs.is_empty() && self.state.tidy_at.is_none()
    }

    /// Ends our thread.
    pub fn dismiss(&mut self) {
        self.generation += 1;
        self.sleep = Sleep::Awake;
    }

    fn thread_oversleeps(&self) -> bool {
        let wanted = || self.state.next_deadline();
        match self.sleep {
            // First, as the deadline takes a look at every polled file.
            Sleep::Awake => false,
            _ if self.state.has_urgent_repairs() => true,
            Sleep::Endless => wanted().is_some(),
            Sleep::Until(end) => wanted().is_some_and(|wanted| wanted < end),
        }
    }

    /// `sign`: when a save showed that it has begun.
    fn begin_wake(&mut self, sign: Option<Instant>) -> bool {
        let is_first_sign = sign.is_some_and(|now| self.is_first_sign(now));
        let call = if self.state.has_news() {
            Call::WithCause
        } else if is_first_sign {
            Call::Early
        } else {
            Call::Taken
        };
        let begins = call > self.call && !self.shut_down;
        if begins {
            self.call = call;
            if call == Call::WithCause {
                self.state.on_woken();
            }
            self.waking.push(thread::current().id());
        }
        begins
    }

    /// Of the signs of a burst only the first one counts: after it the caller is awake, or has enough to do.
    fn is_first_sign(&mut self, now: Instant) -> bool {
        let last = self.last_sign.replace(now);
        last.is_none_or(|last| now.saturating_duration_since(last) >= QUIET)
    }

    fn is_calm_but_for(&self, me: ThreadId) -> bool {
        self.threads.iter().chain(&self.waking).all(|id| *id == me)
    }
}

impl Shared {
    pub fn new(wake: Box<dyn Fn() + Send + Sync>, connect: Box<Connect>) -> Arc<Self> {
        Arc::new_cyclic(|shared: &Weak<Self>| {
            let shared = Weak::clone(shared);
            let sink: Sink = Arc::new(move |signal| {
                if let Some(shared) = shared.upgrade() {
                    shared.on_signal(signal);
                }
            });
            Self {
                state: Mutex::default(),
                bell: Condvar::new(),
                calm: Condvar::new(),
                wake,
                connect: connect.into(),
                sink,
            }
        })
    }

    fn on_signal(&self, signal: Signal) {
        // A trace that is written into a watched folder would make events of its own, and they a trace, without end.
        if tracing::enabled!(tracing::Level::TRACE) && self.state.lock().state.is_of_interest(&signal) {
            tracing::trace!(?signal);
        }
        let mut guarded = self.state.lock();
        if !guarded.shut_down {
            let now = Instant::now();
            let sign = guarded.state.is_sign_of_save(&signal).then_some(now);
            guarded.state.on_signal(now, signal);
            self.follow_up_on(guarded, sign);
        }
    }

    /// After each change of the state: calls our thread and the caller's if there is cause to.
    pub fn follow_up(&self, guarded: MutexGuard<'_, Guarded>) {
        self.follow_up_on(guarded, None);
    }

    fn follow_up_on(&self, mut guarded: MutexGuard<'_, Guarded>, sign: Option<Instant>) {
        let oversleeps = guarded.thread_oversleeps();
        let wakes = guarded.begin_wake(sign);
        drop(guarded);
        // The caller first: somebody waits for what it loads, and for our thread nobody does.
        if wakes {
            (self.wake)();
            let me = thread::current().id();
            self.state.lock().waking.retain(|id| *id != me);
            self.calm.notify_all();
        }
        if oversleeps {
            self.bell.notify_all();
        }
    }

    /// The state for our thread of this generation; `None` when that is to end.
    pub fn lock_as(&self, generation: u64) -> Option<MutexGuard<'_, Guarded>> {
        let guarded = self.state.lock();
        (guarded.generation == generation).then_some(guarded)
    }

    /// Connects to the OS.
    pub fn connector(&self) -> impl Fn() -> Result<Box<dyn WatchBackend>, BackendError> + use<> {
        let (connect, sink) = (Arc::clone(&self.connect), Arc::clone(&self.sink));
        move || connect(Arc::clone(&sink))
    }

    pub fn on_thread_end(&self) {
        let me = thread::current().id();
        self.state.lock().threads.retain(|id| *id != me);
        self.calm.notify_all();
    }

    /// Waits until no other thread is ours or in `wake`.
    pub fn wait_for_calm(&self) {
        let me = thread::current().id();
        let deadline = Instant::now() + PATIENCE;
        let mut guarded = self.state.lock();
        while !guarded.is_calm_but_for(me) {
            if self.calm.wait_until(&mut guarded, deadline).timed_out() {
                tracing::warn!("a thread of the watcher is stuck");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sign_of_a_burst_calls_the_caller_once() {
        let start = Instant::now();
        // When, in milliseconds; whether the caller has come before; whether it is called.
        let rows = [
            (0, true, true),
            (19, true, false),
            (38, true, false),
            (58, true, true),
            (200, false, false),
            (300, true, true),
        ];
        let mut guarded = Guarded::default();
        for (at, has_come, calls) in rows {
            if has_come {
                guarded.call = Call::Taken;
            }
            let sign = Some(start + Duration::from_millis(at));
            assert_eq!(guarded.begin_wake(sign), calls, "{at} ms");
        }
        guarded.shut_down = true;
        guarded.call = Call::Taken;
        assert!(!guarded.begin_wake(Some(start + Duration::from_secs(1))));
    }
}
