//! Knows which module's step is running, also after the step has awaited something.
//!
//! A runner may import through its own runtime. If the imported module waits for the runner's own module, both would
//! wait for ever. So the import that closes such a circle returns the exports object as it is, as `require` does. We see
//! the circle through an `AsyncLocalStorage`. It is on only while a step is under way, since on Node 20 it makes every
//! promise of the process slower.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::record::Record;
use super::registry::Registry;
use crate::js::{Held, Js, JsResult, State, Value};

/// One step under way: the value in the `AsyncLocalStorage`. A server or timer that the step makes keeps this value for
/// good, so it counts only until the step ends.
pub struct StepToken {
    /// The module whose step it is.
    record: Rc<Record>,
    /// The records of the module's runtime.
    registry: Weak<Registry>,
    /// Whether the step is still under way.
    is_active: Cell<bool>,
}

/// The steps under way in one environment.
pub struct StepContext {
    /// `Reflect.apply`.
    apply: Held,
    /// The `AsyncLocalStorage` that holds the token of the running step.
    storage: Held,
    /// How many steps are under way.
    under_way: Cell<usize>,
    /// The runtimes whose modules are being evaluated, the innermost last.
    evaluating: RefCell<Vec<Weak<Registry>>>,
}

impl State for StepContext {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        // Until the first step, the storage costs nothing.
        let apply = js.global()?.get("Reflect")?.get("apply")?.hold();
        let storage = js.builtin("async_hooks")?.get("AsyncLocalStorage")?;
        Ok(Self {
            apply,
            storage: storage.construct(&[])?.hold(),
            under_way: Cell::new(0),
            evaluating: RefCell::default(),
        })
    }
}

impl StepContext {
    /// Begins a step of a module, for [`StepContext::call_of`]; [`StepContext::leave`] ends it.
    pub fn enter(&self, record: &Rc<Record>, registry: &Rc<Registry>) -> Rc<StepToken> {
        self.under_way.set(self.under_way.get() + 1);
        Rc::new(StepToken {
            record: Rc::clone(record),
            registry: Rc::downgrade(registry),
            is_active: Cell::new(true),
        })
    }

    /// Wraps the call `function.call(this, ...args)` so that it runs as that step. Returns the function to call instead, its
    /// `this` and its arguments.
    pub fn call_of<'s>(
        &self,
        token: &Rc<StepToken>,
        function: Value<'s>,
        this: Value<'s>,
        args: &[Value<'s>],
    ) -> JsResult<'s, (Value<'s>, Value<'s>, Vec<Value<'s>>)> {
        let js = function.js();
        let store = js.native_object(Rc::clone(token))?;
        let storage = self.storage.get(js);
        let args = vec![store, self.apply.get(js), function, this, js.array(args)];
        Ok((storage.get("run")?, storage, args))
    }

    /// Ends a step.
    pub fn leave(&self, js: Js<'_>, token: &StepToken) {
        token.is_active.set(false);
        self.under_way.set(self.under_way.get().saturating_sub(1));
        if self.under_way.get() == 0 {
            // `disable` runs no code of the user's, so nothing is thrown.
            let _ = self.storage.get(js).call_method("disable", &[]);
        }
    }

    /// The module whose step is running.
    pub fn current(&self, js: Js<'_>) -> Option<Rc<Record>> {
        self.token(js).map(|token| Rc::clone(&token.record))
    }

    fn token(&self, js: Js<'_>) -> Option<Rc<StepToken>> {
        if self.under_way.get() == 0 {
            return None;
        }
        let token: Rc<StepToken> = self.storage.get(js).call_method("getStore", &[]).ok()?.native()?;
        token.is_active.get().then_some(token)
    }

    /// Runs `evaluate`, which evaluates a module of this runtime.
    pub fn evaluating<R>(&self, registry: &Rc<Registry>, evaluate: impl FnOnce() -> R) -> R {
        self.evaluating.borrow_mut().push(Rc::downgrade(registry));
        let _evaluating = Evaluating(&self.evaluating);
        evaluate()
    }

    /// The records of the runtime whose module is being evaluated or is in a step now.
    pub fn maker(&self, js: Js<'_>) -> Weak<Registry> {
        let evaluating = self.evaluating.borrow().last().cloned();
        evaluating
            .or_else(|| self.token(js).map(|token| Weak::clone(&token.registry)))
            .unwrap_or_default()
    }
}

/// Removes the last entry on drop, also when the evaluation panics.
struct Evaluating<'c>(&'c RefCell<Vec<Weak<Registry>>>);

impl Drop for Evaluating<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().pop();
    }
}
