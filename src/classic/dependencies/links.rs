//! Symbolic links that lead to dependencies. A module record names the file that was found, not the link.
//!
//! Node's loader calls `Module._resolveFilename` once for each request and folder; the request and the result show a link
//! (`evaluation.rs`). A link is watched while a file that it led to is followed. When it leads elsewhere, that file becomes
//! stale for all its users, which are loaded again and resolve the request again.

use std::cell::RefCell;
use std::path::{MAIN_SEPARATOR, Path};
use std::rc::Rc;

use super::known::Awaited;
use crate::classic::node_paths;
use crate::js::Js;
use crate::paths;
use crate::paths::is_foreign;

/// The known links; there are few, if any.
#[derive(Default)]
pub struct Links(RefCell<Vec<Link>>);

/// A symbolic link.
struct Link {
    /// The path of the link.
    path: Rc<str>,
    /// Last target.
    leads_to: Rc<str>,
    /// All targets so far.
    targets: Awaited,
    /// The requests that led through the link, spelled as the keys of `Module._pathCache`.
    requests: Awaited,
}

impl Links {
    /// Notes that a request of a file in this folder was resolved to `resolved`. Returns the link that led there, if any.
    pub fn note(&self, folder: &Path, request: &str, resolved: &str) -> Option<Rc<str>> {
        let is_absolute = Path::new(request).is_absolute();
        if !is_absolute && !request.starts_with("./") && !request.starts_with("../") {
            return None;
        }
        let spelled = paths::normalize(&folder.join(request));
        if leads_straight(spelled.to_str()?, resolved) {
            return None;
        }
        let link = paths::link_to(spelled, Path::new(resolved))?;
        let path = link.to_str().filter(|link| !is_foreign(link))?;
        let start = if is_absolute { "" } else { folder.to_str()? };
        let target: Rc<str> = Rc::from(resolved);
        let mut links = self.0.borrow_mut();
        let place = links.iter().position(|known| *known.path == *path);
        let place = place.unwrap_or_else(|| {
            links.push(Link {
                path: Rc::from(path),
                leads_to: Rc::clone(&target),
                targets: Awaited::new(),
                requests: Awaited::new(),
            });
            links.len() - 1
        });
        let known = links.get_mut(place)?;
        known.leads_to = Rc::clone(&target);
        known.targets.insert(target);
        known.requests.insert(Rc::from(format!("{request}\0{start}")));
        Some(Rc::clone(&known.path))
    }

    /// The links that have led to a file for which `is_one` is true.
    pub fn leading_to(&self, is_one: &dyn Fn(&str) -> bool) -> Awaited {
        let links = self.0.borrow();
        let leading = links
            .iter()
            .filter(|link| link.targets.iter().any(|target| is_one(target)));
        leading.map(|link| Rc::clone(&link.path)).collect()
    }

    /// If the link at this path leads to another file now, or nowhere, makes Node's loader follow it again. Returns all files
    /// that the link has led to; none if it leads where it led before.
    pub fn led_elsewhere(&self, js: Js<'_>, path: &str) -> Awaited {
        let (requests, targets, target) = {
            let links = self.0.borrow();
            let Some(link) = links.iter().find(|link| *link.path == *path) else {
                return Awaited::new();
            };
            let target = paths::target_of(Path::new(path)).filter(|target| paths::is_file(target));
            if target.as_deref() == Some(&*link.leads_to) {
                return Awaited::new();
            }
            (link.requests.clone(), link.targets.clone(), target)
        };
        for request in &requests {
            // An error means that this Node has no `Module._pathCache` to correct.
            let _ = node_paths::teach_node_request(js, request, target.as_deref());
        }
        targets
    }
}

/// Whether the resolved path is the spelled one, perhaps with an extension, or below it. Any other continuation of the name
/// may come from a link: `now-1.js` for a link `now`.
fn leads_straight(spelled: &str, resolved: &str) -> bool {
    let Some(rest) = resolved.strip_prefix(spelled) else {
        return false;
    };
    let is_extension = |rest: &str| rest.starts_with('.') && !rest[1..].contains(['.', MAIN_SEPARATOR]);
    rest.is_empty() || rest.starts_with(MAIN_SEPARATOR) || is_extension(rest)
}

#[cfg(test)]
mod tests {
    use super::leads_straight;

    #[cfg(unix)]
    #[test]
    fn a_name_that_goes_on_may_be_that_of_a_target() {
        let table = [
            ("/a/b.js", "/a/b.js", true),
            ("/a/b", "/a/b.js", true),
            ("/a/b", "/a/b/index.js", true),
            ("/a/b", "/a/b-1.js", false),
            ("/a/b", "/a/b.1.js", false),
            ("/a/b", "/a/c.js", false),
        ];
        for (spelled, resolved, expected) in table {
            assert_eq!(
                leads_straight(spelled, resolved),
                expected,
                "{spelled} {resolved}"
            );
        }
    }
}
