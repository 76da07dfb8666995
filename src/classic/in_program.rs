//! Runtimes in a hot program: the program evaluates their hot modules anew, in one update with all else that changed, and the
//! runtimes take what ran.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::engine_require;
use super::hmr_runtime::{module, require_of};
use super::hot_module::Version;
use super::load::wait_at_most;
use super::record::{Phase, Record, STALLED};
use super::registry::Registry;
use super::runtimes::{self, Runtimes};
use super::steps::Module;
use super::watching::stop_all;
use super::{dependencies, handed_out, registry, shutdown, update};
use crate::es::{self, Engine, StepsEnded};
use crate::files::Origin;
use crate::js::{Cx, Held, Js, JsResult, Value};

/// What a program asks of a runtime: to take a version that it has evaluated.
#[derive(Default)]
pub struct Taking {
    /// This version is nobody else's yet. Of one module, each runtime has an instance of its own: all others evaluate it again.
    is_first: bool,
    /// What it failed with.
    pub failure: RefCell<Option<Held>>,
}

/// The runtimes of this environment, as a hot program sees them.
struct InProgram(Rc<Runtimes>);

/// A runtime was made: a hot program is told of it. Without one nothing happens.
pub fn add(runtime: Value<'_>) -> JsResult<'_, ()> {
    let js = runtime.js();
    let Some(engine) = js.made_state::<Engine>() else {
        return Ok(());
    };
    engine.set_runtimes(Rc::new(InProgram(js.state::<Runtimes>()?)));
    engine.host().runtime_made(js, runtime)
}

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

/// Calls `function.apply(this, args)`, which is a step of a module's life.
pub fn run_step<'s>(
    runtime: Value<'s>,
    function: Value<'s>,
    this: Value<'s>,
    args: &[Value<'s>],
) -> JsResult<'s> {
    match runtime.js().made_state::<Engine>() {
        Some(engine) => engine.host().run_step(runtime, function, this, args),
        None => function.call(this, args),
    }
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

impl InProgram {
    fn updated(&self) -> impl Iterator<Item = Rc<Record>> + '_ {
        let all = self
            .0
            .registries()
            .into_iter()
            .flat_map(|registry| registry.all());
        all.filter(|record| is_updated(record))
    }
}

/// Whether changes of its file update the module.
fn is_updated(record: &Record) -> bool {
    record.is_alive.get() && record.is_watched.get() && record.phase.get() != Phase::Failed
}

impl es::Runtimes for InProgram {
    fn files(&self) -> Vec<PathBuf> {
        self.updated()
            .map(|record| PathBuf::from(&*record.resolved.borrow()))
            .collect()
    }

    fn has(&self, path: &Path) -> bool {
        path.to_str()
            .is_some_and(|path| self.0.registries().iter().any(|registry| registry.is_hot(path)))
            && self
                .updated()
                .any(|record| Path::new(&*record.resolved.borrow()) == path)
    }

    fn update(&self, cx: &Cx, paths: &[PathBuf]) -> StepsEnded {
        let begun = cx.with(|js| begin(js, paths));
        let cx = cx.clone();
        Box::pin(async move {
            let busy = begun.iter().map(|(record, _)| Rc::clone(record)).collect();
            wait_at_most(&cx, busy, STALLED).await;
            begun.iter().find_map(|(_, taking)| taking.failure.take())
        })
    }

    fn close<'s>(&self, runtime: Value<'s>) -> JsResult<'s, ()> {
        stop_all(runtime)
    }

    fn clean_up(&self, runtime: Value<'_>) {
        shutdown::one(runtime);
    }
}

/// Starts the updates of all hot modules in these files.
fn begin(js: Js<'_>, paths: &[PathBuf]) -> Vec<(Rc<Record>, Rc<Taking>)> {
    let mut begun = Vec::new();
    for path in paths.iter().filter_map(|path| path.to_str()) {
        let mut is_first = true;
        for (runtime, registry) in runtimes::live(js) {
            let mut records = registry.find_told(path);
            records.retain(|record| is_updated(record) && *record.resolved.borrow() == path);
            registry::sort(&mut records);
            for record in records {
                let taking = Rc::new(Taking {
                    is_first,
                    ..Taking::default()
                });
                is_first = false;
                *record.by_program.borrow_mut() = Some(Rc::clone(&taking));
                let Ok(module) = module(runtime, &registry, &record) else {
                    continue;
                };
                update::change(js, module, Origin::Told);
                begun.push((record, taking));
            }
        }
    }
    begun
}
