//! Corrects `Module._pathCache`, in which Node's CommonJS loader remembers for good where each request led. `es/deleted.rs` deletes from
//! it.

use crate::js::{Js, JsResult, Value};

/// Makes Node's loader resolve this path to itself. Node would go on following a link that was here before, even when a
/// file or folder has taken its place.
pub fn teach_node(require: Value<'_>, path: &str) {
    let js = require.js();
    let key = js.string(path);
    let known = require.call_method("resolve", &[key]).ok().and_then(Value::text);
    if known.as_deref() == Some(path) {
        return;
    }
    let cache = js.builtin("module").and_then(|module| module.get("_pathCache"));
    if let Ok(cache) = cache
        && cache.is_object()
    {
        // The key is the request, a NUL and the folder from which it starts; an absolute path has no folder.
        let _ = cache.set_key(js.string(&format!("{path}\0")), key);
    }
}

/// Sets where a request leads now; `request` is spelled as the key of Node's cache.
pub fn teach_node_request<'s>(js: Js<'s>, request: &str, target: Option<&str>) -> JsResult<'s, ()> {
    let cache = js.builtin("module")?.get("_pathCache")?;
    if !cache.is_object() {
        return Ok(());
    }
    let key = js.string(request);
    match target {
        Some(target) => cache.set_key(key, js.string(target)),
        None => cache.delete_key(key),
    }
}
