//! The switches that decide which lines are written.

use std::cell::Cell;

use crate::js::{Js, PlainState, Value};

/// The switches of one environment, and questions that the log and reports ask.
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
    /// Answers for an error, a file and a text of it whether the error was thrown in that text. `None`: nobody knows.
    pub is_text_of: Cell<Option<IsTextOf>>,
}

/// A function that says whether more updates may follow at once.
type MoreFollow = fn(Js<'_>) -> bool;

/// A function that says whether an error was thrown in this text of a file.
type IsTextOf = for<'s> fn(Value<'s>, &str, &[u8]) -> bool;

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

/// Whether the error was thrown in this text of the file, as far as anybody knows.
pub(super) fn is_text_of(thrown: Value<'_>, file: &str, text: &[u8]) -> bool {
    let ask = thrown
        .js()
        .state::<Switches>()
        .ok()
        .and_then(|switches| switches.is_text_of.get());
    ask.is_none_or(|ask| ask(thrown, file, text))
}
