//! Gathers `update` events into one batch: everything that watchers tell any runtime in one turn is one change.

use std::rc::Rc;

use super::evaluation::Evaluations;
use super::known::Awaited;
use super::{Host, Reaction, Turn, batch, leftovers, listening, records};
use crate::classic::calling::Module;
use crate::classic::record::Record;
use crate::classic::registry::Registry;
use crate::classic::update;
use crate::es::make_node_forget;
use crate::files::{Delivery, Origin};
use crate::graph::modules::{ModuleGraph, Node};
use crate::js::outside;
use crate::js::{Cx, Held, Js, JsResult, Value, settled, spawn_detached};
use crate::paths;
use crate::report;

/// Takes over what a watcher told, if the runtime follows dependencies; false if it does not. The batch runs when all events
/// of this turn have come.
pub fn take_over<'s>(
    runtime: Value<'s>,
    registry: &Rc<Registry>,
    ids: &[&str],
    origin: Origin,
) -> JsResult<'s, bool> {
    let js = runtime.js();
    let Some(host) =
        Host::with_registry(runtime, registry)?.filter(|host| host.known.reaction == Reaction::Follow)
    else {
        return Ok(false);
    };
    let told = ids.iter().map(|&id| (id.to_owned(), origin));
    host.known.told.borrow_mut().extend(told);
    let turn = js.state::<Turn>()?;
    if !turn.is_batch_due.replace(true) {
        let cx = Cx::new(js);
        spawn_detached(js, async move {
            drop(settled(&cx, Held::undefined()).await);
            cx.with(|js| {
                turn.is_batch_due.set(false);
                outside(js, |js| {
                    if let Err(thrown) = run(js) {
                        report::error(js, "dependencies", "an update could not begin", thrown.0);
                    }
                });
            });
        });
    }
    Ok(true)
}

/// One runtime's part of a batch.
pub struct Part<'s> {
    /// The runtime.
    pub host: Host<'s>,
    /// The hot modules to load.
    pub users: Vec<User>,
}

/// A hot module that will be loaded.
pub struct User {
    /// The module.
    pub module: Module,
    /// Its node in the graph.
    pub node: Node,
    /// How the change became known.
    pub origin: Origin,
    /// The changed files, as the watcher spelled them.
    pub changed: Vec<Rc<str>>,
}

fn run(js: Js<'_>) -> JsResult<'_, ()> {
    listening::hear_all(js);
    let mut groups: Vec<(Value<'_>, Vec<Part<'_>>)> = Vec::new();
    let hosts = Host::all(js)?;
    share(js, &hosts)?;
    for host in hosts {
        let told = host.known.told.take();
        if told.is_empty() {
            continue;
        }
        let cache = host.require.get("cache")?;
        let part = part(host, told)?;
        match groups.iter_mut().find(|(known, _)| known.same(cache)) {
            Some((_, parts)) => parts.push(part),
            None => groups.push((cache, vec![part])),
        }
    }
    for (_, parts) in groups {
        batch::update(js, parts)?;
    }
    Ok(())
}

/// Shares changes of dependencies among the runtimes that follow them with a watcher of ours. Otherwise their watchers
/// would tell of the same change later, and the dependency would be evaluated again for each runtime.
fn share<'s>(js: Js<'s>, hosts: &[Host<'s>]) -> JsResult<'s, ()> {
    let is_followed = |host: &Host<'_>, path: &str| {
        host.known.reaction == Reaction::Follow && host.known.graph.borrow().find(path).is_some()
    };
    let key_of = |host: &Host<'_>, path: &str| host.known.watched.borrow().get(path).copied().flatten();
    for host in hosts {
        let told = host.known.told.borrow().clone();
        for (path, origin) in told.into_iter().filter(|(path, _)| is_followed(host, path)) {
            for other in hosts.iter().filter(|other| is_followed(other, &path)) {
                let is_told = other.known.told.borrow().iter().any(|(id, _)| *id == path);
                let Some(key) = key_of(other, &path).filter(|_| !is_told) else {
                    continue;
                };
                if !other.require.get("cache")?.same(host.require.get("cache")?) {
                    continue;
                }
                other.known.told.borrow_mut().push((path.clone(), origin));
                if let Some(taken) = key_of(host, &path) {
                    js.state::<Delivery>()?.take_along(key, taken);
                }
            }
        }
    }
    Ok(())
}

/// Finds the hot modules to load, and marks the changed modules as stale.
fn part(host: Host<'_>, told: Vec<(String, Origin)>) -> JsResult<'_, Part<'_>> {
    let mut users: Vec<(Rc<Record>, Origin, Vec<Rc<str>>)> = Vec::new();
    for (id, origin) in told {
        let concerned = take_change(&host, &id)?;
        for record in concerned {
            if !record.is_alive.get() || !record.is_watched.get() {
                continue;
            }
            match users.iter_mut().find(|(known, ..)| Rc::ptr_eq(known, &record)) {
                Some((.., changed)) => changed.push(Rc::from(&*id)),
                None => users.push((record, origin, vec![Rc::from(&*id)])),
            }
        }
    }
    let mut ready = Vec::new();
    for (record, origin, changed) in users {
        if record.is_busy() {
            update::wait_for_turn(host.js, &record, origin);
            continue;
        }
        let node = host
            .known
            .graph
            .borrow_mut()
            .add(&super::user_name(&record), true);
        let module = Module::of(host.runtime, &host.registry, &record)?;
        ready.push(User {
            module,
            node,
            origin,
            changed,
        });
    }
    Ok(Part { host, users: ready })
}

/// Takes up one change: marks the changed modules as stale, and returns the hot modules that the change concerns.
fn take_change<'s>(host: &Host<'s>, id: &str) -> JsResult<'s, Vec<Rc<Record>>> {
    let (mut concerned, mut changed) = concerned_by(host, id);
    if concerned.is_empty() && changed.is_empty() && is_loaded(host, id)? {
        // The file was required in a way that we did not notice.
        records::walk_anew(host)?;
        (concerned, changed) = concerned_by(host, id);
    }
    {
        let mut graph = host.known.graph.borrow_mut();
        for node in &changed {
            graph.mark_stale(*node);
        }
    }
    let is_followed = host.known.graph.borrow().find(id).is_some();
    if is_followed && !paths::is_file(id) {
        // The request may lead to another file now.
        let _ = make_node_forget(host.js, id);
    }
    if !is_followed {
        leftovers::evict(host, &*host.js.state::<Evaluations>()?, id)?;
    }
    let is_awaited = !is_followed && !awaiting(host, id).is_empty();
    for record in &concerned {
        let mut way = way(host, &changed, record);
        if is_awaited {
            way.insert(0, id.to_owned());
        }
        *record.way.borrow_mut() = way;
    }
    Ok(concerned)
}

/// The hot modules that a change of this id or path concerns, and the nodes that it makes stale.
fn concerned_by(host: &Host<'_>, id: &str) -> (Vec<Rc<Record>>, Vec<Node>) {
    let mut meant = host.registry.find_told(id);
    let mut changed: Vec<Node> = meant
        .iter()
        .filter_map(|record| host.known.user(record))
        .collect();
    let mut stale = led_elsewhere(host, id);
    stale.insert(Rc::from(id));
    let graph = host.known.graph.borrow();
    for node in stale.iter().filter_map(|path| graph.find(path)) {
        changed.push(node);
        meant.extend(users_of(host, &graph, node));
    }
    for importer in awaiting(host, id) {
        for record in host.registry.find_told(&importer) {
            changed.extend(host.known.user(&record));
            meant.push(record);
        }
        if let Some(node) = graph.find(&importer) {
            changed.push(node);
            meant.extend(users_of(host, &graph, node));
        }
    }
    for (user, files) in host.known.troubled.borrow().iter() {
        if files.contains(id) {
            meant.extend(host.registry.find(user));
        }
    }
    (meant, changed)
}

/// The files to which the link at this path has led, if it leads elsewhere now.
fn led_elsewhere(host: &Host<'_>, path: &str) -> Awaited {
    let evaluations = host.js.state::<Evaluations>();
    evaluations
        .map(|evaluations| evaluations.links.led_elsewhere(host.js, path))
        .unwrap_or_default()
}

fn users_of(host: &Host<'_>, graph: &ModuleGraph, node: Node) -> Vec<Rc<Record>> {
    let users = graph.users_of(&[node]).into_iter();
    let names = users.map(|user| graph.name(user));
    let records = names.filter_map(|name| host.registry.find(name.strip_prefix('\0')?));
    records.collect()
}

/// The hot modules that use the file at a path, of all runtimes that follow it.
pub fn users_of_file(js: Js<'_>, path: &str) -> Vec<Rc<Record>> {
    let hosts = Host::all(js).unwrap_or_default();
    let following = hosts
        .iter()
        .filter(|host| host.known.reaction == Reaction::Follow);
    let users = following.flat_map(|host| {
        let graph = host.known.graph.borrow();
        let node = graph.find(path);
        node.map(|node| users_of(host, &graph, node)).unwrap_or_default()
    });
    users.collect()
}

/// The files that await a file at this path. None if that file is a hot module now, which updates by itself.
fn awaiting(host: &Host<'_>, path: &str) -> Vec<Rc<str>> {
    let Ok(evaluations) = host.js.state::<Evaluations>() else {
        return Vec::new();
    };
    let boundaries = records::boundaries(host.js);
    if boundaries.iter().any(|registry| registry.is_hot(path)) {
        return Vec::new();
    }
    evaluations.awaiting(path)
}

fn is_loaded<'s>(host: &Host<'s>, path: &str) -> JsResult<'s, bool> {
    let cache = host.require.get("cache")?;
    Ok(cache.is_object() && cache.has_key(host.js.string(path))?)
}

/// For the log: the files from the changed one up to the hot module, without the hot module.
fn way(host: &Host<'_>, changed: &[Node], record: &Record) -> Vec<String> {
    let graph = host.known.graph.borrow();
    let Some(user) = host.known.user(record) else {
        return Vec::new();
    };
    let mut way = graph.way(changed, user);
    way.pop();
    way.into_iter().map(|node| graph.name(node).to_string()).collect()
}
