//! The names that `export *` brings, and by which of several: ECMAScript's `GetExportedNames`, over versions and their links.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use smallvec::SmallVec;

use super::compile::ExportKind;
use super::link::{Binding, Resolution, resolve};
use super::record::Version;

/// Of the requests that bring a name, the one that begins the shortest way to the name's binding, by modules that export it.
/// On other ways the getters of modules in a circle might read each other.
fn nearest(version: &Rc<Version>, requests: &[usize], name: &str, binding: &Binding) -> Option<usize> {
    let mut seen = HashSet::from([(Rc::as_ptr(version), name.to_owned())]);
    let targets = requests
        .iter()
        .filter_map(|&request| Some((request, version.link(request)?)));
    let mut at: Vec<_> = targets
        .map(|(request, target)| (request, target, name.to_owned()))
        .collect();
    while !at.is_empty() {
        let mut next = Vec::new();
        for (request, version, name) in at {
            if !seen.insert((Rc::as_ptr(&version), name.clone())) {
                continue;
            }
            let Resolution::Found(found) = resolve(&version, &name).0 else {
                continue;
            };
            if !found.is(binding) {
                continue;
            }
            let Some(hops) = hops(&version, &name) else {
                return Some(request);
            };
            next.extend(hops.into_iter().map(|(target, name)| (request, target, name)));
        }
        at = next;
    }
    None
}

/// The modules by which a version may re-export a name, each with the name there; `None` if the name is the version's own.
fn hops(version: &Rc<Version>, name: &str) -> Option<Vec<(Rc<Version>, String)>> {
    let code = version.unit.code()?;
    let table = version.unit.table();
    let named = table.named.get(name).and_then(|&index| code.exports.get(index));
    match named.map(|export| &export.kind) {
        Some(ExportKind::Indirect {
            request, imported, ..
        }) => {
            let target = version.link(*request);
            Some(
                target
                    .map(|target| (target, imported.clone()))
                    .into_iter()
                    .collect(),
            )
        }
        Some(_) => None,
        None => {
            let targets = table.stars.iter().filter_map(|&request| version.link(request));
            Some(targets.map(|target| (target, name.to_owned())).collect())
        }
    }
}

/// The names that a version exports by `export *`, each with the request that brings it.
pub fn star_names(version: &Rc<Version>) -> Vec<(String, usize)> {
    let own = &version.unit.table().named;
    let mut brought: HashMap<String, SmallVec<[usize; 1]>> = HashMap::new();
    let mut names = Vec::new();
    // Names that several `export *` bring or may bring, and all names of an `export *` that may bring ambiguous ones.
    let mut unsure: HashSet<String> = HashSet::new();
    let mut is_certain = !version.has_late_names.get();
    for &request in &version.unit.table().stars {
        let Some(target) = version.link(request) else {
            continue;
        };
        let certain = certain_names(&target);
        is_certain &= certain.is_some();
        let all = certain.as_ref().map_or_else(
            || exported_names(&target),
            |names| names.iter().cloned().collect(),
        );
        for name in all {
            if name == "default" || own.contains_key(&name) {
                continue;
            }
            let requests = brought.entry(name.clone()).or_default();
            requests.push(request);
            if requests.len() > 1 {
                unsure.insert(name);
            } else {
                names.push(name);
            }
        }
    }
    if !is_certain {
        unsure.extend(names.iter().cloned());
    }
    let before = names.len();
    names.retain(|name| {
        if !unsure.contains(name) {
            return true;
        }
        let Resolution::Found(binding) = resolve(version, name).0 else {
            return false;
        };
        if let Some(requests) = brought.get_mut(name).filter(|requests| requests.len() > 1) {
            let nearest = nearest(version, requests, name, &binding);
            *requests = nearest.map_or_else(
                || std::mem::take(requests),
                |request| SmallVec::from_elem(request, 1),
            );
        }
        true
    });
    if is_certain && names.len() == before {
        let all = own.keys().chain(&names).cloned();
        *version.all_names.borrow_mut() = Some(all.collect());
    }
    let request_of = |name: String| {
        let request = brought.get(&name)?.first().copied();
        request.map(|request| (name, request))
    };
    names.into_iter().filter_map(request_of).collect()
}

/// All names of a version, if they are known without a search and none of them is ambiguous.
fn certain_names(version: &Version) -> Option<Rc<[String]>> {
    if version.unit.code().is_none() {
        return version.names.borrow().clone();
    }
    if version.unit.table().stars.is_empty() {
        return Some(version.unit.table().named.keys().cloned().collect());
    }
    version.all_names.borrow().clone()
}

/// Every name that a version exports, those of `export *` and ambiguous ones included.
fn exported_names(version: &Rc<Version>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut seen: HashSet<*const Version> = HashSet::new();
    let mut waiting = vec![Rc::clone(version)];
    while let Some(next) = waiting.pop() {
        if !seen.insert(Rc::as_ptr(&next)) {
            continue;
        }
        let is_first = Rc::ptr_eq(&next, version);
        let table = next.unit.table();
        let values = next.names.borrow().clone().filter(|_| next.unit.code().is_none());
        let own = table
            .named
            .keys()
            .chain(values.iter().flat_map(|names| names.iter()));
        names.extend(own.filter(|name| is_first || *name != "default").cloned());
        waiting.extend(table.stars.iter().filter_map(|&request| next.link(request)));
    }
    names
}

/// The keys of a version's namespace, sorted by code unit.
pub fn namespace_names(version: &Rc<Version>) -> Vec<String> {
    let mut names: Vec<String> = if version.unit.code().is_some() {
        let own = version.unit.table().named.keys();
        // A late name counts as exported: if it turns out to be missing, nothing of this module will run.
        let found = own.filter(|name| {
            let (resolution, is_late) = resolve(version, name);
            is_late || matches!(resolution, Resolution::Found(_))
        });
        let stars = star_names(version).into_iter().map(|(name, _)| name);
        found.cloned().chain(stars).collect()
    } else {
        let names = version.names.borrow();
        names.as_ref().map(|names| names.to_vec()).unwrap_or_default()
    };
    names.sort_by(|one, two| one.encode_utf16().cmp(two.encode_utf16()));
    names
}
