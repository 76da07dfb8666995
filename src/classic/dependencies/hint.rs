//! The hint: without the option and with logging on, a save of a file that a hot module requires plainly is mentioned,
//! once per file.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Dependencies, Host, Reaction};
use crate::classic::registry::Registry;
use crate::classic::watchers::fs_watcher;
use crate::js::{Call, JsResult, PlainState, Value};
use crate::report;

/// Files that change within this time after another one belong together (a branch switch), and one hint is enough.
const TOGETHER: Duration = Duration::from_millis(500);

/// When a plainly required file last changed.
#[derive(Default)]
struct LastChange(Cell<Option<Instant>>);

impl PlainState for LastChange {}

/// Starts to mention the changes of plain dependencies, if logging is on and the watcher is ours. A watcher of the user's
/// is never asked for a watch that only a hint needs.
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
    *registry.dependencies.borrow_mut() = Some(Rc::new(Dependencies::new(Reaction::Mention)));
    Ok(())
}

/// Writes the hint for a changed file: the runtime is a bound argument, and the event and the path follow.
fn mention<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let Some(host) = Host::of(call.arg(0))? else {
        return Ok(js.undefined());
    };
    let now = Instant::now();
    let before = js.state::<LastChange>()?.0.replace(Some(now));
    if before.is_some_and(|before| now.duration_since(before) < TOGETHER) {
        return Ok(js.undefined());
    }
    let path = call.arg(2).display();
    let user = {
        let graph = host.known.graph.borrow();
        let users = graph.find(&path).map(|node| graph.users_of(&[node]));
        users.and_then(|users| users.first().map(|user| graph.name(*user)))
    };
    // The entry without a watch stays, so that the file is not watched and mentioned again.
    host.unwatch(&path);
    host.known.watched.borrow_mut().insert(path.as_str().into(), None);
    if let Some(user) = user {
        report::dependency_hint(js, &path, user.trim_start_matches('\0'));
    }
    Ok(js.undefined())
}
