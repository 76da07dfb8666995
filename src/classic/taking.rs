//! What a hot program does for a runtime's module: it takes its changes, and hands out the version that it has evaluated.

use std::path::Path;
use std::rc::Rc;

use super::hot_module::Version;
use super::record::{Record, Taking};
use super::registry::{Registry, require_of};
use super::steps::Module;
use super::{dependencies, engine_require, handed_out};
use crate::es::Engine;
use crate::files::Origin;
use crate::js::{Held, Js, JsResult};

/// Whether a hot program takes the changes of what a watcher of ours names: what that says is an echo.
pub fn is_echo(js: Js<'_>, registry: &Registry, id_or_path: &str, origin: Origin) -> bool {
    let Some(engine) = js.made_state::<Engine>().filter(|_| origin != Origin::Told) else {
        return false;
    };
    let host = engine.host();
    let records = registry.find_told(id_or_path);
    let mut paths = records.iter().map(|record| record.resolved.borrow().clone());
    host.takes(Path::new(id_or_path)) || paths.any(|path| host.takes(Path::new(&path)))
}

/// The program is to know what its version failed with.
pub fn fail_program(by_program: Option<&Rc<Taking>>, thrown: &Held) {
    if let Some(taking) = by_program {
        *taking.failure.borrow_mut() = Some(thrown.clone());
    }
}

/// The module has taken that version, or refused it.
pub fn forget_taken(record: &Record, by_program: Option<&Rc<Taking>>) {
    record
        .by_program
        .borrow_mut()
        .take_if(|it| by_program.is_some_and(|taken| Rc::ptr_eq(taken, it)));
}

/// The version that the program has evaluated, for the first of its runtimes.
pub fn take<'s>(js: Js<'s>, module: &Module, taking: &Taking) -> JsResult<'s, Option<Version>> {
    if !taking.is_first {
        return Ok(None);
    }
    let require = require_of(module.runtime.get(js))?;
    let path = module.record.resolved.borrow().clone();
    engine_require::gets_as_it_is(js, &path)?;
    let version = handed_out::evaluate(module, require, &path, None)?;
    dependencies::follow(js, module)?;
    Ok(Some(version))
}
