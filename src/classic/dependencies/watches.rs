//! The watches of followed files, by resolved path, through the runtime's watcher.

use std::path::Path;
use std::rc::Rc;

use super::evaluation::Evaluations;
use super::known::Awaited;
use super::{Host, Reaction, Turn, gathering};
use crate::classic::record::Record;
use crate::classic::watchers::files::Files;
use crate::classic::watchers::fs_watcher;
use crate::files::options;
use crate::files::{Delivery, Origin};
use crate::js::{JsResult, Thrown, Value};
use crate::report;
use crate::watch::LoadedFile;

/// What starts the watches.
enum Watching<'s> {
    /// The watch engine itself, in the name of a watcher of ours: it takes resolved paths, and files that do not exist.
    Ours(Files<'s>),
    /// The `watch` of a user's watcher. `ends` is a `Map` of the functions that end the watches.
    Theirs { watcher: Value<'s>, ends: Value<'s> },
}

impl<'s> Watching<'s> {
    fn of(host: &Host<'s>) -> JsResult<'s, Self> {
        if host.known.reaction == Reaction::Mention {
            return Ok(Self::Ours(Files::of(host.object.get("dependencyHints")?)?));
        }
        let watcher = host.object.get("watcher")?;
        if fs_watcher::is_ours(watcher)? {
            return Ok(Self::Ours(Files::of(watcher)?));
        }
        let ends = host.object.get("dependencyWatches")?;
        Ok(Self::Theirs { watcher, ends })
    }

    /// Starts the watches of new paths. If a file has changed since it was read, the watch engine tells of it; for a watcher
    /// of the user's, this function does.
    fn watch(
        &self,
        host: &Host<'s>,
        evaluations: &Evaluations,
        paths: Vec<Rc<str>>,
        failed: &dyn Fn(&str, Thrown<'s>),
    ) -> JsResult<'s, ()> {
        let seen = |path: &str| match host.known.reaction {
            Reaction::Follow => evaluations.seen(path),
            Reaction::Mention => None,
        };
        match self {
            Self::Ours(files) => {
                let loaded = paths.iter().map(|path| LoadedFile {
                    path: Path::new(&**path),
                    seen: seen(path),
                });
                let keys = files.watch_loaded(loaded.collect())?;
                host.known
                    .watched
                    .borrow_mut()
                    .extend(paths.into_iter().zip(keys));
            }
            Self::Theirs { watcher, ends } => {
                for path in paths {
                    let id = host.js.string(&path);
                    let watched = watcher
                        .call_method("watch", &[id])
                        .and_then(|end| ends.call_method("set", &[id, end]));
                    match watched {
                        Err(thrown) => failed(&path, thrown),
                        Ok(_) if seen(&path).is_some_and(|seen| seen.is_outdated(Path::new(&*path))) => {
                            gathering::take_over(host.runtime, &host.registry, &[&path], Origin::Told)?;
                        }
                        Ok(_) => {}
                    }
                    host.known.watched.borrow_mut().insert(path, None);
                }
            }
        }
        Ok(())
    }
}

impl<'s> Host<'s> {
    /// Watches each of these paths that is not watched yet.
    pub(super) fn watch_all(&self, paths: &[Rc<str>]) {
        self.watch_each(paths, &|path, thrown| {
            let what = "cannot be watched, so its edits update nothing";
            report::error(self.js, path, what, thrown.0);
        });
    }

    /// Watches places where a file may appear, or a file that may be mended. Errors are ignored: a watcher of the user's need
    /// not watch missing files.
    pub(super) fn await_all(&self, paths: &Awaited) {
        let paths: Vec<Rc<str>> = paths.iter().cloned().collect();
        self.watch_each(&paths, &|_, _| ());
    }

    /// Watches the places that followed modules await, if a file there would be followed, and the links that lead to
    /// followed files.
    pub(super) fn await_unresolved(&self, record: &Record) {
        let Ok(evaluations) = self.js.state::<Evaluations>() else {
            return;
        };
        if self.known.reaction == Reaction::Mention || !record.is_watched.get() {
            return;
        }
        self.await_all(&evaluations.links.leading_to(&|path| self.follows_now(path)));
        let awaiting = evaluations.all_awaiting();
        if awaiting.is_empty() {
            return;
        }
        let home = self.home(record);
        let Ok(ignored) = self.ignored() else { return };
        for importer in awaiting.iter().filter(|importer| self.reaches(importer)) {
            let mut places = evaluations.awaited_by(importer);
            places.retain(|place| {
                self.follows(&home, ignored, || importer.to_string(), place)
                    .unwrap_or(false)
            });
            self.await_all(&places);
        }
    }

    fn follows_now(&self, path: &str) -> bool {
        self.known.graph.borrow().find(path).is_some()
    }

    /// Whether the file is that of a watched hot module, or is followed.
    pub(super) fn reaches(&self, path: &str) -> bool {
        let is_watched = |record: &Rc<Record>| record.is_watched.get() && record.is_alive.get();
        self.known.graph.borrow().find(path).is_some() || self.registry.find_told(path).iter().any(is_watched)
    }

    /// The options, if they have `ignored`.
    pub(super) fn ignored(&self) -> JsResult<'s, Option<Value<'s>>> {
        let options = self.object.get("dependencyOptions")?;
        let names_any = options.is_object() && !options.get("ignored")?.is_nullish();
        Ok(names_any.then_some(options))
    }

    /// Whether a file that `importer` requires is followed for a hot module whose package is at `home`.
    pub(super) fn follows(
        &self,
        home: &Path,
        ignored: Option<Value<'s>>,
        importer: impl Fn() -> String,
        path: &str,
    ) -> JsResult<'s, bool> {
        if !self.known.packages.borrow_mut().follows(home, importer, path) {
            return Ok(false);
        }
        match ignored {
            Some(options) => {
                let turn = self.js.state::<Turn>()?;
                let outer = turn.is_asking.replace(true);
                let is_ignored = options::ignores(options, Path::new(path));
                turn.is_asking.set(outer);
                Ok(!is_ignored?)
            }
            None => Ok(true),
        }
    }

    fn watch_each(&self, paths: &[Rc<str>], failed: &dyn Fn(&str, Thrown<'s>)) {
        let new: Vec<Rc<str>> = {
            let watched = self.known.watched.borrow();
            let is_new = |path: &&Rc<str>| !path.starts_with('\0') && !watched.contains_key(*path);
            paths.iter().filter(is_new).cloned().collect()
        };
        if new.is_empty() || self.registry.watched.get() == 0 {
            return;
        }
        let watched = self
            .js
            .state::<Evaluations>()
            .and_then(|evaluations| Watching::of(self)?.watch(self, &evaluations, new, failed));
        if let Err(thrown) = watched {
            report::error(self.js, "dependencies", "cannot be watched", thrown.0);
        }
    }

    /// Notes that what the file at a path awaits perhaps needs no watch any more.
    pub(super) fn forget_awaited_by(&self, path: &str) {
        let awaited = self
            .js
            .state::<Evaluations>()
            .map(|evaluations| evaluations.awaited_by(path));
        self.known
            .mended
            .borrow_mut()
            .extend(awaited.into_iter().flatten());
    }

    /// Forgets the files that no hot module reaches any more, and ends the watches that nothing needs.
    pub(super) fn let_go(&self) {
        let gone = self.known.graph.borrow_mut().sweep();
        for path in &gone {
            self.forget_awaited_by(path);
        }
        if self.known.reaction == Reaction::Follow
            && let Ok(evaluations) = self.js.state::<Evaluations>()
        {
            let files = gone.iter().filter(|path| !path.starts_with('\0'));
            evaluations.note_left(files.cloned());
            let links = evaluations.links.leading_to(&|path| !self.follows_now(path));
            self.known.mended.borrow_mut().extend(links);
        }
        let mended = self.known.mended.take();
        for path in gone.into_iter().chain(mended) {
            if !self.needs(&path) {
                self.unwatch(&path);
            }
        }
    }

    fn needs(&self, path: &str) -> bool {
        if self.follows_now(path) || (self.known.troubled.borrow().values()).any(|files| files.contains(path))
        {
            return true;
        }
        self.js.state::<Evaluations>().is_ok_and(|evaluations| {
            let awaiting = evaluations.awaiting(path);
            awaiting.iter().any(|file| self.reaches(file))
                || evaluations
                    .links
                    .leading_to(&|path| self.follows_now(path))
                    .contains(path)
        })
    }

    /// Ends the watch of one path.
    pub(super) fn unwatch(&self, path: &str) {
        let Some(key) = self.known.watched.borrow_mut().remove(path) else {
            return;
        };
        let ended = self.js.state::<Delivery>().and_then(|delivery| {
            if let Some(key) = key {
                delivery.unwatch(self.js, key);
                return Ok(());
            }
            let ends = self.object.get("dependencyWatches")?;
            let path = self.js.string(path);
            let end = ends.call_method("get", &[path])?;
            ends.call_method("delete", &[path])?;
            if end.is_function() {
                end.call(self.js.undefined(), &[])?;
            }
            Ok(())
        });
        if let Err(thrown) = ended {
            report::error(self.js, path, "its watch could not be stopped", thrown.0);
        }
    }
}
