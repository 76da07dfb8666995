//! The engine of one environment: its records, and the JavaScript values that it needs.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::compile::{Compiled, NodeVersion};
use super::hoisting::Hoisting;
use super::host::{Host, Plain, Runtimes};
use super::load::Settings;
use super::load::cache::Cache;
use super::record::{ModuleId, Record, Status, Unit, Version};
use super::resolve::url::file_url;
use super::resolve::{Options, Resolved, Resolver};
use super::source::Sources;
use super::staged::Stage;
use crate::js::{Faint, Held, Js, JsResult, Value};

/// Made-up folder of the engine's own scripts. It is below `node_modules` so that Node prints no warnings about them.
pub(super) const OWN_PLACE: &str = "/node_modules/@upvotr/node-hmr/es";

/// Settings of an engine, given before its first use.
#[derive(Default)]
pub struct Setup {
    /// How specifiers are resolved. The engine fills in `builtins`.
    pub resolve: Options,
    /// Whether the program runs hot.
    pub is_hot: bool,
    /// The cache of compiled code on the disk, if it is used.
    pub cache: Option<Cache>,
}

/// A callback that gets the module which has loaded another one by `import()`.
pub type OnImport = fn(Js<'_>, ModuleId);

/// The modules of one environment.
pub struct Engine {
    /// Reads and compiles files.
    pub sources: RefCell<Rc<Sources>>,
    /// The program around the engine.
    host: RefCell<Rc<dyn Host>>,
    /// The runtimes of the classic API, once there are some.
    runtimes: RefCell<Option<Rc<dyn Runtimes>>>,
    /// Set while modules are prepared for a runtime of the classic API, outside of any update of the program.
    pub(super) is_anew: Cell<bool>,
    /// Whether records are marked as outdated.
    has_outdated: Cell<bool>,
    glue: Held,
    glue_functions: RefCell<HashMap<&'static str, Held>>,
    records: RefCell<Vec<Rc<Record>>>,
    by_url: RefCell<HashMap<String, ModuleId>>,
    /// Stages of the updates that are being evaluated. `import()` gives their versions.
    pub(super) stages: RefCell<Vec<Rc<Stage>>>,
    pub(super) async_order: Cell<u64>,
    /// Modules that were read anew and whose new text has not been committed.
    pub(super) unread: RefCell<BTreeSet<ModuleId>>,
    /// The asynchronous modules that may not have hoisted their functions yet.
    pub(super) hoisting: RefCell<Hoisting>,
    /// The last versions of each ES module's code by URL, the newest last. Node gets their source maps when a stack names the
    /// file.
    pub(super) mapped: RefCell<HashMap<String, Vec<Arc<Compiled>>>>,
    /// The last error of a name that leads nowhere.
    pub(super) last_link_error: RefCell<Option<Faint>>,
    /// The module that the program was started with.
    pub(super) main: Cell<Option<ModuleId>>,
    /// Whether Node's CommonJS loader runs the entry, and names it `.`; `None` until that is known.
    pub(super) is_main_named: Cell<Option<bool>>,
    /// Called with each module that has loaded another one by `import()`.
    pub(super) on_import: Cell<Option<OnImport>>,
    /// The running Node.
    pub node: NodeVersion,
    builtins: Vec<String>,
    /// Node's class `Module`.
    pub(super) node_module: Held,
    /// Node's own functions of `Module`, which the engine's hooks replaced, by name.
    pub(super) old_hooks: RefCell<HashMap<String, Held>>,
}

impl Engine {
    /// An engine that knows no module yet.
    pub(super) fn new(node: NodeVersion, options: Options, node_module: Held, glue: Held) -> Self {
        let builtins = options.builtins.clone();
        let settings = Settings {
            hot: false,
            node,
            cache: None,
        };
        Self {
            sources: RefCell::new(Rc::new(Sources::new(Resolver::new(options), settings))),
            host: RefCell::new(Rc::new(Plain)),
            runtimes: RefCell::default(),
            is_anew: Cell::new(false),
            has_outdated: Cell::new(false),
            glue,
            glue_functions: RefCell::default(),
            records: RefCell::default(),
            by_url: RefCell::default(),
            stages: RefCell::default(),
            async_order: Cell::new(0),
            unread: RefCell::default(),
            hoisting: RefCell::default(),
            mapped: RefCell::default(),
            last_link_error: RefCell::default(),
            main: Cell::new(None),
            is_main_named: Cell::new(None),
            on_import: Cell::new(None),
            node,
            builtins,
            node_module,
            old_hooks: RefCell::default(),
        }
    }

    /// The engine of this environment, made at the first call. From then on Node maps the stacks of evaluated code.
    pub fn of(js: Js<'_>) -> JsResult<'_, Rc<Self>> {
        js.state::<Self>()
    }

    /// Sets how specifiers are resolved and files compiled. Call it before the first import.
    pub fn set_up(&self, setup: Setup) {
        let options = Options {
            builtins: self.builtins.clone(),
            ..setup.resolve
        };
        let settings = Settings {
            hot: setup.is_hot,
            node: self.node,
            cache: setup.cache,
        };
        let sources = Sources::new(Resolver::new(options), settings);
        *self.sources.borrow_mut() = Rc::new(sources);
    }

    /// Sets the program around the engine.
    pub fn set_host(&self, host: Rc<dyn Host>) {
        *self.host.borrow_mut() = host;
    }

    /// Sets the object that knows the runtimes of the classic API.
    pub fn set_runtimes(&self, runtimes: Rc<dyn Runtimes>) {
        self.runtimes.borrow_mut().get_or_insert(runtimes);
    }

    /// The runtimes of the classic API, once there are some.
    pub fn runtimes(&self) -> Option<Rc<dyn Runtimes>> {
        self.runtimes.borrow().clone()
    }

    /// Whether modules are being prepared for a runtime, outside of any update of the program.
    pub fn is_anew(&self) -> bool {
        self.is_anew.get()
    }

    /// Marks modules as outdated, since the whole program is about to be evaluated again. A runtime that imports one of them
    /// meanwhile gets a new version.
    pub fn outdate(&self, modules: impl Iterator<Item = ModuleId>) {
        for record in modules.filter_map(|id| self.record(id)) {
            record.is_outdated.set(true);
            self.has_outdated.set(true);
        }
    }

    /// Ends what [`Engine::outdate`] began.
    pub fn no_longer_outdated(&self) {
        if self.has_outdated.replace(false) {
            for record in self.records.borrow().iter() {
                record.is_outdated.set(false);
            }
        }
    }

    /// Sets the callback that gets each module which has loaded another one by `import()`.
    pub fn set_on_import(&self, told: OnImport) {
        self.on_import.set(Some(told));
    }

    /// The module that the program was started with.
    pub fn main_module(&self) -> Option<ModuleId> {
        self.main.get()
    }

    /// The program around the engine.
    pub fn host(&self) -> Rc<dyn Host> {
        Rc::clone(&self.host.borrow())
    }

    /// Reads and compiles files.
    pub fn sources(&self) -> Rc<Sources> {
        Rc::clone(&self.sources.borrow())
    }

    /// Calls a function of `glue.js`.
    pub(super) fn glue<'s>(&self, js: Js<'s>, name: &'static str, args: &[Value<'s>]) -> JsResult<'s> {
        let function = self.glue_function(js, name)?;
        function.call(js.undefined(), args)
    }

    /// A function of `glue.js`.
    pub(super) fn glue_function<'s>(&self, js: Js<'s>, name: &'static str) -> JsResult<'s> {
        let known = self.glue_functions.borrow().get(name).cloned();
        if let Some(known) = known {
            return Ok(known.get(js));
        }
        let function = self.glue.get(js).get(name)?;
        self.glue_functions.borrow_mut().insert(name, function.hold());
        Ok(function)
    }

    /// Names the module that the program was started with.
    pub fn set_main(&self, id: ModuleId) {
        self.main.set(Some(id));
    }

    /// A record by its module id.
    pub fn record(&self, id: ModuleId) -> Option<Rc<Record>> {
        self.records.borrow().get(id).cloned()
    }

    /// All records that were ever made. A record that was removed has no current version.
    pub fn records(&self) -> Vec<Rc<Record>> {
        self.records.borrow().clone()
    }

    /// The record of a URL.
    pub fn find(&self, url: &str) -> Option<Rc<Record>> {
        let id = self.by_url.borrow().get(url).copied();
        id.and_then(|id| self.record(id))
    }

    /// The record of a file, without query and hash.
    pub fn find_file(&self, path: &Path) -> Option<Rc<Record>> {
        self.find(&file_url(path, ""))
    }

    /// The record of a specifier's target, made if there is none yet.
    pub fn record_of(&self, resolved: &Resolved) -> Rc<Record> {
        let (url, path, is_local) = match resolved {
            Resolved::Builtin(name) | Resolved::Other(name) => (name.clone(), None, false),
            Resolved::File { path, suffix, local } => (file_url(path, suffix), Some(path.clone()), *local),
        };
        if let Some(record) = self.find(&url) {
            return record;
        }
        let mut all = self.records.borrow_mut();
        let id = all.len();
        let record = Rc::new(Record {
            id,
            url: url.clone(),
            path,
            is_local,
            current: RefCell::default(),
            next_serial: Cell::new(0),
            is_outdated: Cell::new(false),
            cell: RefCell::default(),
            importers: RefCell::default(),
            dynamic_importers: RefCell::default(),
            dynamic_imports: RefCell::default(),
            was_required: Cell::new(false),
        });
        all.push(Rc::clone(&record));
        self.by_url.borrow_mut().insert(url, id);
        record
    }

    /// The record of each of the unit's requests, made if there is none yet; `None` where a request leads nowhere.
    pub fn targets<'u>(&self, unit: &'u Unit) -> &'u [Option<ModuleId>] {
        unit.targets.get_or_init(|| {
            let resolved = unit.resolved.iter().map(|resolved| resolved.as_ref().ok());
            resolved
                .map(|resolved| Some(self.record_of(resolved?).id))
                .collect()
        })
    }

    /// Lets the names of timers in compiled code be those of `timers`; with `undefined`, the global ones.
    pub fn set_timers<'s>(&self, js: Js<'s>, timers: Value<'s>) -> JsResult<'s, ()> {
        self.glue(js, "timers", &[timers]).map(drop)
    }

    /// The version that an `import()` sees now: one of an update that is being evaluated, or the current one.
    pub fn version_of(&self, id: ModuleId) -> Option<Rc<Version>> {
        let stages = self.stages.borrow();
        let newest = stages.iter().rev().find_map(|stage| stage.version(id));
        newest.or_else(|| self.current(id))
    }

    /// Whether an update under way has a version of the module that has not begun to run.
    pub fn is_staged(&self, id: ModuleId) -> bool {
        let stages = self.stages.borrow();
        let newest = stages.iter().rev().find_map(|stage| stage.version(id));
        newest.is_some_and(|version| version.status.get() == Status::Linked)
    }

    /// The version of a module that importers see.
    pub fn current(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.record(id).and_then(|record| record.current())
    }

    /// The version with that number, if it is still staged or current.
    pub fn version(&self, id: ModuleId, serial: u32) -> Option<Rc<Version>> {
        self.version_of(id).filter(|version| version.serial == serial)
    }

    /// Drops all modules and the program around the engine, as the environment shuts down. They refer to each other and to the
    /// engine in circles, which an ended worker thread would leave in memory.
    pub(super) fn forget_all(&self) {
        *self.host.borrow_mut() = Rc::new(Plain);
        let runtimes = self.runtimes.take();
        let stages = self.stages.take();
        self.by_url.take();
        let records = self.records.take();
        for record in &records {
            let current = record.current.take();
            record.cell.take();
            if let Some(version) = current {
                version.retire();
            }
        }
        drop((runtimes, stages, records));
    }

    /// The absolute file name of a script of the engine's own.
    pub fn own_file(name: &str) -> String {
        if cfg!(windows) {
            format!("C:{OWN_PLACE}/{name}").replace('/', "\\")
        } else {
            format!("{OWN_PLACE}/{name}")
        }
    }
}
