//! A function of somebody else's object that is ours for a while.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::js::{Call, Held, Js, JsResult, Value};

/// Ours, in the place of theirs.
pub struct StandIn {
    owner: Held,
    name: &'static str,
    ours: Held,
    theirs: Held,
    /// Whether ours does more than to call theirs. Somebody may have it, and call it or put it back later.
    is_on: Rc<Cell<bool>>,
}

/// Where a stand-in is kept, from the first time on.
pub type Place = RefCell<Option<Rc<StandIn>>>;

/// What stands in: given the call, and the function that it must call in the end.
pub type Body = for<'s> fn(&Call<'s>, &Held) -> JsResult<'s>;

impl StandIn {
    /// Puts ours in the place of `owner[name]`; the one in `place` again if what it stood in for is back.
    pub fn place<'s>(place: &Place, owner: Value<'s>, name: &'static str, body: Body) -> JsResult<'s, ()> {
        let js = owner.js();
        let present = owner.get(name)?;
        // A copy: `owner[name]` may be an accessor, and require.
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

    /// Gives the place back, unless somebody else has it now.
    pub fn step_back<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        self.is_on.set(false);
        let owner = self.owner.get(js);
        if owner.get(self.name)?.same(self.ours.get(js)) {
            owner.set(self.name, self.theirs.get(js))?;
        }
        Ok(())
    }
}
