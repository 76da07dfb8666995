//! Finds loaders that return the old version of a module instead of evaluating the file again.
//!
//! After an eviction, Node's CommonJS loader and every loader that looks into `require.cache` evaluate the file again. Two
//! loaders do not: the `require` that jiti gives to its modules remembers for good what they have required, and Node never
//! forgets an ES module. In the first case, which shows by the same export, we ask the loader through which the module
//! that made the runtime was evaluated. In the second case, we can only report it.

use std::path::Path;
use std::rc::Rc;

use super::calling::Module;
use super::dependencies::package_type;
use super::engine_require::is_of_engine;
use super::found::{invalid, invalid_default};
use super::hot_module::{Version, take as take_hot};
use super::registry::{Registry, place, require_of};
use super::require_cache;
use super::runtimes;
use crate::error::HmrError;
use crate::es::is_native_namespace;
use crate::js::{Held, JsResult, Kind, Thrown, Value};

/// The loaders of at most this many runtimes around this one are asked.
const MAKERS: usize = 8;

/// Evaluates the file and takes its export. `evicted` is the cache, and the record of the file that was evicted from it.
///
/// # Errors
/// What the evaluation throws; an error if the export is no hot module; `ERR_HMR_NOT_FORGOTTEN` if it is the old one.
pub fn evaluate<'s>(
    module: &Module,
    require: Value<'s>,
    path: Value<'s>,
    evicted: Option<(Value<'s>, Value<'s>)>,
) -> JsResult<'s, Version> {
    let id = &module.record.id;
    let take = |export: Value<'s>| {
        let Some(version) = take_hot(export)? else {
            if is_of_engine(require) {
                return Err(invalid_default(export, id));
            }
            let record = require.get("cache")?.get_key(path).ok();
            return Err(invalid(export, id, record.filter(|record| record.is_object())));
        };
        Ok((
            is_handed_out_again(module, &version, export, require, path, evicted),
            version,
        ))
    };
    let first = require_cache::require(require, path).and_then(take);
    let asks_others = match &first {
        Ok((is_old, _)) => *is_old,
        Err(thrown) => is_invalid(thrown.0),
    };
    if asks_others {
        for other in loaders_above(module, require)? {
            // Node's `require` may have put the old ES module back into the cache.
            if evicted.is_some() && is_of_engine(other) {
                require_cache::evict(other, path)?;
            }
            if let Ok((false, version)) = unless_thrown(require_cache::require(other, path).and_then(take))? {
                return keep(module, require, version);
            }
        }
        if let Some(export) = evaluate_directly(require, &path.display())?
            && let Ok((false, version)) = unless_thrown(take(export))?
        {
            return keep(module, require, version);
        }
    }
    match first {
        Ok((false, version)) => keep(module, require, version),
        Ok((true, _)) => {
            let file = id.clone();
            let cache = require.get("cache")?;
            let record = if cache.is_object() {
                cache.get_key(path)?
            } else {
                cache
            };
            let is_es_module = is_es_module(record, &path.display());
            Err(HmrError::NotForgotten { file, is_es_module }.thrown(require.js()))
        }
        Err(thrown) => Err(thrown),
    }
}

/// Turns the error "no hot module" into a result; any other error is the file's own failure.
fn unless_thrown<T>(result: JsResult<'_, T>) -> JsResult<'_, Result<T, ()>> {
    match result {
        Ok(result) => Ok(Ok(result)),
        Err(thrown) if is_invalid(thrown.0) => Ok(Err(())),
        Err(thrown) => Err(thrown),
    }
}

fn has_code(thrown: Thrown<'_>, code: &str) -> bool {
    let given = thrown.0.is_error().then(|| thrown.0.get("code").ok()).flatten();
    given.and_then(Value::text).as_deref() == Some(code)
}

/// Whether this error says that a file exports no hot module.
pub fn is_invalid(thrown: Value<'_>) -> bool {
    has_code(Thrown(thrown), "ERR_HMR_INVALID_MODULE")
}

/// Whether this error says that a loader returned the old version again.
pub fn is_not_forgotten(thrown: Value<'_>) -> bool {
    has_code(Thrown(thrown), "ERR_HMR_NOT_FORGOTTEN")
}

/// Notes in the slot which version was loaded last, and returns it.
fn keep<'s>(module: &Module, require: Value<'s>, version: Version) -> JsResult<'s, Version> {
    let js = require.js();
    let slot = module.slot.get(js);
    if slot.is_object() {
        slot.set_item(place::LOADED_RUNNER, version.runner.get(js))?;
        slot.set_item(place::LOADED_PERSIST, version.persist.get(js))?;
    }
    Ok(version)
}

/// Whether this is the version that was loaded before, although the module was evicted.
///
/// Only an evicted module record makes us expect another version: a `require` of the user's may return what it likes. A
/// file may also export a hot module that was made elsewhere: it was evaluated if it has children, or a new record of Node's,
/// which only an ES module gets without an evaluation.
fn is_handed_out_again<'s>(
    module: &Module,
    version: &Version,
    export: Value<'s>,
    require: Value<'s>,
    path: Value<'s>,
    evicted: Option<(Value<'s>, Value<'s>)>,
) -> bool {
    let js = export.js();
    let is_the_last = || {
        let slot = module.slot.get(js);
        let is_same = |place, held: &Held| slot.item(place).is_ok_and(|it| it.same(held.get(js)));
        slot.is_object()
            && is_same(place::LOADED_RUNNER, &version.runner)
            && is_same(place::LOADED_PERSIST, &version.persist)
    };
    let Some((cache, old)) = evicted else {
        return is_of_es_loader(require) && is_the_last();
    };
    let record = cache.get_key(path).unwrap_or_else(|_| js.undefined());
    let is_put_back = !record.is_object() || record.same(old);
    let may_be_old =
        || !has_children(record) && (!is_record_of_node(record) || is_es_module(record, &path.display()));
    (is_put_back || is_the_last() && may_be_old()) && is_module_record(old)
}

/// Whether this is the `require` that Node's loader of ES modules gives to CommonJS which it loads itself. It has no `cache`,
/// and what it has loaded it keeps for good.
fn is_of_es_loader(require: Value<'_>) -> bool {
    let has = |name: &str| require.get(name).is_ok_and(|value| !value.is_undefined());
    require.is_function()
        && !has("cache")
        && has("resolve")
        && require.has_key(require.js().string("main")).unwrap_or(false)
}

fn is_module_record(value: Value<'_>) -> bool {
    value
        .get("filename")
        .is_ok_and(|filename| filename.kind() == Kind::String)
}

fn is_record_of_node(record: Value<'_>) -> bool {
    let class = record.js().builtin("module");
    class.is_ok_and(|class| record.instance_of(class).unwrap_or(false))
}

fn has_children(record: Value<'_>) -> bool {
    let children = record.get("children").ok().and_then(Value::array_length);
    children.is_some_and(|count| count > 0)
}

/// Whether the record belongs to an ES module.
pub fn is_es_module(record: Value<'_>, path: &str) -> bool {
    let exports = record.is_object().then(|| record.get("exports").ok()).flatten();
    let has_namespace = exports.is_some_and(|exports| is_native_namespace(exports).unwrap_or(false));
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    has_namespace
        || match extension {
            Some("mjs" | "mts") => true,
            Some("js" | "ts") => package_type(Path::new(path)).as_deref() == Some("module"),
            _ => false,
        }
}

/// Whether the new record of a dependency has the exports of the old one, since it is an ES module, which Node keeps.
pub fn is_es_module_again<'s>(old: Value<'s>, new: Value<'s>, path: &str) -> bool {
    let exports = |record: Value<'s>| record.get("exports").ok().filter(|exports| exports.is_object());
    old.is_object()
        && new.is_object()
        && !has_children(new)
        && matches!((exports(old), exports(new)), (Some(old), Some(new)) if old.same(new))
        && is_es_module(new, path)
}

/// The `require` through which the module that made this runtime was evaluated, then the one of that module's own maker,
/// and so on; only those that share the cache.
fn loaders_above<'s>(module: &Module, require: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
    let js = require.js();
    let runtimes = runtimes::live(js);
    let importer = module.record.importer.borrow().upgrade();
    let of_importer = importer.and_then(|importer| {
        let mut registries = runtimes.iter().map(|(_, registry)| registry);
        registries.find(|it| it.find(&importer.id).is_some_and(|it| Rc::ptr_eq(&it, &importer)))
    });
    let maker = |registry: &Registry| registry.maker.borrow().upgrade();
    let first = maker(&module.registry).or_else(|| of_importer.cloned());
    let cache = require.get("cache")?;
    let mut loaders = Vec::new();
    for above in std::iter::successors(first, |registry| maker(registry)).take(MAKERS) {
        let runtime = runtimes.iter().find(|(_, registry)| Rc::ptr_eq(registry, &above));
        let Some((runtime, _)) = runtime else { continue };
        let other = require_of(*runtime)?;
        if !other.same(require) && other.get("cache")?.same(cache) {
            loaders.push(other);
        }
    }
    Ok(loaders)
}

/// Evaluates a file by jiti's `evalModule`, which ignores what jiti remembers. `None` if the loader has no such function.
fn evaluate_directly<'s>(require: Value<'s>, path: &str) -> JsResult<'s, Option<Value<'s>>> {
    let js = require.js();
    let evaluate = require.get("evalModule")?;
    let is_loaded = require.get("cache")?.has_key(js.string(path)).unwrap_or(true);
    if is_loaded || !evaluate.is_function() {
        return Ok(None);
    }
    let Ok(source) = std::fs::read_to_string(path) else {
        return Ok(None);
    };
    let options = js.object();
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    options.set("id", js.string(path))?;
    options.set("filename", js.string(path))?;
    options.set(
        "ext",
        js.string(&extension.map(|it| format!(".{it}")).unwrap_or_default()),
    )?;
    options.set("cache", js.object())?;
    evaluate.call(require, &[js.string(&source), options]).map(Some)
}
