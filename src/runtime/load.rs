//! From the file to a version: find it, evict, require, validate.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::dependencies::{self, Loaded};
use super::hot_module::{Version, validate};
use super::registry::{Phase, Record};
use super::steps::Module;
use super::trouble::SETTLE;
use super::{hmr_runtime, require_cache, watching};
use crate::js::{Held, Js, JsResult, Signal, Value};
use crate::resolve::{self, Way};

/// The version of a first import, whose watch starts before the file is read.
pub fn load_first<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, Version> {
    watching::resolve_and_watch(js, module)?;
    let version = load(js, module);
    leave_parents(js, module);
    let version = version?;
    dependencies::follow(js, module)?;
    Ok(version)
}

/// Whether the file was written within the settle time.
pub fn is_just_written(record: &Record) -> bool {
    let modified = std::fs::metadata(&*record.resolved.borrow()).and_then(|file| file.modified());
    // A time in the future is no time to wait for.
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age < Duration::from_millis(SETTLE.into()))
}

/// Waits so many milliseconds.
pub async fn wait(module: &Module, milliseconds: u32) {
    let over = Rc::new(Signal::default());
    let fires = Rc::clone(&over);
    let timer = module.cx.attempt(|js| {
        let fire = move |js: Js<'_>| fires.fire(js, &Ok(Held::undefined()));
        module.addon.timers.after(js, milliseconds, fire).map(|_| ())
    });
    if timer.is_ok() {
        drop(over.wait(&module.cx).await);
    }
}

/// With what is stale of its dependencies, where they are followed.
pub fn load_for_update(module: &Module) -> Loaded {
    let began = Instant::now();
    let loaded = module.cx.attempt(|js| {
        if let Some(loaded) = dependencies::load_again(js, module)? {
            return Ok(loaded);
        }
        let version = load(js, module)?;
        dependencies::follow(js, module)?;
        Ok(Loaded {
            version: Ok(version),
            began,
            is_reported: false,
        })
    });
    loaded.unwrap_or_else(|thrown| Loaded {
        version: Err(thrown),
        began,
        is_reported: false,
    })
}

/// Evicts and requires the file, and takes its export for a hot module. [`leave_parents`] has to follow.
pub fn load<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, Version> {
    let runtime = module.runtime.get(js);
    let require = hmr_runtime::require_of(runtime)?;
    let (registry, registry_object) = super::registry::of(runtime, "HMRRuntime.import")?;
    let old_path = module.record.resolved.borrow().clone();
    let path = find(require, &module.record, &old_path)?;
    if old_path != path {
        require_cache::evict(&registry, registry_object, require, &old_path)?;
        if module.record.is_alive.get() {
            registry.set_path(&module.record, &path);
        }
    }
    let evicted = require_cache::evict(&registry, registry_object, require, &path)?;
    let version = dependencies::evaluate(js, &registry, &path, || require_cache::require(require, &path))
        .and_then(|export| validate(export, &module.record.id));
    if let (Err(_), Some((cache, old))) = (&version, evicted)
        && module.record.phase.get() == Phase::Updating
    {
        // What was evaluated but is no hot module would stay with its parent.
        require_cache::evict(&registry, registry_object, require, &path)?;
        require_cache::restore(cache, &path, old);
    }
    version
}

/// What `load` evicted is let go by the modules that required it.
pub fn leave_parents(js: Js<'_>, module: &Module) {
    if !module.registry.has_evicted.get() {
        return;
    }
    let runtime = module.runtime.get(js);
    let left = hmr_runtime::require_of(runtime).and_then(|require| {
        let (registry, registry_object) = super::registry::of(runtime, "HMRRuntime.import")?;
        require_cache::leave_parents(&registry, registry_object, require)
    });
    // A cache that refuses (a Proxy of the user's) keeps the old version in memory, and nothing else.
    let _ = left;
}

/// The module's file as it is found now, which is not the old one if a link leads elsewhere, say.
fn find<'s>(require: Value<'s>, record: &Record, old_path: &str) -> JsResult<'s, String> {
    let resolve = || resolve::resolve(require, &record.id, "HMRRuntime.import");
    // A copy: `resolve` may be the user's, and import.
    let found_by = record.found_by.borrow().clone();
    match found_by {
        Way::Direct if resolve::is_file(old_path) => Ok(old_path.to_owned()),
        Way::Link(link) => {
            let resolved = resolve()?;
            let target = resolve::target_of(&link).inspect(|target| resolve::teach_node(require, target));
            Ok(target.unwrap_or(resolved))
        }
        Way::Direct | Way::Decided => resolve(),
    }
}
