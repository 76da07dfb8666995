//! Which server listens on behalf of which version.
//!
//! Node resolves every form of `server.listen(…)` to one call of `_listen2` with an address, so that is where a
//! server is recorded, and where a new version's server takes over from an old one.

use std::cell::Cell;
use std::rc::Rc;

use crate::js::{Call, Js, JsResult, Value};

use super::owner::{Owner, Phase, Started};
use super::resources::Resources;
use super::transition::{Claim, Transition};
use super::{handover, requests};

/// One listening address. All versions share it: its object is on every server that has listened there, and names
/// the server that does so now as `current`.
pub struct Slot {
    /// The address as the program asked for it.
    pub address: String,
    /// When it was listened on last, so that the n-th of equal addresses is found again.
    pub order: Cell<u64>,
}

impl Slot {
    /// The slot of a server that listens, or has listened, on behalf of a version, and its object.
    pub fn of<'s>(resources: &Resources, server: Value<'s>) -> JsResult<'s, Option<(Value<'s>, Rc<Self>)>> {
        let object = server.get_key(resources.keys.slot.get(server.js()))?;
        Ok(object.native::<Self>().map(|slot| (object, slot)))
    }
}

/// Replaces what every `listen` ends in.
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
pub fn listens<'s>(server: Value<'s>) -> JsResult<'s, bool> {
    Ok(!server.get("_handle")?.is_nullish())
}

/// `_listen2(address, port, addressType, backlog, fd, flags)`.
fn listen<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, server) = (call.js, call.this);
    let resources = js.state::<Resources>()?;
    let Some((owner, facts)) = resources.current(js)? else {
        return original.call(server, &call.args);
    };
    let address = address(call.arg(0), call.arg(1), call.arg(2), call.arg(4));
    if facts.is_over() || is_superseded(&resources, &facts, js, &address)? {
        return Ok(js.undefined());
    }
    let transition = resources.transition(facts.transition);
    let old = match &transition {
        Some(transition) => predecessor(&resources, js, transition, &address)?,
        None => None,
    };
    if let Some((old_owner, old)) = old {
        let requests = requests::under_way(&resources, old)?;
        handover::take_over(&resources, old, server, || original.call(server, &call.args))?;
        if !listens(server)? {
            return Ok(js.undefined());
        }
        Started::Servers.remove(old_owner, old)?;
        if let Some(transition) = &transition {
            transition.add_claim(
                Claim {
                    from_owner: old_owner.hold(),
                    from: old.hold(),
                    to: server.hold(),
                },
                requests,
            );
        }
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
    if let Some(transition) = transition {
        transition.listens_on(js, &address)?;
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
        // Whatever comes from connections inherits the context in which the handle is made: nobody's.
        resources.run_outside(js, || bind(server, &mut args))?;
    }
    original.call(server, &args)?;
    if !listens(server)? {
        return Ok(());
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

/// Makes the listening handle as Node would. Where that fails, Node tries itself, and says why.
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

/// The server that an old version left listening on the address: of several, the one that listened first.
fn predecessor<'s>(
    resources: &Resources,
    js: Js<'s>,
    transition: &Transition,
    address: &str,
) -> JsResult<'s, Option<(Value<'s>, Value<'s>)>> {
    let mut first: Option<(u64, Value<'s>, Value<'s>)> = None;
    for owner in transition.old_owners(resources, js) {
        for server in Started::Servers.all(owner)? {
            let Some((_, slot)) = Slot::of(resources, server)? else {
                continue;
            };
            let is_earlier = first.as_ref().is_none_or(|(order, ..)| slot.order.get() < *order);
            if slot.address == address && is_earlier && listens(server)? {
                first = Some((slot.order.get(), owner, server));
            }
        }
    }
    Ok(first.map(|(_, owner, server)| (owner, server)))
}

/// Whether a newer version listens there already: what an old one asks for too late, it does not get.
fn is_superseded<'s>(resources: &Resources, facts: &Owner, js: Js<'s>, address: &str) -> JsResult<'s, bool> {
    if facts.phase.get() != Phase::Replaced {
        return Ok(false);
    }
    let transitions = resources.transitions.borrow().clone();
    for transition in transitions.iter().filter(|it| it.id > facts.transition) {
        let fresh: Vec<_> = transition.fresh.borrow().iter().map(|it| it.get(js)).collect();
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

/// `cluster._getServer(server, options, callback)` in a worker: the primary, asked again for an address that it gave
/// to this worker, would take it for another one.
fn ask_primary<'s>(call: &Call<'s>, original: Value<'s>) -> JsResult<'s> {
    let (js, options) = (call.js, call.arg(1));
    let resources = js.state::<Resources>()?;
    let transition = match resources.current(js)? {
        Some((_, facts)) => resources.transition(facts.transition),
        None => None,
    };
    if let Some(transition) = transition {
        let asked = |name: &str| options.get(name);
        let address = address(
            asked("address")?,
            asked("port")?,
            asked("addressType")?,
            asked("fd")?,
        );
        if let Some((_, old)) = predecessor(&resources, js, &transition, &address)? {
            let answer = [js.number(0.0), old.get("_handle")?];
            return call.arg(2).call(js.undefined(), &answer);
        }
    }
    original.call(call.this, &call.args)
}
