//! Modules, their versions, and what a version has registered.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::{Rc, Weak};
use std::time::Instant;

use super::accept::{Accept, What};
use crate::graph::hot::{Claims, ModuleId};
use crate::js::{Held, Js, Value};
use rustc_hash::FxBuildHasher;

/// A hot module, with what outlives its versions.
pub struct Module {
    /// Number of the module in the graph.
    pub id: ModuleId,
    /// URL of the module. The targets of `accept(dep)` are compared with it.
    pub url: Rc<str>,
    /// Absolute path of the module, as users read it.
    pub path: Rc<str>,
    /// `hot.data`. Made at the first read, dropped when the module is pruned.
    data: RefCell<Option<Held>>,
    /// [`Hot::with_data`].
    with_data: Rc<RefCell<BTreeSet<ModuleId>>>,
    /// The version whose registrations decide about the next one.
    current: RefCell<Option<Rc<Version>>>,
    /// Time of the module's last call of `invalidate()`.
    pub last_invalidated: Cell<Option<Instant>>,
}

/// One evaluation of a module.
pub struct Version {
    /// The module that this is a version of.
    pub module: Rc<Module>,
    registered: RefCell<Registered>,
    is_retired: Cell<bool>,
    /// Whether a disposer has run. It may have closed what the version needs.
    pub was_disposed: Cell<bool>,
    /// Number of versions in a row before this one that have called `invalidate()`.
    pub refusals: Cell<u32>,
    /// The engine's number of this version, once that is known.
    pub serial: Cell<u32>,
}

/// Everything that a version has registered. Holds users' functions, and is emptied when the version is replaced.
#[derive(Default)]
struct Registered {
    accepts: Vec<Rc<Accept>>,
    is_declined: bool,
    refuses: bool,
    disposers: Vec<Held>,
    prune_callbacks: Vec<Held>,
    listeners: Vec<Listener>,
}

#[derive(Clone)]
struct Listener {
    /// Number in the order of registration. Listeners of all modules are called in this order.
    serial: u64,
    event: Rc<str>,
    function: Held,
}

/// One call of `watch`.
pub struct WatchRequest {
    /// An absolute path, or a glob with an absolute folder before it.
    pub pattern: String,
    /// The callback. Without one, a change of the path counts as a change of the module.
    pub callback: Option<Held>,
}

impl Version {
    fn new(module: &Rc<Module>) -> Rc<Self> {
        Rc::new(Self {
            module: Rc::clone(module),
            registered: RefCell::default(),
            is_retired: Cell::new(false),
            was_disposed: Cell::new(false),
            refusals: Cell::new(0),
            serial: Cell::new(u32::MAX),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Registered)) {
        // A replaced version registers nothing any more.
        if !self.is_retired.get() {
            change(&mut self.registered.borrow_mut());
        }
    }

    /// Whether the version was replaced, pruned or dropped.
    pub fn is_retired(&self) -> bool {
        self.is_retired.get()
    }

    /// Registers a call of `accept`.
    pub fn accept(&self, accept: &Rc<Accept>) {
        self.change(|registered| registered.accepts.push(Rc::clone(accept)));
    }

    /// Registers a call of `decline`.
    pub fn decline(&self) {
        self.change(|registered| registered.is_declined = true);
    }

    /// Notes a call of `invalidate`: from now on the version does not take its own updates. Returns whether it did until now.
    pub fn refuse(&self) -> bool {
        !self.is_retired.get() && !std::mem::replace(&mut self.registered.borrow_mut().refuses, true)
    }

    /// Takes a call of `invalidate` back, which is ignored.
    pub fn take_back_refusal(&self) {
        self.change(|registered| registered.refuses = false);
    }

    /// Registers a disposer.
    pub fn on_dispose(&self, callback: Held) {
        self.change(|registered| registered.disposers.push(callback));
    }

    /// Removes a disposer: webpack's `removeDisposeHandler`.
    pub fn off_dispose(&self, callback: Value<'_>) {
        let js = callback.js();
        self.change(|registered| {
            let is_it = |held: &Held| js.scope(|js| held.get(js).same(callback));
            registered.disposers.retain(|held| !is_it(held));
        });
    }

    /// Registers a prune callback.
    pub fn on_prune(&self, callback: Held) {
        self.change(|registered| registered.prune_callbacks.push(callback));
    }

    /// The calls of `accept`, in order.
    pub fn accepts(&self) -> Vec<Rc<Accept>> {
        self.registered.borrow().accepts.clone()
    }

    /// Takes the disposer that was registered last. A disposer may register another one while it runs.
    pub fn take_disposer(&self) -> Option<Held> {
        self.registered.borrow_mut().disposers.pop()
    }

    /// Takes the prune callbacks.
    pub fn take_prune_callbacks(&self) -> Vec<Held> {
        std::mem::take(&mut self.registered.borrow_mut().prune_callbacks)
    }

    /// Retires the version, since it is replaced: drops its registrations and ignores later ones.
    pub fn retire(&self) {
        self.is_retired.set(true);
        // Dropped while nothing is borrowed.
        drop(self.registered.take());
    }
}

/// The hot modules of one environment.
#[derive(Default)]
pub struct Hot {
    modules: RefCell<HashMap<ModuleId, Rc<Module>, FxBuildHasher>>,
    /// The modules whose `hot.data` was made.
    with_data: Rc<RefCell<BTreeSet<ModuleId>>>,
    /// Versions that have called `on`.
    listening: RefCell<Vec<Weak<Version>>>,
    serial: Cell<u64>,
    /// The modules that runtimes of the classic API keep up to date.
    pub held: RefCell<HashSet<ModuleId, FxBuildHasher>>,
}

impl Hot {
    /// The module with this number, made if need be.
    pub fn module(&self, id: ModuleId, url: &str, path: &str) -> Rc<Module> {
        let mut modules = self.modules.borrow_mut();
        let module = modules.entry(id).or_insert_with(|| {
            Rc::new(Module {
                id,
                url: Rc::from(url),
                path: Rc::from(path),
                data: RefCell::default(),
                with_data: Rc::clone(&self.with_data),
                current: RefCell::default(),
                last_invalidated: Cell::new(None),
            })
        });
        Rc::clone(module)
    }

    /// The module with this number, if it is known.
    pub fn find(&self, id: ModuleId) -> Option<Rc<Module>> {
        self.modules.borrow().get(&id).cloned()
    }

    /// All modules.
    pub fn all(&self) -> Vec<Rc<Module>> {
        self.modules.borrow().values().cloned().collect()
    }

    /// The modules whose `hot.data` was made.
    pub fn with_data(&self) -> Vec<Rc<Module>> {
        let with_data = self.with_data.borrow();
        with_data.iter().filter_map(|id| self.find(*id)).collect()
    }

    /// The version of a module whose registrations count.
    pub fn current(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.find(id)?.current.borrow().clone()
    }

    /// A new version that is about to be evaluated. Its registrations count from [`Hot::publish`] on.
    pub fn stage(module: &Rc<Module>) -> Rc<Version> {
        Version::new(module)
    }

    /// Lets the version's registrations count from now on, and retires the version before it.
    pub fn publish(version: &Rc<Version>) {
        let old = version.module.current.replace(Some(Rc::clone(version)));
        if let Some(old) = old.filter(|old| !Rc::ptr_eq(old, version)) {
            old.retire();
        }
    }

    /// Removes a pruned module and its data.
    pub fn remove(&self, id: ModuleId) {
        let removed = self.modules.borrow_mut().remove(&id);
        self.with_data.borrow_mut().remove(&id);
        if let Some(module) = removed {
            if let Some(version) = module.current.take() {
                version.retire();
            }
            drop(module.data.take());
        }
    }

    /// Registers a listener: `on`.
    pub fn listen(&self, version: &Rc<Version>, event: &str, function: Held) {
        if version.is_retired() {
            return;
        }
        self.serial.set(self.serial.get() + 1);
        let listener = Listener {
            serial: self.serial.get(),
            event: Rc::from(event),
            function,
        };
        version.change(|registered| registered.listeners.push(listener));
        let mut listening = self.listening.borrow_mut();
        listening.retain(|other| other.upgrade().is_some_and(|other| !other.is_retired()));
        if !listening
            .iter()
            .any(|other| std::ptr::eq(other.as_ptr(), Rc::as_ptr(version)))
        {
            listening.push(Rc::downgrade(version));
        }
    }

    /// The present listeners of an event, in the order in which they were registered.
    pub fn listeners(&self, event: &str) -> Vec<(Rc<Version>, Held)> {
        let mut found = Vec::new();
        for version in self.listening.borrow().iter().filter_map(Weak::upgrade) {
            let registered = version.registered.borrow();
            let own = registered
                .listeners
                .iter()
                .filter(|listener| &*listener.event == event);
            for listener in own {
                found.push((listener.serial, Rc::clone(&version), listener.function.clone()));
            }
        }
        found.sort_by_key(|(serial, ..)| *serial);
        found
            .into_iter()
            .map(|(_, version, function)| (version, function))
            .collect()
    }
}

impl Version {
    /// Removes a listener: `off`.
    pub fn unlisten(&self, event: &str, function: Value<'_>) {
        let js = function.js();
        self.change(|registered| {
            registered.listeners.retain(|listener| {
                &*listener.event != event || !js.scope(|js| listener.function.get(js).same(function))
            });
        });
    }
}

impl Module {
    /// `hot.data`, if it was made.
    pub fn made_data(&self) -> Option<Held> {
        self.data.borrow().clone()
    }

    /// `hot.data`, made at the first call.
    pub fn data(&self, js: Js<'_>) -> Held {
        let mut data = self.data.borrow_mut();
        if data.is_none() {
            self.with_data.borrow_mut().insert(self.id);
        }
        data.get_or_insert_with(|| js.object().hold()).clone()
    }
}

impl Claims for Hot {
    fn accepts_itself(&self, id: ModuleId) -> bool {
        self.claims(id, |registered| {
            !registered.refuses
                && registered
                    .accepts
                    .iter()
                    .any(|accept| matches!(accept.what, What::Itself))
        })
    }

    fn accepts(&self, importer: ModuleId, dependency: ModuleId) -> bool {
        let Some(dependency) = self.find(dependency) else {
            return false;
        };
        self.claims(importer, |registered| {
            registered
                .accepts
                .iter()
                .any(|accept| accept.takes(&dependency.url))
        })
    }

    fn accepted_exports(&self, id: ModuleId) -> Option<Vec<Box<str>>> {
        let version = self.current(id)?;
        let registered = version.registered.borrow();
        if registered.refuses {
            return None;
        }
        let lists = registered.accepts.iter().filter_map(|accept| match &accept.what {
            What::Exports(names) => Some(names),
            _ => None,
        });
        let mut lists = lists.peekable();
        lists.peek()?;
        Some(lists.flatten().cloned().collect())
    }

    fn declines(&self, id: ModuleId) -> bool {
        self.claims(id, |registered| registered.is_declined)
    }

    fn is_classic(&self, id: ModuleId) -> bool {
        self.held.borrow().contains(&id)
    }
}

impl Hot {
    fn claims(&self, id: ModuleId, test: impl FnOnce(&Registered) -> bool) -> bool {
        self.current(id)
            .is_some_and(|version| test(&version.registered.borrow()))
    }
}
