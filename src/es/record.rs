//! Modules and their versions.
//!
//! A record stands for one URL as long as the program knows it. Each evaluation of its text is a version. A version refers to
//! the versions that it imports, as ECMAScript's module records do. These references form circles; [`Version::retire`],
//! called when a version is replaced, ends them.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::compile::{Compiled, ExportKind, Kind, Request};
use super::resolve::{ResolveError, Resolved};
use super::uses::Uses;
use crate::js::{Held, Js, JsResult, Signal, Value};

/// Number of a record in the engine. No other URL ever gets the same number.
pub type ModuleId = usize;

/// The content of a module.
#[derive(Clone)]
pub enum Body {
    /// An ES module, TypeScript with ES syntax included.
    Module(Arc<Compiled>),
    /// A local CommonJS file.
    CommonJs(Arc<Compiled>),
    /// A local JSON file: its text.
    Json(Arc<str>),
    /// A module that Node loads itself: a package, a builtin, `data:`.
    External,
}

/// A file as it was read: its content, and the targets of its requests.
pub struct Unit {
    /// Address of the module.
    pub url: String,
    /// Path of the file; empty for a module without one.
    pub path: PathBuf,
    /// The content.
    pub body: Body,
    /// The target of each request, in source order.
    pub resolved: Vec<Result<Resolved, ResolveError>>,
    /// Hash of the file's bytes.
    pub hash: u64,
    exports: OnceLock<Table>,
    uses: OnceLock<Uses>,
    /// The record of each request's target, once the requests were looked up. A record keeps its number for good.
    pub targets: OnceLock<Box<[Option<ModuleId>]>>,
}

/// The exports of a unit by name.
#[derive(Default)]
pub struct Table {
    /// Index in [`Compiled::exports`] of each export by name. `export *` is not among them.
    pub named: HashMap<String, usize>,
    /// Requests of each `export *`, in source order.
    pub stars: Vec<usize>,
}

impl Unit {
    /// A unit.
    pub fn new(
        url: String,
        path: PathBuf,
        body: Body,
        resolved: Vec<Result<Resolved, ResolveError>>,
        hash: u64,
    ) -> Self {
        Self {
            url,
            path,
            body,
            resolved,
            hash,
            exports: OnceLock::new(),
            uses: OnceLock::new(),
            targets: OnceLock::new(),
        }
    }

    /// The text of the file as it is now, for error messages.
    pub fn text(&self) -> String {
        std::fs::read(&self.path).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// The compiled text of an ES module.
    pub fn code(&self) -> Option<&Arc<Compiled>> {
        match &self.body {
            Body::Module(code) => Some(code),
            _ => None,
        }
    }

    /// What an ES module asks for.
    pub fn requests(&self) -> &[Request] {
        self.code().map_or(&[], |code| &code.requests)
    }

    /// The exports by name.
    pub fn table(&self) -> &Table {
        self.exports.get_or_init(|| {
            let mut table = Table::default();
            for (index, export) in self
                .code()
                .map_or(&[][..], |code| &code.exports)
                .iter()
                .enumerate()
            {
                match &export.kind {
                    ExportKind::Star { request } => table.stars.push(*request),
                    ExportKind::Local { name, .. }
                    | ExportKind::Indirect { name, .. }
                    | ExportKind::Namespace { name, .. } => {
                        table.named.insert(name.clone(), index);
                    }
                }
            }
            table
        })
    }

    /// The imports and exports of each request.
    pub fn uses(&self) -> &Uses {
        self.uses
            .get_or_init(|| self.code().map(|code| Uses::of(code)).unwrap_or_default())
    }

    /// Whether two units have the same bytes, kind and targets of requests.
    pub fn is_same(&self, other: &Self) -> bool {
        let kind = std::mem::discriminant(&self.body) == std::mem::discriminant(&other.body);
        kind && self.hash == other.hash && self.resolved == other.resolved
    }

    /// Whether the file is TypeScript outside of `"type": "module"`: CommonJS's names exist and `esModuleInterop` holds.
    pub fn is_loose(&self) -> bool {
        self.code().is_some_and(|code| code.kind == Kind::LooseModule)
    }

    /// Whether the names of the module's exports are known only after it has run.
    pub fn names_come_late(&self) -> bool {
        matches!(self.body, Body::CommonJs(_) | Body::External)
    }
}

/// How far a version is, in ECMAScript's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Made, not linked.
    New,
    /// Linked, ready to be evaluated.
    Linked,
    /// On the stack of an evaluation.
    Evaluating,
    /// Waits for its own or another's top-level await.
    EvaluatingAsync,
    /// Has run, or failed.
    Evaluated,
}

/// A module of the program, under one URL.
pub struct Record {
    /// Number of the record in the engine.
    pub id: ModuleId,
    /// URL of the module.
    pub url: String,
    /// Path of the file; `None` for a module without one.
    pub path: Option<PathBuf>,
    /// Whether the module is a file of the program's own. Node loads all others.
    pub is_local: bool,
    /// The version that importers see.
    pub current: RefCell<Option<Rc<Version>>>,
    /// Number of the next version.
    pub next_serial: Cell<u32>,
    /// Set during a reload of the program: a runtime that imports this module, or one above it, gets a new version.
    pub is_outdated: Cell<bool>,
    /// The cell, `{ env }`, that the namespaces of committed versions read through.
    pub cell: RefCell<Option<Held>>,
    /// Modules whose current version imports this one statically.
    pub importers: RefCell<BTreeSet<ModuleId>>,
    /// Modules that have loaded this one by `import()`.
    pub dynamic_importers: RefCell<BTreeSet<ModuleId>>,
    /// Modules that this one has loaded by `import()`.
    pub dynamic_imports: RefCell<BTreeSet<ModuleId>>,
    /// Whether an entry of `require.cache` was made for the module.
    pub was_required: Cell<bool>,
}

/// One evaluation of a module's text, before, during and after.
pub struct Version {
    /// The module.
    pub module: ModuleId,
    /// Number of the version in its module.
    pub serial: u32,
    /// The unit that is evaluated.
    pub unit: Arc<Unit>,
    /// The versions that the requests lead to, in source order; `None` for a weak request that leads nowhere.
    pub links: RefCell<Vec<Option<Rc<Version>>>>,
    /// How far the version is.
    pub status: Cell<Status>,
    /// The error that the evaluation threw.
    pub error: RefCell<Option<Held>>,
    /// The JavaScript values of the version.
    pub live: RefCell<Live>,
    /// Exported names, sorted by code unit. Made when they are first needed.
    pub names: RefCell<Option<Rc<[String]>>>,
    /// The names that `export *` brings, each with the request that it is read through.
    pub stars: RefCell<Vec<(String, usize)>>,
    /// The requests that lead to each module, as `(module, request)`, sorted. Made when it is first needed.
    requests_to: OnceCell<Vec<(ModuleId, usize)>>,
    /// All names that an ES module exports, those of `export *` included. Set only while the list is surely complete and none
    /// is ambiguous.
    pub all_names: RefCell<Option<Rc<[String]>>>,
    /// Whether some names can be checked only when the modules below have run.
    pub has_late_names: Cell<bool>,
    /// Whether the imported names have been checked against the linked versions.
    pub is_checked: Cell<bool>,
    /// Most getters that a read through the re-exports may call.
    pub chain: Cell<u32>,
    /// `[[DFSIndex]]` of the specification: index in the depth-first order of an evaluation.
    pub dfs_index: Cell<usize>,
    /// `[[DFSAncestorIndex]]` of the specification: least index that is reached from here.
    pub dfs_ancestor: Cell<usize>,
    /// `[[PendingAsyncDependencies]]` of the specification: number of imports that have not settled.
    pub pending: Cell<usize>,
    /// `[[AsyncEvaluationOrder]]` of the specification: a number that tells when the version became asynchronous. `None` if
    /// it is not, or no longer.
    pub async_order: Cell<Option<u64>>,
    /// `[[AsyncParentModules]]` of the specification: versions that wait for this one.
    pub async_parents: RefCell<Vec<Rc<Version>>>,
    /// `[[CycleRoot]]` of the specification: the version that was entered first of the cycle. `None` means this one.
    pub cycle_root: RefCell<Option<Rc<Version>>>,
    /// Fires when the evaluation has ended; on cycle roots only.
    pub done: Rc<Signal>,
    /// Whether `mirror.rs` has put a record of this version into `require.cache`.
    pub is_mirrored: Cell<bool>,
    /// Whether the module's function is at its `yield`: instantiated, and not evaluated yet.
    pub is_waiting: Cell<bool>,
    /// Whether the module's function is the plain one of a module that is evaluated by itself, which runs at once.
    pub is_alone: Cell<bool>,
}

/// The JavaScript values of a version.
#[derive(Default)]
pub struct Live {
    /// `$`. Of an ES module it has the compiled function and the getters of all exports.
    pub scope: Option<Held>,
    /// `$` of a version with the same text, until this version has one of its own.
    pub model: Option<Held>,
    /// The exports of a module that is no ES module.
    pub env: Option<Held>,
    /// The namespace as `{ proxy, handler, target }`, once it was asked for.
    pub namespace: Option<Held>,
    /// Of a CommonJS module with `__esModule`: the getters with its `default` for TypeScript's importers, and the namespace
    /// over them.
    pub interop: Option<(Held, Option<Held>)>,
    /// The result of `require` of an ES module.
    pub required: Option<Held>,
    /// Node's `Module` object of a CommonJS version.
    pub common_js: Option<Held>,
}

impl Record {
    /// The version that importers see.
    pub fn current(&self) -> Option<Rc<Version>> {
        self.current.borrow().clone()
    }
}

impl Version {
    /// A version that is not linked yet.
    pub fn new(record: &Record, unit: Arc<Unit>) -> Rc<Self> {
        let serial = record.next_serial.get();
        record.next_serial.set(serial + 1);
        Rc::new(Self {
            module: record.id,
            serial,
            unit,
            links: RefCell::default(),
            status: Cell::new(Status::New),
            error: RefCell::default(),
            live: RefCell::default(),
            names: RefCell::default(),
            stars: RefCell::default(),
            requests_to: OnceCell::new(),
            all_names: RefCell::default(),
            has_late_names: Cell::new(false),
            is_checked: Cell::new(false),
            chain: Cell::new(0),
            dfs_index: Cell::new(0),
            dfs_ancestor: Cell::new(0),
            pending: Cell::new(0),
            async_order: Cell::new(None),
            async_parents: RefCell::default(),
            cycle_root: RefCell::default(),
            done: Rc::default(),
            is_mirrored: Cell::new(false),
            is_waiting: Cell::new(false),
            is_alone: Cell::new(false),
        })
    }

    /// The version that a request leads to.
    pub fn link(&self, request: usize) -> Option<Rc<Self>> {
        self.links.borrow().get(request).cloned().flatten()
    }

    /// The requests that lead to a module. They stay the same for the life of the version, whichever versions of the module
    /// they lead to.
    pub fn requests_to(&self, module: ModuleId) -> impl Iterator<Item = usize> + '_ {
        let all = self.requests_to.get_or_init(|| {
            let links = self.links.borrow();
            let linked = links.iter().enumerate();
            let targets =
                linked.filter_map(|(request, link)| link.as_ref().map(|link| (link.module, request)));
            let mut all: Vec<(ModuleId, usize)> = targets.collect();
            all.sort_unstable();
            all
        });
        let from = all.partition_point(|(other, _)| *other < module);
        let rest = all.iter().skip(from);
        rest.take_while(move |(other, _)| *other == module)
            .map(|(_, request)| *request)
    }

    /// Whether the module itself has top-level await.
    pub fn has_await(&self) -> bool {
        self.unit.code().is_some_and(|code| code.has_await)
    }

    /// Whether it has run to its end, and has not failed.
    pub fn has_run(&self) -> bool {
        self.status.get() == Status::Evaluated && self.error.borrow().is_none()
    }

    /// The version that was entered first of this version's cycle.
    pub fn root(self: &Rc<Self>) -> Rc<Self> {
        self.cycle_root
            .borrow()
            .clone()
            .unwrap_or_else(|| Rc::clone(self))
    }

    /// `$`, the version's own JavaScript object.
    pub fn scope(&self) -> Option<Held> {
        self.live.borrow().scope.clone()
    }

    /// Whether importers can read the version's exports.
    pub fn has_env(&self) -> bool {
        let live = self.live.borrow();
        live.env.is_some() || live.scope.is_some() && self.unit.code().is_some()
    }

    /// What importers read: the getters of all exports.
    pub fn env<'s>(&self, js: Js<'s>) -> JsResult<'s, Option<Value<'s>>> {
        let live = self.live.borrow();
        if let Some(env) = &live.env {
            return Ok(Some(env.get(js)));
        }
        let scope = live.scope.as_ref().filter(|_| self.unit.code().is_some());
        let scope = scope.map(|scope| scope.get(js));
        drop(live);
        scope.map(|scope| scope.get("env")).transpose()
    }

    /// The error that the evaluation threw.
    pub fn thrown(&self) -> Option<Held> {
        self.error.borrow().clone()
    }

    /// Drops every reference that could keep another version or a JavaScript value alive.
    pub fn retire(&self) {
        // Taken out before they are dropped: dropping a version may drop others.
        let links = self.links.take();
        let parents = self.async_parents.take();
        let root = self.cycle_root.take();
        let live = self.live.take();
        drop((links, parents, root, live));
    }
}
