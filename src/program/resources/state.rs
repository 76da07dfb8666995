//! The state of one environment: the context of evaluations, what is patched, and which transitions are open.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::js::{Call, Faint, Held, Js, JsResult, State, Timers, Value};

use super::owner::{Owner, OwnerObject, busy};
use super::starting::Start;
use super::transition::{Charged, Transition};

/// Gives the objects whose values the program keeps across versions: each module's path and its `hot.data`.
pub type Holders = Rc<dyn for<'s> Fn(Js<'s>) -> JsResult<'s, Vec<(String, Value<'s>)>>>;

/// The state of the resources of one environment.
pub struct Resources {
    /// The `AsyncLocalStorage` that holds the owner on whose behalf code runs.
    pub(super) storage: Held,
    /// Node's plain timers, for our own use.
    pub clock: Rc<Timers>,
    /// Symbols for properties of ours on Node's objects.
    pub keys: Keys,
    /// The functions of `owned.js`; `undefined` before they are made.
    pub owned: RefCell<Held>,
    /// `runAs` of these.
    pub run_as: RefCell<Held>,
    /// Notes of which version added a listener to `process` or its streams: a `WeakMap` from listeners to records.
    pub registrations: Held,
    /// Responses and streams that a transition has waited for: a `WeakSet`.
    pub known_requests: Held,
    /// The errors that `process.exit` has thrown: a `WeakSet`.
    pub exits: Held,
    /// Who is charged with the error that Node gives to the program's listeners at this moment, and so with what these do.
    pub blamed: RefCell<Option<Charged>>,
    /// Set while a server that we have closed tells its listeners so.
    pub is_closing: Cell<bool>,
    /// The program's start after a restart, until it has come up.
    pub start: RefCell<Option<Rc<Start>>>,
    /// What the program has given to `process.setUncaughtExceptionCaptureCallback` last. Node holds it as long as it counts.
    pub capture: RefCell<Option<Faint>>,
    /// `process`, and those of its streams that exist.
    pub emitters: RefCell<Vec<Held>>,
    /// Set while `release` removes listeners, so that our listener of `removeListener` ignores them.
    pub is_releasing: Cell<bool>,
    /// Lists of listeners that Node does not warn of until the old versions' listeners are gone.
    pub quiet: RefCell<Vec<Held>>,
    /// The `async_hooks` hook that notes resources which may stay open.
    pub hook: RefCell<Held>,
    /// Whether Node tells the hook of promises, which not every version does.
    pub tells_promises: Cell<bool>,
    /// Whether Node tells the hook of everything else. Other runtimes have no such hooks.
    pub tells_others: Cell<bool>,
    /// Set while a thing that we keep is started, so that its parts are not noted.
    pub is_starting: Cell<bool>,
    /// The folder of the command's scripts, whose frames do not count as a caller; empty while it is not known.
    pub own_scripts: RefCell<String>,
    /// Whether the command runs the program. It decides about errors that nobody catches.
    pub is_commanded: Cell<bool>,
    pub(super) patches: RefCell<Vec<Patch>>,
    /// Steps that `uninstall` takes besides undoing the patches.
    pub undo: RefCell<Vec<Undo>>,
    /// The transitions that have neither come up nor gone back, oldest first.
    pub transitions: RefCell<Vec<Rc<Transition>>>,
    last_number: Cell<u64>,
    /// Gives every `hot.data`.
    pub holders: RefCell<Option<Holders>>,
}

/// A step that `uninstall` takes besides putting properties back.
pub type Undo = Box<dyn for<'s> FnOnce(Js<'s>) -> JsResult<'s, ()>>;

/// Symbols of our properties on Node's objects.
pub struct Keys {
    /// On a server: its slot.
    pub slot: Held,
    /// On a server that was taken over: its own `emit`, if it had one.
    pub emit: Held,
    /// On an HTTP/2 server: its sessions, where Node does not keep them.
    pub sessions: Held,
}

/// One property that was replaced.
pub(super) struct Patch {
    pub(super) object: Held,
    pub(super) name: String,
    /// The property's descriptor before; `undefined` if there was no own property.
    pub(super) before: Held,
}

impl State for Resources {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let storage = js.builtin("async_hooks")?.get("AsyncLocalStorage")?;
        Ok(Self {
            storage: storage.construct(&[])?.hold(),
            clock: js.state()?,
            keys: Keys {
                slot: js.symbol("node-hmr slot").hold(),
                emit: js.symbol("node-hmr emit").hold(),
                sessions: js.symbol("node-hmr sessions").hold(),
            },
            owned: RefCell::new(Held::undefined()),
            run_as: RefCell::new(Held::undefined()),
            registrations: js.global()?.get("WeakMap")?.construct(&[])?.hold(),
            known_requests: js.global()?.get("WeakSet")?.construct(&[])?.hold(),
            exits: js.global()?.get("WeakSet")?.construct(&[])?.hold(),
            blamed: RefCell::default(),
            is_closing: Cell::new(false),
            start: RefCell::default(),
            capture: RefCell::default(),
            emitters: RefCell::default(),
            is_releasing: Cell::new(false),
            quiet: RefCell::default(),
            hook: RefCell::new(Held::undefined()),
            tells_promises: Cell::new(false),
            tells_others: Cell::new(false),
            is_starting: Cell::new(false),
            own_scripts: RefCell::default(),
            is_commanded: Cell::new(false),
            patches: RefCell::default(),
            undo: RefCell::default(),
            transitions: RefCell::default(),
            last_number: Cell::new(0),
            holders: RefCell::new(None),
        })
    }
}

impl Resources {
    /// Replaces `object[name]` by what `make` gives for it, until `uninstall`.
    pub fn patch<'s>(
        &self,
        object: Value<'s>,
        name: &str,
        make: impl FnOnce(Value<'s>) -> JsResult<'s>,
    ) -> JsResult<'s, ()> {
        let js = object.js();
        let statics = js.global()?.get("Object")?;
        let key = js.string(name);
        let before = statics.call_method("getOwnPropertyDescriptor", &[object, key])?;
        let original = object.get_key(key)?;
        let replacement = make(original)?;
        if original.is_function() && replacement.is_function() {
            copy_properties(js, original, replacement)?;
        }
        let descriptor = js.object();
        descriptor.set("value", replacement)?;
        descriptor.set("writable", js.boolean(true))?;
        descriptor.set("configurable", js.boolean(true))?;
        let is_enumerable = before.is_object() && before.get("enumerable")?.truthy();
        descriptor.set("enumerable", js.boolean(is_enumerable))?;
        statics.call_method("defineProperty", &[object, key, descriptor])?;
        self.patches.borrow_mut().push(Patch {
            object: object.hold(),
            name: name.to_owned(),
            before: before.hold(),
        });
        Ok(())
    }

    /// Replaces the function `object[name]` by `body`, which is given the original as well, until `uninstall`.
    pub fn wrap<'s>(
        &self,
        object: Value<'s>,
        name: &'static str,
        body: for<'t> fn(&Call<'t>, Value<'t>) -> JsResult<'t>,
    ) -> JsResult<'s, ()> {
        self.patch(object, name, |original| {
            let kept = original.hold();
            original
                .js()
                .function(name, 0, move |call| body(call, kept.get(call.js)))
        })
    }

    /// A new owner: a version of a module that is about to be evaluated.
    pub fn owner<'s>(&self, js: Js<'s>, module: &str, version: u32) -> JsResult<'s, OwnerObject> {
        let newest = self.transitions.borrow().last().cloned();
        let owner = Owner::make(js, module, version, newest.as_ref().map_or(0, |it| it.id))?;
        if let Some(transition) = newest {
            transition.fresh.borrow_mut().push(owner.clone());
        }
        Ok(owner)
    }

    /// Runs `body` on behalf of `owner`: what it starts, now or in what follows from it, belongs to that version.
    pub fn run_as<'s, R>(
        &self,
        js: Js<'s>,
        owner: Value<'s>,
        body: impl FnOnce() -> JsResult<'s, R>,
    ) -> JsResult<'s, R> {
        let storage = self.storage.get(js);
        let before = storage.call_method("getStore", &[])?;
        storage.call_method("enterWith", &[owner])?;
        let result = body();
        storage.call_method("enterWith", &[before])?;
        result
    }

    /// Runs `body` on nobody's behalf, as requests and packages are.
    pub fn run_outside<'s, R>(&self, js: Js<'s>, body: impl FnOnce() -> JsResult<'s, R>) -> JsResult<'s, R> {
        self.run_as(js, js.undefined(), body)
    }

    /// The owner on whose behalf code runs at this moment.
    pub fn current<'s>(&self, js: Js<'s>) -> JsResult<'s, Option<(Value<'s>, Rc<Owner>)>> {
        let store = self.storage.get(js).call_method("getStore", &[])?;
        Ok(store.native::<Owner>().map(|owner| (store, owner)))
    }

    /// The open transition with that number.
    pub fn transition(&self, id: u64) -> Option<Rc<Transition>> {
        let transitions = self.transitions.borrow();
        transitions.iter().find(|it| it.id == id).cloned()
    }

    /// The owners whose servers the new versions may take over: those that have started something and that this transition
    /// replaces, or an older one that has not come up.
    pub fn old_owners<'s>(&self, js: Js<'s>, newest: &Transition) -> Vec<Value<'s>> {
        let transitions = self.transitions.borrow();
        let mut owners = Vec::new();
        for transition in transitions.iter().filter(|it| it.id <= newest.id) {
            owners.extend(busy(js, &transition.replaced.borrow()));
        }
        owners
    }

    /// A number that is higher than all before.
    pub fn next_number(&self) -> u64 {
        self.last_number.set(self.last_number.get() + 1);
        self.last_number.get()
    }
}

/// Gives a function that replaces another one its name, length and other properties.
pub fn copy_properties<'s>(js: Js<'s>, from: Value<'s>, to: Value<'s>) -> JsResult<'s, ()> {
    let (object, reflect) = (js.global()?.get("Object")?, js.global()?.get("Reflect")?);
    for key in reflect.call_method("ownKeys", &[from])?.items()? {
        let descriptor = object.call_method("getOwnPropertyDescriptor", &[from, key])?;
        reflect.call_method("defineProperty", &[to, key, descriptor])?;
    }
    Ok(())
}
