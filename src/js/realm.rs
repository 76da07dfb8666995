//! One load of the addon in one environment, and the right to use JavaScript values.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use napi::sys;
use rustc_hash::FxBuildHasher;

/// Everything that belongs to one load of the addon in one environment. Worker threads load the addon too, and
/// one environment may load it twice, so a realm is never process-wide.
pub struct Realm {
    pub(super) env: sys::napi_env,
    /// False once the environment is being torn down.
    pub(super) alive: Cell<bool>,
    /// False once the environment is gone, so that dropped references must not call Node-API any more.
    pub(super) frees_references: Cell<bool>,
    /// How many strong and weak references native code holds.
    pub(super) live_references: Cell<usize>,
    /// Reports a panic that no caller gets.
    pub(super) on_panic: Cell<Option<OnPanic>>,
    /// Set by a test: the next callback of this kind ("delivery" or "task") panics.
    pub(super) panics_at: Cell<Option<&'static str>>,
    pub(super) states: States,
}

/// A function that reports an error of our own code; its argument is the message.
pub type OnPanic = for<'s> fn(Js<'s>, &str);

/// Runs the [`close`](super::state::State::close) of a state.
type Close = fn(&dyn Any);

/// The states of one environment. `state.rs` is the typed access to them.
#[derive(Default)]
pub(super) struct States {
    /// The states by their types: each update asks for dozens.
    by_type: RefCell<HashMap<TypeId, Rc<dyn Any>, FxBuildHasher>>,
    /// The types, in the order in which their states were made, each with its `close`.
    made: RefCell<Vec<(TypeId, Close)>>,
}

/// The right to use JavaScript values: exists only while native code runs on the JavaScript thread.
#[derive(Clone, Copy)]
pub struct Js<'s> {
    realm: &'s Rc<Realm>,
}

impl Realm {
    pub(super) fn new(env: sys::napi_env) -> Rc<Self> {
        Rc::new(Self {
            env,
            alive: Cell::new(true),
            frees_references: Cell::new(true),
            live_references: Cell::new(0),
            on_panic: Cell::new(None),
            panics_at: Cell::new(None),
            states: States::default(),
        })
    }

    /// Sets the function that reports a panic that no caller gets.
    pub fn report_panics(&self, tell: OnPanic) {
        self.on_panic.set(Some(tell));
    }

    /// For tests: makes the next callback of the kind `place` ("delivery" or "task") panic.
    pub fn panic_at(&self, place: &'static str) {
        self.panics_at.set(Some(place));
    }

    pub(super) fn panic_if_asked(&self, place: &str) {
        let is_asked = self.panics_at.get() == Some(place);
        if is_asked {
            self.panics_at.set(None);
        }
        assert!(!is_asked, "a test asked for this");
    }

    /// How many strong and weak references native code holds at this moment.
    pub fn live_references(&self) -> usize {
        self.live_references.get()
    }
}

impl States {
    pub(super) fn get<T: 'static>(&self) -> Option<Rc<T>> {
        self.find(TypeId::of::<T>())?.downcast().ok()
    }

    /// One function for all types: a save comes after a pause, so each copy would have to be read from memory first.
    #[inline(never)]
    fn find(&self, kind: TypeId) -> Option<Rc<dyn Any>> {
        self.by_type.borrow().get(&kind).map(Rc::clone)
    }

    pub(super) fn add<T: 'static>(&self, state: Rc<T>, close: Close) {
        let kind = TypeId::of::<T>();
        self.by_type.borrow_mut().insert(kind, state);
        self.made.borrow_mut().push((kind, close));
    }

    /// Closes and drops all states, the last one made first.
    pub(super) fn close(&self) {
        loop {
            // Nothing is borrowed while a state closes: its `close` may ask for another state.
            let Some((kind, close)) = self.made.borrow_mut().pop() else {
                break;
            };
            let state = self.by_type.borrow_mut().remove(&kind);
            if let Some(state) = state {
                close(&*state);
            }
        }
    }
}

impl<'s> Js<'s> {
    pub(super) fn of(realm: &'s Rc<Realm>) -> Self {
        Self { realm }
    }

    pub(super) fn env(self) -> sys::napi_env {
        self.realm.env
    }

    /// The realm this right belongs to.
    pub fn realm(self) -> &'s Rc<Realm> {
        self.realm
    }
}
