//! Finds out whether hot code or a package calls.
//!
//! What a package starts is its own and outlives versions, even when a module's evaluation called the package. Both call the
//! same functions of Node, so the innermost frame outside of Node's own code decides.

use crate::js::{Js, JsResult, Value};

use super::state::Resources;

/// Stack frames to look at: enough for those of Node's own code between a function of ours and its caller.
const FRAMES: f64 = 16.0;

/// Whether the innermost caller outside of Node is a local module.
pub fn is_hot(js: Js<'_>) -> JsResult<'_, bool> {
    let error = js.global()?.get("Error")?;
    let prepare = js.string("prepareStackTrace");
    let (had, before) = (error.has_own_key(prepare)?, error.get_key(prepare)?);
    let limit = error.get("stackTraceLimit")?;
    let sites = js.function("", 2, |call| Ok(call.arg(1)))?;
    error.set_key(prepare, sites)?;
    error.set("stackTraceLimit", js.number(FRAMES))?;
    // Node computes the frames when `stack` is read, not when the error is made.
    let frames = error.construct(&[]).and_then(|made| made.get("stack"));
    error.set("stackTraceLimit", limit)?;
    if had {
        error.set_key(prepare, before)?;
    } else {
        error.delete_key(prepare)?;
    }
    let resources = js.state::<Resources>()?;
    let own = resources.own_scripts.borrow();
    decide(frames?, &own)
}

fn decide<'s>(frames: Value<'s>, own: &str) -> JsResult<'s, bool> {
    if !frames.is_array() {
        return Ok(false);
    }
    for frame in frames.items()? {
        let name = frame.call_method("getScriptNameOrSourceURL", &[])?.text();
        let Some(name) = name.filter(|name| !is_between(name, own)) else {
            continue;
        };
        return Ok(is_local(&name));
    }
    Ok(false)
}

/// Whether a script is Node's own or the command's, and so stands between a function of Node's and its caller.
fn is_between(name: &str, own: &str) -> bool {
    name.is_empty() || name.starts_with("node:") || !own.is_empty() && name.starts_with(own)
}

/// Whether a script is a file outside of `node_modules`.
fn is_local(name: &str) -> bool {
    let is_file = name.starts_with("file:") || std::path::Path::new(name).is_absolute();
    is_file && !crate::paths::is_in_node_modules(name)
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn files_below_node_modules_are_packages() {
        assert!(is_local("file:///app/server.ts"));
        assert!(is_local("/app/my_node_modules/server.js"));
        assert!(!is_local("/app/node_modules/ws/index.js"));
        assert!(!is_local("file:///app/node_modules/ws/wrapper.mjs"));
        assert!(!is_local("evalmachine.<anonymous>"));
    }
}
