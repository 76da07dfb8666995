//! `runtime.import(id)`: the first import of a module, a further one, and simultaneous ones.

use std::rc::Rc;

use super::calling::Module;
use super::context::StepContext;
use super::cycle::Importing;
use super::idle::EndsIdle;
use super::record::{Phase, Record};
use super::registry::{self, place, require_of};
use super::runtimes::Runtimes;
use super::watching::stop_watching;
use super::{dependencies, update};
use crate::classic::resolve;
use crate::error::HmrError;
use crate::js::{Call, Cx, Held, Js, JsResult, Value, spawn};

/// `runtime.import(id)`.
pub fn import<'s>(call: &Call<'s>) -> JsResult<'s> {
    let cx = Cx::new(call.js);
    let (runtime, id) = (call.this.hold(), call.arg(0).hold());
    let importing = call.js.state::<Importing>()?;
    let named = call.arg(0).text().unwrap_or_default();
    let whole = async move {
        let import = match cx.attempt(|js| begin(js, runtime.get(js), id.get(js)))? {
            Begun::Ended(result) => return result,
            Begun::Import(import) => import,
        };
        let _waiting = import
            .waiter
            .as_ref()
            .map(|waiter| waiter.waiting_for(&import.module.record));
        let module = &import.module;
        match import.task {
            Task::AsItIs => {}
            Task::Join => drop(module.record.idle.wait(&cx).await?),
            Task::First => {
                let is_in_update = import
                    .waiter
                    .as_ref()
                    .is_some_and(|waiter| waiter.phase.get() == Phase::Updating);
                let ends = EndsIdle(Some(module.clone()));
                let result = update::first_import(module, is_in_update).await;
                ends.disarm();
                end(&import, result)?;
            }
            Task::Again => {
                let ends = EndsIdle(Some(module.clone()));
                let result = update::import_again(module).await;
                ends.disarm();
                end(&import, result)?;
            }
        }
        Ok(import.exports_object)
    };
    match registry::of(call.this, "HMRRuntime.import") {
        Ok((registry, _)) => importing.within(named, registry, || spawn(call.js, whole)),
        Err(_) => spawn(call.js, whole),
    }
}

/// An import that has begun.
enum Begun {
    /// The work of the import follows.
    Import(Import),
    /// A simultaneous import has done the work, with this result.
    Ended(Result<Held, Held>),
}

/// An import under way.
struct Import {
    /// The imported module.
    module: Module,
    /// The object with which the import resolves.
    exports_object: Held,
    /// The module whose step asked for this import.
    waiter: Option<Rc<Record>>,
    /// What the import has to do.
    task: Task,
}

/// What an import has to do.
#[derive(Clone, Copy)]
enum Task {
    /// Evaluate the module and run it.
    First,
    /// Run the running version of the module again.
    Again,
    /// Wait for the import or update of the module that is under way.
    Join,
    /// Nothing: the module waits for the module that imports it, so waiting would never end.
    AsItIs,
}

fn begin<'s>(js: Js<'s>, runtime: Value<'s>, id_value: Value<'s>) -> JsResult<'s, Begun> {
    let (registry, registry_object) = registry::of(runtime, "HMRRuntime.import")?;
    let Some(id) = id_value.text() else {
        let expected = "a string: the module's id, as `require` takes it";
        return Err(HmrError::argument("HMRRuntime.import", "id", expected, id_value).thrown(js));
    };
    if let Some(result) = registry.just_ended(&id) {
        return Ok(Begun::Ended(result));
    }
    let waiter = js.state::<StepContext>()?.current(js);
    let (record, task) = match registry.find(&id) {
        Some(record) if record.is_busy() => {
            let is_circle = waiter
                .as_ref()
                .is_some_and(|waiter| Rc::ptr_eq(waiter, &record) || record.waits_on(waiter));
            (record, if is_circle { Task::AsItIs } else { Task::Join })
        }
        Some(record) if record.phase.get() == Phase::Failed => {
            record.phase.set(Phase::Importing);
            (record, Task::First)
        }
        Some(record) => {
            record.phase.set(Phase::Updating);
            (record, Task::Again)
        }
        None => {
            js.state::<Importing>()?.check(js, &id, waiter.as_ref(), || {
                resolve::resolve(require_of(runtime)?, &id, "HMRRuntime.import")
            })?;
            let record = registry.add(&id, js.state::<Runtimes>()?.next_import());
            if let Some(waiter) = &waiter {
                *record.importer.borrow_mut() = Rc::downgrade(waiter);
            }
            if !registry.is_listed.replace(true) {
                js.state::<Runtimes>()?.list(runtime, &registry);
            }
            registry::add_slot(js, registry_object, &record)?;
            (record, Task::First)
        }
    };
    let waiter = waiter.filter(|waiter| !Rc::ptr_eq(waiter, &record));
    let module = Module::of(runtime, &registry, &record)?;
    let exports_object = module.slot.get(js).item(place::EXPORTS_OBJECT)?.hold();
    Ok(Begun::Import(Import {
        module,
        exports_object,
        waiter,
        task,
    }))
}

/// Ends an import: imports that joined it get its result, and so do imports in the same microtask. The second of two
/// simultaneous imports of a synchronous module is such a one: it is called when the first has ended.
fn end(import: &Import, result: Result<(), Held>) -> Result<(), Held> {
    let module = &import.module;
    let record = &module.record;
    let has_failed_first = result.is_err() && record.phase.get() == Phase::Importing;
    record.phase.set(if has_failed_first {
        Phase::Failed
    } else {
        Phase::Ready
    });
    module.cx.with(|js| {
        if has_failed_first && record.is_alive.get() {
            forget_failed(js, module);
        }
        let outcome = result.clone().map(|()| Held::undefined());
        record.idle.fire(js, &outcome);
        if !has_failed_first {
            update::follow_up(js, module);
        }
        if record.is_alive.get() {
            let ended = result.clone().map(|()| import.exports_object.clone());
            keep_for_this_turn(js, module, ended);
        }
    });
    result
}

fn keep_for_this_turn(js: Js<'_>, module: &Module, ended: Result<Held, Held>) {
    let (registry, id) = (Rc::downgrade(&module.registry), module.record.id.clone());
    // This microtask is queued before the importer can wait for its promise, so a later import never gets the result.
    let asked = js.soon(move |_| {
        if let Some(registry) = registry.upgrade() {
            registry.forget_ended(&id);
        }
    });
    if asked.is_ok() {
        module.registry.keep_ended(&module.record.id, ended);
    }
}

/// Forgets a module whose first import failed, with its watch. If persistent values were generated, the record stays with
/// them for the next import or `unimport`: a server that listens cannot be made twice.
fn forget_failed(js: Js<'_>, module: &Module) {
    let record = &module.record;
    record.pending.set(None);
    let forgotten =
        registry::of(module.runtime.get(js), "HMRRuntime.import").and_then(|(registry, object)| {
            stop_watching(js, &registry, object, record);
            dependencies::release(js, module.runtime.get(js), record);
            if !record.has_values.get() {
                registry::forget(module.runtime.get(js), &registry, object, record)?;
            }
            Ok(())
        });
    let _ = forgotten;
}
