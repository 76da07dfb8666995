//! The files that we look at from time to time, because the OS does not report their changes or the user asked for it.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use super::WatchKey;
use super::arming::PollCause;
use super::stamp::Facts;

pub const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Why a file is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user asked for it.
    Asked,
    /// We found that events do not suffice.
    Found(PollCause),
}

/// A polled file.
#[derive(Debug)]
struct Entry {
    /// Why the file is polled.
    reason: Reason,
    /// The time between two looks.
    interval: Duration,
    /// When to look next.
    next: Instant,
    /// Whether we have looked at least once.
    has_looked: bool,
    /// What the last look saw; `None`: no file.
    seen: Option<Facts>,
}

/// What has to be done after a look at a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Compare the file with its stamp: it may have changed.
    pub compare: bool,
    /// Find the route of the file again: it came or went, perhaps with a folder or mount above it.
    pub find_again: bool,
}

/// The polled files of one hub.
#[derive(Debug, Default)]
pub struct PollSchedule {
    /// The polled files by their watches.
    entries: BTreeMap<WatchKey, Entry>,
}

impl PollSchedule {
    pub fn set(&mut self, now: Instant, key: WatchKey, reason: Option<Reason>, interval: Duration) {
        let Some(reason) = reason else {
            self.entries.remove(&key);
            return;
        };
        let entry = self.entries.entry(key).or_insert(Entry {
            reason,
            interval,
            next: now + interval,
            has_looked: false,
            seen: None,
        });
        entry.reason = reason;
    }

    pub fn remove(&mut self, key: WatchKey) {
        self.entries.remove(&key);
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.entries.values().map(|entry| entry.next).min()
    }

    /// The files to look at now. Files that are due soon are included, so that all share one wake-up.
    pub fn take_due(&mut self, now: Instant) -> Vec<WatchKey> {
        let due = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| entry.next <= now + entry.interval / 8);
        due.map(|(key, entry)| {
            entry.next = now + entry.interval;
            *key
        })
        .collect()
    }

    pub fn on_look(&mut self, key: WatchKey, facts: Option<Facts>) -> Verdict {
        let Some(entry) = self.entries.get_mut(&key) else {
            return Verdict::default();
        };
        let is_first = !mem::replace(&mut entry.has_looked, true);
        let before = mem::replace(&mut entry.seen, facts);
        // Within one step of the file system's clock, a file may change while its facts stay the same.
        let compare = is_first || before != facts || facts.is_some_and(|facts| facts.is_recent());
        let came_or_went = !is_first && before.is_some() != facts.is_some();
        Verdict {
            compare,
            find_again: came_or_went && entry.reason != Reason::Asked,
        }
    }

    pub fn is_because_of(&self, key: WatchKey, cause: PollCause) -> bool {
        self.entries
            .get(&key)
            .is_some_and(|entry| entry.reason == Reason::Found(cause))
    }

    pub fn keys_because_of(&self, cause: PollCause) -> impl Iterator<Item = WatchKey> {
        let entries = self.entries.iter();
        entries
            .filter(move |(_, entry)| entry.reason == Reason::Found(cause))
            .map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_at_once_per_interval_and_together() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let (slow, fast) = (WatchKey(1), WatchKey(2));
        let mut polls = PollSchedule::default();
        polls.set(start, slow, Some(Reason::Asked), Duration::from_millis(300));
        polls.set(start, fast, Some(Reason::Asked), Duration::from_millis(80));
        assert_eq!(polls.next_deadline(), Some(after(80)));
        assert_eq!(polls.take_due(after(60)), []);
        assert_eq!(polls.take_due(after(80)), [fast]);
        assert_eq!(polls.take_due(after(280)), [slow, fast]);
        assert_eq!(polls.take_due(after(290)), []);
        polls.set(after(290), slow, None, POLL_INTERVAL);
        polls.remove(fast);
        assert_eq!(polls.next_deadline(), None);
    }

    #[test]
    fn only_what_is_new_is_compared() {
        let mut polls = PollSchedule::default();
        let key = WatchKey(1);
        polls.set(
            Instant::now(),
            key,
            Some(Reason::Found(PollCause::Unwatched)),
            POLL_INTERVAL,
        );
        assert_eq!(
            polls.on_look(key, None),
            Verdict {
                compare: true,
                find_again: false
            }
        );
        assert_eq!(polls.on_look(key, None), Verdict::default());
        let facts = Facts::of(std::path::Path::new("/proc/version"));
        assert_eq!(
            polls.on_look(key, facts),
            Verdict {
                compare: true,
                find_again: facts.is_some()
            }
        );
    }
}
