//! Runtimes in a hot program: the program evaluates changed hot modules, in one update with all other changed files, and
//! the runtimes take over the new versions.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::calling::Module;
use super::load::wait_at_most;
use super::record::{Phase, Record, STALLED, Taking};
use super::runtimes::{self, Runtimes};
use super::watching::stop_all;
use super::{registry, shutdown, update};
use crate::es::{self, Engine, StepsEnded};
use crate::files::Origin;
use crate::js::{Cx, Js, JsResult, Value};

/// The runtimes of this environment, for a hot program.
struct InProgram(Rc<Runtimes>);

/// Tells the hot program, if there is one, of a new runtime.
pub fn add(runtime: Value<'_>) -> JsResult<'_, ()> {
    let js = runtime.js();
    let Some(engine) = js.made_state::<Engine>() else {
        return Ok(());
    };
    engine.set_runtimes(Rc::new(InProgram(js.state::<Runtimes>()?)));
    engine.host().runtime_made(js, runtime)
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

/// Whether a change of its file updates the module.
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
                let Ok(module) = Module::of(runtime, &registry, &record) else {
                    continue;
                };
                update::change(js, module, Origin::Told);
                begun.push((record, taking));
            }
        }
    }
    begun
}
