//! The watches of what is followed: through the runtime's own watcher, by resolved path.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::{Host, Mode};
use crate::addon::Addon;
use crate::js::{JsResult, Thrown, Value};
use crate::report;
use crate::watch::WatchKey;
use crate::watchers::fs_watcher::{self, Files};

/// Whom to ask for a watch.
enum Watching<'s> {
    /// The engine itself, in the watcher's name: a path that is resolved needs nothing of a `require`, and files that
    /// do not exist can be waited for.
    Ours(Files<'s>),
    /// `watch` of any watcher; the functions that end the watches are kept in the `Map`.
    Theirs { watcher: Value<'s>, ends: Value<'s> },
}

impl<'s> Watching<'s> {
    fn of(host: &Host<'s>) -> JsResult<'s, Self> {
        if host.known.mode == Mode::Mention {
            return Ok(Self::Ours(Files::of(host.object.get("dependencyHints")?)?));
        }
        let watcher = host.object.get("watcher")?;
        if fs_watcher::is_ours(watcher)? {
            return Ok(Self::Ours(Files::of(watcher)?));
        }
        let ends = host.object.get("dependencyWatches")?;
        Ok(Self::Theirs { watcher, ends })
    }

    fn watch(&self, path: &str) -> JsResult<'s, Option<WatchKey>> {
        match self {
            Self::Ours(files) => files.watch(path, Path::new(path)),
            Self::Theirs { watcher, ends } => {
                let path = watcher.js().string(path);
                let end = watcher.call_method("watch", &[path])?;
                ends.call_method("set", &[path, end])?;
                Ok(None)
            }
        }
    }
}

impl<'s> Host<'s> {
    /// Watches each of these paths that is not watched yet.
    pub(super) fn watch_all(&self, paths: &[Rc<str>]) {
        let new: Vec<Rc<str>> = {
            let watched = self.known.watched.borrow();
            let is_new = |path: &&Rc<str>| !path.starts_with('\0') && !watched.contains_key(*path);
            paths.iter().filter(is_new).cloned().collect()
        };
        self.watch_each(new, |path, thrown| {
            let what = "cannot be watched, so its edits update nothing";
            report::error(self.js, path, what, thrown.0);
        });
    }

    /// Watches places where a file may appear or be mended. A watcher that cannot watch a missing file need not.
    pub(super) fn await_all(&self, paths: &BTreeSet<String>) {
        let new: Vec<Rc<str>> = {
            let watched = self.known.watched.borrow();
            let new = paths.iter().filter(|path| !watched.contains_key(path.as_str()));
            new.map(|path| Rc::from(path.as_str())).collect()
        };
        self.watch_each(new, |_, _| ());
    }

    fn watch_each(&self, paths: Vec<Rc<str>>, failed: impl Fn(&str, Thrown<'s>)) {
        if paths.is_empty() || self.registry.watched.get() == 0 {
            return;
        }
        let watching = match Watching::of(self) {
            Ok(watching) => watching,
            Err(thrown) => return report::error(self.js, "dependencies", "cannot be watched", thrown.0),
        };
        for path in paths {
            let watched = watching.watch(&path).map_err(|thrown| failed(&path, thrown));
            let key = watched.ok().flatten();
            self.known.watched.borrow_mut().insert(path, key);
        }
    }

    /// Forgets what no hot module reaches any more, and ends the watches that nothing needs.
    pub(super) fn let_go(&self) {
        let mut gone = self.known.graph.borrow_mut().sweep();
        gone.extend(self.known.mended.take().into_iter().map(Rc::from));
        for path in gone {
            let is_needed = self.known.graph.borrow().find(&path).is_some()
                || (self.known.troubled.borrow().values()).any(|files| files.contains(&*path));
            if !is_needed {
                self.unwatch(&path);
            }
        }
    }

    /// Ends the watch of one path.
    pub(super) fn unwatch(&self, path: &str) {
        let Some(key) = self.known.watched.borrow_mut().remove(path) else {
            return;
        };
        let ended = Addon::of(self.js).and_then(|addon| {
            if let Some(key) = key {
                addon.delivery.unwatch(self.js, key);
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
