//! A hot program updates the modules of runtimes: it takes their changes, and passes on the versions that it evaluated.

use std::path::Path;
use std::rc::Rc;

use super::calling::Module;
use super::hot_module::Version;
use super::record::{Record, Taking};
use super::registry::{Registry, require_of};
use super::{dependencies, engine_require, handed_out};
use crate::es::Engine;
use crate::files::Origin;
use crate::js::{Held, Js, JsResult};

/// Whether the hot program takes changes of this file anyway, so that what our own watcher says is only an echo.
pub fn is_echo(js: Js<'_>, registry: &Registry, id_or_path: &str, origin: Origin) -> bool {
    let Some(engine) = js.made_state::<Engine>().filter(|_| origin != Origin::Told) else {
        return false;
    };
    let host = engine.host();
    let records = registry.find_told(id_or_path);
    let mut paths = records.iter().map(|record| record.resolved.borrow().clone());
    host.takes(Path::new(id_or_path)) || paths.any(|path| host.takes(Path::new(&path)))
}

/// Tells the program what its version failed with.
pub fn fail_program(by_program: Option<&Rc<Taking>>, thrown: &Held) {
    if let Some(taking) = by_program {
        *taking.failure.borrow_mut() = Some(thrown.clone());
    }
}

/// Removes the program's request, as the module has taken the version or refused it.
pub fn forget_taken(record: &Record, by_program: Option<&Rc<Taking>>) {
    record
        .by_program
        .borrow_mut()
        .take_if(|it| by_program.is_some_and(|taken| Rc::ptr_eq(taken, it)));
}

/// Takes the version that the program has evaluated. `None` if another runtime takes that evaluation.
pub fn take<'s>(js: Js<'s>, module: &Module, taking: &Taking) -> JsResult<'s, Option<Version>> {
    if !taking.is_first {
        return Ok(None);
    }
    let require = require_of(module.runtime.get(js))?;
    let path = module.record.resolved.borrow().clone();
    engine_require::gets_as_it_is(js, &path)?;
    let version = handed_out::evaluate(module, require, js.string(&path), None)?;
    dependencies::follow(js, module)?;
    Ok(Some(version))
}
