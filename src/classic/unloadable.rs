//! Reports new versions that could not be loaded, together if they failed together: a branch switch may remove a hundred
//! files at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::calling::Module;
use super::trouble::{FALLBACK, IN_FULL, is_known, log_kept, tell_unloadable};
use crate::files::Delivery;
use crate::js::{Held, Js, JsResult, State, Timers};
use crate::report;

/// After this time, the failures so far are reported even if more may come.
const LONGEST: Duration = Duration::from_secs(2);

/// The time between two looks whether more may come, in milliseconds.
const LOOK: u32 = 20;

/// A new version that could not be loaded.
pub struct Failure {
    /// The module.
    pub module: Module,
    /// What was thrown.
    pub thrown: Held,
    /// Whether the same error is reported for another module already.
    pub is_reported: bool,
    /// For the log: the changed dependency, then the modules between it and this one.
    pub way: Vec<String>,
    /// How long the attempt took.
    pub took: Duration,
    /// The number of the module's update.
    pub update: u64,
    /// Whether the change had its settle time before, so that the failure may have been reported already.
    pub is_late: bool,
}

/// The failures that are reported together.
#[derive(Default)]
pub struct Unloadable {
    /// How many failures are in their settle time.
    pub settling: Cell<usize>,
    /// The failures whose settle time is over, and which wait to be reported.
    pub told: RefCell<Vec<Failure>>,
    /// When the first of `told` came.
    since: Cell<Option<Instant>>,
    /// Whether a timer for the next look runs.
    is_looking: Cell<bool>,
}

impl State for Unloadable {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        self.told.take();
    }
}

impl Unloadable {
    /// Notes that one settle time is over. When no other is left, or after [`LONGEST`], all failures are reported.
    pub fn end_settling(self: &Rc<Self>, js: Js<'_>) {
        self.settling.set(self.settling.get().saturating_sub(1));
        self.tell_if_complete(js);
    }

    fn tell_if_complete(self: &Rc<Self>, js: Js<'_>) {
        if self.told.borrow().is_empty() {
            return;
        }
        let since = self.since.get().unwrap_or_else(Instant::now);
        self.since.set(Some(since));
        let is_complete =
            self.settling.get() == 0 && js.state::<Delivery>().is_ok_and(|delivery| delivery.is_at_rest());
        if !is_complete && since.elapsed() < LONGEST {
            return self.look_later(js);
        }
        self.since.set(None);
        let mut told = self.told.take();
        told.retain(|failure| {
            let record = &failure.module.record;
            let is_echo = failure.is_late && is_known(js, record, &failure.thrown);
            record.is_as_it_was(failure.update) && !is_echo
        });
        told.sort_by_key(|failure| failure.module.record.order);
        report_all(js, &told);
    }

    fn look_later(self: &Rc<Self>, js: Js<'_>) {
        if self.is_looking.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        let look = move |js: Js<'_>| {
            this.is_looking.set(false);
            this.tell_if_complete(js);
        };
        let timer = js
            .state::<Timers>()
            .and_then(|timers| timers.after(js, LOOK, look));
        // Fails only when the environment is shutting down.
        let _ = timer;
    }
}

/// Reports at once that a new version could not be loaded. This is for a change that was told by hand, which has no settle
/// time. If several modules fail by the same error, only the first reports it.
pub fn report_at_once(failure: &Failure) {
    let Failure { module, thrown, .. } = failure;
    module.cx.with(|js| {
        tell_unloadable(js, &module.record, thrown.get(js), failure.is_reported);
        report::warning(js, &module.record.id, FALLBACK);
    });
}

fn report_all(js: Js<'_>, failures: &[Failure]) {
    let ids = |failures: &[&Failure]| -> Vec<String> {
        failures
            .iter()
            .map(|failure| failure.module.record.id.clone())
            .collect()
    };
    let fresh: Vec<&Failure> = failures.iter().filter(|failure| !failure.is_reported).collect();
    let is_one_block = failures.len() > IN_FULL;
    if fresh.len() > IN_FULL {
        let ids = ids(&fresh);
        report::errors(js, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let mut in_full = 0;
    for failure in failures {
        let is_told = failure.is_reported || in_full == IN_FULL && fresh.len() > IN_FULL;
        in_full += usize::from(!is_told);
        let record = &failure.module.record;
        tell_unloadable(js, record, failure.thrown.get(js), is_told);
        if !is_one_block {
            report::warning(js, &record.id, FALLBACK);
        }
        log_kept(js, record, &failure.way, failure.took);
    }
    if is_one_block {
        report::notice(js, &format!("{} modules: {FALLBACK}", failures.len()));
    }
}
