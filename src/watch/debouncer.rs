//! Decides when a change is due: a pure state machine, which gets the time as an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::WatchKey;

/// Changes with less than this time between them are one burst.
pub const QUIET: Duration = Duration::from_millis(20);
/// Replaces `QUIET` for a while after a part of a burst was delivered: on a busy machine the saves of a burst come late.
const LONG_QUIET: Duration = Duration::from_millis(40);
/// `LONG_QUIET` applies until no two changes were closer than `QUIET` for this time.
const DRAWN_OUT: Duration = Duration::from_millis(200);
/// A burst is delivered after this time even if it goes on.
const BURST_CAP: Duration = Duration::from_millis(100);
/// The settle time: how long we wait for a file that is empty, missing or half-written, or cannot be loaded. Pauses of 200 ms
/// within one save occur.
pub const SETTLE: Duration = Duration::from_millis(SETTLE_MS as u64);
/// The settle time, in milliseconds.
pub const SETTLE_MS: u32 = 250;
/// The wait for a file that changed again while we waited `QUIET` for it.
const SLOW_WRITER: Duration = Duration::from_millis(50);
/// A restarted wait ends after this many times its length.
const WAIT_CAP: u32 = 5;

/// How soon a change may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once, unless it is part of a burst: the OS says that the write is finished.
    Finished,
    /// After `QUIET`, or `SLOW_WRITER` if the file changes again: nothing says whether the write is finished.
    Unsure,
    /// After this time without a change, as the user asked.
    Wait(Duration),
}

/// The state of one watch's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// The change can be taken. `settled`: its settle time has passed.
    Due { settled: bool },
    /// The change is due when the burst is.
    Burst,
    /// The change is due at `until`, which a further change moves, but never beyond `cap`.
    Quiet { until: Instant, cap: Instant },
    /// The file is empty, missing or half-written; due at `until`, unless a further change replaces this slot.
    Settling { until: Instant },
}

/// The slots of all watches with a change: at most one per key. This table says how each call moves a key:
///
/// | from \ call | `changed` Finished | `changed` Unsure, Wait | `settle` | `cancel` | time |
/// |---|---|---|---|---|---|
/// | nothing, Settling | Due if the hub is quiet, else Burst | Quiet | Settling | nothing | Settling → Due, settled |
/// | Burst | Burst | Burst | Settling | nothing | burst pauses or is capped → Due |
/// | Quiet | as from nothing | Quiet, restarted | Settling | nothing | → Due |
/// | Due | Due, unsettled | Due, unsettled | Settling | nothing | |
#[derive(Debug, Default)]
pub struct Debouncer {
    /// The slot of each key.
    slots: BTreeMap<WatchKey, Slot>,
    /// The deadlines of the slots `Quiet` and `Settling`.
    timers: BTreeSet<(Instant, WatchKey)>,
    /// The keys in the slot `Burst`.
    burst: BTreeSet<WatchKey>,
    /// When the burst began. Kept when `burst` is empty for a moment: a file that is written again leaves it and returns.
    burst_since: Option<Instant>,
    /// The time of the last finished change.
    last_change: Option<Instant>,
    /// The time of the last change that came within `QUIET` of the change before it.
    last_close: Option<Instant>,
    /// The value of `last_close` when a burst was last delivered.
    was_delivered_in: Option<Instant>,
    /// How many slots are `Due`.
    due: usize,
}

impl Debouncer {
    /// Notes one event that changed all these keys at once.
    pub fn changed(&mut self, now: Instant, changes: &[(WatchKey, Pace)]) {
        let gap = self.last_change.map(|last| now.saturating_duration_since(last));
        let leads = gap.is_none_or(|gap| gap >= self.quiet());
        for &(key, pace) in changes {
            let slot = match (self.slots.get(&key), pace) {
                (Some(Slot::Due { .. }), _) => Slot::Due { settled: false },
                (Some(Slot::Burst), _) => Slot::Burst,
                (_, Pace::Finished) if leads => Slot::Due { settled: false },
                (_, Pace::Finished) => Slot::Burst,
                (before, Pace::Unsure) => match before {
                    Some(Slot::Quiet { .. }) => Self::wait(before, now, SLOW_WRITER),
                    _ => Self::wait(before, now, QUIET),
                },
                (before, Pace::Wait(quiet)) => Self::wait(before, now, quiet),
            };
            self.put(key, slot);
        }
        // An unsure change does not count: the event of the finished write still has to be the first of its burst.
        if changes.iter().any(|(_, pace)| *pace == Pace::Finished) {
            if gap.is_some_and(|gap| gap < QUIET) {
                self.last_close = Some(now);
            }
            self.last_change = Some(now);
            self.burst_since = if leads {
                None
            } else {
                self.burst_since.or(Some(now))
            };
        }
        self.expire(now);
    }

    fn quiet(&self) -> Duration {
        let ends = self.was_delivered_in.map(|close| close + DRAWN_OUT);
        if ends.is_some_and(|ends| self.last_change < Some(ends)) {
            LONG_QUIET
        } else {
            QUIET
        }
    }

    fn wait(before: Option<&Slot>, now: Instant, quiet: Duration) -> Slot {
        let cap = match before {
            Some(Slot::Quiet { cap, .. }) => *cap,
            _ => now + quiet.max(QUIET) * WAIT_CAP,
        };
        Slot::Quiet {
            until: (now + quiet).min(cap),
            cap,
        }
    }

    /// Notes that the file is empty, missing or being written: we wait whether it stays so.
    pub fn settle(&mut self, now: Instant, key: WatchKey, pace: Pace) {
        let quiet = match pace {
            Pace::Wait(quiet) => quiet.max(SETTLE),
            _ => SETTLE,
        };
        self.put(key, Slot::Settling { until: now + quiet });
    }

    /// Drops the change of a key: the file is as its user loaded it, or it is not watched any more.
    pub fn cancel(&mut self, key: WatchKey) {
        if let Some(slot) = self.slots.remove(&key) {
            self.forget(key, slot);
        }
    }

    pub fn is_settling(&self, key: WatchKey) -> bool {
        matches!(self.slots.get(&key), Some(Slot::Settling { .. }))
    }

    /// The keys that wait for the end of their settle time.
    pub fn settling(&self) -> Vec<WatchKey> {
        let keys = self.timers.iter().map(|(_, key)| *key);
        keys.filter(|key| self.is_settling(*key)).collect()
    }

    pub fn awaits(&self, key: WatchKey) -> bool {
        self.slots.contains_key(&key)
    }

    pub fn has_due(&self) -> bool {
        self.due > 0
    }

    /// The next time at which `expire` has something to do.
    pub fn next_deadline(&self) -> Option<Instant> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.burst_deadline()).min()
    }

    fn burst_deadline(&self) -> Option<Instant> {
        if self.burst.is_empty() {
            return None;
        }
        let pause = self.last_change? + self.quiet();
        Some(
            self.burst_since
                .map_or(pause, |since| pause.min(since + BURST_CAP)),
        )
    }

    pub fn expire(&mut self, now: Instant) {
        while let Some(&(at, key)) = self.timers.first() {
            if at > now {
                break;
            }
            let settled = self.is_settling(key);
            self.put(key, Slot::Due { settled });
        }
        if self.burst_deadline().is_some_and(|at| at <= now) {
            self.end_burst();
        }
    }

    fn end_burst(&mut self) {
        self.burst_since = None;
        if !self.burst.is_empty() {
            self.was_delivered_in = self.last_close;
        }
        for key in std::mem::take(&mut self.burst) {
            if self.slots.insert(key, Slot::Due { settled: false }) != Some(Slot::Due { settled: false }) {
                self.due += 1;
            }
        }
    }

    /// Takes every due change and the burst under way, in key order; `true` for a change whose settle time has passed.
    pub fn take(&mut self, now: Instant) -> Vec<(WatchKey, bool)> {
        self.expire(now);
        self.end_burst();
        if self.due == 0 {
            return Vec::new();
        }
        self.due = 0;
        let mut taken = Vec::new();
        self.slots.retain(|key, slot| match slot {
            Slot::Due { settled } => {
                taken.push((*key, *settled));
                false
            }
            _ => true,
        });
        taken
    }

    fn put(&mut self, key: WatchKey, slot: Slot) {
        if let Some(before) = self.slots.insert(key, slot) {
            self.forget(key, before);
        }
        match slot {
            Slot::Due { .. } => self.due += 1,
            Slot::Burst => {
                self.burst.insert(key);
            }
            Slot::Quiet { until, .. } | Slot::Settling { until } => {
                self.timers.insert((until, key));
            }
        }
    }

    fn forget(&mut self, key: WatchKey, slot: Slot) {
        match slot {
            Slot::Due { .. } => self.due -= 1,
            Slot::Burst => {
                self.burst.remove(&key);
            }
            Slot::Quiet { until, .. } | Slot::Settling { until } => {
                self.timers.remove(&(until, key));
            }
        }
    }
}
