//! What a part of the addon keeps per environment, by type.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::rc::Rc;

use super::realm::{Js, Realm};
use super::value::JsResult;

/// What one part of the addon keeps in each environment: made when it is first asked for.
pub trait State: Sized + 'static {
    /// Makes it. May ask for other states, but not, directly or through others, for this one.
    ///
    /// # Errors
    /// What JavaScript threw meanwhile; the next one who asks tries again.
    fn make(js: Js<'_>) -> JsResult<'_, Self>;

    /// Runs when the environment goes, before its references die; states that were made later are closed first.
    fn close(&self) {}
}

/// The states of one environment, in the order in which they were made.
#[derive(Default)]
pub(super) struct States(RefCell<Vec<Entry>>);

struct Entry {
    kind: TypeId,
    state: Rc<dyn Any>,
    close: fn(&dyn Any),
}

impl States {
    fn get<T: 'static>(&self) -> Option<Rc<T>> {
        let entries = self.0.borrow();
        let found = entries.iter().find(|entry| entry.kind == TypeId::of::<T>())?;
        Rc::clone(&found.state).downcast().ok()
    }

    fn add<T: State>(&self, state: Rc<T>) {
        let close = |state: &dyn Any| {
            if let Some(state) = state.downcast_ref::<T>() {
                state.close();
            }
        };
        self.0.borrow_mut().push(Entry {
            kind: TypeId::of::<T>(),
            state,
            close,
        });
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
    /// This environment's state of type `T`, made now if it is asked for the first time.
    ///
    /// # Errors
    /// What making it threw; and always once the environment is going.
    pub fn state<T: State>(self) -> JsResult<'s, Rc<T>> {
        let realm: &Realm = self.realm();
        if let Some(state) = realm.states().get::<T>() {
            return Ok(state);
        }
        if !realm.alive.get() {
            return Err(self.error("Error", "node-hmr: this environment is shutting down"));
        }
        let made = Rc::new(T::make(self)?);
        realm.states().add(Rc::clone(&made));
        Ok(made)
    }

    /// This environment's state of type `T`, if it has been made.
    pub fn made_state<T: State>(self) -> Option<Rc<T>> {
        self.realm().states().get::<T>()
    }
}
