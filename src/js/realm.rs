//! One load of the addon in one environment, and the right to use JavaScript values.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use napi::sys;

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

/// The states of one environment, in the order in which they were made. `state.rs` is the typed access to them.
#[derive(Default)]
pub(super) struct States(RefCell<Vec<Entry>>);

struct Entry {
    kind: TypeId,
    state: Rc<dyn Any>,
    close: fn(&dyn Any),
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
        let entries = self.0.borrow();
        let found = entries.iter().find(|entry| entry.kind == TypeId::of::<T>())?;
        Rc::clone(&found.state).downcast().ok()
    }

    pub(super) fn add<T: 'static>(&self, state: Rc<T>, close: fn(&dyn Any)) {
        let kind = TypeId::of::<T>();
        self.0.borrow_mut().push(Entry { kind, state, close });
    }

    /// Closes and drops all states, the last one made first.
    pub(super) fn close(&self) {
        loop {
            // The list is not borrowed while a state closes: its `close` may ask for another state.
            let Some(last) = self.0.borrow_mut().pop() else {
                break;
            };
            (last.close)(&*last.state);
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
