//! Notes which server listens on behalf of which version.
//!
//! Node resolves every form of `server.listen(…)` to one call of `_listen2` with an address, so that is where a
//! server is recorded, and where a new version's server takes over from an old one.

use std::cell::Cell;
use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use super::owner::{Owner, Phase, Started, busy};
use super::state::Resources;
use super::transition::{Claim, Transition};
use super::{giving_back, handover, requests};

/// One listening address. All versions share it: its object is on every server that has listened there. The object's
/// `current` is the server that listens there now.
pub struct Slot {
    /// The address as the program asked for it.
    pub address: String,
    /// Number that grows with each `listen`, so that the n-th of equal addresses is found again.
    pub order: Cell<u64>,
}

impl Slot {
    /// The slot, with its object, of a server that listens or has listened on behalf of a version.
    pub fn of<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, Option<(Value<'s>, Rc<Self>)>> {
        let object = server.get_key(resources.keys.slot.get(server.js()))?;
        Ok(object.native::<Self>().map(|slot| (object, slot)))
    }
}

/// Replaces `_listen2`, which every form of `listen` calls.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let prototype = js.builtin("net")?.get("Server")?.get("prototype")?;
    resources.wrap(prototype, "_listen2", listen)?;
    let cluster = js.builtin("cluster")?;
    if cluster.get("isWorker")?.truthy() {
        resources.wrap(cluster, "_getServer", ask_primary)?;
    }
    Ok(())
}

/// Whether the server listens.
pub fn listens(server: Value<'_>) -> JsResult<'_, bool> {
    Ok(!server.get("_handle")?.is_nullish())
}

/// `_listen2(address, port, addressType, backlog, fd, flags)`.
fn listen<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, server) = (call.js, call.this);
    let resources = js.state::<Resources>()?;
    handover::listens_again(&resources, server)?;
    let Some((owner, facts)) = resources.current(js)? else {
        return original.call(server, &call.args);
    };
    let address = address(call.arg(0), call.arg(1), call.arg(2), call.arg(4));
    if facts.is_over() || is_superseded(&resources, &facts, js, &address)? {
        return Ok(js.undefined());
    }
    let transition = resources.transition(facts.transition);
    let place = Place::asked(&address, call.arg(0), call.arg(1));
    let old = match &transition {
        Some(transition) => predecessor(&resources, js, transition, &place)?,
        None => None,
    };
    if let (Some(old), Some(transition)) = (old, &transition) {
        let requests = requests::under_way(&resources, old.server)?;
        if old.is_same {
            handover::take_over(&resources, old.server, server, || {
                original.call(server, &call.args)
            })?;
        } else {
            handover::displace(&resources, old.server, server, || {
                listen_anew(&resources, call, original, &address)
            })?;
        }
        Started::Servers.remove(old.owner, old.server)?;
        let claim = Claim {
            from_owner: old.owner.hold(),
            from: old.server.hold(),
            to: server.hold(),
            close: giving_back::expect_close(server)?.hold(),
            is_same: old.is_same,
        };
        transition.add_claim(claim, requests);
        transition.no_longer_expects(&old.address);
    } else {
        listen_anew(&resources, call, original, &address)?;
    }
    if !listens(server)? {
        return Ok(js.undefined());
    }
    for other in Started::Servers.all(owner)? {
        if !listens(other)? {
            Started::Servers.remove(owner, other)?;
        }
    }
    Started::Servers.add(owner, server)?;
    if let Some((_, slot)) = Slot::of(&resources, server)? {
        slot.order.set(resources.next_number());
    }
    resources.start_listens();
    if let Some(transition) = transition {
        transition.listens_on(js, server, &address)?;
    }
    Ok(js.undefined())
}

/// The address as the program asked for it, as one text.
fn address(address: Value<'_>, port: Value<'_>, kind: Value<'_>, fd: Value<'_>) -> String {
    if fd.as_number().is_some_and(|fd| fd >= 0.0) {
        return format!("fd {}", fd.display());
    }
    let host = if address.is_nullish() {
        String::from("*")
    } else {
        address.display()
    };
    format!("{} {host} {}", kind.display(), port.display())
}

/// Listens on an address that no old version has.
fn listen_anew<'s>(
    resources: &Resources,
    call: &Call<'s>,
    original: Value<'s>,
    address: &str,
) -> JsResult<'s, ()> {
    let (js, server) = (call.js, call.this);
    let mut args = call.args.clone();
    args.resize(6, js.undefined());
    if !listens(server)? {
        // Connections inherit the context in which the handle is made, and they belong to nobody.
        resources.run_outside(js, || bind(server, &mut args))?;
    }
    original.call(server, &args)?;
    if !listens(server)? {
        return Ok(());
    }
    let bound = server.call_method("address", &[])?;
    if let (Some(port), true) = (args.get_mut(1), bound.is_object()) {
        // A server that listens again gets the port that the system chose the first time.
        *port = bound.get("port")?;
    }
    let slot = js.native_object(Rc::new(Slot {
        address: address.to_owned(),
        order: Cell::new(0),
    }))?;
    slot.set("current", server)?;
    slot.set("args", js.array(&args))?;
    server.define_hidden(resources.keys.slot.get(js), slot)?;
    handover::follow_sessions(resources, server)
}

/// Makes the listening handle as Node would. If that fails, Node tries itself and reports why.
fn bind<'s>(server: Value<'s>, args: &mut [Value<'s>]) -> JsResult<'s, ()> {
    let js = server.js();
    let [address, port, kind, _backlog, fd, flags] = args else {
        return Ok(());
    };
    let net = js.builtin("net")?;
    let create = |address: Value<'s>, kind: Value<'s>| {
        net.call_method("_createServerHandle", &[address, *port, kind, *fd, *flags])
    };
    let has_fd = fd.as_number().is_some();
    let is_any = !address.truthy() && !has_fd;
    let tries = if is_any {
        vec![
            (js.string("::"), js.number(6.0)),
            (js.string("0.0.0.0"), js.number(4.0)),
        ]
    } else {
        vec![(*address, *kind)]
    };
    for (tried, family) in tries {
        let handle = create(tried, family)?;
        if handle.is_object() {
            server.set("_handle", handle)?;
            (*address, *kind) = (tried, family);
            break;
        }
    }
    Ok(())
}

/// The address on which a new version wants to listen.
struct Place<'a> {
    address: &'a str,
    host: String,
    /// The port; 0 for any port, and for an address without one.
    port: f64,
}

impl<'a> Place<'a> {
    fn asked(address: &'a str, host: Value<'_>, port: Value<'_>) -> Self {
        Self {
            address,
            host: if host.is_nullish() {
                String::from("::")
            } else {
                host.display()
            },
            port: port.as_number().unwrap_or(0.0).max(0.0),
        }
    }

    /// Whether a server is in the way: `Some(true)` if it listens on the same address, `Some(false)` if it listens on the
    /// same port in a way that excludes this address.
    fn meets<'s>(&self, server: Value<'s>, slot: &Slot) -> JsResult<'s, Option<bool>> {
        if slot.address == self.address {
            return Ok(Some(true));
        }
        if self.port == 0.0 {
            return Ok(None);
        }
        let bound = server.call_method("address", &[])?;
        if !bound.is_object() || bound.get("port")?.as_number() != Some(self.port) {
            return Ok(None);
        }
        let host = bound.get("address")?.display();
        let is_any = |host: &str| matches!(host, "::" | "0.0.0.0");
        if host == self.host {
            return Ok(Some(true));
        }
        Ok((is_any(&host) || is_any(&self.host)).then_some(false))
    }
}

/// A server of an old version whose address a new version asks for.
struct Old<'s> {
    owner: Value<'s>,
    server: Value<'s>,
    address: String,
    /// Whether the new version can use the server's handle. Otherwise the handle is in the way and has to be closed.
    is_same: bool,
}

/// The server of an old version that listens on the address or is in its way. If there are several, the one that listened
/// first.
fn predecessor<'s>(
    resources: &Resources,
    js: Js<'s>,
    transition: &Transition,
    place: &Place<'_>,
) -> JsResult<'s, Option<Old<'s>>> {
    let mut first: Option<((bool, u64), Old<'s>)> = None;
    for owner in resources.old_owners(js, transition) {
        for server in Started::Servers.all(owner)? {
            let Some((_, slot)) = Slot::of(resources, server)? else {
                continue;
            };
            if !listens(server)? {
                continue;
            }
            let Some(is_same) = place.meets(server, &slot)? else {
                continue;
            };
            let rank = (!is_same, slot.order.get());
            if first.as_ref().is_none_or(|(best, _)| rank < *best) {
                let address = slot.address.clone();
                first = Some((
                    rank,
                    Old {
                        owner,
                        server,
                        address,
                        is_same,
                    },
                ));
            }
        }
    }
    Ok(first.map(|(_, old)| old))
}

/// Whether a newer version listens on the address already. An old version that asks too late does not get it.
fn is_superseded<'s>(resources: &Resources, facts: &Owner, js: Js<'s>, address: &str) -> JsResult<'s, bool> {
    if facts.phase.get() != Phase::Replaced {
        return Ok(false);
    }
    let transitions = resources.transitions.borrow().clone();
    for transition in transitions.iter().filter(|it| it.id > facts.transition) {
        let fresh = busy(js, &transition.fresh.borrow());
        for owner in fresh {
            for server in Started::Servers.all(owner)? {
                let slot = Slot::of(resources, server)?;
                if slot.is_some_and(|(_, slot)| slot.address == address) && listens(server)? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// `cluster._getServer(server, options, callback)` in a worker. The primary would count a second request for the same address
/// as one for another address.
fn ask_primary<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, options) = (call.js, call.arg(1));
    let resources = js.state::<Resources>()?;
    let Some((owner, facts)) = resources.current(js)? else {
        return original.call(call.this, &call.args);
    };
    if let Some(transition) = resources.transition(facts.transition) {
        let asked = |name: &str| options.get(name);
        let address = address(
            asked("address")?,
            asked("port")?,
            asked("addressType")?,
            asked("fd")?,
        );
        let place = Place::asked(&address, asked("address")?, js.number(0.0));
        if let Some(old) = predecessor(&resources, js, &transition, &place)? {
            let answer = [js.number(0.0), old.server.get("_handle")?];
            return call.arg(2).call(js.undefined(), &answer);
        }
    }
    // The primary answers outside of the version's context, which is restored here.
    let answered = js.function("", 2, |call| {
        let (owner, callback) = (call.arg(0), call.arg(1));
        let rest = call.args.get(2..).unwrap_or_default();
        let resources = call.js.state::<Resources>()?;
        resources.run_as(call.js, owner, || callback.call(call.this, rest))
    })?;
    let answered = answered.bind(js.undefined(), &[owner, call.arg(2)])?;
    original.call(call.this, &[call.arg(0), options, answered])
}
