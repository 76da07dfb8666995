//! Names resources that stay open after their version is gone, although the program does not keep them: once per reload, with
//! the module that made each.
//!
//! Whatever a version starts by functions that we replace is released. The rest (client sockets, timers of packages) is noted
//! through `async_hooks`, only while versions are evaluated, since that costs too much for requests. The same hook shows whether a
//! version has left anything by which it may still fail.

use std::collections::BTreeMap;

use crate::js::{Call, Held, Js, JsResult, Value, spawn};
use crate::report;

use super::owner::{OwnerObject, Started};
use super::reach::Reach;
use super::requests::own_symbol;
use super::state::Resources;

/// Node's types of the resources that are named, each with the user's word.
const KINDS: [(&str, &str); 7] = [
    ("TCPWRAP", "socket"),
    ("PIPEWRAP", "pipe"),
    ("UDPWRAP", "UDP socket"),
    ("FSEVENTWRAP", "watcher of files"),
    ("STATWATCHER", "watcher of files"),
    ("MESSAGEPORT", "message port"),
    ("Timeout", "timer"),
];
/// Time for which the first evaluation is followed, in milliseconds, from its beginning or from the first turn after it.
const FIRST: u32 = 3000;

/// Begins to note new resources, from the first start on.
pub fn install<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s, ()> {
    let hook = resources.hook_of(js, js.function("init", 4, init)?)?;
    *resources.hook.borrow_mut() = hook.hold();
    note(resources, js, true)?;
    // One of each, which show what this runtime tells of. The storage has to be on, since it may be what tells.
    resources.run_outside(js, || {
        resources.clock.next_turn(js, |_| ())?;
        spawn(js, async { Ok(Held::undefined()) })
    })?;
    resources.clock.after(js, FIRST, |js| {
        if let Ok(resources) = js.state::<Resources>()
            && resources.transitions.borrow().is_empty()
        {
            let _ = note(&resources, js, false);
        }
    })?;
    Ok(())
}

/// Begins (`yes`) or ends the noting of new resources.
pub fn note<'s>(resources: &Resources, js: Js<'s>, yes: bool) -> JsResult<'s, ()> {
    let hook = resources.hook.borrow().get(js);
    if hook.is_object() {
        hook.call_method(if yes { "enable" } else { "disable" }, &[])?;
    }
    Ok(())
}

/// `init(asyncId, type, triggerAsyncId, resource)` of the hook. An error in it would end the process.
#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn init<'s>(call: &Call<'s>) -> JsResult<'s> {
    let _ = noted(call);
    Ok(call.js.undefined())
}

impl Resources {
    /// Notes that something was left for later: a promise, a callback. If a version that is about to run has left it, that
    /// version may still fail by it.
    fn note_left<'s>(&self, js: Js<'s>, is_promise: bool) -> JsResult<'s, ()> {
        let tells = if is_promise {
            &self.tells_promises
        } else {
            &self.tells_others
        };
        tells.set(true);
        let newest = self.transitions.borrow().last().cloned();
        let Some(transition) = newest.filter(|it| !it.has_left.get() && it.may_fail()) else {
            return Ok(());
        };
        if self
            .current(js)?
            .is_some_and(|(_, owner)| owner.transition == transition.id)
        {
            transition.has_left.set(true);
        }
        Ok(())
    }
}

fn noted<'s>(call: &Call<'s>) -> JsResult<'s, ()> {
    let mut room = [0; 256];
    let kind = call.arg(1).text_in(&mut room);
    let resources = call.js.state::<Resources>()?;
    resources.note_left(call.js, kind.as_deref() == Some("PROMISE"))?;
    let Some(place) = KINDS.iter().position(|(name, _)| kind.as_deref() == Some(*name)) else {
        return Ok(());
    };
    if resources.is_starting.get() {
        return Ok(());
    }
    let Some((owner, _)) = resources.current(call.js)? else {
        return Ok(());
    };
    #[expect(clippy::cast_precision_loss, reason = "there are seven kinds")]
    let kind = call.js.number(place as f64);
    let weak = call.js.global()?.get("WeakRef")?;
    let made = call.js.array(&[kind, weak.construct(&[call.arg(3)])?]);
    Started::Noted.add(owner, made)?;
    Ok(())
}

/// Notes a child process or worker that a package has started.
pub fn note_other<'s>(js: Js<'s>, owner: Value<'s>, what: &str, target: Value<'s>) -> JsResult<'s, ()> {
    let weak = js.global()?.get("WeakRef")?;
    let made = js.array(&[js.string(what), weak.construct(&[target])?]);
    Started::Noted.add(owner, made)?;
    Ok(())
}

/// Names the resources that these versions have left open, once these have had time to end.
pub fn tell_soon<'s>(resources: &Resources, js: Js<'s>, owners: &[OwnerObject]) -> JsResult<'s, ()> {
    /// Time that a resource which was told to end may take, in milliseconds.
    const SOON: u32 = 100;
    let mut all = Vec::new();
    for owner in owners.iter().filter(|owner| owner.facts.has_started.get()) {
        for made in Started::Noted.take(owner.object.get(js))? {
            all.push(js.array(&[made.item(0)?, made.item(1)?, js.string(&owner.facts.module)]));
        }
    }
    if all.is_empty() || !report::is_logging(js) {
        return Ok(());
    }
    let all = js.array(&all).hold();
    resources.clock.after(js, SOON, move |js| {
        if let Err(thrown) = tell(js, all.get(js)) {
            tracing::debug!("what is left open: {}", thrown.0.display());
        }
    })?;
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "the place of a kind is a small whole number"
)]
fn tell<'s>(js: Js<'s>, all: Value<'s>) -> JsResult<'s, ()> {
    let resources = js.state::<Resources>()?;
    let process = js.global()?.get("process")?;
    let active = process.call_method("_getActiveHandles", &[])?;
    let active = js.global()?.get("Set")?.construct(&[active])?;
    let mut open = Vec::new();
    for made in all.items()? {
        let resource = made.item(1)?.call_method("deref", &[])?;
        if !resource.is_object() {
            continue;
        }
        let (what, target) = match made.item(0)?.as_number() {
            Some(place) => {
                let kind = KINDS.iter().enumerate().find(|(at, _)| *at as f64 == place);
                let Some((_, (name, what))) = kind else { continue };
                let target = target(name, resource, active)?;
                let Some(target) = target.filter(|it| !is_stream_of_process(&resources, *it)) else {
                    continue;
                };
                ((*what).to_owned(), target)
            }
            None if is_alive(resource)? => (made.item(0)?.display(), resource),
            None => continue,
        };
        open.push((made.item(2)?.display(), what, target));
    }
    if open.is_empty() {
        return Ok(());
    }
    let reach = Reach::new(&resources, js)?;
    let mut named: BTreeMap<(String, String), u32> = BTreeMap::new();
    for (module, what, target) in open {
        if !reach.holds(&module, target)? {
            *named.entry((module, described(&what, target)?)).or_default() += 1;
        }
    }
    if !named.is_empty() {
        say(js, &named);
    }
    Ok(())
}

/// The object that has a resource, if the resource is open and keeps the process alive, or fires again and again.
fn target<'s>(name: &str, resource: Value<'s>, active: Value<'s>) -> JsResult<'s, Option<Value<'s>>> {
    if name == "Timeout" {
        let is_over = resource.get("_destroyed")?.truthy();
        let repeats = !resource.get("_repeat")?.is_nullish();
        let is_open = !is_over && (repeats || resource.call_method("hasRef", &[])?.truthy());
        return Ok(is_open.then_some(resource));
    }
    let owner = match own_symbol(resource, "owner_symbol")? {
        Some(symbol) => resource.get_key(symbol)?,
        None => resource,
    };
    for candidate in [owner, resource] {
        if candidate.is_object() && active.call_method("has", &[candidate])?.truthy() {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// Whether the object is a stream of the process, which the first `console.log` opens.
fn is_stream_of_process(resources: &Resources, target: Value<'_>) -> bool {
    let emitters = resources.emitters.borrow();
    emitters.iter().any(|it| it.get(target.js()).same(target))
}

/// Whether a child process or worker still runs.
fn is_alive(target: Value<'_>) -> JsResult<'_, bool> {
    if let Some(thread) = target.get("threadId")?.as_number() {
        return Ok(thread >= 0.0);
    }
    let has = |name: &str| -> JsResult<'_, bool> { Ok(!target.get(name)?.is_nullish()) };
    Ok(!has("exitCode")? && !has("signalCode")? && !target.get("killed")?.truthy())
}

fn described<'s>(what: &str, target: Value<'s>) -> JsResult<'s, String> {
    if what == "timer" && !target.get("_repeat")?.is_nullish() {
        return Ok(String::from("interval"));
    }
    let (host, port) = (
        target.get("remoteAddress")?.text(),
        target.get("remotePort")?.as_number(),
    );
    Ok(match (host, port) {
        (Some(host), Some(port)) => format!("{what} to {host}:{port}"),
        _ => what.to_owned(),
    })
}

fn say(js: Js<'_>, named: &BTreeMap<(String, String), u32>) {
    let parts = named.iter().map(|((module, what), count)| {
        let module = report::relative(module);
        match count {
            1 => format!("{} {what} ({module})", article(what)),
            more => format!("{more} {} ({module})", plural(what)),
        }
    });
    let parts: Vec<String> = parts.collect();
    report::remark(
        js,
        &format!(
            "left open by what was replaced: {}; end it in `import.meta.hot.dispose`, or keep it in `import.meta.hot.data`",
            parts.join(", ")
        ),
    );
}

fn plural(what: &str) -> String {
    let head = what
        .find(" to ")
        .or_else(|| what.find(" of "))
        .unwrap_or(what.len());
    let (head, rest) = what.split_at(head);
    let ending = if head.ends_with('s') { "es" } else { "s" };
    format!("{head}{ending}{rest}")
}

fn article(what: &str) -> &'static str {
    if what.starts_with('i') { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn the_first_noun_is_in_the_plural() {
        assert_eq!(plural("socket to 127.0.0.1:80"), "sockets to 127.0.0.1:80");
        assert_eq!(plural("watcher of files"), "watchers of files");
        assert_eq!(plural("child process"), "child processes");
    }
}
