//! What decides which lines are written.

use std::cell::Cell;

use crate::js::{Js, JsResult, State};

/// The switches for the console's lines, and who knows whether more are to come.
#[derive(Default)]
pub struct Switches {
    /// `HMRRuntime.setLogging`
    pub logging: Cell<bool>,
    /// Whether somebody has called that.
    pub logging_chosen: Cell<bool>,
    /// `HMRRuntime.suppressWarnings`
    pub warnings_suppressed: Cell<bool>,
    /// Asked by a burst of the log: whether updates may follow at once. Without it, none do.
    pub more_follow: Cell<Option<MoreFollow>>,
}

/// Says whether updates may follow at once.
type MoreFollow = fn(Js<'_>) -> bool;

impl State for Switches {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}

/// Whether updates are logged.
pub fn is_logging(js: Js<'_>) -> bool {
    js.state::<Switches>()
        .is_ok_and(|switches| switches.logging.get())
}

/// Whether no warning is written.
pub fn suppresses_warnings(js: Js<'_>) -> bool {
    js.state::<Switches>()
        .is_ok_and(|switches| switches.warnings_suppressed.get())
}

/// Whether updates may follow at once.
pub(super) fn more_follow(js: Js<'_>) -> bool {
    let ask = js
        .state::<Switches>()
        .ok()
        .and_then(|switches| switches.more_follow.get());
    ask.is_some_and(|ask| ask(js))
}
