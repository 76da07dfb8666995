//! Observes the evaluation of followed modules: what their files look like, and which files are missing.
//!
//! Module records do not show two things: a `require` that fails inside a `try`, and a save between the evaluation of a
//! file and the start of its watch. Node's loader shows both. It calls `Module._resolveFilename`, which throws for a
//! missing file, and then, if the file is not loaded yet, `Module._nodeModulePaths` with its folder, right before it reads
//! the file; `require.resolve` does not make the second call. So functions of ours stand in for these two while a followed
//! module is evaluated, and at no other time (`stand_in.rs`). Both return before the evaluation begins, so they use no
//! stack in a deep chain of requires, unlike a stand-in for `Module.prototype.load`.

mod asking;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Host;
use super::known::Awaited;
use super::links::Links;
use super::stand_in::{StandIn, StandInCell};
use crate::es::Reached;
use crate::js::{Call, Held, Js, JsResult, PlainState};
use crate::paths::is_foreign;
use crate::watch::Stamp;
use rustc_hash::FxBuildHasher;

/// What was observed in one environment.
#[derive(Default)]
pub struct Evaluations {
    /// How many observations are under way.
    depth: Cell<u32>,
    /// Node's class `Module`, once [`Evaluations::module`] has been called.
    module: RefCell<Option<Held>>,
    /// The stand-in for `Module._resolveFilename`.
    resolve: StandInCell,
    /// The stand-in for `Module._nodeModulePaths`.
    node_module_paths: StandInCell,
    /// What each file looked like before it was read.
    seen: RefCell<HashMap<Rc<str>, Stamp, FxBuildHasher>>,
    /// The file that `Module._resolveFilename` returned last, if it was not loaded then.
    asked: RefCell<Option<Begun>>,
    /// The files whose loading began in the observations under way.
    begun: RefCell<Vec<Begun>>,
    /// For each file that required another one in vain: the places where that one may appear.
    awaited: RefCell<HashMap<Rc<str>, Awaited>>,
    /// The files that may mend the evaluation that failed last.
    last_failed: RefCell<Awaited>,
    /// Whether something was added to `awaited` or `links`.
    has_news: Cell<bool>,
    /// Files that are loaded, but are not followed (any more), so that nobody is told of their changes. See `leftovers.rs`.
    left: RefCell<Awaited>,
    /// The symbolic links through which files were found.
    pub links: Links,
}

impl PlainState for Evaluations {}

/// An observation under way: the length of `Evaluations::begun` when it began.
#[derive(Clone)]
pub struct Observed(usize);

impl Observed {
    /// Observations nest badly: an outer one that ended first has already drained `begun`, so clamp.
    fn first(&self, begun: &[Begun]) -> usize {
        self.0.min(begun.len())
    }
}

/// A file whose loading began.
pub struct Begun {
    /// The file.
    path: Rc<str>,
    /// The file that requires it, unless that belongs to a package.
    importer: Option<Rc<str>>,
}

/// Runs `evaluate`, which evaluates the file at `path` for a runtime that follows dependencies. If it fails, the file again
/// awaits what its old version awaited.
pub fn evaluate<'s, T>(
    js: Js<'s>,
    path: &str,
    evaluate: impl FnOnce() -> JsResult<'s, T>,
) -> JsResult<'s, T> {
    let evaluations = js.state::<Evaluations>()?;
    let before = evaluations.take(js, path);
    let (result, begun) = evaluations.observe(js, evaluate);
    if result.is_err() {
        evaluations.note_left(begun.iter().map(|begun| Rc::clone(&begun.path)));
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

/// Runs a `require` of a followed file, and observes the evaluations in it.
pub fn observe<'s>(js: Js<'s>, require: impl FnOnce() -> JsResult<'s>) -> JsResult<'s> {
    js.state::<Evaluations>()?.observe(js, require).0
}

/// Notes that our engine begins to evaluate these files.
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

/// Notes that our engine has loaded these files, each with what it looked like before it was read.
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
    /// What a file looked like before it was last read, if that was observed.
    pub fn seen(&self, path: &str) -> Option<Stamp> {
        self.seen.borrow().get(path).copied()
    }

    /// Restores what a file looked like, as its old version is in use again.
    pub fn put_back_seen(&self, path: &Rc<str>, seen: Option<Stamp>) {
        let mut all_seen = self.seen.borrow_mut();
        match seen {
            Some(seen) => all_seen.insert(Rc::clone(path), seen),
            None => all_seen.remove(path),
        };
    }

    /// Notes that nobody is told of changes of these files any more.
    pub fn note_left(&self, paths: impl IntoIterator<Item = Rc<str>>) {
        for path in paths {
            if self.seen(&path).is_none() {
                // Changes until now were told, so the file counts as loaded as it is now.
                self.note_look(&path);
            }
            self.left.borrow_mut().insert(path);
        }
    }

    /// Takes the files of whose changes nobody was told since they were left.
    pub fn take_left(&self) -> Awaited {
        self.left.take()
    }

    /// Whether a missing file or a link was found since the last call.
    pub fn take_news(&self) -> bool {
        self.has_news.take()
    }

    /// Takes the files that may mend the evaluation that failed last.
    pub fn take_last_failed(&self) -> Awaited {
        self.last_failed.take()
    }

    /// Takes what a file awaits, as it will be evaluated again, which shows what its new version awaits.
    pub fn take(&self, js: Js<'_>, path: &str) -> Awaited {
        let Some(awaited) = self.awaited.borrow_mut().remove(path) else {
            return Awaited::new();
        };
        for host in Host::all(js).unwrap_or_default() {
            host.known.mended.borrow_mut().extend(awaited.iter().cloned());
        }
        awaited
    }

    /// Restores what a file awaits, as its old version is in use again.
    pub fn put_back(&self, path: &str, awaited: Awaited) {
        if !awaited.is_empty() {
            self.awaited.borrow_mut().insert(Rc::from(path), awaited);
        }
    }

    /// The places that a file awaits.
    pub fn awaited_by(&self, path: &str) -> Awaited {
        self.awaited.borrow().get(path).cloned().unwrap_or_default()
    }

    /// All files that await another one.
    pub fn all_awaiting(&self) -> Vec<Rc<str>> {
        self.awaited.borrow().keys().cloned().collect()
    }

    /// The files that await a file at this place.
    pub fn awaiting(&self, place: &str) -> Vec<Rc<str>> {
        let awaited = self.awaited.borrow();
        let awaiting = awaited.iter().filter(|(_, places)| places.contains(place));
        awaiting.map(|(importer, _)| Rc::clone(importer)).collect()
    }

    /// Runs `evaluate`, and returns its result and the files whose loading began in it.
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

    /// Begins an observation; [`Evaluations::end`] ends it.
    pub fn begin(&self, js: Js<'_>) -> Observed {
        if self.depth.get() == 0 {
            // If Node's functions cannot be replaced, we only miss requires that fail in a `try`.
            let _ = self.stand_in(js);
        }
        self.depth.set(self.depth.get() + 1);
        Observed(self.begun.borrow().len())
    }

    /// Ends an observation, and returns the files whose loading began in it.
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
        // A `require.cache` that throws belongs to the user.
        let _ = self.note_failed(js, &begun);
        begun
    }

    /// The files whose loading began in this observation so far.
    pub fn begun_since(&self, observed: &Observed) -> HashSet<Rc<str>, FxBuildHasher> {
        let begun = self.begun.borrow();
        let since = begun.iter().skip(observed.first(&begun));
        since.map(|it| Rc::clone(&it.path)).collect()
    }

    /// Node's class `Module`.
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

    /// Finds the files that began to load and failed. The file that required one of them awaits it, and every file that it
    /// required in turn.
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
            // A file begins to load before the files that it requires.
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

/// The stand-in for `Module._resolveFilename(request, parent, …)`.
fn resolve<'s>(call: &Call<'s>, theirs: &Held) -> JsResult<'s> {
    let resolved = theirs.get(call.js).call(call.this, &call.args);
    // A failure here must not change the result for the caller.
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

/// The stand-in for `Module._nodeModulePaths(folder)`. If this is the folder of the file that was resolved last, Node is
/// about to read that file.
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

/// The file that requires, unless it belongs to a package.
fn importer<'s>(call: &Call<'s>) -> JsResult<'s, Option<Rc<str>>> {
    let parent = call.arg(1);
    if !parent.is_object() {
        return Ok(None);
    }
    let filename = parent.get("filename")?.text();
    Ok(filename.filter(|path| !is_foreign(path)).map(Rc::from))
}
