//! What is replaced in Node, and what hot code gets instead of the global timers.

use crate::js::{Js, JsResult, Value};

use super::state::{Resources, sync_exports};
use super::{failing, left_open, listeners, ports, sleeps, started, timers};

impl Resources {
    /// Replaces the functions of Node that start something, once; only for programs that run hot with watching.
    pub fn install<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        if !self.patches.borrow().is_empty() {
            return Ok(());
        }
        ports::install(self, js)?;
        timers::install(self, js)?;
        sleeps::install(self, js)?;
        started::install(self, js)?;
        listeners::install(self, js)?;
        failing::install(self, js)?;
        left_open::install(self, js)?;
        sync_exports(js)
    }

    /// Gives timers of its own to `$` of a version.
    pub fn give_timers<'s>(&self, scope: Value<'s>) -> JsResult<'s, ()> {
        let timers = timers::for_hot_code(self, scope.js())?;
        for name in timers::NAMES {
            scope.set(name, timers.get(name)?)?;
        }
        Ok(())
    }
}
