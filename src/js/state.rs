//! What a part of the addon keeps per environment, by type.

use std::any::Any;
use std::rc::Rc;

use super::realm::Js;
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

impl<'s> Js<'s> {
    /// This environment's state of type `T`, made now if it is asked for the first time.
    ///
    /// # Errors
    /// What making it threw; and always once the environment is going.
    pub fn state<T: State>(self) -> JsResult<'s, Rc<T>> {
        if let Some(state) = self.made_state::<T>() {
            return Ok(state);
        }
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
