//! Ends what versions started: old ones that were replaced, new ones that failed. `ending.rs` says when.

use crate::js::{Js, JsResult, Value};

use super::held::{Kept, held};
use super::owner::{OwnerObject, Phase, Started, busy};
use super::ports::listens;
use super::state::Resources;
use super::{closing, listeners, started, timers};

/// Ends everything that these versions started, except what the program keeps. A thing that cannot be ended does not stop the
/// others.
pub fn release(resources: &Resources, js: Js<'_>, owners: &[OwnerObject], phase: Phase) {
    let kept = held(resources, js);
    for owner in owners {
        // Set first, since ending a thing may call the version's code once more.
        owner.facts.phase.set(phase);
        if owner.facts.has_started.get() {
            tracing::debug!("release what {} started", owner.facts.name());
            report(release_one(owner.object.get(js), &kept));
        }
    }
    report(listeners::release(resources, js, &busy(js, owners), &kept));
}

fn release_one<'s>(owner: Value<'s>, kept: &Kept<'_, 's>) -> JsResult<'s, ()> {
    // What cannot be found out is left alone.
    let is_kept = |target: Value<'s>| kept.has(target).unwrap_or(true);
    for timer in Started::Timers.take(owner)? {
        if !is_kept(timer) {
            report(timers::end(timer));
        }
    }
    for thing in Started::Things.take(owner)? {
        if !is_kept(thing.get("target")?) {
            report(started::end(thing));
        }
    }
    for server in Started::Servers.take(owner)? {
        if listens(server)? && !is_kept(server) {
            report(closing::close(server));
        }
    }
    Ok(())
}

fn report(result: JsResult<'_, ()>) {
    if let Err(thrown) = result {
        tracing::debug!("something could not be released: {}", thrown.0.display());
    }
}
