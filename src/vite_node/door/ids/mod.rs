//! The spellings of one module id.
//!
//! A Vite server names modules by URL, a runner by path, the operating system by path of its own kind, and users
//! write what they like. All of these are one module:
//! `/app/src/a.ts`, `/src/a.ts?t=1`, `/base/src/a.ts`, `/@fs/app/src/a.ts`, `file:///app/src/a.ts`.

use std::borrow::Cow;

use crate::paths::{is_in_node_modules, percent_decoded};

/// The folder and the public path that ids are relative to.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    root: Option<String>,
    base: Option<String>,
}

impl Roots {
    /// `root` is the folder that root-relative ids start from, `base` the public path of the server.
    pub fn new(root: Option<&str>, base: Option<&str>) -> Self {
        let root = root.map(|root| path_of(root).trim_end_matches('/').to_owned());
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        Self {
            root,
            base: base.filter(|base| base.starts_with('/')),
        }
    }

    /// The modules that an id may stand for, in one spelling each, the likeliest first. There are two or more because
    /// `/src/a.ts` is a path as well as a URL.
    pub fn readings(&self, id: &str) -> Vec<String> {
        self.read(id, true)
    }

    /// [`Roots::readings`] of an id that a runner or a user has spelled. An id below the root is a path.
    fn own_readings(&self, id: &str) -> Vec<String> {
        self.read(id, false)
    }

    /// The readings of an id. `is_url`: the id may be a URL, so below a root `/app`, `/app/a.ts` may be `/app/app/a.ts` too.
    fn read(&self, id: &str, is_url: bool) -> Vec<String> {
        let (name, query) = split_query(id);
        let query = lasting_query(query);
        let mut readings = Vec::with_capacity(2);
        let mut add = |path: &str| {
            let reading = format!("{path}{query}");
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        };
        let below_base = self
            .base
            .as_ref()
            .and_then(|base| name.strip_prefix(base.as_str()));
        for name in below_base
            .filter(|rest| rest.starts_with('/'))
            .into_iter()
            .chain([name])
        {
            let path = path_of(name);
            let below_root = self
                .root
                .as_ref()
                .filter(|_| path.starts_with('/') && !is_explicit(name))
                .map(|root| (format!("{root}{path}"), is_below(&path, root)));
            match below_root {
                Some((joined, false)) => {
                    add(&joined);
                    add(&path);
                }
                Some((joined, true)) if is_url => {
                    add(&path);
                    add(&joined);
                }
                _ => add(&path),
            }
        }
        readings
    }

    /// Whether a path below the root may as well be a URL: below a root `/app`, `/app/a.ts` may be `/app/app/a.ts`.
    pub fn is_ambiguous(&self, id: &str) -> bool {
        let is_below_root = |root: &String| is_below(&path_of(split_query(id).0), root);
        !is_explicit(id) && self.root.as_ref().is_some_and(is_below_root)
    }

    /// Whether both ids can name the same module.
    pub fn same(&self, one: &str, other: &str) -> bool {
        one == other || share(&self.readings(one), &self.readings(other))
    }

    /// Whether `name` stands for the loaded module `id`.
    pub fn is_named(&self, id: &str, name: &str) -> bool {
        id == name || share(&self.own_readings(id), &self.readings(name))
    }

    /// Whether `id` is `file`, or `file` with any query.
    pub fn is_of_file(&self, id: &str, file: &str) -> bool {
        let file = path_of(split_query(file).0);
        self.own_readings(id)
            .iter()
            .any(|reading| split_query(reading).0 == file)
    }

    /// The URL by which a server names the module of an id: relative to the root if the module lies below the root.
    pub fn url(&self, id: &str) -> String {
        let below_root = self.root.as_ref().and_then(|root| id.strip_prefix(root.as_str()));
        let is_path = id.starts_with('/') || is_drive_path(id);
        match below_root.filter(|rest| rest.starts_with('/')) {
            Some(rest) => rest.to_owned(),
            None if is_path && (is_drive_path(id) || !is_explicit(split_query(id).0)) => {
                format!("/@fs/{}", id.trim_start_matches('/'))
            }
            None => id.to_owned(),
        }
    }

    /// The path that an entry file stands for; `None` if the name is to be taken as it is, as without a root. `exists` tells
    /// whether there is a file of that name.
    pub fn entry(&self, file: &str, exists: impl Fn(&str) -> bool) -> Option<String> {
        let root = self.root.as_ref()?;
        if file.starts_with('/') {
            let (path, query) = split_query(file);
            let joined = format!("{root}{path}");
            let taken = is_explicit(path) || is_below(path, root) || (exists(path) && !exists(&joined));
            return (!taken).then(|| format!("{joined}{query}"));
        }
        if file.starts_with('\0') || file.is_empty() || has_scheme(file) {
            return None;
        }
        Some(join(root, &file.replace('\\', "/")))
    }
}

fn share(one: &[String], other: &[String]) -> bool {
    one.iter().any(|reading| other.contains(reading))
}

/// The id as it is shown to the user: without marks that only matter to the server.
pub fn shown(id: &str) -> String {
    let (name, query) = split_query(id);
    let name = if name.starts_with("/@id/") || name.starts_with("file://") {
        path_of(name)
    } else {
        name.into()
    };
    format!("{name}{}", lasting_query(query)).replace('\0', "\\0")
}

/// Whether the id belongs to an installed package, which is never evicted.
pub fn is_installed(id: &str) -> bool {
    is_in_node_modules(id)
}

/// The last segment of a path without its query: all spellings of one file share it.
pub fn last_segment(id: &str) -> &str {
    let name = split_query(id).0;
    let segment = name.rsplit(['/', '\\']).next().unwrap_or(name);
    // Vite writes `__x00__` for this character.
    segment.trim_start_matches('\0')
}

fn split_query(id: &str) -> (&str, &str) {
    id.split_at(id.find('?').unwrap_or(id.len()))
}

/// The query without the marks of a server: `t`, `v` and `import` tell versions of one module apart.
fn lasting_query(query: &str) -> Cow<'_, str> {
    let is_mark =
        |part: &str| part.is_empty() || part == "import" || part.starts_with("t=") || part.starts_with("v=");
    let Some(parts) = query.strip_prefix('?') else {
        return "".into();
    };
    if !parts.split('&').any(is_mark) {
        return query.into();
    }
    let kept: Vec<_> = parts.split('&').filter(|part| !is_mark(part)).collect();
    if kept.is_empty() {
        "".into()
    } else {
        format!("?{}", kept.join("&")).into()
    }
}

/// Whether a prefix says how the rest is meant, so that the rest is not relative to the root.
fn is_explicit(name: &str) -> bool {
    ["/@fs/", "/@id/", "/@vite/", "file://"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || is_drive_path(name)
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_drive_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 1
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes.get(2), Some(b'/' | b'\\'))
}

fn has_scheme(id: &str) -> bool {
    let scheme = id.split(':').next().unwrap_or_default();
    scheme.len() < id.len()
        && !scheme.is_empty()
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

/// The path that a name without a query stands for: forward slashes, an upper-case drive, no prefix.
fn path_of(name: &str) -> String {
    let mut path: Cow<'_, str> = name.into();
    if let Some(rest) = name.strip_prefix("file://") {
        // The host between the slashes is empty or `localhost`.
        let rest = rest.find('/').map_or(rest, |start| &rest[start..]);
        path = decoded(rest).into();
    } else if let Some(rest) = name.strip_prefix("/@id/") {
        path = match rest.strip_prefix("__x00__") {
            Some(rest) => format!("\0{rest}").into(),
            None => rest.into(),
        };
    }
    if let Some(rest) = path.strip_prefix("/@fs/") {
        path = if is_drive_path(rest) {
            rest.to_owned()
        } else {
            format!("/{rest}")
        }
        .into();
    }
    let mut path = path.replace('\\', "/");
    if let Some(rest) = path.strip_prefix('/') {
        let rest = rest.trim_start_matches('/');
        path = if is_drive_path(rest) {
            rest.to_owned()
        } else {
            format!("/{rest}")
        };
    }
    if is_drive_path(&path) {
        path[..1].make_ascii_uppercase();
    }
    path
}

fn decoded(text: &str) -> String {
    String::from_utf8(percent_decoded(text)).unwrap_or_else(|_| text.to_owned())
}

fn join(root: &str, relative: &str) -> String {
    let mut segments: Vec<&str> = root.split('/').collect();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.len() > 1 => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests;
