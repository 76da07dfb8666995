//! The traits by which the engine asks the program around it, and the program asks the runtimes of the classic API in it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;

use super::record::{ModuleId, Version};
use crate::js::{Cx, Held, Js, JsResult, Value};

/// The program around the engine. Each method has the behaviour of a program that is not hot.
pub trait Host {
    /// `import.meta.hot` (`module.hot`) of a module's version. `undefined` when the program is not hot.
    fn hot<'s>(&self, js: Js<'s>, _module: ModuleId, _serial: u32) -> JsResult<'s> {
        Ok(js.undefined())
    }

    /// Runs one step of a version's code: `step(...args)`. What the step starts belongs to this version.
    fn run<'s>(&self, js: Js<'s>, _version: &Version, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        step.call(js.undefined(), args)
    }

    /// Runs `step(...args)`, by which Node loads a package or builtin. What the step starts belongs to no version.
    fn run_outside<'s>(&self, js: Js<'s>, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        step.call(js.undefined(), args)
    }

    /// A module asks for another one by `import()` (`is_import`) or `require()`.
    fn asked(&self, _js: Js<'_>, _from: ModuleId, _to: ModuleId, _is_import: bool) {}

    /// A version was made, linked and instantiated.
    fn made(&self, _js: Js<'_>, _version: &Rc<Version>) {}

    /// A version has run to its end, or failed.
    fn evaluated(&self, _js: Js<'_>, _version: &Rc<Version>) {}

    /// Whether the program itself evaluates a changed file anew, and then tells the runtimes that have imported it.
    fn takes(&self, _path: &Path) -> bool {
        false
    }

    /// `HMRRuntime.disableReloading()` was called: nothing is watched any more.
    fn reloading_disabled(&self, _js: Js<'_>) {}

    /// A runtime was made.
    fn runtime_made<'s>(&self, _js: Js<'s>, _runtime: Value<'s>) -> JsResult<'s, ()> {
        Ok(())
    }

    /// Calls `function.apply(this, args)`: a step in the life of a hot module of that runtime.
    fn run_step<'s>(
        &self,
        _runtime: Value<'s>,
        function: Value<'s>,
        this: Value<'s>,
        args: &[Value<'s>],
    ) -> JsResult<'s> {
        function.call(this, args)
    }
}

/// A future that ends with the update of hot modules. Brings what an update failed with, if one did.
pub type StepsEnded = Pin<Box<dyn Future<Output = Option<Held>>>>;

/// The runtimes of the classic API, as the program around the engine sees them.
pub trait Runtimes {
    /// The files of the hot modules that runtimes keep up to date.
    fn files(&self) -> Vec<PathBuf>;

    /// Whether a file is a hot module that a runtime keeps up to date.
    fn has(&self, path: &Path) -> bool;

    /// Lets the runtimes take the new versions of the hot modules in these files. Waits until the new versions run, but not
    /// for ever.
    fn update(&self, cx: &Cx, paths: &[PathBuf]) -> StepsEnded;

    /// Closes a runtime, since the version of the program that made it is gone. The runtime watches nothing any more.
    fn close<'s>(&self, runtime: Value<'s>) -> JsResult<'s, ()>;

    /// Runs the cleanups of the hot modules of a closed runtime.
    fn clean_up(&self, runtime: Value<'_>);
}

/// A program that is not hot.
pub struct Plain;

impl Host for Plain {}
