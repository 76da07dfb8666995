//! The switches that decide which lines are written.

use std::cell::Cell;

use crate::js::{Js, PlainState};

/// The switches of one environment, and a question that the log asks.
#[derive(Default)]
pub struct Switches {
    /// `HMRRuntime.setLogging`
    pub logging: Cell<bool>,
    /// Whether the user has called `HMRRuntime.setLogging`.
    pub logging_chosen: Cell<bool>,
    /// `HMRRuntime.suppressWarnings`
    pub warnings_suppressed: Cell<bool>,
    /// Answers for a burst of the log whether more updates may follow at once. `None`: no more follow.
    pub more_follow: Cell<Option<MoreFollow>>,
}

/// A function that says whether more updates may follow at once.
type MoreFollow = fn(Js<'_>) -> bool;

impl PlainState for Switches {}

/// Whether updates are logged.
pub fn is_logging(js: Js<'_>) -> bool {
    js.state::<Switches>()
        .is_ok_and(|switches| switches.logging.get())
}

/// Whether warnings are suppressed.
pub fn suppresses_warnings(js: Js<'_>) -> bool {
    js.state::<Switches>()
        .is_ok_and(|switches| switches.warnings_suppressed.get())
}

/// Whether more updates may follow at once.
pub(super) fn more_follow(js: Js<'_>) -> bool {
    let ask = js
        .state::<Switches>()
        .ok()
        .and_then(|switches| switches.more_follow.get());
    ask.is_some_and(|ask| ask(js))
}
