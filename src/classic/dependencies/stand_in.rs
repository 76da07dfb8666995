//! [`StandIn`]: replaces a function of Node's by one of ours for a while.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::js::{Call, Held, Js, JsResult, Value};

/// A function of ours in the place of `owner[name]`.
pub struct StandIn {
    /// The object with the function.
    owner: Held,
    /// The name of the property.
    name: &'static str,
    /// Our function.
    ours: Held,
    /// The original function.
    theirs: Held,
    /// Whether our function does more than call the original. When it is off, code of the user's may still have our function,
    /// and call it or put it back.
    is_on: Rc<Cell<bool>>,
}

/// Keeps a stand-in, from its first use on.
pub type Place = RefCell<Option<Rc<StandIn>>>;

/// The body of our function: gets the call, and the original function, which it must call in the end.
pub type Body = for<'s> fn(&Call<'s>, &Held) -> JsResult<'s>;

impl StandIn {
    /// Puts our function in the place of `owner[name]`. The stand-in in `place` is used again if `owner[name]` is still the
    /// function that it replaced.
    pub fn place<'s>(place: &Place, owner: Value<'s>, name: &'static str, body: Body) -> JsResult<'s, ()> {
        let js = owner.js();
        let present = owner.get(name)?;
        // A copy, as `owner[name]` may be an accessor of the user's that requires something.
        let known = place.borrow().clone();
        if let Some(known) = known {
            let (ours, theirs) = (known.ours.get(js), known.theirs.get(js));
            let is_left = present.same(ours);
            known.is_on.set(is_left || present.same(theirs));
            if is_left {
                return Ok(());
            }
            if known.is_on.get() {
                return owner.set(name, ours);
            }
        }
        if !present.is_function() {
            return Ok(());
        }
        let (theirs, is_on) = (present.hold(), Rc::new(Cell::new(true)));
        let (real, noting) = (theirs.clone(), Rc::clone(&is_on));
        let ours = js.function(name, 0, move |call| {
            if noting.get() {
                body(call, &real)
            } else {
                real.get(call.js).call(call.this, &call.args)
            }
        })?;
        *place.borrow_mut() = Some(Rc::new(Self {
            owner: owner.hold(),
            name,
            ours: ours.hold(),
            theirs,
            is_on,
        }));
        owner.set(name, ours)
    }

    /// Puts the original function back, unless `owner[name]` is another function by now.
    pub fn step_back<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        self.is_on.set(false);
        let owner = self.owner.get(js);
        if owner.get(self.name)?.same(self.ours.get(js)) {
            owner.set(self.name, self.theirs.get(js))?;
        }
        Ok(())
    }
}
