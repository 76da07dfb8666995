//! Functions for the command `hmr` beyond the public API. The package's index files do not name them.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::record::{Record, Trouble};
use super::{dependencies, engine_require, handed_out, hot_module, runtimes, trouble};
use crate::es::Engine;
use crate::js::{Call, Held, Js, JsResult, MethodSpec, State, Value, add_methods};
use crate::report;

/// Uncaught errors within this time get one line together that the process goes on.
const TOGETHER: Duration = Duration::from_secs(1);

/// What the command waits for.
#[derive(Default)]
struct Waiting {
    /// The callback for the beginning of the next update; it is called once.
    save: RefCell<Option<Held>>,
    /// The id of the program's entry, and the callback for a version of it that exports no hot module.
    entry: RefCell<Option<(String, Held)>>,
    /// When it was said last that the process goes on after an uncaught error.
    said_it_goes_on: Cell<Option<Instant>>,
    /// The last uncaught errors for which no hot module is to blame.
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

const FUNCTIONS: [MethodSpec; 9] = [
    ("reportUncaught", 3, report_uncaught),
    ("uncaughtIsOver", 0, |call| {
        let waiting = call.js.state::<Waiting>()?;
        waiting.uncaught.end();
        waiting.said_it_goes_on.set(None);
        Ok(call.js.undefined())
    }),
    ("onSaveTaken", 1, on_save_taken),
    ("onNoHotModule", 2, on_no_hot_module),
    ("filesNamed", 2, files_named),
    ("remark", 1, remark),
    ("logByDefault", 0, log_by_default),
    ("entryRequire", 2, entry_require),
    ("isHotModule", 1, is_hot_module),
];

/// Adds the functions to `internals()`.
pub fn add_internals(internals: Value<'_>) -> JsResult<'_, ()> {
    add_methods(internals, &FUNCTIONS)
}

/// Notes that an update begins: calls the callback of `onSaveTaken`, once.
pub fn save_is_taken(js: Js<'_>) {
    let Some(waiting) = js.made_state::<Waiting>() else {
        return;
    };
    waiting.said_it_goes_on.set(None);
    let callback = waiting.save.take();
    if let Some(callback) = callback {
        // The callback is a function of the command's, which throws nothing.
        let _ = callback.get(js).call(js.undefined(), &[]);
    }
}

/// `logByDefault()`: turns logging on, unless the user has turned it on or off.
fn log_by_default<'s>(call: &Call<'s>) -> JsResult<'s> {
    let switches = call.js.state::<report::Switches>()?;
    if !switches.logging_chosen.get() {
        switches.logging.set(true);
    }
    Ok(call.js.undefined())
}

/// `onSaveTaken(callback)`: calls back when the next update begins.
fn on_save_taken<'s>(call: &Call<'s>) -> JsResult<'s> {
    let waiting = call.js.state::<Waiting>()?;
    *waiting.save.borrow_mut() = Some(call.arg(0).hold());
    Ok(call.js.undefined())
}

/// `onNoHotModule(id, callback)`: calls back when a new version of the program's entry exports no hot module.
fn on_no_hot_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    let waiting = call.js.state::<Waiting>()?;
    *waiting.entry.borrow_mut() = Some((call.arg(0).display(), call.arg(1).hold()));
    Ok(call.js.undefined())
}

/// Whether the failed module is the program's entry and exports no hot module any more, and the command takes it over
/// and runs it as a plain program from now on.
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

/// `reportUncaught(thrown, isRejection, file)`: reports an uncaught error under the hot module to which its stack leads,
/// or else under the program's module to which it leads, or else under `file`.
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
    let said = &waiting.said_it_goes_on;
    // Errors that come together are followed by one such line.
    if trouble::tell_uncaught(js, trouble, &id, what, thrown) == 1
        && said.get().is_none_or(|said| said.elapsed() >= TOGETHER)
    {
        said.set(Some(Instant::now()));
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

/// The hot modules in this file; if there is none, those that follow the file as a dependency.
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

/// `filesNamed(require, thrown)`: the files that the error names, so that a save of one of them may mend it.
fn files_named<'s>(call: &Call<'s>) -> JsResult<'s> {
    let files = dependencies::files_named(call.arg(0), call.arg(1))?;
    let files: Vec<_> = files.iter().map(|file| call.js.string(file)).collect();
    Ok(call.js.array(&files))
}

/// `isHotModule(value)`: whether a value is a hot module.
fn is_hot_module<'s>(call: &Call<'s>) -> JsResult<'s> {
    Ok(call.js.boolean(hot_module::take(call.arg(0))?.is_some()))
}

/// `remark(text)`: writes a line of the log.
#[expect(clippy::unnecessary_wraps, reason = "the type of native functions")]
fn remark<'s>(call: &Call<'s>) -> JsResult<'s> {
    report::remark(call.js, &call.arg(0).display());
    Ok(call.js.undefined())
}

/// `entryRequire(folder, path)`: the `require` for the runtime that takes over the program's entry, an ES module at `path`
/// that has run.
fn entry_require<'s>(call: &Call<'s>) -> JsResult<'s> {
    let folder = call.arg(0).display();
    engine_require::for_entry(call.js, Path::new(&folder), &call.arg(1).display())
}
