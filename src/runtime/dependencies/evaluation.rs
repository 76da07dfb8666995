//! While a followed module is evaluated: what its files look like, and what is asked for in vain.
//!
//! A `require` that fails inside a `try` leaves no trace in the module records, and a file that is saved between its
//! evaluation and the start of its watch looks as if it had been loaded so. Node's loader knows of both: it calls
//! `Module.prototype.load` before it reads a file, and `Module._resolveFilename` throws for what is not there. So ours
//! take their places while a module that a runtime follows is evaluated, and at no other time: see `stand_in.rs`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;

use super::stand_in::StandIn;
use super::{Host, trouble};
use crate::addon::Addon;
use crate::js::{Call, Held, Js, JsResult};
use crate::runtime::require_cache::is_foreign;
use crate::watch::Stamp;

/// What is known of the evaluations under way, and of what is loaded.
#[derive(Default)]
pub struct Evaluations {
    /// How many are under way, each within the one before.
    depth: Cell<u32>,
    load: RefCell<Option<StandIn>>,
    resolve: RefCell<Option<StandIn>>,
    /// What files looked like before they were read.
    seen: RefCell<HashMap<Rc<str>, Stamp>>,
    /// The files whose loading began in the evaluations under way.
    begun: RefCell<Vec<Begun>>,
    /// Those that are being loaded, each by the one before.
    loading: RefCell<Vec<Rc<str>>>,
    /// By file: those that it asked for in vain, and places where such a file may appear.
    awaited: RefCell<HashMap<Rc<str>, Awaited>>,
    /// The same for the evaluation that failed last, which was taken back.
    last_failed: RefCell<Awaited>,
    /// Something was added to `awaited`.
    has_news: Cell<bool>,
}

/// Files that may mend what could not be loaded.
pub type Awaited = BTreeSet<Rc<str>>;

struct Begun {
    path: Rc<str>,
    importer: Option<Rc<str>>,
    has_failed: bool,
}

/// Runs `evaluate`, which evaluates the file at `path` for a runtime that follows. Should that fail, what the file
/// awaited before is what it awaits again.
pub fn evaluate<'s>(js: Js<'s>, path: &str, evaluate: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    let addon = Addon::of(js)?;
    let evaluations = &addon.dependencies.evaluations;
    let before = evaluations.take(js, path);
    let (result, begun) = evaluations.observe(js, evaluate);
    if result.is_err() {
        let mut awaited = evaluations.awaited.borrow_mut();
        let mut mending = Awaited::new();
        for begun in begun {
            mending.extend(awaited.get(&begun.path).into_iter().flatten().cloned());
            mending.insert(begun.path);
        }
        awaited.remove(path);
        drop(awaited);
        *evaluations.last_failed.borrow_mut() = mending;
        evaluations.put_back(path, before);
    }
    result
}

/// Runs a `require` of the file `importer`, which is followed: it may evaluate others.
pub fn observe<'s>(js: Js<'s>, importer: &str, require: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    let addon = Addon::of(js)?;
    let evaluations = &addon.dependencies.evaluations;
    evaluations.loading.borrow_mut().push(Rc::from(importer));
    let (result, _) = evaluations.observe(js, require);
    evaluations.loading.borrow_mut().pop();
    result
}

impl Evaluations {
    /// What a file looked like before it was read last, if that was seen.
    pub fn seen(&self, path: &str) -> Option<Stamp> {
        self.seen.borrow().get(path).copied()
    }

    /// Whether something was asked for in vain since the last time.
    pub fn take_news(&self) -> bool {
        self.has_news.take()
    }

    /// What may mend the evaluation that failed last.
    pub fn take_last_failed(&self) -> Awaited {
        self.last_failed.take()
    }

    /// A file will be evaluated anew, which shows what it asks for. Gives what it awaited so far.
    pub fn take(&self, js: Js<'_>, path: &str) -> Awaited {
        let Some(awaited) = self.awaited.borrow_mut().remove(path) else {
            return Awaited::new();
        };
        for host in Host::all(js).unwrap_or_default() {
            host.known.mended.borrow_mut().extend(awaited.iter().cloned());
        }
        awaited
    }

    /// The version that awaited these is in use again.
    pub fn put_back(&self, path: &str, awaited: Awaited) {
        if !awaited.is_empty() {
            self.awaited.borrow_mut().insert(Rc::from(path), awaited);
        }
    }

    /// What a file awaits.
    pub fn awaited_by(&self, path: &str) -> Awaited {
        self.awaited.borrow().get(path).cloned().unwrap_or_default()
    }

    /// All files that await some.
    pub fn all_awaiting(&self) -> Vec<Rc<str>> {
        self.awaited.borrow().keys().cloned().collect()
    }

    /// The files that await this one.
    pub fn awaiting(&self, place: &str) -> Vec<Rc<str>> {
        let awaited = self.awaited.borrow();
        let awaiting = awaited.iter().filter(|(_, places)| places.contains(place));
        awaiting.map(|(importer, _)| Rc::clone(importer)).collect()
    }

    /// Runs what may evaluate files, and gives those whose loading began.
    fn observe<'s>(&self, js: Js<'s>, evaluate: impl FnOnce() -> JsResult<'s>) -> (JsResult<'s>, Vec<Begun>) {
        let outer = self.depth.get();
        let first = self.begun.borrow().len();
        if outer == 0 {
            // Where nobody may take their places, what fails in a `try` is not tried again.
            let _ = self.stand_in(js);
        }
        self.depth.set(outer + 1);
        let result = evaluate();
        self.depth.set(outer);
        if outer == 0 {
            for stand_in in [&self.load, &self.resolve] {
                let _ = stand_in.borrow().as_ref().map(|it| it.step_back(js));
            }
        }
        let begun = self.begun.borrow_mut().split_off(first);
        self.note_failed(&begun);
        (result, begun)
    }

    fn stand_in<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        let module = js.builtin("module")?;
        StandIn::place(&self.load, module.get("prototype")?, "load", load)?;
        StandIn::place(&self.resolve, module, "_resolveFilename", resolve)
    }

    /// Whoever asked for what failed waits for it, and for all that it led to.
    fn note_failed(&self, begun: &[Begun]) {
        for (place, failed) in begun.iter().enumerate().filter(|(_, begun)| begun.has_failed) {
            let Some(importer) = &failed.importer else {
                continue;
            };
            let mut led_to = Awaited::from([Rc::clone(&failed.path)]);
            // A file is begun before those that it asks for.
            for later in begun.iter().skip(place) {
                if later.importer.as_ref().is_some_and(|it| led_to.contains(it)) {
                    led_to.insert(Rc::clone(&later.path));
                }
            }
            let mut awaited = self.awaited.borrow_mut();
            let theirs = led_to.iter().filter_map(|path| awaited.get(path)).flatten();
            let theirs: Awaited = theirs.cloned().collect();
            led_to.extend(theirs);
            awaited.entry(Rc::clone(importer)).or_default().extend(led_to);
            self.has_news.set(true);
        }
    }

    /// A file asked for something that is at none of these places.
    fn note_missing(&self, importer: Rc<str>, places: Vec<String>) {
        let mut all_awaited = self.awaited.borrow_mut();
        let awaited = all_awaited.entry(importer).or_default();
        for place in places {
            if is_foreign(&place) || awaited.contains(place.as_str()) {
                continue;
            }
            let place: Rc<str> = Rc::from(place);
            self.note_look(&place);
            awaited.insert(place);
            self.has_news.set(true);
        }
    }

    fn note_look(&self, path: &Rc<str>) {
        let stamp = Stamp::at_first_sight(Path::new(&**path));
        self.seen.borrow_mut().insert(Rc::clone(path), stamp);
    }
}

/// `module.load(filename)`: the file is about to be read.
fn load<'s>(call: &Call<'s>, theirs: &Held) -> JsResult<'s> {
    let js = call.js;
    let theirs = || theirs.get(js).call(call.this, &call.args);
    let path = call.arg(0).text().filter(|path| !is_foreign(path));
    let (Some(path), Ok(addon)) = (path, Addon::of(js)) else {
        return theirs();
    };
    let evaluations = &addon.dependencies.evaluations;
    let path: Rc<str> = Rc::from(path);
    evaluations.note_look(&path);
    let place = {
        let (mut begun, mut loading) = (evaluations.begun.borrow_mut(), evaluations.loading.borrow_mut());
        begun.push(Begun {
            path: Rc::clone(&path),
            importer: loading.last().cloned(),
            has_failed: false,
        });
        loading.push(path);
        begun.len() - 1
    };
    let loaded = theirs();
    evaluations.loading.borrow_mut().pop();
    if loaded.is_err()
        && let Some(begun) = evaluations.begun.borrow_mut().get_mut(place)
    {
        begun.has_failed = true;
    }
    loaded
}

/// `Module._resolveFilename(request, parent, …)`.
fn resolve<'s>(call: &Call<'s>, theirs: &Held) -> JsResult<'s> {
    let js = call.js;
    let resolved = theirs.get(js).call(call.this, &call.args);
    if let Err(thrown) = &resolved {
        // What is thrown is the caller's, whatever becomes of following it.
        let _ = Addon::of(js).and_then(|addon| {
            let parent = call.arg(1);
            if !parent.is_object() || !trouble::is_not_found(thrown.0)? {
                return Ok(());
            }
            let importer = parent.get("filename")?.text();
            let Some(importer) = importer.filter(|path| !is_foreign(path)) else {
                return Ok(());
            };
            let extensions = js.builtin("module")?.get("_extensions")?;
            let places = trouble::places_of_missing(extensions, thrown.0, &importer)?;
            addon
                .dependencies
                .evaluations
                .note_missing(Rc::from(importer), places);
            Ok(())
        });
    }
    resolved
}
