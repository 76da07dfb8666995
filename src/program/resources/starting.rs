//! The program's start after a restart. A version that exits while it starts is waited for, as one that throws is.

use std::cell::Cell;

use crate::js::{Held, Js, JsResult, Value};

/// A start during which an exit does not end the process.
pub struct Start {
    /// The command's function that gets the exit's error.
    failed: Held,
    has_failed: Cell<bool>,
    is_evaluated: Cell<bool>,
    listens: Cell<bool>,
}

impl Start {
    /// A start that calls `failed(error)` if it fails.
    pub fn new(failed: Value<'_>) -> Self {
        Self {
            failed: failed.hold(),
            has_failed: Cell::new(false),
            is_evaluated: Cell::new(false),
            listens: Cell::new(false),
        }
    }

    /// Tells the command that the start has failed.
    pub fn fail<'s>(&self, js: Js<'s>, error: Value<'s>) -> JsResult<'s, ()> {
        if !self.has_failed.replace(true) {
            self.failed.get(js).call(js.undefined(), &[error])?;
        }
        Ok(())
    }

    /// Notes that the program listens on an address. Returns whether it has come up.
    pub fn listens(&self) -> bool {
        self.listens.set(true);
        self.is_evaluated.get() && !self.has_failed.get()
    }

    /// Notes that the program's entry has been evaluated. Returns whether it has come up.
    pub fn evaluated(&self) -> bool {
        self.is_evaluated.set(true);
        self.listens.get() && !self.has_failed.get()
    }

    /// Whether it has failed. Whatever such a program still does, it does not come up.
    pub fn has_failed(&self) -> bool {
        self.has_failed.get()
    }
}
