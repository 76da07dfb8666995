//! The state that the hub, its thread and the backend's thread share, behind one lock.

use std::sync::{Arc, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::backend::{BackendError, Connect, Sink, WatchBackend};
use super::debouncer::QUIET;
use super::file_change::Signal;
use super::state::State;

/// How long `shutdown` waits for calls under way. Such a call waits for no lock, but a dead network file system may
/// hold it up.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the threads share.
pub struct Shared {
    /// The lock. It is never held while the backend or `wake` is called.
    pub state: Mutex<Guarded>,
    /// Wakes our thread.
    pub bell: Condvar,
    /// Rings when a thread has ended or has returned from `wake`.
    calm: Condvar,
    /// Wakes the caller, who then takes the due changes.
    wake: Box<dyn Fn() + Send + Sync>,
    /// Opens a backend.
    connect: Arc<Connect>,
    /// Receives the backend's signals.
    sink: Sink,
}

/// What our thread does.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sleep {
    /// It works, and looks for more work before it sleeps.
    #[default]
    Awake,
    /// It sleeps until this time.
    Until(Instant),
    /// It sleeps until it is woken.
    Endless,
}

/// Why `wake` was called last since the caller took the due changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wakeup {
    /// `wake` was not called since then.
    #[default]
    Taken,
    /// A save has begun, so there will be something to take.
    Early,
    /// There is something to take.
    WithCause,
}

/// What the lock protects.
#[derive(Default)]
pub struct Guarded {
    /// The watches and their changes.
    pub state: State,
    /// Whether the hub has been shut down.
    pub shut_down: bool,
    /// The number of our current thread. A thread with another number ends when it sees this.
    pub generation: u64,
    /// Our threads that have not ended.
    pub threads: Vec<ThreadId>,
    /// What our current thread does.
    pub sleep: Sleep,
    /// Why the caller was last woken.
    pub wakeup: Wakeup,
    /// Whether the caller's event loop reads the OS's events, so that the caller is awake when a save has begun.
    pub is_read_on_loop: bool,
    /// The time of the last signal that may be the beginning of a save.
    last_sign: Option<Instant>,
    /// The threads that are calling `wake` now.
    waking: Vec<ThreadId>,
}

impl Guarded {
    #[cfg(test)]
    pub fn is_at_rest(&self) -> bool {
        let is_asleep = !matches!(self.sleep, Sleep::Awake);
        is_asleep && self.state.repairs.is_empty() && self.state.tidy_at.is_none()
    }

    /// Makes our thread end as soon as it sees this.
    pub fn dismiss(&mut self) {
        self.generation += 1;
        self.sleep = Sleep::Awake;
    }

    fn thread_oversleeps(&self) -> bool {
        let wanted = || self.state.next_deadline();
        match self.sleep {
            // Before the deadlines, which take a look at every polled file.
            Sleep::Awake => false,
            _ if self.state.has_urgent_repairs() => true,
            Sleep::Endless => wanted().is_some(),
            Sleep::Until(end) => wanted().is_some_and(|wanted| wanted < end),
        }
    }

    /// Whether the caller has to be woken now; notes that. `sign` is the time of a signal that may begin a save.
    fn begin_wake(&mut self, sign: Option<Instant>) -> bool {
        let sign = sign.filter(|_| !self.is_read_on_loop);
        let is_first_sign = sign.is_some_and(|now| self.is_first_sign(now));
        let wakeup = if self.state.has_news() {
            Wakeup::WithCause
        } else if is_first_sign {
            Wakeup::Early
        } else {
            Wakeup::Taken
        };
        let begins = wakeup > self.wakeup && !self.shut_down;
        if begins {
            self.wakeup = wakeup;
            if wakeup == Wakeup::WithCause {
                self.state.on_woken();
            }
            self.waking.push(thread::current().id());
        }
        begins
    }

    /// Whether this sign is the first of its burst. After the first, the caller is awake or has enough to do.
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
            let sink: Sink = Arc::new(move |signals| {
                if let Some(shared) = shared.upgrade() {
                    shared.on_signals(signals);
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

    fn on_signals(&self, signals: Vec<Signal>) {
        if tracing::enabled!(tracing::Level::TRACE) {
            for signal in &signals {
                // Only signals of interest: a trace that is written into a watched folder makes events itself, without end.
                if self.state.lock().state.is_of_interest(signal) {
                    tracing::trace!(?signal);
                }
            }
        }
        let mut guarded = self.state.lock();
        if guarded.shut_down {
            return;
        }
        let now = Instant::now();
        let mut sign = None;
        for signal in signals {
            if guarded.state.is_sign_of_save(&signal) {
                sign = Some(now);
            }
            guarded.state.on_signal(now, signal);
        }
        // After the last: what the first ones set, the last one mostly takes back, and then our thread can sleep on.
        self.follow_up_on(guarded, sign);
    }

    /// Wakes our thread and the caller if they have something to do. To be called after each change of the state.
    pub fn follow_up(&self, guarded: MutexGuard<'_, Guarded>) {
        self.follow_up_on(guarded, None);
    }

    fn follow_up_on(&self, mut guarded: MutexGuard<'_, Guarded>, sign: Option<Instant>) {
        let oversleeps = guarded.thread_oversleeps();
        let wakes = guarded.begin_wake(sign);
        drop(guarded);
        // The caller first: a user waits for the update, and nobody waits for our thread.
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

    /// Locks the state for our thread of this generation; `None` if that thread has to end.
    pub fn lock_as(&self, generation: u64) -> Option<MutexGuard<'_, Guarded>> {
        let guarded = self.state.lock();
        (guarded.generation == generation).then_some(guarded)
    }

    /// A function that opens the backend.
    pub fn connector(&self) -> impl Fn() -> Result<Box<dyn WatchBackend>, BackendError> + use<> {
        let (connect, sink) = (Arc::clone(&self.connect), Arc::clone(&self.sink));
        move || connect(Arc::clone(&sink))
    }

    /// Receives the signals of a backend that the caller has opened.
    pub fn sink(&self) -> Sink {
        Arc::clone(&self.sink)
    }

    pub fn on_thread_end(&self) {
        let me = thread::current().id();
        self.state.lock().threads.retain(|id| *id != me);
        self.calm.notify_all();
    }

    /// Waits until all our other threads have ended and no other thread is in `wake`.
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
                guarded.wakeup = Wakeup::Taken;
            }
            let sign = Some(start + Duration::from_millis(at));
            assert_eq!(guarded.begin_wake(sign), calls, "{at} ms");
        }
        guarded.shut_down = true;
        guarded.wakeup = Wakeup::Taken;
        assert!(!guarded.begin_wake(Some(start + Duration::from_secs(1))));
    }
}
