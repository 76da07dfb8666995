//! A new version tries a port and closes it again before it listens for good, as `get-port` does. Until the version has come
//! up the port then goes back to the old one, so that no connection is refused meanwhile.

use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use super::handover;
use super::owner::{Started, busy};
use super::ports::{Slot, listens};
use super::state::Resources;
use super::transition::{Claim, Transition};

/// Gives a server that took over a method `close` of our own, and returns it; `undefined` if the program has put its own there.
pub fn expect_close(server: Value<'_>) -> JsResult<'_> {
    let (js, name) = (server.js(), server.js().string("close"));
    if server.has_own_key(name)? {
        return Ok(js.undefined());
    }
    let method = js.function("close", 1, close)?;
    server.define_hidden(name, method)?;
    Ok(method)
}

impl Claim {
    /// Takes that method away again, unless another one stands in its place.
    pub fn expect_no_close<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        let (server, method) = (self.to.get(js), self.close.get(js));
        if method.is_function() && server.get("close")?.same(method) {
            server.delete_key(js.string("close"))?;
        }
        Ok(())
    }
}

/// `close` of a server that took over.
fn close<'s>(call: &Call<'s>) -> JsResult<'s> {
    let (js, server) = (call.js, call.this);
    let resources = js.state::<Resources>()?;
    server.delete_key(js.string("close"))?;
    let newest = resources.transitions.borrow().last().cloned();
    let is_given = match newest {
        Some(transition) => transition.gives_back(&resources, server)?,
        None => false,
    };
    if !is_given {
        return server.call_method("close", &call.args);
    }
    if call.arg(0).is_function() {
        server.call_method("once", &[js.string("close"), call.arg(0)])?;
    }
    server.call_method("_emitCloseIfDrained", &[])?;
    Ok(server)
}

impl Transition {
    /// Gives the address of a server of the new version back to the old server, if it has one. Returns whether it had.
    fn gives_back<'s>(self: &Rc<Self>, resources: &Resources, server: Value<'s>) -> JsResult<'s, bool> {
        let js = server.js();
        let place = {
            let claims = self.claims.borrow();
            claims.iter().position(|claim| claim.to.get(js).same(server))
        };
        let Some(place) = place.filter(|_| listens(server).unwrap_or(false)) else {
            return Ok(false);
        };
        let claim = self.claims.borrow_mut().remove(place);
        let (owner, from) = (claim.from_owner.get(js), claim.from.get(js));
        resources.run_outside(js, || {
            handover::give_back(resources, from, server, claim.is_same)?;
            Started::Servers.add(owner, from)?;
            Ok(())
        })?;
        if let Some((_, slot)) = Slot::of(resources, from)? {
            self.expected.borrow_mut().push(slot.address.clone());
        }
        self.has_listened.set(self.listens(js)?);
        Ok(true)
    }

    /// Whether a server of the new version listens.
    fn listens<'s>(&self, js: Js<'s>) -> JsResult<'s, bool> {
        let fresh = busy(js, &self.fresh.borrow());
        for owner in fresh {
            for server in Started::Servers.all(owner)? {
                if listens(server)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
