//! What a hot module is: `{ persist, runner, updatePersistentValues? }`.

use crate::addon::Addon;
use crate::error::HmrError;
use crate::js::{Call, Held, JsResult, Value};

/// A version of a hot module, between its evaluation and its run.
#[derive(Clone)]
pub struct Version {
    /// Its `PersistManager`.
    pub persist: Held,
    /// Its `Runner` or `AsyncRunner`.
    pub runner: Held,
    /// Whether the runner is an `AsyncRunner`.
    pub is_async: bool,
    /// Whether it asks for new persistent values.
    pub forced: bool,
}

/// `createModule(persist, runner, forceUpdate = false)`. What it is given is checked when the module is imported,
/// as for a hot module written by hand.
pub fn create_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (persist, runner, force) = (call.arg(0), call.arg(1), call.arg(2));
    let module = js.object();
    module.set(
        "updatePersistentValues",
        if force.is_undefined() {
            js.boolean(false)
        } else {
            force
        },
    )?;
    let persist = if persist.truthy() {
        persist
    } else {
        Addon::of(js)?.classes.persist_manager.get(js).construct(&[])?
    };
    module.set("persist", persist)?;
    module.set("runner", runner)?;
    Ok(module)
}

/// Takes a module's export for a hot module.
///
/// # Errors
/// `Invalid hot module export for import <id>!` for anything else; what a getter of the export throws.
pub fn validate<'s>(export: Value<'s>, id: &str) -> JsResult<'s, Version> {
    let js = export.js();
    let invalid = || Err(HmrError::InvalidHotModule { id: id.to_owned() }.thrown(js));
    if !export.is_object() {
        return invalid();
    }
    let classes = &Addon::of(js)?.classes;
    let (persist, runner) = (export.get("persist")?, export.get("runner")?);
    let is_async = runner.instance_of(classes.async_runner.get(js))?;
    let is_runner = is_async || runner.instance_of(classes.runner.get(js))?;
    if !is_runner || !persist.instance_of(classes.persist_manager.get(js))? {
        return invalid();
    }
    // The JavaScript package's README spells it with one more `i`.
    let forced =
        export.get("updatePersistentValues")?.truthy() || export.get("updatePersistientValues")?.truthy();
    Ok(Version {
        persist: persist.hold(),
        runner: runner.hold(),
        is_async,
        forced,
    })
}
