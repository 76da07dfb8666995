//! The program of one environment: what it was opened for.

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
    /// Whether its entry has been run before.
    pub(super) has_run: Cell<bool>,
    /// `HMRRuntime.disableReloading()` was called.
    pub(super) is_stopped: Cell<bool>,
    /// While it is watched.
    pub(super) hot: RefCell<Option<Rc<HotProgram>>>,
    /// The program's entry.
    pub(super) entry: RefCell<PathBuf>,
    /// Called with what may be a hot module: the entry's export, after its first evaluation and after each reload.
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
    /// The entry has run.
    pub fn entry_ran(&self, js: Js<'_>) {
        let Some(callback) = self.on_entry.borrow().clone() else {
            return;
        };
        // The command's own function, which throws nothing.
        let _ = self
            .entry_export(js)
            .and_then(|export| callback.get(js).call(js.undefined(), &[export]));
    }

    /// What the running version of the entry exports: its `module.exports`, or its `default`.
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
