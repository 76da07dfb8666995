//! Finds modules that are updated again and again without a pause.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// This many updates of a module within [`LOOP`], without a pause, are a loop.
pub const UPDATES: usize = 10;
/// The time within which [`UPDATES`] updates are a loop.
pub const LOOP: Duration = Duration::from_secs(2);
/// A time without an update that ends a loop.
const PAUSE: Duration = Duration::from_millis(500);

/// The last updates of one module. A loop means that the module's run writes a file that it follows.
#[derive(Default)]
pub struct Recent {
    /// The times of the last updates.
    at: VecDeque<Instant>,
    /// Whether the loop under way was reported.
    is_told: bool,
}

impl Recent {
    /// Notes an update. True if this makes a loop; once for each loop.
    pub fn note(&mut self, now: Instant) -> bool {
        if self
            .at
            .back()
            .is_some_and(|last| now.duration_since(*last) >= PAUSE)
        {
            *self = Self::default();
        }
        self.at.push_back(now);
        if self.at.len() > UPDATES {
            self.at.pop_front();
        }
        let is_loop = self.at.len() == UPDATES
            && self
                .at
                .front()
                .is_some_and(|first| now.duration_since(*first) < LOOP);
        is_loop && !std::mem::replace(&mut self.is_told, true)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Recent;

    #[test]
    fn ten_updates_without_a_pause_are_told_once() {
        let start = Instant::now();
        let told = |gap: u64| {
            let mut recent = Recent::default();
            let at = |n: u64| start + Duration::from_millis(n * gap);
            (0..30).filter(|n| recent.note(at(*n))).collect::<Vec<_>>()
        };
        assert_eq!(told(20), [9]);
        assert!(told(300).is_empty());
        assert!(told(600).is_empty());
    }
}
