//! What went wrong in an update, and when it is said.

use std::fs;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::handed_out;
use super::record::Record;
use super::steps::Module;
use crate::js::{Cx, Held, Js, Value, settled, spawn_detached};
use crate::report;
use crate::resolve::Way;
use crate::watchers::delivery::Origin;

/// How long what cannot be loaded may be half of a save, in milliseconds. A pause of 200 ms within one save is real.
pub const SETTLE: u32 = 250;

/// The file cannot be evaluated, or exports no hot module.
pub const UNLOADABLE: &str = "the new version cannot be loaded";
/// The warning after an error.
pub const FALLBACK: &str = "using the last good version";
/// What the log line says then.
pub const KEPT: &str = "kept its last good version";

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

/// Reports what failed, under the module's id.
pub fn report_failure(module: &Module, what: &str, thrown: &Held) {
    module
        .cx
        .with(|js| tell(js, &module.record, what, thrown.get(js)));
}

/// Reports what failed; of the same failure again, only how often.
fn tell(js: Js<'_>, record: &Record, what: &str, thrown: Value<'_>) {
    match record.count_trouble(fingerprint(what, thrown).as_deref()) {
        1 => report::error(js, &record.id, what, thrown),
        times => report::repeated_error(js, &record.id, what, thrown, times),
    }
}

fn fingerprint(what: &str, thrown: Value<'_>) -> Option<String> {
    let hint = thrown
        .is_error()
        .then(|| thrown.get("hint").ok().and_then(Value::text));
    let hint = hint.flatten().unwrap_or_default();
    report::fingerprint(thrown).map(|words| format!("{what}: {words} {hint}"))
}

/// Warns, under the module's id.
pub fn warn(module: &Module, text: &str) {
    module.cx.with(|js| report::warning(js, &module.record.id, text));
}

/// A new version could not be loaded. What failed is said once, for whichever module comes first.
pub fn report_unloadable(module: &Module, thrown: &Held, is_reported: bool) {
    module
        .cx
        .with(|js| tell_unloadable(js, &module.record, thrown.get(js), is_reported));
}

/// Whether nothing was loaded, since a loader hands out what it has: no failure of the new version. Said once, for
/// whichever module comes first.
pub fn tell_not_forgotten(module: &Module, thrown: &Held, is_reported: bool) -> bool {
    module.cx.with(|js| {
        let thrown = thrown.get(js);
        let is_one = handed_out::is_not_forgotten(thrown);
        if is_one && !is_reported {
            let message = thrown.get("message").map(Value::display).unwrap_or_default();
            report::notice(js, &message);
        }
        is_one
    })
}

fn tell_unloadable(js: Js<'_>, record: &Record, thrown: Value<'_>, is_reported: bool) {
    if is_reported {
        record.count_trouble(fingerprint(UNLOADABLE, thrown).as_deref());
    } else {
        tell(js, record, UNLOADABLE, thrown);
    }
    report::warning(js, &record.id, FALLBACK);
}

/// What cannot be loaded may be half of a save: said only if nothing newer comes within the settle time.
///
/// A file that is not as it was by then, or away, is about to be told of, or never: moved away just when it was to be
/// loaded and then back, it is again what the watcher knows. After another settle time `load_again` makes up for that.
pub fn report_after_settling(
    module: &Module,
    thrown: Held,
    is_reported: bool,
    way: Vec<String>,
    took: Duration,
    load_again: fn(Js<'_>, Module, Origin),
) {
    let mut seen = Sighting::of(&module.record);
    if module
        .cx
        .with(|js| is_own_file_missing(&module.record, thrown.get(js)))
    {
        seen = None;
    }
    let module = module.clone();
    after_settling(&module.clone(), move |js| {
        let record = &module.record;
        if Sighting::of(record) != seen {
            let late = module.clone();
            after_settling(&module, move |js| load_again(js, late.clone(), Origin::Told));
            return;
        }
        tell_unloadable(js, record, thrown.get(js), is_reported);
        let path = record.resolved.borrow().clone();
        report::updated(js, &way, &record.id, &path, KEPT, took);
    });
}

/// After the settle time, unless the module was updated or let go meanwhile.
fn after_settling(module: &Module, action: impl for<'t> Fn(Js<'t>) + 'static) {
    let record = Rc::clone(&module.record);
    let update = record.updates.get();
    let timer = module.cx.attempt(|js| {
        let timer = module.addon.timers.after(js, SETTLE, move |js| {
            if record.updates.get() == update && record.is_alive.get() && record.is_watched.get() {
                action(js);
            }
        })?;
        Ok(timer.hold())
    });
    drop(timer);
}

/// What tells one state of a module's file from another, roughly.
#[derive(PartialEq, Eq)]
struct Sighting {
    modified: Option<SystemTime>,
    size: u64,
}

impl Sighting {
    fn of(record: &Record) -> Option<Self> {
        let metadata = match &*record.found_by.borrow() {
            Way::Link(link) => fs::metadata(link),
            Way::Direct | Way::Decided => fs::metadata(&*record.resolved.borrow()),
        };
        let metadata = metadata.ok().filter(fs::Metadata::is_file)?;
        let (modified, size) = (metadata.modified().ok(), metadata.len());
        Some(Self { modified, size })
    }
}

/// Whether this was thrown since the module's own file was not there.
fn is_own_file_missing(record: &Record, thrown: Value<'_>) -> bool {
    let text = |name: &str| thrown.get(name).ok().and_then(Value::text).unwrap_or_default();
    if !thrown.is_error() {
        return false;
    }
    let path = record.resolved.borrow();
    match text("code").as_str() {
        "ENOENT" => text("path") == *path,
        "MODULE_NOT_FOUND" => {
            let message = text("message");
            [&record.id, &*path]
                .iter()
                .any(|name| message.starts_with(&format!("Cannot find module '{name}'")))
        }
        _ => false,
    }
}
