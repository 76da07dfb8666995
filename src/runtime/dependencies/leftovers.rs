//! What a failed evaluation loaded before it failed stays in the cache, and nobody reaches it: a change of such a file
//! is taken by its eviction, as it has no place in the graph.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::evaluation::{Awaited, Evaluations};
use super::{Host, records};
use crate::js::{JsResult, Value};

/// Evicts the changed file at `path` and what uses it, as far as that was left by evaluations that failed.
pub fn evict<'s>(host: &Host<'s>, evaluations: &Evaluations, path: &str) -> JsResult<'s, ()> {
    let js = host.js;
    let cache = host.require.get("cache")?;
    if !cache.is_object() || !cache.has_key(js.string(path))? {
        return Ok(());
    }
    let mut left = Awaited::new();
    for importer in evaluations.awaiting(path) {
        left.extend(evaluations.awaited_by(&importer));
    }
    for files in host.known.troubled.borrow().values() {
        if files.contains(path) {
            left.extend(files.iter().cloned());
        }
    }
    let (hosts, boundaries) = (Host::all(js)?, records::boundaries(js)?);
    left.retain(|file| {
        !hosts.iter().any(|host| host.reaches(file)) && !boundaries.iter().any(|it| it.is_hot(file))
    });
    let Some(path) = left.take(path) else {
        return Ok(());
    };
    let mut outdated = vec![path];
    let mut index = 0;
    while let Some(changed) = outdated.get(index).cloned() {
        index += 1;
        let mut users: BTreeSet<Rc<str>> = BTreeSet::new();
        for file in &left {
            if has_child(cache.get_key(js.string(file))?, &changed)? {
                users.insert(Rc::clone(file));
            }
        }
        left.retain(|file| !users.contains(file));
        outdated.extend(users);
    }
    for file in outdated {
        cache.delete_key(js.string(&file))?;
        evaluations.take(js, &file);
    }
    Ok(())
}

fn has_child<'s>(module: Value<'s>, path: &str) -> JsResult<'s, bool> {
    if !module.is_object() {
        return Ok(false);
    }
    let children = module.get("children")?;
    for index in 0..children.array_length().unwrap_or(0) {
        let child = children.item(index)?;
        if child.is_object() && child.get("filename")?.text().as_deref() == Some(path) {
            return Ok(true);
        }
    }
    Ok(false)
}
