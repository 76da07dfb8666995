//! The error for a file that exports no hot module: what it exports instead, and what the user can do.

use super::hot_module::{is_of_class, take};
use crate::error::{HmrError, describe};
use crate::es::is_native_namespace;
use crate::js::{JsResult, Thrown, Value};

/// The error for an export that is no hot module. `record` is the file's record in the cache: its `exports` show whether a
/// loader has changed the export.
pub fn invalid<'s>(export: Value<'s>, id: &str, record: Option<Value<'s>>) -> Thrown<'s> {
    let js = export.js();
    let own = record.and_then(|record| record.get("exports").ok());
    let is_of_loader = own.is_some_and(|own| !own.same(export));
    // A getter of the user's export may throw; then there is no hint.
    let hint = hint(export, own.filter(|_| is_of_loader)).unwrap_or_default();
    let id = id.to_owned();
    HmrError::InvalidHotModule { id, hint }.thrown(js)
}

/// The same error for a file that the engine evaluated: there the hot module has to be the `default` export.
pub fn invalid_default<'s>(export: Value<'s>, id: &str) -> Thrown<'s> {
    let hint = if export.is_undefined() {
        "It has no `default` export: write `export default hmr(…)`.".to_owned()
    } else {
        let hint = hint(export, None).unwrap_or_default();
        hint.replace("module.exports = ", "export default ")
    };
    let id = id.to_owned();
    HmrError::InvalidHotModule { id, hint }.thrown(export.js())
}

fn is_hot(value: Value<'_>) -> bool {
    matches!(take(value), Ok(Some(_)))
}

fn default_of(value: Value<'_>) -> Option<Value<'_>> {
    let default = value.is_object().then(|| value.get("default").ok()).flatten();
    default.filter(|default| is_hot(*default))
}

fn hint<'s>(export: Value<'s>, own: Option<Value<'s>>) -> JsResult<'s, String> {
    if let Some(own) = own {
        let found = describe(export);
        let way_out = if is_hot(own) {
            "it should return what the file exports"
        } else if default_of(own).is_some() {
            "it should return the `default` of what the file exports"
        } else {
            "look at what the file exports, and at what the loader returns of it"
        };
        return Ok(format!(
            "The runtime's `require` (-r) made {found} of it: {way_out}."
        ));
    }
    if is_native_namespace(export)? {
        return Ok(match default_of(export) {
            Some(_) => "It is an ES module, of which `require` gives the namespace, with the hot module as `default`: import it \
                        through `createRuntime(import.meta)` or `createRuntime(__filename)`, which take that, or name it \
                        \"module.exports\" (`export { it as \"module.exports\" }`).",
            None => "It is an ES module, of which `require` gives the namespace: name the hot module \"module.exports\" \
                     (`export { it as \"module.exports\" }`), or export it as `default` and import the file through \
                     `createRuntime(import.meta)` or `createRuntime(__filename)`.",
        }
        .into());
    }
    if default_of(export).is_some() {
        return Ok("It exports an object whose `default` is a hot module: write `export =` (or `module.exports =`), or give \
                   the runtime a `require` that returns the `default` (`synthetic`)."
            .into());
    }
    if export.is_object() && !export.is_function() && export.is_thenable()? {
        return Ok(
            "It exports a promise: export the hot module itself, and await in its runner \
                   (`createRunner(run, cleanup, true)`) or in `generate`."
                .into(),
        );
    }
    if export.is_function() {
        let made_of = if is_of_class(export, "Runner")? {
            "runner"
        } else {
            "function"
        };
        return Ok(format!(
            "It exports a {made_of}: write `module.exports = hmr(null, createRunner(…))`."
        ));
    }
    if export.is_undefined()
        || export.is_object() && !export.is_array() && export.keys()?.is_empty() && is_plain(export)?
    {
        return Ok("It exports nothing: write `module.exports = hmr(…)`.".into());
    }
    if !export.is_object() {
        return Ok(format!(
            "It exports {}: write `module.exports = hmr(…)`.",
            describe(export)
        ));
    }
    of_parts(export)
}

/// The hint for an object: which of its parts, `persist` or `runner`, is wrong.
fn of_parts(export: Value<'_>) -> JsResult<'_, String> {
    for class in ["Runner", "AsyncRunner", "PersistManager"] {
        if is_of_class(export, class)? {
            return Ok(format!(
                "It exports an instance of {class} alone: write `module.exports = hmr(persist, runner)`."
            ));
        }
    }
    let (persist, runner) = (export.get("persist")?, export.get("runner")?);
    let is_runner = is_of_class(runner, "Runner")? || is_of_class(runner, "AsyncRunner")?;
    for (name, value, is_right, methods, maker) in [
        ("runner", runner, is_runner, ["execute", "clean"], "createRunner"),
        (
            "persist",
            persist,
            is_of_class(persist, "PersistManager")?,
            ["generate", "cleanup"],
            "createPersist",
        ),
    ] {
        if is_right {
            continue;
        }
        let looks_alike =
            value.is_object() && value.get(methods[0])?.is_function() && value.get(methods[1])?.is_function();
        return Ok(if looks_alike {
            format!(
                "Its `{name}` was made by another package or an old copy of this one: let there be one \
                 (`npm ls @upvotr/node-hmr`), and make it with `{maker}`."
            )
        } else {
            format!(
                "It exports {} whose `{name}` is {}: make that with `{maker}`, and the whole with `hmr(…)`.",
                describe(export),
                describe(value)
            )
        });
    }
    Ok(String::new())
}

fn is_plain(value: Value<'_>) -> JsResult<'_, bool> {
    let object = value.js().global()?.get("Object")?;
    let prototype = object.call_method("getPrototypeOf", &[value])?;
    Ok(prototype.same(object.get("prototype")?))
}
