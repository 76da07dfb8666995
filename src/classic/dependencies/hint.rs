//! Without the option and with logging on: the edit of a file that a hot module uses plainly is mentioned, once.

use std::rc::Rc;

use super::{Dependencies, Host, Mode};
use crate::classic::registry::Registry;
use crate::classic::watchers::fs_watcher;
use crate::js::{Call, JsResult, Value};
use crate::report;

/// Only a watcher of ours is used for this: another one would be asked for what it was never asked before.
pub fn start_if_asked<'s>(runtime: Value<'s>, registry: &Registry) -> JsResult<'s, ()> {
    let js = runtime.js();
    if registry.dependencies.borrow().is_some() || !report::is_logging(js) {
        return Ok(());
    }
    let object = registry.object(js);
    let watcher = object.get("watcher")?;
    if !fs_watcher::is_ours(watcher)? {
        return Ok(());
    }
    let hints = js.object();
    hints.set("options", watcher.get("options")?)?;
    hints.set("emit", js.function("emit", 2, mention)?.bind(hints, &[runtime])?)?;
    object.set("dependencyHints", hints)?;
    object.set("dependencyWatches", js.map()?)?;
    *registry.dependencies.borrow_mut() = Some(Rc::new(Dependencies::new(Mode::Mention)));
    Ok(())
}

/// A file that is used plainly changed: the runtime is bound before the event and the path.
fn mention<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let Some(host) = Host::of(call.arg(0))? else {
        return Ok(js.undefined());
    };
    let path = call.arg(2).display();
    let user = {
        let graph = host.known.graph.borrow();
        let users = graph.find(&path).map(|node| graph.users_of(&[node]));
        users.and_then(|users| users.first().map(|user| graph.name(*user)))
    };
    // Unwatched, not forgotten: it is mentioned once.
    host.unwatch(&path);
    host.known.watched.borrow_mut().insert(path.as_str().into(), None);
    if let Some(user) = user {
        report::dependency_hint(js, &path, user.trim_start_matches('\0'));
    }
    Ok(js.undefined())
}
