//! What Node's CommonJS loader remembers for good of where a request led, corrected.

use crate::js::{Js, JsResult, Value};

/// Node remembers for good where each link led, also after a file or folder took the link's place. Its loader is
/// told that this path leads nowhere else, unless it knows.
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
        // By request and, after a zero, the folder that it starts from; an absolute path starts from none.
        let _ = cache.set_key(js.string(&format!("{path}\0")), key);
    }
}

/// The same for a request, spelled as Node's loader remembers it, and where it leads now.
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

/// Node remembers for good which file an id led to, also after that is gone, and then fails to read it instead of
/// looking for another. Its loader is made to forget this path.
pub fn make_node_forget<'s>(js: Js<'s>, path: &str) -> JsResult<'s, ()> {
    let cache = js.builtin("module")?.get("_pathCache")?;
    if !cache.is_object() {
        return Ok(());
    }
    let path = js.string(path);
    for key in cache.keys()? {
        if cache.get_key(key)?.same(path) {
            cache.delete_key(key)?;
        }
    }
    Ok(())
}
