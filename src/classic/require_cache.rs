//! Evicts and requires modules, always through the `require` that the caller gave us.

use std::collections::HashMap;
use std::rc::Rc;

use tracing::trace_span;

use super::registry::Registry;
use crate::js::{Js, JsResult, Value};
use crate::paths::is_foreign;

/// Searches look at this many entries of the cache per eviction, on average. A smaller cache is searched every time.
const SEARCHED_PER_EVICTION: u32 = 128;

/// Removes the module at `path` from the cache; [`take_from_parents`] has to follow. Returns the cache and the module,
/// for [`restore`].
pub fn evict<'s>(require: Value<'s>, path: Value<'s>) -> JsResult<'s, Option<(Value<'s>, Value<'s>)>> {
    let _span = trace_span!("evict", path = path.display()).entered();
    let cache = require.get("cache")?;
    if !cache.is_object() {
        return Ok(None);
    }
    let old = cache.get_key(path)?;
    // A synthetic `require` may keep `undefined`.
    if old.is_undefined() && !cache.has_key(path)? {
        return Ok(None);
    }
    cache.delete_key(path)?;
    Ok(old.is_object().then_some((cache, old)))
}

/// Removes an evicted module from the `children` of its parents, which would keep every version alive.
///
/// The parents are found by a search of the cache, except below `node_modules` and `.next`, and by the module's `parent`:
/// the module that `createRequire` makes is in no cache. In a large cache a search takes longer than the reload. So the
/// parents found before are tried first, and a search follows only after a number of evictions; a version that another
/// parent still holds is freed a little later.
pub fn take_from_parents<'s>(registry: &Registry, cache: Value<'s>, old: Value<'s>) -> JsResult<'s, ()> {
    let registry_object = registry.object(old.js());
    let children = Children::of(old.js());
    let known = registry_object.get("parents")?.items()?;
    let mut parents = Vec::with_capacity(known.len() + 1);
    let mut is_found = false;
    for &parent in &known {
        let is_parent = children.remove(parent, old);
        is_found |= is_parent;
        // A parent that has left the cache is not kept in the list, since the list would keep it alive.
        if is_parent || !parent.same(old) && stands_in(cache, parent) {
            parents.push(parent);
        }
    }
    let mut has_new = parents.len() < known.len();
    if let Some(keys) = search_if_due(registry, cache, 1)? {
        for key in keys {
            if key.text().is_none_or(|path| is_foreign(&path)) {
                continue;
            }
            let parent = cache.get_key(key)?;
            let is_known = known.iter().any(|known| known.same(parent));
            if !is_known && children.remove(parent, old) {
                (is_found, has_new) = (true, true);
                parents.push(parent);
            }
        }
    }
    // `parent` comes last, because Node warns of its use once with `--pending-deprecation`.
    if !is_found
        && let Ok(parent) = old.get("parent")
        && children.remove(parent, old)
    {
        has_new = true;
        parents.push(parent);
    }
    if has_new {
        registry_object.set("parents", old.js().array(&parents))?;
    }
    Ok(())
}

/// As [`take_from_parents`], for many modules that left the cache together, by path. A parent that `is_kept` accepts keeps
/// its children: it will be evicted itself, or has not heard of the change yet.
pub fn take_all_from_parents<'s>(
    registry: &Registry,
    cache: Value<'s>,
    old: &HashMap<Rc<str>, Value<'s>>,
    is_kept: impl Fn(&str) -> bool,
) -> JsResult<'s, ()> {
    let registry_object = registry.object(cache.js());
    let children = Children::of(cache.js());
    let mut parents = registry_object.get("parents")?.items()?;
    for &parent in &parents {
        let path = parent.get("filename")?.text();
        if path.is_none_or(|path| !is_kept(&path)) {
            children.remove_all(parent, old);
        }
    }
    let evicted = u32::try_from(old.len()).unwrap_or(u32::MAX);
    let Some(keys) = search_if_due(registry, cache, evicted)? else {
        return Ok(());
    };
    let known = parents.len();
    for key in keys {
        if key.text().is_none_or(|path| is_foreign(&path) || is_kept(&path)) {
            continue;
        }
        let parent = cache.get_key(key)?;
        if children.remove_all(parent, old) {
            parents.push(parent);
        }
    }
    if parents.len() > known {
        registry_object.set("parents", cache.js().array(&parents))?;
    }
    Ok(())
}

/// The keys of the cache, if there were enough evictions since the last search to make the next one worth its cost.
fn search_if_due<'s>(
    registry: &Registry,
    cache: Value<'s>,
    evicted: u32,
) -> JsResult<'s, Option<Vec<Value<'s>>>> {
    let unsearched = registry.unsearched.get().saturating_add(evicted);
    registry.unsearched.set(unsearched);
    if unsearched.saturating_mul(SEARCHED_PER_EVICTION) < registry.searched.get() {
        return Ok(None);
    }
    let keys = cache.keys()?;
    registry.unsearched.set(0);
    registry
        .searched
        .set(u32::try_from(keys.len()).unwrap_or(u32::MAX));
    Ok(Some(keys))
}

fn stands_in<'s>(cache: Value<'s>, module: Value<'s>) -> bool {
    let entry = module.get("filename").and_then(|path| cache.get_key(path));
    entry.is_ok_and(|entry| entry.same(module))
}

/// The property names that a search uses for thousands of modules, as JavaScript strings made once.
struct Children<'s> {
    key: Value<'s>,
    last_index_of: Value<'s>,
}

impl<'s> Children<'s> {
    fn of(js: Js<'s>) -> Self {
        Self {
            key: js.string("children"),
            last_index_of: js.string("lastIndexOf"),
        }
    }

    /// Removes `old` from the children of `parent`, and returns whether it was there. An entry of the cache that throws or is
    /// no module record is no parent.
    fn remove(&self, parent: Value<'s>, old: Value<'s>) -> bool {
        self.try_to_remove(parent, old).unwrap_or_default()
    }

    /// Removes these modules from the children of `parent`, and returns whether any was there.
    fn remove_all(&self, parent: Value<'s>, old: &HashMap<Rc<str>, Value<'s>>) -> bool {
        self.try_to_remove_all(parent, old).unwrap_or_default()
    }

    fn try_to_remove_all(&self, parent: Value<'s>, old: &HashMap<Rc<str>, Value<'s>>) -> JsResult<'s, bool> {
        if !parent.is_object() {
            return Ok(false);
        }
        let children = parent.get_key(self.key)?;
        let filename = children.js().string("filename");
        let mut is_parent = false;
        for index in (0..children.array_length().unwrap_or(0)).rev() {
            let child = children.item(index)?;
            let path = child.get_key(filename)?.text();
            if path.is_some_and(|path| old.get(&*path).is_some_and(|old| old.same(child))) {
                let one = [child.js().number(f64::from(index)), child.js().number(1.0)];
                children.call_method("splice", &one)?;
                is_parent = true;
            }
        }
        Ok(is_parent)
    }

    fn try_to_remove(&self, parent: Value<'s>, old: Value<'s>) -> JsResult<'s, bool> {
        if !parent.is_object() {
            return Ok(false);
        }
        let children = parent.get_key(self.key)?;
        // A fast exit, as most modules have no children.
        if children.array_length().is_none_or(|length| length == 0) {
            return Ok(false);
        }
        // The search runs backwards, as the newest version is at the end.
        let index = children.get_key(self.last_index_of)?.call(children, &[old])?;
        if index.as_number().is_none_or(|index| index < 0.0) {
            return Ok(false);
        }
        children.call_method("splice", &[index, old.js().number(1.0)])?;
        Ok(true)
    }
}

/// Puts an evicted module back, so that a plain `require` of the file still finds code that works.
pub fn restore<'s>(cache: Value<'s>, path: &str, old: Value<'s>) {
    // If the cache is a Proxy of the user's that refuses, it stays as it is; the exports do not depend on it.
    let _ = cache.set_key(cache.js().string(path), old);
}

/// Calls `require(path)`.
pub fn require<'s>(require: Value<'s>, path: Value<'s>) -> JsResult<'s> {
    let _span = trace_span!("require", path = path.display()).entered();
    require.call(path.js().undefined(), &[path])
}
