//! When a change is due: a pure state machine that is told the time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::WatchKey;

/// Changes less than this apart are one burst.
pub const QUIET: Duration = Duration::from_millis(20);
/// On a busy machine the saves of a burst come late: once some of it was delivered, it goes on over this pause,
const LONG_QUIET: Duration = Duration::from_millis(40);
/// until its changes were not closer than `QUIET` for so long.
const DRAWN_OUT: Duration = Duration::from_millis(200);
/// A burst is delivered after this long even if it goes on.
const BURST_CAP: Duration = Duration::from_millis(100);
/// How long an empty, missing or half-written file is given. A pause of 200 ms within one save is real.
pub const SETTLE: Duration = Duration::from_millis(250);
/// The second wait for a file that was seen changing again while it was waited for.
const SLOW_WRITER: Duration = Duration::from_millis(50);
/// A restarted wait ends after this many times its length.
const WAIT_CAP: u32 = 5;

/// How soon a change may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The OS says that the write is finished: at once, unless it is part of a burst.
    Finished,
    /// Nobody says whether the write is finished: after a short quiet, longer for a slow writer.
    Unsure,
    /// The user asked for this quiet.
    Wait(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// To be taken. `settled`: the settle time has passed.
    Due { settled: bool },
    /// Due with the rest of the burst.
    Burst,
    /// Due after a quiet of its own, at `cap` at the latest.
    Quiet { until: Instant, cap: Instant },
    /// Empty, missing or half-written: any further change replaces the wait.
    Settling { until: Instant },
}

/// At most one slot per key; each call below moves the key from any slot to another.
///
/// | from \ call | `changed` Finished | `changed` Unsure, Wait | `settle` | `cancel` | time |
/// |---|---|---|---|---|---|
/// | nothing, Settling | Due if the hub is quiet, else Burst | Quiet | Settling | nothing | Settling → Due, settled |
/// | Burst | Burst | Burst | Settling | nothing | burst pauses or is capped → Due |
/// | Quiet | as from nothing | Quiet, restarted | Settling | nothing | → Due |
/// | Due | Due, unsettled | Due, unsettled | Settling | nothing | |
#[derive(Debug, Default)]
pub struct Debouncer {
    slots: BTreeMap<WatchKey, Slot>,
    timers: BTreeSet<(Instant, WatchKey)>,
    burst: BTreeSet<WatchKey>,
    /// Outlives the members: a save that is under way leaves the burst and comes back to it.
    burst_since: Option<Instant>,
    last_change: Option<Instant>,
    /// The last change that came within `QUIET` of the one before it,
    last_close: Option<Instant>,
    /// and the one of the burst of which some was delivered last.
    was_delivered_in: Option<Instant>,
    due: usize,
}

impl Debouncer {
    /// One event that changed these keys, all at once.
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
        // A half-known change does not count: its finished event still has to be the leading edge.
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

    /// The file is empty, missing or being written: wait whether that stays so.
    pub fn settle(&mut self, now: Instant, key: WatchKey, pace: Pace) {
        let quiet = match pace {
            Pace::Wait(quiet) => quiet.max(SETTLE),
            _ => SETTLE,
        };
        self.put(key, Slot::Settling { until: now + quiet });
    }

    /// The file is as its user knows it, or nobody watches it any more.
    pub fn cancel(&mut self, key: WatchKey) {
        if let Some(slot) = self.slots.remove(&key) {
            self.forget(key, slot);
        }
    }

    pub fn is_settling(&self, key: WatchKey) -> bool {
        matches!(self.slots.get(&key), Some(Slot::Settling { .. }))
    }

    pub fn awaits(&self, key: WatchKey) -> bool {
        self.slots.contains_key(&key)
    }

    pub fn has_due(&self) -> bool {
        self.due > 0
    }

    /// When `expire` has something to do next.
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

    /// Everything that is due and the burst under way, in key order; `true`: it settled first.
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
