//! What an update says when something fails: once, and not for what may be half of a save.

use std::rc::Rc;

use super::registry::Record;
use super::steps::Module;
use crate::js::{Cx, Held, Js, Value, settled, spawn_detached};
use crate::report;
use crate::watchers::delivery::Origin;

/// How long what cannot be loaded may be half of a save, in milliseconds. A pause of 200 ms within one save is real.
const SETTLE: u32 = 250;

/// Reports the rejection of a promise that comes out of an update and that nobody may be waiting for.
pub fn report_rejection(js: Js<'_>, id: &str, what: &'static str, promise: Value<'_>) {
    if !promise.is_promise() {
        return;
    }
    let (cx, id, promise) = (Cx::new(js), id.to_owned(), promise.hold());
    spawn_detached(js, async move {
        if let Err(thrown) = settled(&cx, promise).await {
            cx.with(|js| report::error(js, &id, what, thrown.get(js)));
        }
    });
}

/// Reports a failure of a module at once.
pub fn report_failure(module: &Module, what: &str, thrown: &Held) {
    module
        .cx
        .with(|js| tell(js, &module.record, what, thrown.get(js)));
}

/// Reports what failed; of the same failure again, only how often.
fn tell(js: Js<'_>, record: &Record, what: &str, thrown: Value<'_>) {
    match record.count_trouble(&fingerprint(what, thrown)) {
        1 => report::error(js, &record.id, what, thrown),
        times => report::repeated_error(js, &record.id, what, thrown, times),
    }
}

/// Warns, in the module's name.
pub fn warn(module: &Module, text: &str) {
    module.cx.with(|js| report::warning(js, &module.record.id, text));
}

fn fingerprint(what: &str, thrown: Value<'_>) -> String {
    format!("{what}: {}", report::fingerprint(thrown))
}

/// A new version could not be loaded. What failed is said once, for whichever module comes first.
pub fn report_unloadable(module: &Module, thrown: Held, origin: Origin, is_reported: bool) {
    let (what, kept) = ("the new version cannot be loaded", "using the last good version");
    let say = move |js: Js<'_>, record: &Record| {
        let thrown = thrown.get(js);
        if is_reported {
            record.count_trouble(&fingerprint(what, thrown));
        } else {
            tell(js, record, what, thrown);
        }
        report::warning(js, &record.id, kept);
    };
    if origin == Origin::Told {
        module.cx.with(|js| say(js, &module.record));
        return;
    }
    // It may be half of a save: said only if nothing newer comes within the settle time.
    let record = Rc::clone(&module.record);
    let update = record.updates.get();
    let timer = module.cx.attempt(|js| {
        let timer = module.addon.timers.after(js, SETTLE, move |js| {
            if record.updates.get() == update && record.is_alive.get() && record.is_watched.get() {
                say(js, &record);
            }
        })?;
        Ok(timer.hold())
    });
    drop(timer);
}
