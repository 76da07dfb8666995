//! Which module's step is running, also after the step has awaited something.
//!
//! A runner may import through its own runtime. If the module it asks for waits for the runner's own module, both
//! would wait for ever; whoever closes such a circle gets the exports object as it is, as `require` does. The
//! circle is seen through an `AsyncLocalStorage`, which is on only while a step is under way: on Node 20 it
//! costs every promise of the process something.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::record::Record;
use super::registry::Registry;
use crate::js::{Held, Js, JsResult, State, Value};

/// One step under way. What the step leaves behind (a server, a timer) keeps its context for good, so the context
/// counts only until the step ends.
pub struct StepToken {
    record: Rc<Record>,
    registry: Weak<Registry>,
    is_active: Cell<bool>,
}

/// Tells steps apart.
pub struct StepContext {
    apply: Held,
    storage: Held,
    under_way: Cell<usize>,
    /// The runtimes whose modules are being evaluated, each within the one before.
    evaluating: RefCell<Vec<Weak<Registry>>>,
}

impl State for StepContext {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        // The storage costs nothing before the first step.
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
    /// A step of a module, for [`StepContext::call_of`]; [`StepContext::leave`] ends it.
    pub fn enter(&self, record: &Rc<Record>, registry: &Rc<Registry>) -> Rc<StepToken> {
        self.under_way.set(self.under_way.get() + 1);
        Rc::new(StepToken {
            record: Rc::clone(record),
            registry: Rc::downgrade(registry),
            is_active: Cell::new(true),
        })
    }

    /// What calls `function.call(this, ...args)` as that step: a function, its `this` and its arguments.
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
            // Nothing of the user's runs in it.
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

    /// Runs what evaluates a module of this runtime.
    pub fn evaluating<R>(&self, registry: &Rc<Registry>, evaluate: impl FnOnce() -> R) -> R {
        self.evaluating.borrow_mut().push(Rc::downgrade(registry));
        let _evaluating = Evaluating(&self.evaluating);
        evaluate()
    }

    /// The runtime one of whose modules is being evaluated, or in a step of its life.
    pub fn maker(&self, js: Js<'_>) -> Weak<Registry> {
        let evaluating = self.evaluating.borrow().last().cloned();
        evaluating
            .or_else(|| self.token(js).map(|token| Weak::clone(&token.registry)))
            .unwrap_or_default()
    }
}

/// Takes the last one away, however its evaluation ends.
struct Evaluating<'c>(&'c RefCell<Vec<Weak<Registry>>>);

impl Drop for Evaluating<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().pop();
    }
}
