//! Evict, require: always through the `require` the caller gave us.

use tracing::trace_span;

use super::registry::Registry;
use crate::js::{JsResult, Value};

/// A cache of up to this many entries is searched at every eviction.
const SMALL_CACHE: f64 = 256.0;

/// Takes the module at `path` out of the cache and out of its parents' `children`, which would keep every version
/// alive. Returns the cache and the module, for [`restore`].
///
/// The parents of a module are found by searching the cache, except below `node_modules` and `.next`. In a large
/// cache that costs more than the reload, so there the parents found before are tried first and the search
/// is made once per some evictions: what a plain `require` elsewhere still holds is then let go a little later.
pub fn evict<'s>(
    registry: &Registry,
    registry_object: Value<'s>,
    require: Value<'s>,
    path: &str,
) -> JsResult<'s, Option<(Value<'s>, Value<'s>)>> {
    let _span = trace_span!("evict", path).entered();
    let js = require.js();
    let cache = require.get("cache")?;
    let key = js.string(path);
    if !cache.is_object() || !cache.has_key(key)? {
        return Ok(None);
    }
    let old = cache.get_key(key)?;
    cache.delete_key(key)?;
    if !old.is_object() {
        return Ok(None);
    }
    let parents = registry_object.get("parents")?;
    let known = parents.items()?;
    for parent in &known {
        remove_child(*parent, old)?;
    }
    let keys = cache.key_list()?;
    let count = keys.get("length")?.as_number().unwrap_or_default();
    let unsearched = registry.unsearched.get() + 1;
    let is_due = known.is_empty() || count <= SMALL_CACHE || f64::from(unsearched) * SMALL_CACHE >= count;
    registry.unsearched.set(if is_due { 0 } else { unsearched });
    if is_due {
        for key in keys.items()? {
            if key.text().is_none_or(|path| is_foreign(&path)) {
                continue;
            }
            let parent = cache.get_key(key)?;
            if remove_child(parent, old)? && !parents.call_method("includes", &[parent])?.truthy() {
                parents.call_method("push", &[parent])?;
            }
        }
    }
    Ok(Some((cache, old)))
}

/// Puts an evicted module back, so that a plain `require` of the file still finds code that works.
pub fn restore<'s>(cache: Value<'s>, path: &str, old: Value<'s>) {
    // A cache that refuses (a Proxy of the user's) stays as it is: the exports do not depend on it.
    let _ = cache.set_key(cache.js().string(path), old);
}

/// Evaluates the file.
pub fn require<'s>(require: Value<'s>, path: &str) -> JsResult<'s> {
    let _span = trace_span!("require", path).entered();
    let js = require.js();
    require.call(js.undefined(), &[js.string(path)])
}

/// Whether the path is a package's or build output, which are left alone.
pub fn is_foreign(path: &str) -> bool {
    path.split(['/', '\\'])
        .any(|part| part == "node_modules" || part == ".next")
}

fn remove_child<'s>(parent: Value<'s>, old: Value<'s>) -> JsResult<'s, bool> {
    if !parent.is_object() {
        return Ok(false);
    }
    let children = parent.get("children")?;
    if !children.is_array() {
        return Ok(false);
    }
    let index = children.call_method("indexOf", &[old])?;
    if index.as_number().is_none_or(|index| index < 0.0) {
        return Ok(false);
    }
    children.call_method("splice", &[index, old.js().number(1.0)])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::is_foreign;

    #[test]
    fn packages_and_build_output_are_left_alone() {
        assert!(is_foreign("/app/node_modules/next/index.js"));
        assert!(is_foreign("C:\\app\\.next\\server\\page.js"));
        assert!(!is_foreign("/app/my_node_modules/a.js"));
    }
}
