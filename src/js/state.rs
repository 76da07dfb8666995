//! State per environment: each part of the addon has one value of its own type in each environment.

use std::any::Any;
use std::rc::Rc;

use super::realm::Js;
use super::value::JsResult;

/// The state that one part of the addon keeps in each environment, made by the first call of [`Js::state`].
pub trait State: Sized + 'static {
    /// Makes the state. It may ask for other states, but not, directly or through others, for this one.
    ///
    /// # Errors
    /// What JavaScript threw meanwhile; the next call of [`Js::state`] tries again.
    fn make(js: Js<'_>) -> JsResult<'_, Self>;

    /// Runs when the environment shuts down, while its references can still be freed. States made later close first.
    fn close(&self) {}
}

/// A state that begins as its default and needs no end.
pub trait PlainState: Default + 'static {}

impl<T: PlainState> State for T {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}

impl<'s> Js<'s> {
    /// This environment's state of type `T`; the first call makes it.
    ///
    /// # Errors
    /// What [`State::make`] threw; and always once the environment is shutting down.
    pub fn state<T: State>(self) -> JsResult<'s, Rc<T>> {
        match self.made_state::<T>() {
            Some(state) => Ok(state),
            None => self.make_state(),
        }
    }

    #[cold]
    fn make_state<T: State>(self) -> JsResult<'s, Rc<T>> {
        let realm = self.realm();
        if !realm.alive.get() {
            return Err(self.error("Error", "node-hmr: this environment is shutting down"));
        }
        let made = Rc::new(T::make(self)?);
        let close = |state: &dyn Any| {
            if let Some(state) = state.downcast_ref::<T>() {
                state.close();
            }
        };
        realm.states.add(Rc::clone(&made), close);
        Ok(made)
    }

    /// This environment's state of type `T`, if it has been made.
    pub fn made_state<T: State>(self) -> Option<Rc<T>> {
        self.realm().states.get::<T>()
    }
}
