//! From the `CommonJS` module records to the graph.

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

/// Looks at a hot module's record and at what it reaches, as far as that is new. Returns its node, and
/// what was found.
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

/// Looks at everything that the runtime's watched modules reach, and watches what is new.
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

/// Watches what is asked for in vain, for each module that is watched.
pub fn await_all_unresolved(js: Js<'_>) -> JsResult<'_, ()> {
    for host in Host::all(js)? {
        for record in host.registry.all() {
            host.await_unresolved(&record);
        }
    }
    Ok(())
}

/// A file required something new, or something in vain.
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
            // An old version may live on; its requires are no longer ours.
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

/// The nodes of a file, each with a hot module that reaches it: as a hot module, and as one that others require.
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

/// The hot modules of all runtimes.
pub fn boundaries(js: Js<'_>) -> Vec<Rc<Registry>> {
    let runtimes = runtimes::live(js).into_iter();
    runtimes.map(|(_, registry)| registry).collect()
}

struct Walk<'h, 's> {
    host: &'h Host<'s>,
    cache: Value<'s>,
    home: std::path::PathBuf,
    boundaries: Vec<Rc<Registry>>,
    ignored: Option<Value<'s>>,
    children: Value<'s>,
    filename: Value<'s>,
    ears: Ears<'s>,
    /// What the graph did not hold before.
    found: Vec<Rc<str>>,
    /// What the user's `ignored` leaves alone: asked once, whatever it requires meanwhile.
    left_alone: HashSet<String>,
    /// What this walk has found to be no boundary.
    passed: NodeMap<Passed<'s>>,
    /// An old version was looked at before the present one.
    was_misled: bool,
}

#[derive(Clone, Copy)]
enum Passed<'s> {
    /// The graph knows it from an earlier walk.
    Known,
    /// It has one record, as far as this walk has seen.
    New,
    /// This record of it was looked at.
    LookedAt(Value<'s>),
}

struct Open<'s> {
    node: Node,
    module: Value<'s>,
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

    /// Looks at what this record reaches, and gives what the graph did not hold before.
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

    /// An old version may stand among the children; what it requires is no longer ours. The cache has the present one. It
    /// is asked only where there are two, since a walk over thousands of records has no time for more than it must do.
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

    /// Whether the graph knows this very record. A new version of the file has no `require` of ours yet.
    fn is_looked_at(&self, node: Node, module: Value<'s>) -> JsResult<'s, bool> {
        if self.host.known.graph.borrow().seen(node).is_none() {
            return Ok(false);
        }
        if self.host.known.mode == Mode::Mention || self.ears.has(module)? {
            return Ok(true);
        }
        // A loader's tells nobody what it requires later, but for its children.
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
            // An odd child has none.
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
        // By the user's `ignored`.
        if self.ignored.is_some() && children.array_length().unwrap_or(0) != count {
            open.push(it);
            return Ok(());
        }
        self.passed.insert(it.node, Passed::LookedAt(it.module));
        let mut graph = self.host.known.graph.borrow_mut();
        graph.set_imports(it.node, imports, count);
        Ok(())
    }

    /// What a loader's record imports, and does not have among its children.
    fn untold(&self, it: &Open<'s>) -> JsResult<'s, Vec<Value<'s>>> {
        if self.host.known.mode == Mode::Mention || !self.ears.is_of_loader(it.module)? {
            return Ok(Vec::new());
        }
        self.ears.mark_asked(it.module);
        let path = it.filename.text().unwrap_or_default();
        loader::imports_of(self.host, self.cache, &path, it.module)
    }

    /// The node of a file that is required, unless that is a boundary or out of scope.
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
        // What it imported meanwhile may be followed by now.
        let added = match self.ignored {
            Some(_) => graph.add(path, false),
            None => graph.add_unknown(path, false),
        };
        self.found.push(graph.name(added));
        self.passed.insert(added, Passed::New);
        Ok(Some(added))
    }
}
