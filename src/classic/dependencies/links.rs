//! Symbolic links on the way to dependencies: a record names the file that was found, not the link that led to it.
//!
//! Node's loader asks `Module._resolveFilename` for each request that it has not met in that folder; by the request and
//! what it gives, a link shows (`evaluation.rs`). It is watched as long as somebody follows what it led to. When it leads
//! elsewhere, that is stale for all its users: they are loaded again, and ask again.

use std::cell::RefCell;
use std::path::{MAIN_SEPARATOR, Path};
use std::rc::Rc;

use super::known::Awaited;
use crate::classic::node_paths;
use crate::js::Js;
use crate::paths;
use crate::paths::is_foreign;

/// The links that are known: few, if any.
#[derive(Default)]
pub struct Links(RefCell<Vec<Link>>);

struct Link {
    path: Rc<str>,
    /// Where it led when it was asked for last,
    leads_to: Rc<str>,
    /// and ever.
    targets: Awaited,
    /// How it was asked for, as Node's loader remembers it.
    requests: Awaited,
}

impl Links {
    /// Notes that a file of this folder was given `resolved` for its request. Gives the link that led there, if any.
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

    /// The links that have led to one of these files.
    pub fn leading_to(&self, is_one: &dyn Fn(&str) -> bool) -> Awaited {
        let links = self.0.borrow();
        let leading = links
            .iter()
            .filter(|link| link.targets.iter().any(|target| is_one(target)));
        leading.map(|link| Rc::clone(&link.path)).collect()
    }

    /// The files that the link at this path has led to, if it leads to another or nowhere now. Node's loader is told.
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
            // Without a loader that remembers there is nothing to tell.
            let _ = node_paths::teach_node_request(js, request, target.as_deref());
        }
        targets
    }
}

/// Whether a path is what was spelled, with an extension or something within it at most. A name that goes on in another
/// way may be that of a link's target: `now-1.js` for `now`.
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
