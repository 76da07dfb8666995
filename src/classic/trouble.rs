//! The words in which a failed update is reported. The same failure again is reported by how often it came.

use std::fs;
use std::time::Duration;

use super::calling::Module;
use super::handed_out;
use super::record::{Record, Trouble};
use crate::js::{Held, Js, Value};
use crate::report;

/// Of modules that fail together, this many are reported in full.
pub const IN_FULL: usize = 3;

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
