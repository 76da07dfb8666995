//! Finds modules that are updated again and again without a pause, by what their own runs write, and warns of them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::js::Js;
use crate::report;

/// A time without an update that ends a loop.
const PAUSE: Duration = Duration::from_millis(500);
/// Of the updates of a loop, at least so many in a hundred follow a write of the run before.
const SHARE: usize = 70;
/// A write counts as one after a run until this time after its end, since a run need not wait for its writes.
const AFTERWARDS: Duration = Duration::from_millis(50);
/// The time of a file may be this much behind the clock.
const BEHIND: Duration = Duration::from_millis(10);

/// When a file was written that causes an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Written {
    /// At another time.
    Apart,
    /// Shortly after the run before. Somebody who saves as soon as an update is done writes then, too.
    Afterwards,
    /// While the run before was under way.
    During,
}

/// How many updates, within which time, are a loop if the runs before them wrote the file then.
const LOOPS: [(Written, usize, Duration); 2] = [
    (Written::During, 10, Duration::from_secs(2)),
    (Written::Afterwards, 100, Duration::from_secs(10)),
];

/// The last updates of one module. A loop means that the module's run writes a file that it follows.
#[derive(Default)]
pub struct Recent {
    /// When each of the last updates began, and when the file that caused it was written.
    all: VecDeque<(Instant, Written)>,
    /// The file that caused the last update.
    file: PathBuf,
    /// Time and size of that file when the update began.
    before: Look,
    /// The same when the run had ended, and that time.
    after: Option<(Look, SystemTime)>,
    /// Whether the loop under way was reported.
    is_told: bool,
}

/// Time and size of a file.
type Look = Option<(SystemTime, u64)>;

fn look_at(file: &str) -> Look {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl Recent {
    /// Notes an update that a change of `file` causes. Returns the number of updates if this makes a loop, and the time within
    /// which they came; once for each loop.
    fn note(&mut self, now: Instant, file: &str, look: Look) -> Option<(usize, Duration)> {
        let last = self.all.back().map(|(last, _)| now.duration_since(*last));
        if last.is_some_and(|last| last >= PAUSE) {
            *self = Self::default();
        }
        let written = if self.file.as_os_str() == file {
            self.written(look)
        } else {
            Written::Apart
        };
        self.all.push_back((now, written));
        let most = LOOPS.map(|(_, updates, _)| updates).into_iter().max();
        if Some(self.all.len()) > most {
            self.all.pop_front();
        }
        self.file = file.into();
        (self.before, self.after) = (look, None);
        let is_loop = |(least, updates, time): &(Written, usize, Duration)| {
            let Some(before) = self.all.len().checked_sub(*updates) else {
                return false;
            };
            let since = self.all.get(before).map(|(first, _)| now.duration_since(*first));
            let own = self.all.range(before..).filter(|(_, written)| written >= least);
            since.is_some_and(|since| since < *time) && own.count() * 100 >= updates * SHARE
        };
        let (_, updates, time) = LOOPS.into_iter().find(is_loop)?;
        (!std::mem::replace(&mut self.is_told, true)).then_some((updates, time))
    }

    /// Notes that the run has ended which the last update has begun.
    pub fn run_has_ended(&mut self) {
        // A single update is no loop, so it need not wait for this look.
        if self.all.len() > 1 {
            let look = self.file.to_str().and_then(look_at);
            self.after = Some((look, SystemTime::now()));
        }
    }

    fn written(&self, look: Look) -> Written {
        let (Some((after, ended)), Some((written, _))) = (self.after, look) else {
            return Written::Apart;
        };
        if after == look && after != self.before {
            Written::During
        } else if ended <= written + BEHIND && written <= ended + AFTERWARDS {
            Written::Afterwards
        } else {
            Written::Apart
        }
    }
}

/// Warns if the module `id` is updated again and again by changes of the file `changed`, and its own run seems to write that.
pub fn warn_of_loop(js: Js<'_>, recent: &RefCell<Recent>, id: &str, changed: &str) {
    let found = recent
        .borrow_mut()
        .note(Instant::now(), changed, look_at(changed));
    let Some((updates, time)) = found else { return };
    let file = report::relative(changed);
    let text = format!(
        "{updates} updates within {} s for {file}, without a pause: if its run writes that file, let it write elsewhere or \
         only what differs, or name the file in `ignored`",
        time.as_secs()
    );
    report::warning(js, id, &text);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::{Look, Recent};

    /// At which of 300 updates a loop is told, where `looks` says, for each time, how the file looks when its run has ended and
    /// when the next update begins.
    fn told(gap: u64, looks: impl Fn(SystemTime) -> (Look, Look)) -> Vec<u64> {
        let (start, mut recent, mut next) = (Instant::now(), Recent::default(), None);
        let note = |n: &u64| {
            let found = recent.note(start + Duration::from_millis(n * gap), "file", next);
            let now = SystemTime::now();
            let (after, later) = looks(now);
            recent.after = Some((after, now));
            next = later;
            found.is_some()
        };
        (0..300).filter(note).collect()
    }

    #[test]
    fn a_loop_is_told_once() {
        let old = Some((SystemTime::UNIX_EPOCH, 1));
        let by_the_run = |now| (Some((now, 1)), Some((now, 1)));
        let after_it = |now| (old, Some((now, 1)));
        let long_before = |now: SystemTime| (old, Some((now - Duration::from_secs(5), 1)));
        assert_eq!(told(20, by_the_run), [9]);
        assert_eq!(told(20, after_it), [99]);
        // No hundred within ten seconds, and no ten within two.
        assert!(told(120, after_it).is_empty());
        assert!(told(300, by_the_run).is_empty());
        assert!(told(20, long_before).is_empty());
    }
}
