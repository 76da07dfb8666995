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

/// What is at least written like an instance is checked when the module is imported, as in a hot module written by hand.
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

/// Whether a value is an instance of `Runner`, `AsyncRunner` or `PersistManager`, of this copy or another.
pub fn is_of_class<'s>(value: Value<'s>, name: &str) -> JsResult<'s, bool> {
    let classes = &Addon::of(value.js())?.classes;
    let own = match name {
        "Runner" => &classes.runner,
        "AsyncRunner" => &classes.async_runner,
        _ => &classes.persist_manager,
    };
    Ok(value.instance_of(own.get(value.js()))? || is_of_another(value, name)?)
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
    // The JavaScript package's README spells it with one more `i`.
    let forced =
        export.get("updatePersistentValues")?.truthy() || export.get("updatePersistientValues")?.truthy();
    Ok(Some(Version {
        persist: persist.hold(),
        runner: runner.hold(),
        is_async,
        forced,
    }))
}
