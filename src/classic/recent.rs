//! Finds modules that are updated again and again without a pause, by what their own runs write, and warns of them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use crate::js::Js;
use crate::report;

/// This many updates of a module within [`LOOP`], without a pause, may be a loop.
const UPDATES: usize = 10;
/// The time within which [`UPDATES`] updates may be a loop.
const LOOP: Duration = Duration::from_secs(2);
/// A time without an update that ends a loop.
const PAUSE: Duration = Duration::from_millis(500);
/// The updates are a loop if at least this many of them follow a write during the run before. On a busy machine, some
/// writes are late.
const OWN: usize = 7;
/// A write counts as made by the run until this time after its end, since a run need not wait for its writes.
const AFTERWARDS: Duration = Duration::from_millis(50);
/// The time of a file may be this much behind the clock.
const BEHIND: Duration = Duration::from_millis(10);

/// The last updates of one module. A loop means that the module's run writes a file that it follows.
#[derive(Default)]
pub struct Recent {
    /// When each of the last updates began, and whether the run before it seems to have written the file.
    all: VecDeque<(Instant, bool)>,
    /// When the last update began, by the clock of the file system.
    began: Option<SystemTime>,
    /// Whether the loop under way was reported.
    is_told: bool,
}

impl Recent {
    /// Notes an update. `written` is when the changed file was written, `ended` when the run before ended. True if this
    /// makes a loop; once for each loop.
    pub fn note(&mut self, now: Instant, written: Option<SystemTime>, ended: Option<SystemTime>) -> bool {
        let last = self.all.back().map(|(last, _)| now.duration_since(*last));
        if last.is_some_and(|last| last >= PAUSE) {
            *self = Self::default();
        }
        let began = self.began.replace(SystemTime::now());
        self.all.push_back((now, is_between(written, began, ended)));
        if self.all.len() > UPDATES {
            self.all.pop_front();
        }
        let is_full = self.all.len() == UPDATES;
        let first = self.all.front().filter(|_| is_full);
        let is_loop = first.is_some_and(|(first, _)| now.duration_since(*first) < LOOP)
            && self.all.iter().filter(|(_, is_own)| *is_own).count() >= OWN;
        is_loop && !std::mem::replace(&mut self.is_told, true)
    }
}

/// Warns if the module `id` is updated again and again by changes of the file `changed`, and its own run, which ended at
/// `ended`, seems to write that.
pub fn warn_of_loop(
    js: Js<'_>,
    recent: &RefCell<Recent>,
    id: &str,
    changed: &str,
    ended: Option<SystemTime>,
) {
    let written = fs::metadata(changed).and_then(|file| file.modified()).ok();
    if !recent.borrow_mut().note(Instant::now(), written, ended) {
        return;
    }
    let file = report::relative(changed);
    let text = format!(
        "{UPDATES} updates within {} s for {file}, without a pause: if its run writes that file, let it write elsewhere or \
         only what differs, or name the file in `ignored`",
        LOOP.as_secs()
    );
    report::warning(js, id, &text);
}

/// Whether a file was written during a run or shortly after its end.
fn is_between(written: Option<SystemTime>, began: Option<SystemTime>, ended: Option<SystemTime>) -> bool {
    let (Some(written), Some(began)) = (written, began) else {
        return false;
    };
    let ended = ended.map_or(began, |ended| ended.max(began));
    began <= written + BEHIND && written <= ended + AFTERWARDS
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::Recent;

    #[test]
    fn ten_updates_whose_file_the_run_before_wrote_are_told_once() {
        let start = Instant::now();
        let told = |gap: u64, age: u64| {
            let mut recent = Recent::default();
            let at = |n: u64| start + Duration::from_millis(n * gap);
            let written = || Some(SystemTime::now() - Duration::from_millis(age));
            let note = |n: &u64| recent.note(at(*n), written(), Some(SystemTime::now()));
            (0..30).filter(note).collect::<Vec<_>>()
        };
        assert_eq!(told(20, 0), [9]);
        assert!(told(300, 0).is_empty());
        // By somebody else, a while before the run.
        assert!(told(20, 5_000).is_empty());
    }
}
