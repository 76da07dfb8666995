//! The settle time of a version that cannot be loaded: its file may be half written.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::SystemTime;

use super::calling::Module;
use super::record::Record;
use super::unloadable::{Failure, Unloadable};
use crate::classic::resolve::FoundBy;
use crate::files::Origin;
use crate::js::{Held, Js, Signal, Timers, Value};
use crate::watch::{self, SETTLE_MS};

/// For so many milliseconds, a failure after the settle time waits for others to be reported with.
const TOGETHER: u32 = 20;

/// Whether the module's file was written within the settle time.
pub fn is_just_written(record: &Record) -> bool {
    fs::metadata(&*record.resolved.borrow()).is_ok_and(|file| watch::is_just_written(&file))
}

/// Waits for the settle time.
pub async fn wait(module: &Module) {
    let over = Rc::new(Signal::default());
    let fires = Rc::clone(&over);
    let timer = module.cx.attempt(|js| {
        let fire = move |js: Js<'_>| fires.fire(js, &Ok(Held::undefined()));
        js.state::<Timers>()?.after(js, SETTLE_MS, fire).map(|_| ())
    });
    if timer.is_ok() {
        drop(over.wait(&module.cx).await);
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
        SETTLE_MS
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
            after(&module, SETTLE_MS, move |js, is_current| {
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
