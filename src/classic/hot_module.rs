//! Hot modules: objects `{ persist, runner, updatePersistentValues? }`.

use super::brand::is_of_another;
use super::persist::PersistClass;
use super::runner::RunnerClasses;
use crate::error::HmrError;
use crate::js::{Call, Held, JsResult, Value};

/// A version of a hot module, between its evaluation and its run.
#[derive(Clone)]
pub struct Version {
    /// The version's `PersistManager`.
    pub persist: Held,
    /// The version's `Runner` or `AsyncRunner`.
    pub runner: Held,
    /// Whether the runner is an `AsyncRunner`.
    pub is_async: bool,
    /// Whether the version asks for new persistent values.
    pub forced: bool,
}

/// Refuses a part that is no instance of these classes and does not have the two methods either. An object with the
/// methods passes here and is checked at the import, like the part of a hot module written by hand.
fn check_part<'s>(
    parameter: &'static str,
    part: Value<'s>,
    classes: &[&str],
    methods: [&str; 2],
) -> JsResult<'s, ()> {
    for class in classes {
        if is_of_class(part, class)? {
            return Ok(());
        }
    }
    if part.is_object() && part.get(methods[0])?.is_function() && part.get(methods[1])?.is_function() {
        return Ok(());
    }
    let expected = match parameter {
        "persist" => "a persist manager (`createPersist(…)`), or null for none",
        _ => "a runner (`createRunner(…)`)",
    };
    Err(HmrError::argument("hmr", parameter, expected, part).thrown(part.js()))
}

/// `createModule(persist, runner, forceUpdate = false)`.
pub fn create_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let (persist, runner, force) = (call.arg(0), call.arg(1), call.arg(2));
    if persist.truthy() {
        check_part("persist", persist, &["PersistManager"], ["generate", "cleanup"])?;
    }
    check_part("runner", runner, &["Runner", "AsyncRunner"], ["execute", "clean"])?;
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
        js.state::<PersistClass>()?.0.get(js).construct(&[])?
    };
    module.set("persist", persist)?;
    module.set("runner", runner)?;
    Ok(module)
}

/// Whether a value is an instance of `Runner`, `AsyncRunner` or `PersistManager`, of this copy or another.
pub fn is_of_class<'s>(value: Value<'s>, name: &str) -> JsResult<'s, bool> {
    let js = value.js();
    let own = match name {
        "Runner" => js.state::<RunnerClasses>()?.plain.get(js),
        "AsyncRunner" => js.state::<RunnerClasses>()?.awaited.get(js),
        _ => js.state::<PersistClass>()?.0.get(js),
    };
    Ok(value.instance_of(own)? || is_of_another(value, name)?)
}

/// Takes a module's export for a hot module, if it is one.
///
/// # Errors
/// What a getter of the export throws.
pub fn take(export: Value<'_>) -> JsResult<'_, Option<Version>> {
    if !export.is_object() {
        return Ok(None);
    }
    let (persist, runner) = (export.get("persist")?, export.get("runner")?);
    let is_async = !is_of_class(runner, "Runner")?;
    if is_async && !is_of_class(runner, "AsyncRunner")? || !is_of_class(persist, "PersistManager")? {
        return Ok(None);
    }
    // The README of the JavaScript package spells the property with one more `i`.
    let forced =
        export.get("updatePersistentValues")?.truthy() || export.get("updatePersistientValues")?.truthy();
    Ok(Some(Version {
        persist: persist.hold(),
        runner: runner.hold(),
        is_async,
        forced,
    }))
}
