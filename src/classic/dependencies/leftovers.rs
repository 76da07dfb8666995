//! Leftovers: modules in the cache that nobody follows. A failed evaluation loaded them before it failed, or they were
//! followed and let go. They are not in the graph, so a changed leftover is evicted directly.
//!
//! A leftover may be used again, for example by the next attempt after a failed first import, and no watcher told of its
//! changes meanwhile. So before the next evaluation, each is compared with what it looked like when it was read.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::evaluation::Evaluations;
use super::known::Awaited;
use super::{Host, batch, records};
use crate::classic::registry::Registry;
use crate::es::make_node_forget;
use crate::js::{Js, JsResult, Value};
use crate::paths;

/// Evicts the changed leftover at `path` and the leftovers that use it.
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
    retain_unfollowed(js, &mut left)?;
    let Some(path) = left.take(path) else {
        return Ok(());
    };
    evict_with_users(&host.registry, cache, left, vec![path])
}

/// Evicts the leftovers that have changed since they were left.
pub fn evict_outdated<'s>(require: Value<'s>, registry: &Registry) -> JsResult<'s, ()> {
    let js = require.js();
    let evaluations = js.state::<Evaluations>()?;
    let mut left = evaluations.take_left();
    if left.is_empty() {
        return Ok(());
    }
    let cache = require.get("cache")?;
    if !cache.is_object() {
        return Ok(());
    }
    retain_unfollowed(js, &mut left)?;
    left.retain(|path| cache.has_key(js.string(path)).unwrap_or(false));
    let mut outdated = Vec::new();
    left.retain(|path| {
        let seen = evaluations.seen(path);
        let is_outdated = seen.is_some_and(|seen| seen.is_outdated(Path::new(&**path)));
        if is_outdated {
            outdated.push(Rc::clone(path));
        }
        !is_outdated
    });
    evaluations.note_left(left.iter().cloned());
    for path in outdated.iter().filter(|path| !paths::is_file(path)) {
        make_node_forget(js, path)?;
    }
    evict_with_users(registry, cache, left, outdated)
}

fn retain_unfollowed<'s>(js: Js<'s>, files: &mut Awaited) -> JsResult<'s, ()> {
    let (hosts, boundaries) = (Host::all(js)?, records::boundaries(js));
    files.retain(|file| {
        !hosts.iter().any(|host| host.reaches(file)) && !boundaries.iter().any(|it| it.is_hot(file))
    });
    Ok(())
}

/// Evicts the outdated files, and those among `others` that use them.
fn evict_with_users<'s>(
    registry: &Registry,
    cache: Value<'s>,
    mut others: Awaited,
    mut outdated: Vec<Rc<str>>,
) -> JsResult<'s, ()> {
    let js = cache.js();
    let mut index = 0;
    while let Some(changed) = outdated.get(index).cloned() {
        index += 1;
        let mut users = Awaited::new();
        for file in &others {
            if has_child(cache.get_key(js.string(file))?, &changed)? {
                users.insert(Rc::clone(file));
            }
        }
        others.retain(|file| !users.contains(file));
        outdated.extend(users);
    }
    let evaluations = js.state::<Evaluations>()?;
    let mut gone = HashMap::new();
    for file in outdated {
        let key = js.string(&file);
        let old = cache.get_key(key)?;
        cache.delete_key(key)?;
        evaluations.take(js, &file);
        if old.is_object() {
            gone.insert(file, old);
        }
    }
    batch::take_from_outsiders(registry, cache, &gone)
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
