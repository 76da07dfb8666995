//! From an id to a file: always through the `require` the caller gave us, and its links followed anew.

use std::path::{Path, PathBuf};

use tracing::trace_span;

use crate::error::{HmrError, describe};
use crate::js::{JsResult, Value};

/// What `require.resolve(id)` gives; `callee` is for the message when that is no path.
pub fn resolve<'s>(require: Value<'s>, id: &str, callee: &str) -> JsResult<'s, String> {
    let _span = trace_span!("resolve", id).entered();
    let js = require.js();
    let resolved = require.call_method("resolve", &[js.string(id)])?;
    resolved.text().ok_or_else(|| {
        let expected = "a require function whose `resolve` returns a path";
        let error = HmrError::Argument {
            callee: callee.to_owned(),
            parameter: "require",
            expected,
            given: describe(resolved),
        };
        error.thrown(js)
    })
}

/// The path by which the id names `resolved`, if a symbolic link is on it. Node resolves links once per process;
/// whoever watches must watch the link too, and ask again where it leads.
pub fn link_to(require: Value<'_>, id: &str, resolved: &str) -> Option<PathBuf> {
    let spelled = spelled_path(require, id)?;
    let extension = Path::new(resolved).extension();
    let with_extension = extension.map(|extension| {
        let mut path = spelled.clone().into_os_string();
        path.push(".");
        path.push(extension);
        PathBuf::from(path)
    });
    [Some(spelled), with_extension]
        .into_iter()
        .flatten()
        .find(|candidate| {
            candidate != Path::new(resolved)
                && std::fs::canonicalize(candidate).is_ok_and(|target| target == Path::new(resolved))
        })
}

/// Where a link leads now.
pub fn target_of(link: &Path) -> Option<String> {
    std::fs::canonicalize(link)
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

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

fn spelled_path(require: Value<'_>, id: &str) -> Option<PathBuf> {
    if Path::new(id).is_absolute() {
        return Some(PathBuf::from(id));
    }
    let paths = require.get("resolve").ok()?;
    if !paths.get("paths").ok()?.is_function() {
        return None;
    }
    // For a relative id this is the one folder that it starts from.
    let folders = paths.call_method("paths", &[require.js().string(id)]).ok()?;
    let folder = folders
        .is_array()
        .then(|| folders.items().ok())
        .flatten()?
        .first()?
        .text()?;
    let is_relative = id.starts_with("./") || id.starts_with("../") || !folder.ends_with("node_modules");
    is_relative.then(|| normalize(&Path::new(&folder).join(id)))
}

/// Without `.` and `..`, as `path.join` does it: by name, not by what is there.
fn normalize(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};

    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::normalize;
    use std::path::Path;

    #[test]
    fn dots_are_taken_by_name() {
        assert_eq!(normalize(Path::new("/a/b/./../c.js")), Path::new("/a/c.js"));
    }
}
