//! From an id to a file: always through the `require` the caller gave us, and its links followed anew.

use std::path::{Path, PathBuf};

use tracing::trace_span;

use crate::error::{HmrError, describe};
use crate::js::{Held, Js, JsResult, Value};

/// A `require` and its `resolve`.
#[derive(Clone, Copy)]
pub struct Resolver<'s> {
    require: Value<'s>,
    resolve: Value<'s>,
}

impl<'s> Resolver<'s> {
    /// `None` if it has no `resolve`.
    pub fn of(require: Value<'s>) -> JsResult<'s, Option<Self>> {
        if !require.is_object() {
            return Ok(None);
        }
        let resolve = require.get("resolve")?;
        Ok(resolve.is_function().then_some(Self { require, resolve }))
    }

    /// What `require.resolve(id)` gives; `callee` is for the message when that is no path.
    pub fn resolve(self, id: &str, callee: &str) -> JsResult<'s, String> {
        let _span = trace_span!("resolve", id).entered();
        let js = self.require.js();
        let resolved = self.resolve.call(self.require, &[js.string(id)])?;
        resolved
            .text()
            .ok_or_else(|| not_resolving(callee, resolved).thrown(js))
    }

    /// `resolve.paths`, which only Node's own has.
    fn paths(self) -> Option<Value<'s>> {
        let paths = self.resolve.get("paths").ok()?;
        paths.is_function().then_some(paths)
    }
}

fn not_resolving(callee: &str, given: Value<'_>) -> HmrError {
    HmrError::Argument {
        callee: callee.to_owned(),
        parameter: "require",
        expected: "a require function with a `resolve` that returns a path",
        given: describe(given),
    }
}

/// What `require.resolve(id)` gives; `callee` is for the message when there is no such function, or that is no path.
pub fn resolve<'s>(require: Value<'s>, id: &str, callee: &str) -> JsResult<'s, String> {
    resolver_of(require, callee)?.resolve(id, callee)
}

/// The `resolve` of a `require`; `callee` is for the message when it has none.
pub fn resolver_of<'s>(require: Value<'s>, callee: &str) -> JsResult<'s, Resolver<'s>> {
    Resolver::of(require)?.ok_or_else(|| not_resolving(callee, require).thrown(require.js()))
}

/// How an id leads to its file.
#[derive(Clone)]
pub enum Way {
    /// It is the file's own path, extension included, and Node's own `resolve` took it so. No other file comes before
    /// that one: this is the answer for as long as there is such a file.
    Direct,
    /// By this path, which has a symbolic link on it. Node resolves links once per process; whoever watches must
    /// watch the link too, and ask again where it leads.
    Link(PathBuf),
    /// As `resolve` decides, each time.
    Decided,
}

/// How the id led to `resolved`.
pub fn way_to(require: Resolver<'_>, id: &str, resolved: &str) -> Way {
    let resolved = Path::new(resolved);
    let Some(spelled) = spelled_path(require, id) else {
        return Way::Decided;
    };
    if spelled == resolved {
        return match require.paths() {
            Some(_) => Way::Direct,
            None => Way::Decided,
        };
    }
    link_to(spelled, resolved).map_or(Way::Decided, Way::Link)
}

/// The path by which what is spelled so led to `resolved`, if that is another: it has a symbolic link on it.
pub fn link_to(spelled: PathBuf, resolved: &Path) -> Option<PathBuf> {
    let with_extension = resolved.extension().map(|extension| {
        let mut path = spelled.clone().into_os_string();
        path.push(".");
        path.push(extension);
        PathBuf::from(path)
    });
    let within = resolved.file_name().map(|name| spelled.join(name));
    [Some(spelled), with_extension, within]
        .into_iter()
        .flatten()
        .find(|candidate| {
            candidate != resolved && std::fs::canonicalize(candidate).is_ok_and(|target| target == resolved)
        })
}

/// An id that was just resolved, for a watcher that is asked next to watch it.
pub struct Resolved {
    /// The id as the caller spelled it.
    pub id: String,
    /// The `require` that resolved it.
    pub require: Held,
    /// What that gave.
    pub path: String,
    /// How.
    pub way: Way,
}

/// Whether there is a file at this path.
pub fn is_file(path: &str) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
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

fn spelled_path(require: Resolver<'_>, id: &str) -> Option<PathBuf> {
    if Path::new(id).is_absolute() {
        return Some(PathBuf::from(id));
    }
    let paths = require.paths()?;
    // For a relative id this is the one folder that it starts from.
    let folders = paths.call(require.resolve, &[paths.js().string(id)]).ok()?;
    let folder = folders
        .is_array()
        .then(|| folders.items().ok())
        .flatten()?
        .first()?
        .text()?;
    let is_relative = id.starts_with("./") || id.starts_with("../") || !folder.ends_with("node_modules");
    is_relative.then(|| normalize(&Path::new(&folder).join(id)))
}

/// A path that need not exist, with the links in what does exist of it followed.
pub fn real_place(path: PathBuf) -> PathBuf {
    let real = path.ancestors().find_map(|folder| {
        let real = std::fs::canonicalize(folder).ok()?;
        Some(real.join(path.strip_prefix(folder).ok()?))
    });
    real.unwrap_or(path)
}

/// Without `.` and `..`, as `path.join` does it: by name, not by what is there.
pub fn normalize(path: &Path) -> PathBuf {
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
