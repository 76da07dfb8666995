//! What went wrong in an update, and when it is said.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use super::handed_out;
use super::record::{Record, Trouble};
use super::steps::Module;
use super::unloadable::{Failure, Unloadable};
use crate::classic::resolve::Way;
use crate::files::Origin;
use crate::js::{Held, Js, Timers, Value};
use crate::report;

/// How long what cannot be loaded may be half of a save, in milliseconds. A pause of 200 ms within one save is real.
pub const SETTLE: u32 = 250;

/// How long what has had its settle time waits for what else fails, in milliseconds.
const TOGETHER: u32 = 20;

/// The file cannot be evaluated, or exports no hot module.
pub const UNLOADABLE: &str = "the new version cannot be loaded";
/// The warning after an error.
pub const FALLBACK: &str = "using the last good version";
/// What the log line says then.
const KEPT: &str = "kept its last good version";

/// Reports what failed, under the module's id.
pub fn report_failure(module: &Module, what: &str, thrown: &Held) {
    module
        .cx
        .with(|js| tell(js, &module.record, what, thrown.get(js)));
}

/// Counts what failed, which is reported with others.
pub fn count_failure(js: Js<'_>, record: &Record, what: &str, thrown: &Held) {
    record.trouble.count(fingerprint(what, thrown.get(js)).as_deref());
}

/// Reports what an old version's cleanup throws. It is no failure of the new version, and its file may have another text by
/// now, so the line of code is shown only of files that did not change since.
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

/// Reports what failed; of the same failure again, only how often.
fn tell(js: Js<'_>, record: &Record, what: &str, thrown: Value<'_>) {
    match record.trouble.count(fingerprint(what, thrown).as_deref()) {
        1 => report::error(js, &record.id, what, thrown),
        times => report::repeated_error(js, &record.id, what, thrown, times),
    }
}

/// Reports what nobody caught, and says how often it came. A timer may fail a thousand times a second: of the same
/// failure again only some are told.
pub fn tell_uncaught(js: Js<'_>, trouble: &Trouble, id: &str, what: &str, thrown: Value<'_>) -> u64 {
    let times = trouble.count(fingerprint(what, thrown).as_deref());
    if times == 1 {
        report::error(js, id, what, thrown);
    } else if times <= 3 || is_round(times) {
        report::repeated_error(js, id, what, thrown, times);
    }
    times
}

/// A power of ten.
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

/// Warns, under the module's id.
pub fn warn(module: &Module, text: &str) {
    module.cx.with(|js| report::warning(js, &module.record.id, text));
}

/// A new version could not be loaded. What failed is said once, for whichever module comes first.
pub fn report_unloadable(module: &Module, thrown: &Held, is_reported: bool) {
    module.cx.with(|js| {
        tell_unloadable(js, &module.record, thrown.get(js), is_reported);
        report::warning(js, &module.record.id, FALLBACK);
    });
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

/// Reports what failed, unless that was done for another module.
pub fn tell_unloadable(js: Js<'_>, record: &Record, thrown: Value<'_>, is_reported: bool) {
    if is_reported {
        record.trouble.count(fingerprint(UNLOADABLE, thrown).as_deref());
    } else {
        tell(js, record, UNLOADABLE, thrown);
    }
}

/// What cannot be loaded may be half of a save: said only if nothing newer comes within the settle time, together with
/// what else could not be loaded at that time.
///
/// A file that is not as it was by then, or away, is about to be told of, or never: moved away just when it was to be
/// loaded and then back, it is again what the watcher knows. After another settle time `load_again` makes up for that.
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
        unloadable.settled(js);
    });
}

/// After so many milliseconds; with it, whether the module is as it was: not updated, and not let go.
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

/// Whether this was reported last.
pub fn is_known(js: Js<'_>, record: &Record, thrown: &Held) -> bool {
    let known = fingerprint(UNLOADABLE, thrown.get(js));
    known.is_some_and(|known| record.trouble.is(&known))
}

/// The log line of a version that failed, where no warning says the same.
pub fn log_kept(js: Js<'_>, record: &Record, way: &[String], took: Duration) {
    if report::suppresses_warnings(js) {
        let path = record.resolved.borrow().clone();
        report::updated(js, way, &record.id, &path, KEPT, took);
    }
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
