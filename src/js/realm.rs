//! One load of the addon in one environment, and the right to use JavaScript values.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use napi::sys;

/// Everything that belongs to one load of the addon in one environment. Worker threads load the addon too, and
/// one environment may load it twice, so nothing of this is process-wide.
pub struct Realm {
    pub(super) env: sys::napi_env,
    /// False once the environment is being torn down.
    pub(super) alive: Cell<bool>,
    /// False once nothing of the environment may be touched any more.
    pub(super) frees_references: Cell<bool>,
    pub(super) live_references: Cell<usize>,
    /// Who is told of a panic that no caller gets.
    pub(super) on_panic: Cell<Option<OnPanic>>,
    /// Set by a test: the next callback of this kind panics.
    pub(super) panics_at: Cell<Option<&'static str>>,
    pub(super) states: States,
}

/// Reports an error of our own code, of which this is the message.
pub type OnPanic = for<'s> fn(Js<'s>, &str);

/// The states of one environment, in the order in which they were made. `state.rs` gives them their types.
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

    /// Names who reports a panic that no caller gets.
    pub fn report_panics(&self, tell: OnPanic) {
        self.on_panic.set(Some(tell));
    }

    /// For tests: the next `place` ("delivery" or "task") panics.
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

    /// Closes and drops all of them, the last one made first.
    pub(super) fn close(&self) {
        loop {
            // Not borrowed while one is closed, which may ask for another.
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
