//! Walks over Node's `CommonJS` module records to build the graph.

use std::collections::HashSet;
use std::rc::Rc;

use tracing::trace_span;

use super::listening::Ears;
use super::{Host, Mode, listening, loader, user_name};
use crate::classic::record::Record;
use crate::classic::registry::Registry;
use crate::classic::runtimes;
use crate::graph::modules::{Node, NodeMap};
use crate::js::{Js, JsResult, Value};

/// Looks at a hot module's record and at the new records that it reaches. Returns its node, and the paths that are new in
/// the graph.
pub fn walk_from<'s>(host: &Host<'s>, record: &Record) -> JsResult<'s, (Node, Vec<Rc<str>>)> {
    let _span = trace_span!("follow", id = %record.id).entered();
    let path = record.resolved.borrow().clone();
    let user = host.known.graph.borrow_mut().add(&user_name(record), true);
    host.known.graph.borrow_mut().forget_seen(user);
    let cache = host.require.get("cache")?;
    if cache.is_object() {
        let module = cache.get_key(host.js.string(&path))?;
        let found = Walk::new(host, cache, record)?.visit(user, module)?;
        host.await_unresolved(record);
        return Ok((user, found));
    }
    Ok((user, Vec::new()))
}

/// Looks at all records that the runtime's watched modules reach, and watches the new files.
pub fn walk_anew<'s>(host: &Host<'s>) -> JsResult<'s, ()> {
    host.known.graph.borrow_mut().forget_all_seen();
    for record in host.registry.all() {
        if record.is_watched.get() && record.is_alive.get() {
            walk_from(host, &record)?;
        }
    }
    host.let_go();
    let names = host.known.graph.borrow().names();
    host.watch_all(&names);
    Ok(())
}

/// Watches the missing files that watched modules await.
pub fn await_all_unresolved(js: Js<'_>) -> JsResult<'_, ()> {
    for host in Host::all(js)? {
        for record in host.registry.all() {
            host.await_unresolved(&record);
        }
    }
    Ok(())
}

/// Notes that a file has required something new, or a missing file.
pub fn notice<'s>(js: Js<'s>, module: Value<'s>, path: &str) -> JsResult<'s, ()> {
    let children = module.get("children")?.get("length")?.as_number();
    for host in Host::all(js)? {
        if host.known.mode == Mode::Mention {
            continue;
        }
        for (node, record) in nodes_at(&host, path) {
            let seen = host.known.graph.borrow().seen(node);
            if seen.map(f64::from) == children {
                host.await_unresolved(&record);
                continue;
            }
            let cache = host.require.get("cache")?;
            // An old version that lives on is not followed any more.
            if !cache.is_object() || !cache.get_key(js.string(path))?.same(module) {
                continue;
            }
            host.known.graph.borrow_mut().forget_seen(node);
            let found = Walk::new(&host, cache, &record)?.visit(node, module)?;
            host.watch_all(&found);
            host.await_unresolved(&record);
        }
    }
    Ok(())
}

/// The nodes of a file, each with a hot module that reaches it. A hot module's file may also be a plain dependency, and
/// then has two.
fn nodes_at(host: &Host<'_>, path: &str) -> Vec<(Node, Rc<Record>)> {
    let mut found = Vec::new();
    for record in host.registry.find_told(path) {
        if record.is_watched.get() {
            found.extend(host.known.user(&record).map(|node| (node, record)));
        }
    }
    let graph = host.known.graph.borrow();
    if let Some(node) = graph.find(path)
        && let Some(user) = graph.users_of(&[node]).first()
        && let Some(id) = graph.name(*user).strip_prefix('\0')
        && let Some(record) = host.registry.find(id)
    {
        found.push((node, record));
    }
    found
}

/// The registries of all runtimes, whose hot modules are boundaries.
pub fn boundaries(js: Js<'_>) -> Vec<Rc<Registry>> {
    let runtimes = runtimes::live(js).into_iter();
    runtimes.map(|(_, registry)| registry).collect()
}

/// The state of one walk over module records.
struct Walk<'h, 's> {
    /// The runtime for which we walk.
    host: &'h Host<'s>,
    /// `require.cache`.
    cache: Value<'s>,
    /// The folder within which the dependencies are followed.
    home: std::path::PathBuf,
    /// The registries whose hot modules are boundaries.
    boundaries: Vec<Rc<Registry>>,
    /// The options, if they have `ignored`.
    ignored: Option<Value<'s>>,
    /// The property name `children`.
    children: Value<'s>,
    /// The property name `filename`.
    filename: Value<'s>,
    /// Gives the records their `require`.
    ears: Ears<'s>,
    /// The paths that the graph did not hold before.
    found: Vec<Rc<str>>,
    /// The paths that the user's `ignored` excluded; it is asked once per path.
    left_alone: HashSet<String>,
    /// The modules that this walk has come to.
    passed: NodeMap<Passed<'s>>,
    /// Whether this walk looked at an old record of a file before it came to the current one.
    was_misled: bool,
}

/// What a walk knows of a module that it has come to.
#[derive(Clone, Copy)]
enum Passed<'s> {
    /// An earlier walk has added the module.
    Known,
    /// This walk has added the module, and has seen one record of it.
    New,
    /// This walk has looked at this record of the module.
    LookedAt(Value<'s>),
}

/// A record that the walk has to look at.
struct Open<'s> {
    /// The node of its module.
    node: Node,
    /// The record.
    module: Value<'s>,
    /// The record's `filename`.
    filename: Value<'s>,
}

impl<'h, 's> Walk<'h, 's> {
    fn new(host: &'h Host<'s>, cache: Value<'s>, record: &Record) -> JsResult<'s, Self> {
        let js = host.js;
        Ok(Self {
            host,
            cache,
            home: host.home(record),
            boundaries: boundaries(js),
            ignored: host.ignored()?,
            children: js.string("children"),
            filename: js.string("filename"),
            ears: Ears::new(js)?,
            found: Vec::new(),
            left_alone: HashSet::new(),
            passed: NodeMap::default(),
            was_misled: false,
        })
    }

    /// Looks at the records that this record reaches, and returns the paths that are new in the graph.
    fn visit(mut self, start: Node, module: Value<'s>) -> JsResult<'s, Vec<Rc<str>>> {
        if !module.is_object() {
            return Ok(self.found);
        }
        let filename = module.get_key(self.filename)?;
        let mut open = vec![Open {
            node: start,
            module,
            filename,
        }];
        while let Some(next) = open.pop() {
            if self.is_to_look_at(&next)? {
                self.look_at(next, &mut open)?;
            }
        }
        listening::hear_soon(self.host);
        if self.was_misled {
            self.host.let_go();
            let graph = self.host.known.graph.borrow();
            self.found.retain(|path| graph.find(path).is_some());
        }
        Ok(self.found)
    }

    /// Whether the walk has to look at a record. The children may contain the record of an old version, which is not followed;
    /// the current one is in the cache. To be fast with thousands of records, the walk asks the cache only for a module with
    /// two records.
    fn is_to_look_at(&mut self, it: &Open<'s>) -> JsResult<'s, bool> {
        match self.passed.get(it.node) {
            Some(Passed::New) => Ok(true),
            Some(Passed::LookedAt(module)) => {
                let is_to = !module.same(it.module) && self.is_present(it)?;
                self.was_misled |= is_to;
                Ok(is_to)
            }
            Some(Passed::Known) | None => Ok(!self.is_looked_at(it.node, it.module)? && self.is_present(it)?),
        }
    }

    fn is_present(&self, it: &Open<'s>) -> JsResult<'s, bool> {
        Ok(self.cache.get_key(it.filename)?.same(it.module))
    }

    /// Whether an earlier walk has looked at this very record. The record of a new version has no `require` of ours yet.
    fn is_looked_at(&self, node: Node, module: Value<'s>) -> JsResult<'s, bool> {
        if self.host.known.graph.borrow().seen(node).is_none() {
            return Ok(false);
        }
        if self.host.known.mode == Mode::Mention || self.ears.has(module)? {
            return Ok(true);
        }
        // A loader's record keeps its own `require`: only its children show what it requires later.
        let count = module.get_key(self.children)?.array_length().unwrap_or(0);
        Ok(self.host.known.graph.borrow().seen(node) == Some(count) && self.ears.is_asked(module)?)
    }

    fn look_at(&mut self, it: Open<'s>, open: &mut Vec<Open<'s>>) -> JsResult<'s, ()> {
        if self.host.known.mode == Mode::Follow {
            self.ears.give(self.host, it.node, it.module)?;
        }
        let children = it.module.get_key(self.children)?;
        let count = children.array_length().unwrap_or(0);
        let mut imports = Vec::with_capacity(count as usize);
        let mut room = [0; 256];
        let untold = self.untold(&it)?;
        for index in 0..count + u32::try_from(untold.len()).unwrap_or(0) {
            let module = match index
                .checked_sub(count)
                .and_then(|past| untold.get(past as usize))
            {
                Some(record) => *record,
                None => children.item(index)?,
            };
            // A child that is no module record has no `filename`.
            let Ok(filename) = module.get_key(self.filename) else {
                continue;
            };
            let Some(path) = filename.text_in(&mut room) else {
                continue;
            };
            let importer = || it.filename.text().unwrap_or_default();
            let Some(node) = self.pass(&path, importer)? else {
                continue;
            };
            if !untold.is_empty() && imports.contains(&node) {
                continue;
            }
            imports.push(node);
            let is_looked_at =
                matches!(self.passed.get(node), Some(Passed::LookedAt(other)) if other.same(module));
            if !is_looked_at {
                open.push(Open {
                    node,
                    module,
                    filename,
                });
            }
        }
        // The user's `ignored` has required something meanwhile: look again.
        if self.ignored.is_some() && children.array_length().unwrap_or(0) != count {
            open.push(it);
            return Ok(());
        }
        self.passed.insert(it.node, Passed::LookedAt(it.module));
        let mut graph = self.host.known.graph.borrow_mut();
        graph.set_imports(it.node, imports, count);
        Ok(())
    }

    /// The imports of a loader's record that are not among its children.
    fn untold(&self, it: &Open<'s>) -> JsResult<'s, Vec<Value<'s>>> {
        if self.host.known.mode == Mode::Mention || !self.ears.is_of_loader(it.module)? {
            return Ok(Vec::new());
        }
        self.ears.mark_asked(it.module);
        let path = it.filename.text().unwrap_or_default();
        loader::imports_of(self.host, self.cache, &path, it.module)
    }

    /// The node of a required file; `None` if the file is a boundary or is not followed.
    fn pass(&mut self, path: &str, importer: impl Fn() -> String) -> JsResult<'s, Option<Node>> {
        let known = self.host.known.graph.borrow().find(path);
        if let Some(known) = known
            && self.passed.get(known).is_some()
        {
            return Ok(Some(known));
        }
        if self.boundaries.iter().any(|registry| registry.is_hot(path)) {
            return Ok(None);
        }
        if let Some(known) = known {
            self.passed.insert(known, Passed::Known);
            return Ok(Some(known));
        }
        if self.left_alone.contains(path) {
            return Ok(None);
        }
        if !self.host.follows(&self.home, self.ignored, importer, path)? {
            if self.ignored.is_some() {
                self.left_alone.insert(path.to_owned());
            }
            return Ok(None);
        }
        let mut graph = self.host.known.graph.borrow_mut();
        // The user's `ignored` may have required this file meanwhile, so that it is in the graph.
        let added = match self.ignored {
            Some(_) => graph.add(path, false),
            None => graph.add_unknown(path, false),
        };
        self.found.push(graph.name(added));
        self.passed.insert(added, Passed::New);
        Ok(Some(added))
    }
}
