//! What the command asks for besides the public API: functions of the addon that the package's index files do not name.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use super::record::{Record, Trouble};
use super::{dependencies, engine_require, handed_out, hot_module, runtimes, trouble};
use crate::es::Engine;
use crate::js::{Call, Held, Js, JsResult, State, Value};
use crate::report;

/// What the command waits for.
#[derive(Default)]
struct Waiting {
    /// Called once, when the first save is taken up.
    save: RefCell<Option<Held>>,
    /// The program's entry by its id, and what is called when a version of it is no hot module any more.
    entry: RefCell<Option<(String, Held)>>,
    /// What was thrown last where nobody catches it and no hot module is to blame.
    uncaught: Trouble,
}

impl State for Waiting {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        self.save.take();
        self.entry.take();
    }
}

/// Puts the functions on the addon's exports, where `for … in` does not show them.
pub fn export<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    let functions: [(&str, u32, crate::js::NativeFn); 8] = [
        ("reportUncaught", 3, report_uncaught),
        ("uncaughtIsOver", 0, |call| {
            call.js.state::<Waiting>()?.uncaught.end();
            Ok(call.js.undefined())
        }),
        ("onSaveTaken", 1, on_save_taken),
        ("onNoHotModule", 2, on_no_hot_module),
        ("filesNamed", 2, files_named),
        ("remark", 1, remark),
        ("entryRequire", 2, entry_require),
        ("isHotModule", 1, is_hot_module),
    ];
    for (name, length, body) in functions {
        exports.define_hidden(js.string(name), js.function(name, length, body)?)?;
    }
    Ok(())
}

/// An update begins. Whoever waits for the first save is told.
pub fn save_is_taken(js: Js<'_>) {
    let Some(waiting) = js.made_state::<Waiting>() else {
        return;
    };
    let callback = waiting.save.take();
    if let Some(callback) = callback {
        // The command's own function, which throws nothing.
        let _ = callback.get(js).call(js.undefined(), &[]);
    }
}

/// `onSaveTaken(callback)`
fn on_save_taken<'s>(call: &Call<'s>) -> JsResult<'s> {
    let waiting = call.js.state::<Waiting>()?;
    *waiting.save.borrow_mut() = Some(call.arg(0).hold());
    Ok(call.js.undefined())
}

/// `onNoHotModule(file, callback)`
fn on_no_hot_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let waiting = call.js.state::<Waiting>()?;
    *waiting.entry.borrow_mut() = Some((call.arg(0).display(), call.arg(1).hold()));
    Ok(call.js.undefined())
}

/// Whether the program's entry has become a program that the command runs from now on: what was thrown says that it is no hot
/// module.
pub fn becomes_program(js: Js<'_>, record: &Record, thrown: &Held) -> bool {
    let Some(waiting) = js.made_state::<Waiting>() else {
        return false;
    };
    let entry = waiting.entry.borrow().clone();
    let is_its = |(id, _): &(String, Held)| *id == record.id && handed_out::is_invalid(thrown.get(js));
    let Some((_, callback)) = entry.filter(is_its) else {
        return false;
    };
    let begun = callback.get(js).call(js.undefined(), &[]);
    begun.is_ok_and(Value::truthy)
}

/// `reportUncaught(thrown, isRejection, file)`: what was thrown where nobody catches it, as the trouble of the hot module
/// that the stack leads to; or else of the program's module that it leads to, or of `file`.
fn report_uncaught<'s>(call: &Call<'s>) -> JsResult<'s> {
    let js = call.js;
    let thrown = call.arg(0);
    let what = if call.arg(1).truthy() {
        "an unhandled rejection"
    } else {
        "an uncaught exception"
    };
    let file = call.arg(2).display();
    let files = report::files_in_stack(thrown);
    let mut records = files.iter().flat_map(|path| hot_modules_of(js, path));
    let culprit = records.next().or_else(|| hot_module_called(js, &file));
    let waiting = js.state::<Waiting>()?;
    let (trouble, id) = match &culprit {
        Some(record) => (&record.trouble, record.id.clone()),
        None => (&waiting.uncaught, module_of_program(js, &files).unwrap_or(file)),
    };
    if trouble::tell_uncaught(js, trouble, &id, what, thrown) == 1 {
        let text = "the process goes on and waits for the next save (--exit-on-error would end it)";
        report::warning(js, &id, text);
    }
    Ok(js.undefined())
}

/// The first of these files that is a module of the hot program.
fn module_of_program(js: Js<'_>, files: &[String]) -> Option<String> {
    let engine = js.made_state::<Engine>()?;
    let is_local = |file: &&String| {
        engine
            .find_file(Path::new(file))
            .is_some_and(|record| record.is_local)
    };
    files.iter().find(is_local).map(|file| report::relative(file))
}

/// The hot modules that a file is, or that use it where dependencies are followed.
fn hot_modules_of(js: Js<'_>, path: &str) -> Vec<Rc<Record>> {
    let runtimes = runtimes::live(js);
    let own: Vec<_> = runtimes
        .iter()
        .flat_map(|(_, registry)| registry.find_told(path))
        .collect();
    if own.is_empty() {
        dependencies::users_of_file(js, path)
    } else {
        own
    }
}

fn hot_module_called(js: Js<'_>, id: &str) -> Option<Rc<Record>> {
    let runtimes = runtimes::live(js);
    runtimes.iter().find_map(|(_, registry)| registry.find(id))
}

/// `filesNamed(require, thrown)`: the files whose save may mend what was thrown.
fn files_named<'s>(call: &Call<'s>) -> JsResult<'s> {
    let files = dependencies::files_named(call.arg(0), call.arg(1))?;
    let files: Vec<_> = files.iter().map(|file| call.js.string(file)).collect();
    Ok(call.js.array(&files))
}

/// `isHotModule(value)`
fn is_hot_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    Ok(call.js.boolean(hot_module::take(call.arg(0))?.is_some()))
}

/// `remark(text)`: a line of the log.
#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn remark<'s>(call: &Call<'s>) -> JsResult<'s> {
    report::remark(call.js, &call.arg(0).display());
    Ok(call.js.undefined())
}

/// `entryRequire(folder, path)`: what the runtime resolves and evaluates with that takes the program's entry, an ES module
/// at `path` that has run.
fn entry_require<'s>(call: &Call<'s>) -> JsResult<'s> {
    let folder = call.arg(0).display();
    engine_require::for_entry(call.js, Path::new(&folder), &call.arg(1).display())
}
