//! `HMRRuntime.shutdown()`: cleans up everything before the process ends.

use std::rc::Rc;

use super::calling::{Module, StepFailure};
use super::registry::{self, Registry};
use super::runtimes;
use super::values::take_values;
use super::watching::stop_all;
use crate::js::{Call, Cx, Held, JsResult, Value, spawn, spawn_detached};
use crate::report;

/// Ends every watch of every runtime and cleans up every module: first all runners, then all persistent values, the last
/// imported module first, each awaited. A cleanup that throws is reported, and the next one runs.
pub fn shutdown<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cx = Cx::new(call.js);
    spawn(call.js, async move {
        let modules = cx.attempt(|js| let_go(runtimes::live(js)))?;
        clean_up(&modules).await;
        Ok(Held::undefined())
    })
}

/// Does the same for one runtime.
pub fn one(runtime: Value<'_>) {
    let js = runtime.js();
    let modules = registry::of(runtime, "HMRRuntime.shutdown")
        .and_then(|(registry, _)| let_go(vec![(runtime, registry)]));
    if let Ok(modules) = modules {
        spawn_detached(js, async move { clean_up(&modules).await });
    }
}

async fn clean_up(modules: &[Module]) {
    for module in modules {
        if module.record.is_running.replace(false) {
            tell(module, "the runner's cleanup failed", module.clean_runner().await);
        }
    }
    for module in modules {
        if let Some((persist, values)) = take_values(module) {
            let result = module.clean_persist(&persist, &values).await;
            tell(module, "the cleanup of the persistent values failed", result);
        }
    }
}

/// Ends all watches of these runtimes and marks their modules as gone. Returns the modules, the last imported first.
fn let_go(runtimes: Vec<(Value<'_>, Rc<Registry>)>) -> JsResult<'_, Vec<Module>> {
    let mut modules: Vec<Module> = Vec::new();
    for (runtime, registry) in runtimes {
        stop_all(runtime)?;
        for record in registry.all() {
            record.is_alive.set(false);
            let place = modules.partition_point(|later| later.record.order > record.order);
            modules.insert(place, Module::of(runtime, &registry, &record)?);
        }
    }
    Ok(modules)
}

fn tell(module: &Module, what: &str, result: Result<(), StepFailure>) {
    if let Err(StepFailure::Thrown(thrown)) = result {
        module
            .cx
            .with(|js| report::error(js, &module.record.id, what, thrown.get(js)));
    }
}
