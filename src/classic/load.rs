//! Loads a version: finds the file, evicts it, requires it, checks its export.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::calling::Module;
use super::context::StepContext;
use super::dependencies::{self, Loaded};
use super::hot_module::Version;
use super::record::{Phase, Record};
use super::registry::place;
use super::{handed_out, registry, require_cache, taking, watching};
use crate::classic::node_paths;
use crate::classic::resolve::{self, FoundBy};
use crate::es::make_node_forget;
use crate::files::Origin;
use crate::js::{Cx, Js, JsResult, Value, within};
use crate::paths;

/// Loads the version of a first import. The watch starts before the file is read.
pub fn load_first<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, Version> {
    watching::resolve_and_watch(js, module)?;
    let version = load(js, module, Origin::Told);
    leave_parents(js, module);
    let version = version?;
    dependencies::follow(js, module)?;
    Ok(version)
}

/// Waits until nothing is under way for these modules, but at most for `time`.
pub async fn wait_at_most(cx: &Cx, busy: Vec<Rc<Record>>, time: Duration) {
    if !busy.iter().any(|record| record.is_busy()) {
        return;
    }
    let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let all_idle = async {
        for record in busy {
            while record.is_busy() {
                drop(record.idle.wait(cx).await);
            }
        }
    };
    within(cx, milliseconds, all_idle).await;
}

/// Loads the version of an update, with the stale dependencies if they are followed.
pub fn load_for_update(module: &Module, origin: Origin) -> Loaded {
    let began = Instant::now();
    let taking = module.record.by_program.borrow().clone();
    let loaded = module.cx.attempt(|js| {
        if let Some(taking) = taking
            && let Some(version) = taking::take(js, module, &taking)?
        {
            return Ok(Loaded {
                version: Ok(version),
                began,
                is_reported: false,
            });
        }
        if let Some(loaded) = dependencies::load_again(js, module)? {
            return Ok(loaded);
        }
        let version = load(js, module, origin)?;
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
pub fn load<'s>(js: Js<'s>, module: &Module, origin: Origin) -> JsResult<'s, Version> {
    let runtime = module.runtime.get(js);
    let require = registry::require_of(runtime)?;
    let old_path = module.record.resolved.borrow().clone();
    let path = find_file(require, &module.record, &old_path, origin)?;
    if old_path != path {
        evict(require, module, js.string(&old_path))?;
        if module.record.is_alive.get() {
            module.registry.set_path(&module.record, &path);
            watching::watch_where_it_is(js, module, &path)?;
        }
    }
    // One string for all look-ups: V8 has to hash each new one.
    let key = js.string(&path);
    let evicted = evict(require, module, key)?;
    let context = require.js().state::<StepContext>()?;
    let version = dependencies::evaluate(require, &module.registry, &path, || {
        let evaluate = || handed_out::evaluate(module, require, key, evicted);
        context.evaluating(&module.registry, evaluate)
    });
    if let (Err(_), Some((cache, old))) = (&version, evicted)
        && module.record.phase.get() == Phase::Updating
    {
        // An evaluated module without a hot module would stay among its parent's children.
        evict(require, module, key)?;
        require_cache::restore(cache, &path, old);
    }
    version
}

/// Takes the module at `path` out of the cache. Returns the cache and the module, for [`require_cache::restore`].
fn evict<'s>(
    require: Value<'s>,
    module: &Module,
    path: Value<'s>,
) -> JsResult<'s, Option<(Value<'s>, Value<'s>)>> {
    let evicted = require_cache::evict(require, path)?;
    if let Some((_, old)) = evicted {
        let count = module.record.evicted.get();
        module.record.evicted.set(count + 1);
        module.slot.get(old.js()).set_item(place::EVICTED + count, old)?;
    }
    Ok(evicted)
}

/// Removes the modules that `load` evicted from the `children` of the modules that required them. Nothing waits for this,
/// so it may come after the update.
pub fn leave_parents(js: Js<'_>, module: &Module) {
    let evicted = module.record.evicted.take();
    if evicted == 0 {
        return;
    }
    let slot = module.slot.get(js);
    let take = |place| {
        let old = slot.item(place).ok()?;
        slot.set_item(place, js.undefined()).ok()?;
        Some(old)
    };
    let all: Vec<_> = (place::EVICTED..place::EVICTED + evicted)
        .filter_map(take)
        .collect();
    let left = registry::require_of(module.runtime.get(js)).and_then(|require| {
        let cache = require.get("cache")?;
        all.into_iter()
            .try_for_each(|old| require_cache::take_from_parents(&module.registry, cache, old))
    });
    // If the cache is a Proxy of the user's that refuses, the old version stays in memory, without other harm.
    let _ = left;
}

/// The path of the module's file now: another one than before if, for example, a link leads elsewhere. After a change
/// from our own watcher (`Origin::Watched`), the file was there a moment ago.
fn find_file<'s>(
    require: Value<'s>,
    record: &Record,
    old_path: &str,
    origin: Origin,
) -> JsResult<'s, String> {
    let resolve = || resolve::resolve(require, &record.id, "HMRRuntime.import");
    // A copy, as a `resolve` of the user's may import, which borrows this again.
    let found_by = record.found_by.borrow().clone();
    let is_there =
        matches!(found_by, FoundBy::Link(_)) || origin == Origin::Watched || paths::is_file(old_path);
    if !is_there {
        // The id may lead to another file by now, for example to an `index.js` instead of a `.js`.
        let _ = make_node_forget(require.js(), old_path);
    }
    match found_by {
        FoundBy::Direct if is_there => Ok(old_path.to_owned()),
        FoundBy::Link(link) => {
            let resolved = resolve()?;
            let target = paths::target_of(&link).inspect(|target| node_paths::teach_node(require, target));
            Ok(target.unwrap_or(resolved))
        }
        FoundBy::Direct | FoundBy::Decided => resolve(),
    }
}
