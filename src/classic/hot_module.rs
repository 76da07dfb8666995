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

/// The symbol under which the prototypes of `Runner`, `AsyncRunner` and `PersistManager` say what they are.
const BRAND: &str = "@upvotr/node-hmr class";

/// Puts the brand on a class.
pub fn brand(class: Value<'_>) -> JsResult<'_, ()> {
    let name = class.get("name")?;
    class
        .get("prototype")?
        .define_hidden(class.js().symbol_for(BRAND)?, name)
}

/// Whether a value is an instance of that class of another copy of this package: two are found in one program when
/// both it and its module bring one, or when the package was dropped from `require.cache`.
fn is_of_another<'s>(value: Value<'s>, name: &str) -> JsResult<'s, bool> {
    let js = value.js();
    if !value.is_object() {
        return Ok(false);
    }
    // Asked of the prototype: that of the class itself is no instance.
    let prototype = js
        .global()?
        .get("Object")?
        .call_method("getPrototypeOf", &[value])?;
    let brand = if prototype.is_object() {
        prototype.get_key(js.symbol_for(BRAND)?)?
    } else {
        prototype
    };
    Ok(brand.text().as_deref() == Some(name))
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
    let (is_plain, is_async) = if runner.instance_of(classes.runner.get(js))? {
        (true, false)
    } else if runner.instance_of(classes.async_runner.get(js))? {
        (false, true)
    } else {
        (
            is_of_another(runner, "Runner")?,
            is_of_another(runner, "AsyncRunner")?,
        )
    };
    let has_persist =
        || {
            Ok(persist.instance_of(classes.persist_manager.get(js))?
                || is_of_another(persist, "PersistManager")?)
        };
    if !(is_plain || is_async) || !has_persist()? {
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
