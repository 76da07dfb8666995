//! Modules, their versions, and what a version has registered.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::{Rc, Weak};
use std::time::Instant;

use super::accept::{Accept, What};
use crate::graph::hot::{Claims, ModuleId};
use crate::js::{Held, Js, Value};
use rustc_hash::FxBuildHasher;

/// A hot module: what outlives its versions.
pub struct Module {
    /// Its number in the graph.
    pub id: ModuleId,
    /// Its URL, by which `accept(dep)` finds it.
    pub url: Rc<str>,
    /// Its absolute path, as users read it.
    pub path: Rc<str>,
    /// `hot.data`: made when it is asked for, dropped when the module is pruned.
    data: RefCell<Option<Held>>,
    /// The version whose registrations decide about the next one.
    current: RefCell<Option<Rc<Version>>>,
    /// When it called `invalidate()` last.
    pub last_invalidated: Cell<Option<Instant>>,
}

/// One evaluation of a module.
pub struct Version {
    /// Whose version it is.
    pub module: Rc<Module>,
    registered: RefCell<Registered>,
    is_retired: Cell<bool>,
    /// One of its disposers has run: it may have closed what it needs.
    pub was_disposed: Cell<bool>,
    /// How many versions in a row, up to the one before it, have called `invalidate()`.
    pub refusals: Cell<u32>,
    /// The engine's number of this version, once it is known.
    pub serial: Cell<u32>,
}

/// What a version has registered. It holds users' functions, so it is emptied when the version is replaced.
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
    /// Listeners are called in the order in which they were registered, whoever did.
    serial: u64,
    event: Rc<str>,
    function: Held,
}

/// One call of `watch`.
pub struct WatchWish {
    /// An absolute path, or a glob with an absolute folder before it.
    pub pattern: String,
    /// Without it, a change counts as one of the module.
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
        // What a replaced version says comes too late.
        if !self.is_retired.get() {
            change(&mut self.registered.borrow_mut());
        }
    }

    /// Whether it was replaced, pruned or dropped.
    pub fn is_retired(&self) -> bool {
        self.is_retired.get()
    }

    /// `accept`
    pub fn accept(&self, accept: &Rc<Accept>) {
        self.change(|registered| registered.accepts.push(Rc::clone(accept)));
    }

    /// `decline`
    pub fn decline(&self) {
        self.change(|registered| registered.is_declined = true);
    }

    /// `invalidate`: from now on it does not take its own updates. Whether it did so until now.
    pub fn refuse(&self) -> bool {
        !self.is_retired.get() && !std::mem::replace(&mut self.registered.borrow_mut().refuses, true)
    }

    /// Its `invalidate` does not count.
    pub fn take_back_refusal(&self) {
        self.change(|registered| registered.refuses = false);
    }

    /// `dispose`
    pub fn on_dispose(&self, callback: Held) {
        self.change(|registered| registered.disposers.push(callback));
    }

    /// webpack's `removeDisposeHandler`
    pub fn off_dispose(&self, callback: Value<'_>) {
        let js = callback.js();
        self.change(|registered| {
            let is_it = |held: &Held| js.scope(|js| held.get(js).same(callback));
            registered.disposers.retain(|held| !is_it(held));
        });
    }

    /// `prune`
    pub fn on_prune(&self, callback: Held) {
        self.change(|registered| registered.prune_callbacks.push(callback));
    }

    /// Its calls of `accept`, in order.
    pub fn accepts(&self) -> Vec<Rc<Accept>> {
        self.registered.borrow().accepts.clone()
    }

    /// The disposer that was registered last, once. One may register another while it runs.
    pub fn take_disposer(&self) -> Option<Held> {
        self.registered.borrow_mut().disposers.pop()
    }

    /// The prune callbacks, once.
    pub fn take_prune_callbacks(&self) -> Vec<Held> {
        std::mem::take(&mut self.registered.borrow_mut().prune_callbacks)
    }

    /// It is replaced: what it has registered goes, and what it registers from now on is not heard.
    pub fn retire(&self) {
        self.is_retired.set(true);
        // Dropped when nothing is borrowed any more.
        drop(self.registered.take());
    }
}

/// The hot modules of one environment.
#[derive(Default)]
pub struct Hot {
    modules: RefCell<HashMap<ModuleId, Rc<Module>, FxBuildHasher>>,
    /// Versions that have called `on`.
    listening: RefCell<Vec<Weak<Version>>>,
    serial: Cell<u64>,
    /// The modules that runtimes of the classic API keep up to date.
    pub held: RefCell<HashSet<ModuleId, FxBuildHasher>>,
}

impl Hot {
    /// The module, new if need be.
    pub fn module(&self, id: ModuleId, url: &str, path: &str) -> Rc<Module> {
        let mut modules = self.modules.borrow_mut();
        let module = modules.entry(id).or_insert_with(|| {
            Rc::new(Module {
                id,
                url: Rc::from(url),
                path: Rc::from(path),
                data: RefCell::default(),
                current: RefCell::default(),
                last_invalidated: Cell::new(None),
            })
        });
        Rc::clone(module)
    }

    /// The module, if it is known.
    pub fn find(&self, id: ModuleId) -> Option<Rc<Module>> {
        self.modules.borrow().get(&id).cloned()
    }

    /// All modules.
    pub fn all(&self) -> Vec<Rc<Module>> {
        self.modules.borrow().values().cloned().collect()
    }

    /// The version whose registrations count.
    pub fn current(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.find(id)?.current.borrow().clone()
    }

    /// A version that is about to be evaluated. It counts from [`Hot::publish`] on.
    pub fn stage(module: &Rc<Module>) -> Rc<Version> {
        Version::new(module)
    }

    /// The version counts from now on. The one before it is retired.
    pub fn publish(version: &Rc<Version>) {
        let old = version.module.current.replace(Some(Rc::clone(version)));
        if let Some(old) = old.filter(|old| !Rc::ptr_eq(old, version)) {
            old.retire();
        }
    }

    /// The module is pruned: its data goes.
    pub fn remove(&self, id: ModuleId) {
        let removed = self.modules.borrow_mut().remove(&id);
        if let Some(module) = removed {
            if let Some(version) = module.current.take() {
                version.retire();
            }
            drop(module.data.take());
        }
    }

    /// `on`
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

    /// The listeners of an event, as they are now, in the order in which they were registered.
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
    /// `off`
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
    /// `hot.data`, if anybody has asked for it.
    pub fn made_data(&self) -> Option<Held> {
        self.data.borrow().clone()
    }

    /// `hot.data`
    pub fn data(&self, js: Js<'_>) -> Held {
        let mut data = self.data.borrow_mut();
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
