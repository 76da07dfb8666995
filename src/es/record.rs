//! Modules and their versions.
//!
//! A record stands for one URL as long as the program knows it; each evaluation of its text is a version. A version
//! refers to the versions that it imports, as ECMAScript's module records do; whoever replaces a version calls
//! [`Version::retire`], which ends the circles of references.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::compile::{Compiled, ExportKind, Kind, Request};
use super::resolve::{ResolveError, Resolved};
use crate::js::{Held, Signal};

/// The place of a record in the engine; never used again for another URL.
pub type ModuleId = usize;

/// What a module is made of.
#[derive(Clone)]
pub enum Body {
    /// An ES module, TypeScript with ES syntax included.
    Module(Arc<Compiled>),
    /// A local CommonJS file.
    CommonJs(Arc<Compiled>),
    /// A local JSON file: its text.
    Json(Arc<str>),
    /// Whatever Node loads itself: a package, a builtin, `data:`.
    External,
}

/// A file as it was read: what it is made of, and where its requests lead.
pub struct Unit {
    /// Address of the module.
    pub url: String,
    /// The file, for what is one.
    pub path: PathBuf,
    /// What it is made of.
    pub body: Body,
    /// Where each request leads.
    pub resolved: Vec<Result<Resolved, ResolveError>>,
    /// Hash of the file's bytes.
    pub hash: u64,
    exports: OnceLock<Table>,
}

/// The exports of a unit by name.
#[derive(Default)]
pub struct Table {
    /// Every export but those by star, by name: its place in [`Compiled::exports`].
    pub named: HashMap<String, usize>,
    /// Requests of the star exports, in source order.
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
                    ExportKind::Local { name }
                    | ExportKind::Indirect { name, .. }
                    | ExportKind::Namespace { name, .. } => {
                        table.named.insert(name.clone(), index);
                    }
                }
            }
            table
        })
    }

    /// Whether nothing about it has changed: its bytes, its kind, where its requests lead.
    pub fn is_same(&self, other: &Self) -> bool {
        let kind = std::mem::discriminant(&self.body) == std::mem::discriminant(&other.body);
        kind && self.hash == other.hash && self.resolved == other.resolved
    }

    /// Whether CommonJS's names exist in it and `esModuleInterop` holds.
    pub fn is_loose(&self) -> bool {
        self.code().is_some_and(|code| code.kind == Kind::LooseModule)
    }

    /// Whether its export names are known only after it ran.
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
    /// Its place in the engine.
    pub id: ModuleId,
    /// Its address.
    pub url: String,
    /// Its file, for what is one.
    pub path: Option<PathBuf>,
    /// Whether it is a file of the program's own; otherwise Node loads it.
    pub is_local: bool,
    /// The version that importers see.
    pub current: RefCell<Option<Rc<Version>>>,
    /// Number of the next version.
    pub next_serial: Cell<u32>,
    /// The program is being reloaded: a runtime that imports it, or what imports it, gets a new version.
    pub is_outdated: Cell<bool>,
    /// What the namespaces of committed versions read through: `{ env }`.
    pub cell: RefCell<Option<Held>>,
    /// Modules whose current version imports it statically.
    pub importers: RefCell<BTreeSet<ModuleId>>,
    /// Modules that have loaded it by `import()`.
    pub dynamic_importers: RefCell<BTreeSet<ModuleId>>,
    /// Modules that it has loaded by `import()`.
    pub dynamic_imports: RefCell<BTreeSet<ModuleId>>,
}

/// One evaluation of a module's text, before, during and after.
pub struct Version {
    /// Its module.
    pub module: ModuleId,
    /// Its number among the versions of the module.
    pub serial: u32,
    /// What was read.
    pub unit: Arc<Unit>,
    /// The versions that its requests lead to, in source order; `None` for weak ones that lead nowhere.
    pub links: RefCell<Vec<Option<Rc<Version>>>>,
    /// How far it is.
    pub status: Cell<Status>,
    /// What it threw.
    pub error: RefCell<Option<Held>>,
    /// JavaScript's side of it.
    pub live: RefCell<Live>,
    /// Names that are exported, sorted by code unit; made when they are first asked for.
    pub names: RefCell<Option<Rc<[String]>>>,
    /// Names of an ES module's exports, those by star included, while it is certain that they are all and none is ambiguous.
    pub all_names: RefCell<Option<Rc<[String]>>>,
    /// Whether a check of names had to wait until what it imports has run.
    pub has_late_names: Cell<bool>,
    /// Whether its names have been checked against what it links to.
    pub is_checked: Cell<bool>,
    /// How many getters a read through its re-exports may call.
    pub chain: Cell<u32>,
    /// Place in the depth-first order of an evaluation.
    pub dfs_index: Cell<usize>,
    /// Least place that is reached from here.
    pub dfs_ancestor: Cell<usize>,
    /// How many of its imports are still to settle.
    pub pending: Cell<usize>,
    /// When it became asynchronous; `None` if it is not, or no more.
    pub async_order: Cell<Option<u64>>,
    /// Who waits for it.
    pub async_parents: RefCell<Vec<Rc<Version>>>,
    /// The member of its cycle that was entered first; `None` for itself.
    pub cycle_root: RefCell<Option<Rc<Version>>>,
    /// Tasks that wait for its end; fired on cycle roots.
    pub done: Rc<Signal>,
    /// Whether `require.cache` has, or had, a record of it for those who follow what hot modules import.
    pub is_mirrored: Cell<bool>,
}

/// The JavaScript values of a version.
#[derive(Default)]
pub struct Live {
    /// `$`.
    pub scope: Option<Held>,
    /// The compiled function.
    pub function: Option<Held>,
    /// The generator, from instantiation to evaluation.
    pub generator: Option<Held>,
    /// The getters of all exports.
    pub env: Option<Held>,
    /// `{ proxy, handler, target }`, once somebody asked for the namespace.
    pub namespace: Option<Held>,
    /// The env with the `default` of a CommonJS module with `__esModule`; the namespace over it.
    pub interop: Option<(Held, Option<Held>)>,
    /// What `require` of an ES module gives.
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
        })
    }

    /// The version that a request leads to.
    pub fn link(&self, request: usize) -> Option<Rc<Self>> {
        self.links.borrow().get(request).cloned().flatten()
    }

    /// Whether it has top-level await of its own.
    pub fn has_await(&self) -> bool {
        self.unit.code().is_some_and(|code| code.has_await)
    }

    /// Whether it has run to its end, and has not failed.
    pub fn has_run(&self) -> bool {
        self.status.get() == Status::Evaluated && self.error.borrow().is_none()
    }

    /// The member of its cycle that was entered first.
    pub fn root(self: &Rc<Self>) -> Rc<Self> {
        self.cycle_root
            .borrow()
            .clone()
            .unwrap_or_else(|| Rc::clone(self))
    }

    /// What the version's own JavaScript object is, `$`.
    pub fn scope(&self) -> Option<Held> {
        self.live.borrow().scope.clone()
    }

    /// The getters of all exports.
    pub fn env(&self) -> Option<Held> {
        self.live.borrow().env.clone()
    }

    /// What it threw.
    pub fn thrown(&self) -> Option<Held> {
        self.error.borrow().clone()
    }

    /// Lets go of everything that another version or JavaScript could be kept alive by.
    pub fn retire(&self) {
        // Taken out first: dropping one may drop others.
        let links = self.links.take();
        let parents = self.async_parents.take();
        let root = self.cycle_root.take();
        let live = self.live.take();
        drop((links, parents, root, live));
    }
}
