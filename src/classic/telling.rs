//! Decides when the failure of a run is reported: at once, unless a burst of saves is under way.
//!
//! A branch switch changes two hundred files, which on a busy machine come in several batches. A run with half of the new
//! files may fail, and the next batch mends it. So the failure is reported only if it lasts until the burst is over. If
//! many modules fail together, three are reported in full.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::calling::Module;
use super::trouble::{IN_FULL, count_failure, report_failure, warn};
use crate::files::{Delivery, Origin};
use crate::js::{Held, Js, JsResult, State, Timers};
use crate::report;

/// The time between two looks whether the burst is over, in milliseconds.
const LOOK: u32 = 50;
/// A look that comes after this time is late.
const LATE: Duration = Duration::from_millis(2 * LOOK as u64);
/// After this time, failures are reported even if the burst goes on.
const LONGEST: Duration = Duration::from_secs(10);

/// A message about an update.
enum Said {
    Failure(&'static str, Held),
    Warning(&'static str),
}

/// The messages about one update.
pub struct Telling {
    /// The updated module.
    module: Module,
    /// The number of the update.
    update: u64,
    /// When the update began to tell.
    since: Instant,
    /// Whether messages are held back, because the update is part of a burst.
    is_held: bool,
    /// Whether one of our watchers started the update.
    is_watched: bool,
    /// The messages that are held back.
    said: Vec<Said>,
}

/// After a pause of this length, the next failures are again reported in full. It is longer than a burst holds them back.
const RENEWAL: Duration = Duration::from_secs(1);
/// After a pause of this many milliseconds, the rest of the failures is reported.
const REST: u32 = 100;

/// The modules that failed together.
#[derive(Default)]
struct Many {
    /// When the last of them failed.
    last: Cell<Option<Instant>>,
    /// The ids of those that are reported in full.
    in_full: RefCell<Vec<String>>,
    /// The messages about the others.
    rest: RefCell<Vec<Rc<Telling>>>,
    /// Whether a timer for `rest` runs.
    is_due: Cell<bool>,
}

impl State for Many {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        self.rest.take();
    }
}

impl Many {
    /// Notes that a module fails. True if it is reported with the rest.
    fn note(&self, id: &str) -> bool {
        let now = Instant::now();
        let is_over = self
            .last
            .replace(Some(now))
            .is_none_or(|last| now.duration_since(last) >= RENEWAL);
        let mut in_full = self.in_full.borrow_mut();
        if is_over && self.rest.borrow().is_empty() {
            in_full.clear();
        }
        if in_full.iter().any(|other| other == id) {
            return false;
        }
        if in_full.len() < IN_FULL {
            in_full.push(id.to_owned());
            return false;
        }
        true
    }

    fn add(self: &Rc<Self>, js: Js<'_>, telling: Rc<Telling>) {
        self.rest.borrow_mut().push(telling);
        if !self.is_due.replace(true) {
            self.look_later(js);
        }
    }

    fn look_later(self: &Rc<Self>, js: Js<'_>) {
        let this = Rc::clone(self);
        let look = move |js: Js<'_>| {
            let since = this.last.get().map(|last| last.elapsed());
            if since.is_some_and(|since| since < Duration::from_millis(REST.into())) {
                return this.look_later(js);
            }
            this.is_due.set(false);
            tell_rest(js, &this.rest.take());
        };
        let timer = js
            .state::<Timers>()
            .and_then(|timers| timers.after(js, REST, look));
        // Fails only when the environment is shutting down.
        let _ = timer;
    }
}

/// Reports the rest in one block.
fn tell_rest(js: Js<'_>, rest: &[Rc<Telling>]) {
    let is_still_so = |telling: &&Rc<Telling>| {
        let record = &telling.module.record;
        record.updates.get() == telling.update && record.is_alive.get()
    };
    let rest: Vec<_> = rest.iter().filter(is_still_so).collect();
    if let [alone] = rest.as_slice() {
        return alone.said.iter().for_each(|said| tell(&alone.module, said));
    }
    let mut failures: Vec<(&'static str, Vec<&str>)> = Vec::new();
    let mut warnings: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for telling in &rest {
        for said in &telling.said {
            let (list, text) = match said {
                Said::Failure(what, thrown) => {
                    count_failure(js, &telling.module.record, what, thrown);
                    (&mut failures, *what)
                }
                Said::Warning(text) => (&mut warnings, *text),
            };
            let id = telling.module.record.id.as_str();
            match list.iter_mut().find(|(other, _)| *other == text) {
                Some((_, ids)) => ids.push(id),
                None => list.push((text, vec![id])),
            }
        }
    }
    for (what, ids) in failures {
        report::more_errors(js, what, &ids);
    }
    for (text, ids) in warnings {
        report::notice(js, &format!("{} more modules: {text}", ids.len()));
    }
}

impl Telling {
    /// Begins the messages about the update under way.
    pub fn of(module: &Module, origin: Origin) -> Self {
        Self {
            module: module.clone(),
            update: module.record.updates.get(),
            since: Instant::now(),
            is_held: origin == Origin::Watched && module.cx.with(is_in_burst),
            is_watched: origin == Origin::Watched,
            said: Vec::new(),
        }
    }

    /// Reports a failure, now or when the burst is over.
    pub fn failure(&mut self, what: &'static str, thrown: &Held) {
        self.say(Said::Failure(what, thrown.clone()));
    }

    /// Writes a warning, now or when the burst is over.
    pub fn warning(&mut self, text: &'static str) {
        self.say(Said::Warning(text));
    }

    fn say(&mut self, said: Said) {
        self.is_held = self.is_held || self.is_watched && self.module.cx.with(begins_burst);
        if self.is_held {
            self.said.push(said);
            return;
        }
        if self.is_watched {
            // Counts as one of the first, if a burst follows.
            let many = self.module.cx.attempt(|js| js.state::<Many>());
            let _ = many.map(|many| many.note(&self.module.record.id));
        }
        tell(&self.module, &said);
    }

    /// Ends the messages about the update. Those that are held back follow later.
    pub fn end(self) {
        let module = self.module.clone();
        if self.is_watched {
            let delivery = module.cx.attempt(|js| js.state::<Delivery>());
            let _ = delivery.map(|delivery| delivery.update_has_ended());
        }
        if self.said.is_empty() {
            return;
        }
        let this = Rc::new(self);
        module.cx.with(|js| this.look_later(js));
    }

    fn look_later(self: &Rc<Self>, js: Js<'_>) {
        let this = Rc::clone(self);
        let asked = Instant::now();
        let look = move |js: Js<'_>| {
            let record = &this.module.record;
            if record.updates.get() != this.update || !record.is_alive.get() {
                return;
            }
            // A look that comes late tells of a busy machine, on which whoever saves is late as well.
            let is_busy = asked.elapsed() >= LATE;
            if (is_busy || is_in_burst(js)) && this.since.elapsed() < LONGEST {
                return this.look_later(js);
            }
            let many = js.state::<Many>().ok();
            match many.filter(|many| many.note(&record.id)) {
                Some(many) => many.add(js, Rc::clone(&this)),
                None => this.said.iter().for_each(|said| tell(&this.module, said)),
            }
        };
        let timer = js
            .state::<Timers>()
            .and_then(|timers| timers.after(js, LOOK, look));
        // Fails only when the environment is shutting down.
        let _ = timer;
    }
}

fn is_in_burst(js: Js<'_>) -> bool {
    js.state::<Delivery>()
        .is_ok_and(|delivery| delivery.is_in_burst())
}

/// Whether the first file of a burst was evaluated, while others have been saved as well.
fn begins_burst(js: Js<'_>) -> bool {
    js.state::<Delivery>()
        .is_ok_and(|delivery| delivery.begins_burst())
}

fn tell(module: &Module, said: &Said) {
    match said {
        Said::Failure(what, thrown) => report_failure(module, what, thrown),
        Said::Warning(text) => warn(module, text),
    }
}
