//! Reports what failed in an update, at once or after the settle time.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::calling::Module;
use super::handed_out;
use super::record::{Record, Trouble};
use super::unloadable::{Failure, Unloadable};
use crate::classic::resolve::FoundBy;
use crate::files::Origin;
use crate::js::{Held, Js, Timers, Value};
use crate::report;

/// The settle time: for so many milliseconds, a file that cannot be loaded may be half written. Pauses of 200 ms within one
/// save occur.
pub const SETTLE: u32 = 250;

/// For so many milliseconds, a failure after the settle time waits for others to be reported with.
const TOGETHER: u32 = 20;

/// The words of the report if the file cannot be evaluated, or exports no hot module.
pub const UNLOADABLE: &str = "the new version cannot be loaded";
/// The words of the warning after a failure.
pub const FALLBACK: &str = "using the last good version";
/// The words of the log line after a failure.
const KEPT: &str = "kept its last good version";

/// Reports a failure under the module's id.
pub fn report_failure(module: &Module, what: &str, thrown: &Held) {
    module
        .cx
        .with(|js| tell(js, &module.record, what, thrown.get(js)));
}

/// Counts a failure that is reported together with those of other modules.
pub fn count_failure(js: Js<'_>, record: &Record, what: &str, thrown: &Held) {
    record.trouble.count(fingerprint(what, thrown.get(js)).as_deref());
}

/// Reports what a cleanup of the old version threw. This is no failure of the new version. The file may have another text
/// by now, so the line of code is shown only if it is in a file that has not changed since.
pub fn report_of_old_version(module: &Module, what: &str, thrown: &Held) {
    let record = &module.record;
    let loaded_at = record.loaded_at.get();
    let own = record.resolved.borrow().clone();
    let is_as_it_was = move |file: &str| {
        let modified = fs::metadata(file).and_then(|file| file.modified()).ok();
        file != own
            && matches!((modified, loaded_at), (Some(modified), Some(loaded_at)) if modified <= loaded_at)
    };
    module.cx.with(|js| {
        report::error_with_frames_of(js, &record.id, what, thrown.get(js), &is_as_it_was);
    });
}

/// Reports a failure; if it is the same again, only how often it came.
fn tell(js: Js<'_>, record: &Record, what: &str, thrown: Value<'_>) {
    match record.trouble.count(fingerprint(what, thrown).as_deref()) {
        1 => report::error(js, &record.id, what, thrown),
        times => report::repeated_error(js, &record.id, what, thrown, times),
    }
}

/// Reports an uncaught error, and returns how often it came in a row. A timer may fail a thousand times a second, so of
/// the same error only the first three and then each power of ten are reported.
pub fn tell_uncaught(js: Js<'_>, trouble: &Trouble, id: &str, what: &str, thrown: Value<'_>) -> u64 {
    let times = trouble.count(fingerprint(what, thrown).as_deref());
    if times == 1 {
        report::error(js, id, what, thrown);
    } else if times <= 3 || is_round(times) {
        report::repeated_error(js, id, what, thrown, times);
    }
    times
}

/// Whether the number is a power of ten.
fn is_round(mut times: u64) -> bool {
    while times >= 10 && times.is_multiple_of(10) {
        times /= 10;
    }
    times == 1
}

fn fingerprint(what: &str, thrown: Value<'_>) -> Option<String> {
    let hint = thrown
        .is_error()
        .then(|| thrown.get("hint").ok().and_then(Value::text));
    let hint = hint.flatten().unwrap_or_default();
    report::fingerprint(thrown).map(|words| format!("{what}: {words} {hint}"))
}

/// Writes a warning under the module's id.
pub fn warn(module: &Module, text: &str) {
    module.cx.with(|js| report::warning(js, &module.record.id, text));
}

/// Reports that a new version could not be loaded. If several modules fail by the same error, only the first reports it.
pub fn report_unloadable(module: &Module, thrown: &Held, is_reported: bool) {
    module.cx.with(|js| {
        tell_unloadable(js, &module.record, thrown.get(js), is_reported);
        report::warning(js, &module.record.id, FALLBACK);
    });
}

/// Whether the error only says that the loader returned the old version again, which is no failure of the new one. If so,
/// writes that; of several modules with the same error, only for the first.
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

/// Reports that a new version could not be loaded, unless the same error was reported for another module.
pub fn tell_unloadable(js: Js<'_>, record: &Record, thrown: Value<'_>, is_reported: bool) {
    if is_reported {
        record.trouble.count(fingerprint(UNLOADABLE, thrown).as_deref());
    } else {
        tell(js, record, UNLOADABLE, thrown);
    }
}

/// Reports that a new version could not be loaded, after the settle time, together with other such failures. If a newer
/// version comes before, nothing is reported: the file was half written.
///
/// If the file looks different after the settle time, its change will mostly be told by the watcher. But a file that was
/// moved away and back is again as the watcher knows it, and no change is told. So after a second settle time without an
/// update, `load_again` is called.
pub fn report_after_settling(failure: Failure, origin: Origin, load_again: fn(Js<'_>, Module, Origin)) {
    let time = if origin == Origin::Settled {
        TOGETHER
    } else {
        SETTLE
    };
    let module = failure.module.clone();
    let mut seen = Sighting::of(&module.record);
    let is_away = |js: Js<'_>| is_own_file_missing(&module.record, failure.thrown.get(js));
    if module.cx.with(is_away) {
        seen = None;
    }
    let Ok(unloadable) = module.cx.attempt(|js| js.state::<Unloadable>()) else {
        return;
    };
    unloadable.settling.set(unloadable.settling.get() + 1);
    let failure = RefCell::new(Some(failure));
    after(&module.clone(), time, move |js, is_current| {
        if is_current && Sighting::of(&module.record) != seen {
            let late = module.clone();
            after(&module, SETTLE, move |js, is_current| {
                if is_current {
                    load_again(js, late.clone(), Origin::Settled);
                }
            });
        } else if is_current {
            unloadable.told.borrow_mut().extend(failure.take());
        }
        unloadable.end_settling(js);
    });
}

/// Calls `action` after a number of milliseconds, with `true` if the module was neither updated nor let go meanwhile.
fn after(module: &Module, milliseconds: u32, action: impl for<'t> Fn(Js<'t>, bool) + 'static) {
    let record = Rc::clone(&module.record);
    let update = record.updates.get();
    let timer = module.cx.attempt(|js| {
        let timer = js.state::<Timers>()?.after(js, milliseconds, move |js| {
            action(js, record.is_as_it_was(update));
        })?;
        Ok(timer.hold())
    });
    drop(timer);
}

/// Whether this failure was the last that was reported of the module.
pub fn is_known(js: Js<'_>, record: &Record, thrown: &Held) -> bool {
    let known = fingerprint(UNLOADABLE, thrown.get(js));
    known.is_some_and(|known| record.trouble.is(&known))
}

/// Writes the log line of a failed update, if warnings are suppressed; otherwise the warning has said the same.
pub fn log_kept(js: Js<'_>, record: &Record, way: &[String], took: Duration) {
    if report::suppresses_warnings(js) {
        let path = record.resolved.borrow().clone();
        report::updated(js, way, &record.id, &path, KEPT, took);
    }
}

/// What a module's file looked like at some time, roughly.
#[derive(PartialEq, Eq)]
struct Sighting {
    modified: Option<SystemTime>,
    size: u64,
}

impl Sighting {
    fn of(record: &Record) -> Option<Self> {
        let metadata = match &*record.found_by.borrow() {
            FoundBy::Link(link) => fs::metadata(link),
            FoundBy::Direct | FoundBy::Decided => fs::metadata(&*record.resolved.borrow()),
        };
        let metadata = metadata.ok().filter(fs::Metadata::is_file)?;
        let (modified, size) = (metadata.modified().ok(), metadata.len());
        Some(Self { modified, size })
    }
}

/// Whether the error says that the module's own file is missing.
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
