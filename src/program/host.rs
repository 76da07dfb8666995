//! The engine's [`Host`]: on whose behalf code runs, what `import.meta.hot` is, and who is told of a version.

use std::path::Path;
use std::rc::Rc;

use super::entry::Program;
use super::owners::Owners;
use super::restart;
use super::update::HotProgram;
use crate::es::{Engine, Host, ModuleId, Version};
use crate::js::{Js, JsResult, Value};

/// A hot program that is watched.
pub struct HotRun {
    program: Rc<HotProgram>,
    owners: Rc<Owners>,
}

impl HotRun {
    /// The host of `program`.
    pub fn new(program: Rc<HotProgram>, owners: Rc<Owners>) -> Self {
        Self { program, owners }
    }
}

impl Host for HotRun {
    fn hot<'s>(&self, js: Js<'s>, module: ModuleId, serial: u32) -> JsResult<'s> {
        self.program.hot(js, module, serial)
    }

    fn run<'s>(&self, js: Js<'s>, version: &Version, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        let owner = self.owners.owner(js, version)?;
        self.owners.resources.call_as(owner, step, args)
    }

    fn run_outside<'s>(&self, js: Js<'s>, step: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        self.owners
            .resources
            .run_outside(js, || step.call(js.undefined(), args))
    }

    fn asked(&self, js: Js<'_>, from: ModuleId, to: ModuleId, is_import: bool) {
        self.program.asked(js, from, to, is_import);
    }

    fn made(&self, js: Js<'_>, version: &Rc<Version>) {
        self.program.made(js, version);
    }

    fn evaluated(&self, js: Js<'_>, version: &Rc<Version>) {
        self.program.evaluated(js, version);
        tell_of_entry(js, &self.program.engine, version);
        super::doors::refresh(js, version.module);
    }

    fn takes(&self, path: &Path) -> bool {
        self.program.takes(path)
    }

    fn reloading_disabled(&self, js: Js<'_>) {
        self.program.keep_alive(js, false);
        self.program.close();
        restart::stop(js);
        if let Ok(program) = js.state::<Program>() {
            program.is_stopped.set(true);
        }
    }

    fn runtime_made<'s>(&self, js: Js<'s>, runtime: Value<'s>) -> JsResult<'s, ()> {
        self.owners.runtimes.add(js, &self.owners.resources, runtime)
    }

    fn run_step<'s>(
        &self,
        runtime: Value<'s>,
        function: Value<'s>,
        this: Value<'s>,
        args: &[Value<'s>],
    ) -> JsResult<'s> {
        let step = || function.call(this, args);
        self.owners.runtimes.run(&self.owners.resources, runtime, step)
    }
}

/// The host of a program that is not watched. Only the entry's export matters.
pub struct ColdRun(pub Rc<Engine>);

impl Host for ColdRun {
    fn evaluated(&self, js: Js<'_>, version: &Rc<Version>) {
        tell_of_entry(js, &self.0, version);
    }
}

/// Tells the command if this is the first version of the program's entry: its export may be a hot module, for a runtime to
/// take.
fn tell_of_entry(js: Js<'_>, engine: &Engine, version: &Version) {
    if version.serial != 0 {
        return;
    }
    let program = js.state::<Program>().ok().filter(|program| {
        let record = engine.record(version.module);
        record.is_some_and(|record| record.path.as_deref().is_some_and(|path| program.is_entry(path)))
    });
    if let Some(program) = program {
        // The code that started the program gets the export first.
        let asked = js.soon(move |js| program.entry_ran(js));
        // This fails only while the environment goes.
        let _ = asked;
    }
}
