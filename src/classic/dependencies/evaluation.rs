//! While a followed module is evaluated: what its files look like, and what is asked for in vain.
//!
//! A `require` that fails inside a `try` leaves no trace in the module records, and a file that is saved between its
//! evaluation and the start of its watch looks as if it had been loaded so. Node's loader knows of both. It asks
//! `Module._resolveFilename` for the file, which throws for what is not there, and then, if the file is not loaded yet,
//! `Module._nodeModulePaths` for its folder, right before it reads it; `require.resolve` does not. So ours take their
//! places while a module that a runtime follows is evaluated, and at no other time: see `stand_in.rs`. None of the two
//! waits for an evaluation, so they cost a deep chain of requires no stack, as ours for `Module.prototype.load` would.

mod asking;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Host;
use super::known::Awaited;
use super::links::Links;
use super::stand_in::{Place, StandIn};
use crate::es::Reached;
use crate::js::{Call, Held, Js, JsResult, State};
use crate::paths::is_foreign;
use crate::watch::Stamp;
use rustc_hash::FxBuildHasher;

/// What is known of the evaluations under way, and of what is loaded.
#[derive(Default)]
pub struct Evaluations {
    /// How many are under way, each within the one before.
    depth: Cell<u32>,
    /// See `module`.
    module: RefCell<Option<Held>>,
    resolve: Place,
    node_module_paths: Place,
    /// What files looked like before they were read.
    seen: RefCell<HashMap<Rc<str>, Stamp, FxBuildHasher>>,
    /// The file that was asked for last, if it was not loaded then.
    asked: RefCell<Option<Begun>>,
    /// The files whose loading began in the evaluations under way.
    begun: RefCell<Vec<Begun>>,
    /// By file: those that it asked for in vain, and places where such a file may appear.
    awaited: RefCell<HashMap<Rc<str>, Awaited>>,
    /// The same for the evaluation that failed last, which was taken back.
    last_failed: RefCell<Awaited>,
    /// Something was added to `awaited`.
    has_news: Cell<bool>,
    /// Files that are loaded although nobody follows them any more, or ever did. See `leftovers.rs`.
    left: RefCell<Awaited>,
    /// The links by which files were found.
    pub links: Links,
}

impl State for Evaluations {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}

/// An observation under way: how much began before it.
#[derive(Clone)]
pub struct Observed(usize);

impl Observed {
    /// An observation that began before may have ended, and taken what came since with it.
    fn first(&self, begun: &[Begun]) -> usize {
        self.0.min(begun.len())
    }
}

/// A file whose loading began.
pub struct Begun {
    path: Rc<str>,
    importer: Option<Rc<str>>,
}

/// Runs `evaluate`, which evaluates the file at `path` for a runtime that follows. Should that fail, what the file
/// awaited before is what it awaits again.
pub fn evaluate<'s, T>(
    js: Js<'s>,
    path: &str,
    evaluate: impl FnOnce() -> JsResult<'s, T>,
) -> JsResult<'s, T> {
    let evaluations = js.state::<Evaluations>()?;
    let before = evaluations.take(js, path);
    let (result, begun) = evaluations.observe(js, evaluate);
    if result.is_err() {
        evaluations.leave(begun.iter().map(|begun| Rc::clone(&begun.path)));
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

/// Runs a `require` of a file that is followed: it may evaluate others.
pub fn observe<'s>(js: Js<'s>, require: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    js.state::<Evaluations>()?.observe(js, require).0
}

/// The engine begins to evaluate these files, by its own loader.
pub fn note_begun<'s>(js: Js<'s>, reached: &[Reached]) -> JsResult<'s, ()> {
    let evaluations = js.state::<Evaluations>()?;
    if evaluations.depth.get() == 0 {
        return Ok(());
    }
    for file in reached {
        let Some(path) = file.path.to_str().map(Rc::<str>::from) else {
            continue;
        };
        let sought = file.sought.iter().filter_map(|place| place.to_str());
        let sought: Vec<String> = sought.map(str::to_owned).collect();
        if !sought.is_empty() {
            evaluations.note_missing(Rc::clone(&path), sought);
        }
        evaluations.seen.borrow_mut().insert(Rc::clone(&path), file.stamp);
        let begun = Begun { path, importer: None };
        evaluations.begun.borrow_mut().push(begun);
    }
    Ok(())
}

/// The engine has loaded these files, which looked so before they were read.
pub fn note_loaded(js: Js<'_>, files: Vec<(PathBuf, Option<Stamp>)>) -> JsResult<'_, ()> {
    let evaluations = js.state::<Evaluations>()?;
    let mut seen = evaluations.seen.borrow_mut();
    for (path, stamp) in files {
        if let (Some(path), Some(stamp)) = (path.to_str(), stamp) {
            seen.insert(Rc::from(path), stamp);
        }
    }
    Ok(())
}

impl Evaluations {
    /// What a file looked like before it was read last, if that was seen.
    pub fn seen(&self, path: &str) -> Option<Stamp> {
        self.seen.borrow().get(path).copied()
    }

    /// What a file looked like before the version of it that is in use again was read.
    pub fn put_back_seen(&self, path: &Rc<str>, seen: Option<Stamp>) {
        let mut all_seen = self.seen.borrow_mut();
        match seen {
            Some(seen) => all_seen.insert(Rc::clone(path), seen),
            None => all_seen.remove(path),
        };
    }

    /// Nobody is told of these files any more.
    pub fn leave(&self, paths: impl IntoIterator<Item = Rc<str>>) {
        for path in paths {
            if self.seen(&path).is_none() {
                // What changed before was told.
                self.note_look(&path);
            }
            self.left.borrow_mut().insert(path);
        }
    }

    /// The files of which nobody was told since they were left.
    pub fn take_left(&self) -> Awaited {
        self.left.take()
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
    fn observe<'s, T>(
        &self,
        js: Js<'s>,
        evaluate: impl FnOnce() -> JsResult<'s, T>,
    ) -> (JsResult<'s, T>, Vec<Begun>) {
        let observed = self.begin(js);
        let result = evaluate();
        let begun = self.end(js, &observed);
        (result, begun)
    }

    /// From now on evaluations are observed, until `end`.
    pub fn begin(&self, js: Js<'_>) -> Observed {
        if self.depth.get() == 0 {
            // Where nobody may take their places, what fails in a `try` is not tried again.
            let _ = self.stand_in(js);
        }
        self.depth.set(self.depth.get() + 1);
        Observed(self.begun.borrow().len())
    }

    /// Gives the files whose loading began meanwhile.
    pub fn end(&self, js: Js<'_>, observed: &Observed) -> Vec<Begun> {
        self.depth.set(self.depth.get().saturating_sub(1));
        if self.depth.get() == 0 {
            for place in [&self.resolve, &self.node_module_paths] {
                let stand_in = place.borrow().clone();
                let _ = stand_in.map(|it| it.step_back(js));
            }
        }
        let begun = {
            let mut begun = self.begun.borrow_mut();
            let first = observed.first(&begun);
            begun.split_off(first)
        };
        // A cache that throws is the user's own.
        let _ = self.note_failed(js, &begun);
        begun
    }

    /// The files whose loading began in an observation that is under way.
    pub fn begun_since(&self, observed: &Observed) -> HashSet<Rc<str>, FxBuildHasher> {
        let begun = self.begun.borrow();
        let since = begun.iter().skip(observed.first(&begun));
        since.map(|it| Rc::clone(&it.path)).collect()
    }

    /// The class of module records.
    pub fn module<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        if let Some(module) = &*self.module.borrow() {
            return Ok(module.get(js));
        }
        let module = js.builtin("module")?;
        *self.module.borrow_mut() = Some(module.hold());
        Ok(module)
    }

    fn stand_in<'s>(&self, js: Js<'s>) -> JsResult<'s, ()> {
        let module = self.module(js)?;
        StandIn::place(&self.resolve, module, "_resolveFilename", resolve)?;
        StandIn::place(
            &self.node_module_paths,
            module,
            "_nodeModulePaths",
            node_module_paths,
        )
    }

    /// What was begun and is not loaded has failed. Whoever asked for it waits for it, and for all that it led to.
    fn note_failed<'s>(&self, js: Js<'s>, begun: &[Begun]) -> JsResult<'s, ()> {
        if begun.is_empty() {
            return Ok(());
        }
        let cache = self.module(js)?.get("_cache")?;
        for (place, failed) in begun.iter().enumerate() {
            let Some(importer) = &failed.importer else {
                continue;
            };
            if cache.has_key(js.string(&failed.path))? {
                continue;
            }
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
        Ok(())
    }
}

/// `Module._resolveFilename(request, parent, …)`.
fn resolve<'s>(call: &Call<'s>, theirs: &Held) -> JsResult<'s> {
    let resolved = theirs.get(call.js).call(call.this, &call.args);
    // What is resolved or thrown is the caller's, whatever becomes of following it.
    let _ = call.js.state::<Evaluations>().and_then(|evaluations| {
        let asked = match &resolved {
            Ok(path) => {
                evaluations.note_link(call, *path)?;
                evaluations.asked_for(call, *path)?
            }
            Err(thrown) => {
                evaluations.asked_in_vain(call, thrown.0)?;
                None
            }
        };
        *evaluations.asked.borrow_mut() = asked;
        Ok(())
    });
    resolved
}

/// `Module._nodeModulePaths(folder)`: if it is that of the file that was asked for last, the file is about to be read.
fn node_module_paths<'s>(call: &Call<'s>, theirs: &Held) -> JsResult<'s> {
    if let Ok(evaluations) = call.js.state::<Evaluations>() {
        let asked = evaluations.asked.take();
        if let Some(asked) = asked
            && let Some(folder) = call.arg(0).text()
            && Path::new(&*asked.path).parent() == Some(Path::new(&folder))
        {
            evaluations.note_look(&asked.path);
            evaluations.begun.borrow_mut().push(asked);
        }
    }
    theirs.get(call.js).call(call.this, &call.args)
}

/// The file that asks, unless it is a package's.
fn importer<'s>(call: &Call<'s>) -> JsResult<'s, Option<Rc<str>>> {
    let parent = call.arg(1);
    if !parent.is_object() {
        return Ok(None);
    }
    let filename = parent.get("filename")?.text();
    Ok(filename.filter(|path| !is_foreign(path)).map(Rc::from))
}
