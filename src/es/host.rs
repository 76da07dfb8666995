//! What the engine asks of the program that runs it.

use std::rc::Rc;

use super::record::{ModuleId, Version};
use crate::js::{Js, JsResult, Value};

/// The program around the engine. Each method has the behaviour of a program that is not hot.
pub trait Host {
    /// `import.meta.hot` (`module.hot`) of a module's version. `undefined` when the program is not hot.
    fn hot<'s>(&self, js: Js<'s>, _module: ModuleId, _serial: u32) -> JsResult<'s> {
        Ok(js.undefined())
    }

    /// Adds members to `$` of a version: timers of its own (`setTimeout` …).
    fn scope<'s>(&self, _js: Js<'s>, _version: &Version, _scope: Value<'s>) -> JsResult<'s, ()> {
        Ok(())
    }

    /// Runs one step of a version's code: `step(...args)`. The owner of what it starts is this version.
    fn run<'s>(&self, js: Js<'s>, _version: &Version, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        step.call(js.undefined(), args)
    }

    /// Runs the loading of what Node loads itself: `step(...args)`. What it starts has no owner.
    fn run_outside<'s>(&self, js: Js<'s>, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        step.call(js.undefined(), args)
    }

    /// A module asks for another one by `import()` (`is_import`) or `require()`.
    fn asked(&self, _js: Js<'_>, _from: ModuleId, _to: ModuleId, _is_import: bool) {}

    /// A version was made, linked and instantiated.
    fn made(&self, _js: Js<'_>, _version: &Rc<Version>) {}

    /// A version has run to its end, or failed.
    fn evaluated(&self, _js: Js<'_>, _version: &Rc<Version>) {}
}

/// A program that is not hot.
pub struct Plain;

impl Host for Plain {}
