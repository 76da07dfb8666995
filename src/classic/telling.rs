//! When the failure of a run is told: at once, unless it is one of a burst of saves that goes on.
//!
//! A branch switch changes two hundred files, and comes in several batches on a busy machine. What ran with half of them may
//! fail, and the next batch mends it: that is told only if it is still so when the burst is over.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::steps::Module;
use super::trouble::{report_failure, warn};
use crate::files::{Delivery, Origin};
use crate::js::{Held, Js, Timers};
use crate::report;

/// How soon is looked again, in milliseconds.
const LOOK: u32 = 50;
/// A burst that lasts longer is told of while it goes on.
const LONGEST: Duration = Duration::from_secs(10);

/// So many updates of a module
const UPDATES: usize = 10;
/// within this time, without a pause, are a loop.
const LOOP: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);

enum Said {
    Failure(&'static str, Held),
    Warning(&'static str),
}

/// What is to be said of one update.
pub struct Telling {
    module: Module,
    update: u64,
    since: Instant,
    is_held: bool,
    said: Vec<Said>,
}

impl Telling {
    /// For the update under way.
    pub fn of(module: &Module, origin: Origin) -> Self {
        Self {
            module: module.clone(),
            update: module.record.updates.get(),
            since: Instant::now(),
            is_held: origin == Origin::Watched && module.cx.with(is_in_burst),
            said: Vec::new(),
        }
    }

    /// Something failed.
    pub fn failure(&mut self, what: &'static str, thrown: &Held) {
        self.say(Said::Failure(what, thrown.clone()));
    }

    /// The user should know.
    pub fn warning(&mut self, text: &'static str) {
        self.say(Said::Warning(text));
    }

    fn say(&mut self, said: Said) {
        if self.is_held {
            self.said.push(said);
        } else {
            tell(&self.module, &said);
        }
    }

    /// All is said of this update. What is held is told later.
    pub fn end(self) {
        if !self.said.is_empty() {
            let module = self.module.clone();
            let this = Rc::new(self);
            module.cx.with(|js| this.look_later(js));
        }
    }

    fn look_later(self: &Rc<Self>, js: Js<'_>) {
        let this = Rc::clone(self);
        let look = move |js: Js<'_>| {
            let record = &this.module.record;
            if record.updates.get() != this.update || !record.is_alive.get() {
                return;
            }
            if is_in_burst(js) && this.since.elapsed() < LONGEST {
                return this.look_later(js);
            }
            for said in &this.said {
                tell(&this.module, said);
            }
        };
        let timer = js
            .state::<Timers>()
            .and_then(|timers| timers.after(js, LOOK, look));
        // Refused only while the environment goes.
        let _ = timer;
    }
}

fn is_in_burst(js: Js<'_>) -> bool {
    js.state::<Delivery>()
        .is_ok_and(|delivery| delivery.is_in_burst())
}

fn tell(module: &Module, said: &Said) {
    match said {
        Said::Failure(what, thrown) => report_failure(module, what, thrown),
        Said::Warning(text) => warn(module, text),
    }
}

/// The last updates of one module, to see whether its run writes what it follows.
#[derive(Default)]
pub struct Recent {
    at: VecDeque<Instant>,
    is_told: bool,
}

impl Recent {
    /// Notes an update. Says whether there are too many, once until they pause.
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

/// Warns of a module that is updated again and again by what `changed`.
pub fn warn_of_loop(module: &Module, origin: Origin, changed: Option<&String>) {
    if origin != Origin::Watched || !module.record.recent.borrow_mut().note(Instant::now()) {
        return;
    }
    let path = module.record.resolved.borrow().clone();
    let file = report::relative(changed.unwrap_or(&path));
    let text = format!(
        "{UPDATES} updates within {} s for {file}, without a pause: if its run writes that file, let it write elsewhere or \
         only what differs, or name the file in `ignored`",
        LOOP.as_secs()
    );
    module.cx.with(|js| report::warning(js, &module.record.id, &text));
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
