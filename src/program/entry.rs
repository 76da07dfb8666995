//! The program that an environment was opened for.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::options::ProgramOptions;
use super::update::HotProgram;
use crate::es::{Engine, exported};
use crate::js::{Held, Js, JsResult, State};

/// The program of one environment.
#[derive(Default)]
pub struct Program {
    pub(super) options: RefCell<Option<Rc<ProgramOptions>>>,
    /// Whether the entry has been run before.
    pub(super) has_run: Cell<bool>,
    /// `HMRRuntime.disableReloading()` was called.
    pub(super) is_stopped: Cell<bool>,
    /// The program's own listener of a signal was called: the watches no longer keep the process alive.
    pub(super) may_end: Cell<bool>,
    /// The hot program, while it is watched.
    pub(super) hot: RefCell<Option<Rc<HotProgram>>>,
    /// The program's entry.
    pub(super) entry: RefCell<PathBuf>,
    /// The command's callback. It gets the entry's export, which may be a hot module, after the first evaluation and after
    /// each reload.
    pub(super) on_entry: RefCell<Option<Held>>,
}

impl State for Program {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        self.on_entry.take();
    }
}

impl Program {
    /// Calls the command's callback, since the entry has run.
    pub fn entry_ran(&self, js: Js<'_>) {
        let Some(callback) = self.on_entry.borrow().clone() else {
            return;
        };
        // The command's own function throws nothing.
        let _ = self
            .entry_export(js)
            .and_then(|export| callback.get(js).call(js.undefined(), &[export]));
    }

    /// The export of the entry's running version: `module.exports`, or `default`.
    pub fn entry_export<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        let record = Engine::of(js)?.find_file(&self.entry.borrow());
        match record.and_then(|record| record.current()) {
            Some(version) => exported(js, &version),
            None => Ok(js.undefined()),
        }
    }

    /// Whether this is the file that the program was started with.
    pub fn is_entry(&self, path: &Path) -> bool {
        *self.entry.borrow() == path
    }

    /// The options, once the environment has been opened for a program.
    pub fn options(&self) -> Option<Rc<ProgramOptions>> {
        self.options.borrow().clone()
    }
}
