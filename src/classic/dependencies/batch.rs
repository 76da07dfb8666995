//! Updates one batch: evicts the stale modules, loads the hot modules that use them, restores what failed, starts the
//! updates.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Instant;

use super::evaluation::Evaluations;
use super::gathering::{Part, User};
use super::known::Awaited;
use super::{Host, Reaction, mending, records};
use crate::classic::calling::Module;
use crate::classic::hot_module::Version;
use crate::classic::record::Record;
use crate::classic::registry::Registry;
use crate::classic::{handed_out, load, require_cache, update};
use crate::error::HmrError;
use crate::files::{Delivery, Origin};
use crate::graph::modules::Node;
use crate::js::{Held, Js, JsResult, Value};
use crate::report;
use crate::watch::Stamp;

/// The result of loading a version.
pub struct Loaded {
    /// The version, or what was thrown.
    pub version: Result<Version, Held>,
    /// When the loading began.
    pub began: Instant,
    /// Whether the same error is reported for another module already.
    pub is_reported: bool,
}

/// A module that this batch evicted.
struct Evicted<'s> {
    /// Its path.
    path: Rc<str>,
    /// Its old record.
    old: Value<'s>,
    /// The files that its old version awaited.
    awaited: Awaited,
    /// What its file looked like before the old version was read.
    seen: Option<Stamp>,
    /// Whether the old record was put back.
    is_restored: bool,
}

/// A failure while this batch was loaded.
struct Failure<'s> {
    /// What was thrown.
    thrown: Value<'s>,
    /// The evicted module that threw, if it is known.
    culprit: Option<Rc<str>>,
}

/// Loads the users of all parts, which share one cache, and starts their updates.
pub fn update<'s>(js: Js<'s>, mut parts: Vec<Part<'s>>) -> JsResult<'s, ()> {
    for part in &parts {
        for user in &part.users {
            user.module
                .record
                .phase
                .set(crate::classic::record::Phase::Updating);
        }
    }
    let loaded = load_users(js, &mut parts)?;
    let delivery = js.state::<Delivery>()?;
    let mut to_come = loaded.len();
    let mut started: Vec<(Rc<Record>, Vec<Rc<Record>>)> = Vec::new();
    for (part, user, loaded) in loaded {
        to_come -= 1;
        delivery.expect(to_come);
        let user = &parts[part].users[user];
        let record = &user.module.record;
        // This module waits for the modules that it imported; other modules need not wait for each other.
        let deeper = started
            .iter()
            .filter(|(other, _)| other.is_imported_within(record))
            .map(|(other, _)| Rc::clone(other))
            .collect();
        started.push((Rc::clone(record), Vec::new()));
        update::change_loaded(js, user.module.clone(), user.origin, loaded, deeper);
    }
    Ok(())
}

/// Evicts the stale dependencies of one module and loads it, for an update that had to wait. `None` if the runtime does not
/// follow dependencies.
pub fn load_again<'s>(js: Js<'s>, module: &Module) -> JsResult<'s, Option<Loaded>> {
    let runtime = module.runtime.get(js);
    let Some(host) = Host::with_registry(runtime, &module.registry)?
        .filter(|host| host.known.reaction == Reaction::Follow)
    else {
        return Ok(None);
    };
    let node = host
        .known
        .graph
        .borrow_mut()
        .add(&super::user_name(&module.record), true);
    let user = User {
        module: module.clone(),
        node,
        origin: Origin::Told,
        changed: Vec::new(),
    };
    let mut parts = vec![Part {
        host,
        users: vec![user],
    }];
    Ok(load_users(js, &mut parts)?.pop().map(|(_, _, loaded)| loaded))
}

/// The results of a batch: the index of the part, the index of the user in it, and what was loaded.
type Results = Vec<(usize, usize, Loaded)>;

/// Evicts the stale modules and loads all users.
fn load_users<'s>(js: Js<'s>, parts: &mut [Part<'s>]) -> JsResult<'s, Results> {
    let began = Instant::now();
    let order = load_order(parts);
    let Some(&(first, _)) = order.first() else {
        return Ok(Vec::new());
    };
    let cache = parts[first].host.require.get("cache")?;
    let mut evicted = evict(js, parts, cache)?;

    let mut results: Results = Vec::new();
    let mut failures: Vec<Failure<'s>> = Vec::new();
    for (place, user) in order {
        let part = &parts[place];
        let (version, is_reported) =
            match load_user(&part.host, &part.users[user], cache, &evicted, &mut failures)? {
                Ok(version) => (Ok(version), false),
                Err((thrown, is_reported)) => (Err(thrown.hold()), is_reported),
            };
        let loaded = Loaded {
            version,
            began,
            is_reported,
        };
        results.push((place, user, loaded));
    }
    let is_kept_old = refuse_unforgotten(js, parts, cache, &evicted, &mut results)?;
    if is_kept_old || !failures.is_empty() {
        put_back(&*js.state::<Evaluations>()?, parts, &results, cache, &mut evicted);
    }
    let gone = evicted
        .iter()
        .filter(|module| !module.is_restored && module.old.is_object());
    let gone = gone.map(|module| (Rc::clone(&module.path), module.old)).collect();
    take_from_outsiders(&parts[first].host.registry, cache, &gone)?;
    for (place, part) in parts.iter().enumerate() {
        note_up_to_date(place, part, &results, &evicted);
    }
    Ok(results)
}

/// The index of the part and of the user in it, for all users; those that were imported in deeper steps come first.
fn load_order(parts: &[Part<'_>]) -> Vec<(usize, usize)> {
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        order.extend((0..part.users.len()).map(|user| (place, user)));
    }
    order.sort_by_key(|(part, user)| {
        let record = &parts[*part].users[*user].module.record;
        (std::cmp::Reverse(record.depth()), record.order)
    });
    order
}

/// Loads one user, unless it would only run into a failure that another user of this batch met. The error is what was
/// thrown, and whether that was reported for another user.
fn load_user<'s>(
    host: &Host<'s>,
    user: &User,
    cache: Value<'s>,
    evicted: &[Evicted<'s>],
    failures: &mut Vec<Failure<'s>>,
) -> JsResult<'s, Result<Version, (Value<'s>, bool)>> {
    let module = &user.module;
    let met = failures
        .iter()
        .find(|failure| reaches_culprit(host, user.node, failure));
    if let Some(failure) = met {
        note_trouble(host, &module.record, failure.thrown);
        return Ok(Err((failure.thrown, true)));
    }
    let version = load::load(host.js, module, Origin::Told);
    load::leave_parents(host.js, module);
    match version {
        Ok(version) => {
            let (_, found) = records::walk_from(host, &module.record)?;
            host.watch_all(&found);
            host.known.forget_trouble(&module.record);
            Ok(Ok(version))
        }
        Err(thrown) => {
            let thrown = thrown.0;
            let is_reported = failures.iter().any(|failure| failure.thrown.same(thrown));
            note_trouble(host, &module.record, thrown);
            failures.push(Failure {
                thrown,
                culprit: culprit(cache, evicted, thrown)?,
            });
            Ok(Err((thrown, is_reported)))
        }
    }
}

/// Turns the result of a user into an error if all changed files of it are ES modules that Node did not evaluate again.
/// Returns whether there was such a user.
fn refuse_unforgotten<'s>(
    js: Js<'s>,
    parts: &[Part<'s>],
    cache: Value<'s>,
    evicted: &[Evicted<'s>],
    results: &mut Results,
) -> JsResult<'s, bool> {
    let mut unforgotten: Vec<(Rc<str>, Value<'s>)> = Vec::new();
    let changed = || {
        parts
            .iter()
            .flat_map(|part| &part.users)
            .flat_map(|user| &user.changed)
    };
    for module in evicted {
        if changed().any(|path| *path == module.path) {
            let new = cache.get_key(js.string(&module.path))?;
            if handed_out::is_es_module_again(module.old, new, &module.path) {
                let (file, is_es_module) = (report::relative(&module.path), true);
                let thrown = HmrError::NotForgotten { file, is_es_module }.thrown(js);
                unforgotten.push((Rc::clone(&module.path), thrown.0));
            }
        }
    }
    let find = |path: &Rc<str>| unforgotten.iter().position(|(known, _)| known == path);
    let mut said = HashSet::new();
    let mut has_any = false;
    for (part, user, loaded) in results.iter_mut().filter(|(.., loaded)| loaded.version.is_ok()) {
        let changed = &parts[*part].users[*user].changed;
        let places: Option<Vec<usize>> = changed.iter().map(find).collect();
        let Some(&place) = places.as_ref().and_then(|places| places.first()) else {
            continue;
        };
        has_any = true;
        loaded.version = Err(unforgotten[place].1.hold());
        loaded.is_reported = !said.insert(place);
    }
    Ok(has_any)
}

/// Evicts the modules between the stale ones and their users. The users themselves are evicted when they are loaded.
fn evict<'s>(js: Js<'s>, parts: &[Part<'s>], cache: Value<'s>) -> JsResult<'s, Vec<Evicted<'s>>> {
    let evaluations = js.state::<Evaluations>()?;
    let mut evicted: Vec<Evicted<'s>> = Vec::new();
    let mut seen = HashSet::new();
    if !cache.is_object() {
        return Ok(evicted);
    }
    for part in parts {
        let users: Vec<Node> = part.users.iter().map(|user| user.node).collect();
        let graph = part.host.known.graph.borrow();
        let slice: Vec<Rc<str>> = graph
            .slice(&users)
            .into_iter()
            .map(|node| graph.name(node))
            .collect();
        drop(graph);
        for path in slice {
            if !seen.insert(Rc::clone(&path)) {
                continue;
            }
            let key = js.string(&path);
            let old = cache.get_key(key)?;
            cache.delete_key(key)?;
            let awaited = evaluations.take(js, &path);
            let seen = evaluations.seen(&path);
            evicted.push(Evicted {
                path,
                old,
                awaited,
                seen,
                is_restored: false,
            });
        }
    }
    for host in Host::all(js)? {
        let mut graph = host.known.graph.borrow_mut();
        for module in &evicted {
            if let Some(node) = graph.find(&module.path) {
                graph.forget_seen(node);
            }
        }
    }
    Ok(evicted)
}

/// The first file that the error names, if this batch evicted it and it did not get into the cache again.
fn culprit<'s>(
    cache: Value<'s>,
    evicted: &[Evicted<'s>],
    thrown: Value<'s>,
) -> JsResult<'s, Option<Rc<str>>> {
    let Some(file) = mending::first_file_named(thrown) else {
        return Ok(None);
    };
    let Some(module) = evicted.iter().find(|module| *module.path == *file) else {
        return Ok(None);
    };
    let is_loaded = cache.has_key(cache.js().string(&module.path))?;
    Ok((!is_loaded).then(|| Rc::clone(&module.path)))
}

/// Whether the user reaches the module that failed, so that it would only fail again.
fn reaches_culprit(host: &Host<'_>, user: Node, failure: &Failure<'_>) -> bool {
    let graph = host.known.graph.borrow();
    failure
        .culprit
        .as_ref()
        .and_then(|path| graph.find(path))
        .is_some_and(|node| graph.users_of(&[node]).contains(&user))
}

/// Notes and watches the files that may mend the failure.
fn note_trouble<'s>(host: &Host<'s>, record: &Record, thrown: Value<'s>) {
    let named = mending::files_named(host.require, thrown).unwrap_or_default();
    let mut files: Awaited = named.iter().map(|file| Rc::from(file.as_str())).collect();
    if let Ok(evaluations) = host.js.state::<Evaluations>() {
        files.extend(evaluations.take_last_failed());
    }
    files.retain(|file| !crate::paths::is_foreign(file));
    host.known.forget_trouble(record);
    if record.is_watched.get() {
        host.await_all(&files);
    }
    host.known.troubled.borrow_mut().insert(record.id.clone(), files);
}

/// Puts the old records back that no loaded user reaches, so that the old versions of failed users still find them.
fn put_back<'s>(
    evaluations: &Evaluations,
    parts: &[Part<'s>],
    results: &Results,
    cache: Value<'s>,
    evicted: &mut [Evicted<'s>],
) {
    for module in evicted {
        let is_used = results
            .iter()
            .filter(|(_, _, loaded)| loaded.version.is_ok())
            .any(|(part, user, _)| {
                let part = &parts[*part];
                let graph = part.host.known.graph.borrow();
                graph
                    .find(&module.path)
                    .is_some_and(|node| graph.users_of(&[node]).contains(&part.users[*user].node))
            });
        if !is_used && module.old.is_object() {
            require_cache::restore(cache, &module.path, module.old);
            evaluations.put_back(&module.path, std::mem::take(&mut module.awaited));
            evaluations.put_back_seen(&module.path, module.seen);
            module.is_restored = true;
        }
    }
}

/// Removes evicted modules from the children of modules that nobody follows, which would keep every version alive. Followed
/// modules keep their children: these show which of them use a dependency that changes while they wait for their turn.
pub(super) fn take_from_outsiders<'s>(
    registry: &Registry,
    cache: Value<'s>,
    gone: &HashMap<Rc<str>, Value<'s>>,
) -> JsResult<'s, ()> {
    if gone.is_empty() {
        return Ok(());
    }
    let js = cache.js();
    let (hosts, boundaries) = (Host::all(js)?, records::boundaries(js));
    let is_kept = |path: &str| {
        hosts
            .iter()
            .any(|host| host.known.graph.borrow().find(path).is_some())
            || boundaries.iter().any(|registry| registry.is_hot(path))
    };
    require_cache::take_all_from_parents(registry, cache, gone, is_kept)
}

/// Notes which modules are up to date, and lets go of those that no user reaches any more.
fn note_up_to_date(place: usize, part: &Part<'_>, results: &Results, evicted: &[Evicted<'_>]) {
    let own = results.iter().filter(|(part, _, _)| *part == place);
    let loaded_users = own.filter(|(_, _, loaded)| loaded.version.is_ok());
    let mut loaded: Vec<Node> = loaded_users.map(|(_, user, _)| part.users[*user].node).collect();
    let mut graph = part.host.known.graph.borrow_mut();
    let not_restored = evicted.iter().filter(|module| !module.is_restored);
    loaded.extend(not_restored.filter_map(|module| graph.find(&module.path)));
    graph.note_loaded(&loaded);
    drop(graph);
    part.host.let_go();
}
