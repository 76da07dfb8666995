//! Resolves an id to a file, always through the `require` that the caller gave us, and finds links on the way.

use std::path::{Path, PathBuf};

use tracing::trace_span;

use crate::error::{HmrError, describe};
use crate::js::{JsResult, Value};
use crate::paths::{link_to, normalize};

/// A `require` and its `resolve`.
#[derive(Clone, Copy)]
pub struct Resolver<'s> {
    require: Value<'s>,
    resolve: Value<'s>,
}

impl<'s> Resolver<'s> {
    /// The resolver of a `require`; `None` if it has no `resolve`.
    pub fn of(require: Value<'s>) -> JsResult<'s, Option<Self>> {
        if !require.is_object() {
            return Ok(None);
        }
        let resolve = require.get("resolve")?;
        Ok(resolve.is_function().then_some(Self { require, resolve }))
    }

    /// Calls `require.resolve(id)`. `callee` is for the error if the result is no path.
    pub fn resolve(self, id: &str, callee: &str) -> JsResult<'s, String> {
        let _span = trace_span!("resolve", id).entered();
        let js = self.require.js();
        let resolved = self.resolve.call(self.require, &[js.string(id)])?;
        resolved
            .text()
            .ok_or_else(|| not_resolving(callee, resolved).thrown(js))
    }

    /// The function `resolve.paths`, which only Node's own `resolve` has.
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

/// Calls `require.resolve(id)`. `callee` is for the error if there is no such function, or the result is no path.
pub fn resolve<'s>(require: Value<'s>, id: &str, callee: &str) -> JsResult<'s, String> {
    resolver_of(require, callee)?.resolve(id, callee)
}

/// The resolver of a `require`. `callee` is for the error if it has no `resolve`.
pub fn resolver_of<'s>(require: Value<'s>, callee: &str) -> JsResult<'s, Resolver<'s>> {
    Resolver::of(require)?.ok_or_else(|| not_resolving(callee, require).thrown(require.js()))
}

/// How an id leads to its file.
#[derive(Clone)]
pub enum Way {
    /// The id is the file's own path, extension included, and Node's own `resolve` took it. The id leads to this file as long
    /// as the file exists, since no other file takes precedence.
    Direct,
    /// The id leads to the file by this path, which has a symbolic link on it. Node resolves each link once per process, so
    /// we watch the link, too, and resolve it again.
    Link(PathBuf),
    /// Only a call of `resolve` says where the id leads.
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

fn spelled_path(require: Resolver<'_>, id: &str) -> Option<PathBuf> {
    if Path::new(id).is_absolute() {
        return Some(PathBuf::from(id));
    }
    let paths = require.paths()?;
    // For a relative id, `paths` returns one folder: the one from which the id starts.
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
