//! The log lines of many updates at once: a branch switch is one line, not two hundred.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::js::{Js, PlainState, Timers};

/// Up to this many held-back lines are written one by one; more become one line.
const ONE_BY_ONE: usize = 3;
/// After a pause of this length, the next line starts a new burst. It is long because a busy machine makes pauses too.
const RENEWAL: Duration = Duration::from_millis(500);
/// After a pause of this many milliseconds, the lines that were held back are written.
const PAUSE: u32 = 100;
/// After this time, the lines that were held back are written even if the burst goes on.
const LONGEST: Duration = Duration::from_secs(2);

/// The burst of updates under way.
#[derive(Default)]
struct Burst {
    /// When the first update of the burst began.
    began: Cell<Option<Instant>>,
    /// When the last line of the burst came.
    last: Cell<Option<Instant>>,
    /// The id of the first module, if its line was written at once.
    shown: RefCell<Option<String>>,
    /// The lines that wait.
    held: RefCell<Vec<Line>>,
    /// Whether a timer for the held-back lines runs.
    is_due: Cell<bool>,
}

/// A line that waits.
struct Line {
    /// The id of the updated module.
    id: String,
    /// The outcome of the update, such as "updated".
    what: String,
    /// The whole line.
    text: String,
}

impl PlainState for Burst {}

/// Writes the line of one update, or holds it back when lines of other modules came just before.
pub fn tell(js: Js<'_>, id: &str, what: &str, text: String, took: Duration) {
    let Ok(burst) = js.state::<Burst>() else {
        return super::log(js, &text);
    };
    let now = Instant::now();
    let is_over = burst
        .last
        .get()
        .is_none_or(|last| now.duration_since(last) >= RENEWAL);
    if is_over && burst.held.borrow().is_empty() {
        burst.began.set(now.checked_sub(took).or(Some(now)));
        burst.shown.take();
    }
    burst.last.set(Some(now));
    if may_show(js, &burst, id) {
        return super::log(js, &text);
    }
    let (id, what) = (id.to_owned(), what.to_owned());
    burst.held.borrow_mut().push(Line { id, what, text });
    if !burst.is_due.replace(true) {
        look_later(js, burst, PAUSE);
    }
}

/// Whether the line is written at once: it is of the burst's first module, and no other update follows at once. So each
/// save is logged when the user saves one module again and again.
fn may_show(js: Js<'_>, burst: &Burst, id: &str) -> bool {
    if let Some(first) = &*burst.shown.borrow() {
        return first == id;
    }
    if !burst.held.borrow().is_empty() || super::switches::more_follow(js) {
        return false;
    }
    burst.shown.replace(Some(id.to_owned()));
    true
}

fn look_later(js: Js<'_>, burst: Rc<Burst>, milliseconds: u32) {
    let timers = js.state::<Timers>();
    let timer = timers.and_then(|timers| timers.after(js, milliseconds, move |js| look(js, &burst)));
    // `ref`: a process that ends meanwhile writes the held-back lines first.
    let _ = timer.and_then(|timer| timer.call_method("ref", &[]));
}

fn look(js: Js<'_>, burst: &Rc<Burst>) {
    let since = |time: &Cell<Option<Instant>>| time.get().map_or(Duration::MAX, |time| time.elapsed());
    let pause = Duration::from_millis(PAUSE.into());
    let rest = pause.saturating_sub(since(&burst.last));
    let goes_on = !rest.is_zero() || super::switches::more_follow(js);
    if goes_on && since(&burst.began) < LONGEST {
        let milliseconds = u32::try_from(rest.as_millis()).unwrap_or(PAUSE);
        return look_later(js, Rc::clone(burst), milliseconds.max(20));
    }
    burst.is_due.set(false);
    flush(js, burst);
}

fn flush(js: Js<'_>, burst: &Burst) {
    let held = burst.held.take();
    if held.len() <= ONE_BY_ONE {
        return held.iter().for_each(|line| super::log(js, &line.text));
    }
    let time = super::time_of_day(js).unwrap_or_default();
    let took = match (burst.began.get(), burst.last.get()) {
        (Some(began), Some(last)) => last.duration_since(began).as_secs_f64() * 1000.0,
        _ => 0.0,
    };
    let more = if burst.shown.borrow().is_some() {
        " more"
    } else {
        ""
    };
    let mut kinds: Vec<&str> = held.iter().map(|line| line.what.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    // What recovered and was updated again within the burst is told of once: "recovered" comes first.
    let mut told: HashSet<&str> = HashSet::new();
    for what in kinds {
        let of_kind = held.iter().filter(|line| line.what == what);
        let ids: Vec<&str> = of_kind
            .map(|line| line.id.as_str())
            .filter(|id| told.insert(id))
            .collect();
        if ids.is_empty() {
            continue;
        }
        let (count, plural) = (ids.len(), if ids.len() == 1 { "" } else { "s" });
        let named = super::many(&ids);
        super::log(
            js,
            &format!("{time} [hmr] {count}{more} module{plural} {what} in {took:.1} ms: {named}"),
        );
    }
}
