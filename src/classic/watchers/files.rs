//! Watching files for a watcher: what changes, it emits as `update`.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use super::fs_watcher::WatcherClasses;
use crate::classic::emitter;
use crate::files::{Asking, Delivery, Origin, Subscriber, options};
use crate::js::{Held, Js, JsResult, State, Value};
use crate::watch::{LoadedFile, WatchKey};

/// Tells a runtime that something happened to these ids or paths.
pub type Hear = for<'s> fn(Value<'s>, &[&str], Origin) -> JsResult<'s, ()>;

/// Listeners that are runtimes' own.
pub struct Hearers {
    /// The key under which such a listener says whose it is.
    runtime: Held,
    hear: Cell<Option<Hear>>,
}

impl State for Hearers {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self {
            runtime: js.symbol("node-hmr runtime").hold(),
            hear: Cell::new(None),
        })
    }
}

impl Hearers {
    /// What calling such a listener does.
    pub fn hear_by(&self, hear: Hear) {
        self.hear.set(Some(hear));
    }

    /// The listener is this runtime's.
    pub fn mark<'s>(&self, listener: Value<'s>, runtime: Value<'s>) -> JsResult<'s, ()> {
        listener.define_hidden(self.runtime.get(listener.js()), runtime)
    }

    fn hearing_by<'s>(&self, listener: Value<'s>) -> Option<(Hear, Value<'s>)> {
        let runtime = listener.get_key(self.runtime.get(listener.js())).ok()?;
        Some((self.hear.get()?, runtime.is_object().then_some(runtime)?))
    }
}

/// A watcher that emits `update`.
struct Emitting {
    /// Kept as long as its watches.
    watcher: Held,
}

impl Subscriber for Emitting {
    /// If nobody but one runtime would hear of it, the runtime is told without the way through JavaScript.
    fn changed<'s>(&self, js: Js<'s>, id: &str, origin: Origin) -> JsResult<'s, ()> {
        let watcher = self.watcher.get(js);
        if let Ok(Some(listener)) = emitter::only_listener(js, watcher)
            && let Some((hear, runtime)) = js.state::<Hearers>()?.hearing_by(listener)
        {
            return hear(runtime, &[id], origin);
        }
        watcher.call_method("emit", &[js.string("update"), js.string(id)])?;
        Ok(())
    }

    fn emitter<'s>(&self, js: Js<'s>) -> Value<'s> {
        self.watcher.get(js)
    }
}

/// What a watcher of ours, or an object with `options` and `emit`, needs to watch files, many if need be.
pub struct Files<'s> {
    given: Value<'s>,
    asking: Rc<Asking>,
}

impl<'s> Files<'s> {
    pub fn of(watcher: Value<'s>) -> JsResult<'s, Self> {
        let js = watcher.js();
        let given = watcher.get("options")?;
        // A watcher without options asks for the same each time, and what the environment says is slow to read.
        if !given.is_object()
            && let Some(asking) = js.state::<Delivery>()?.asked_last_by(watcher)
        {
            return Ok(Self { given, asking });
        }
        let only_content = watcher.instance_of(js.state::<WatcherClasses>()?.content.get(js))?;
        let asking = Rc::new(Asking {
            subscriber: Rc::new(Emitting {
                watcher: watcher.hold(),
            }),
            options: options::read("FSWatcher", given, only_content)?,
            by_default: !given.is_object(),
        });
        Ok(Self { given, asking })
    }

    /// From now on the watcher emits `update` with the id when the file changes, which need not exist. Nothing is
    /// watched that the watcher's options leave alone.
    pub fn watch(&self, id: &str, path: &Path) -> JsResult<'s, Option<WatchKey>> {
        if options::ignores(self.given, path)? {
            return Ok(None);
        }
        let js = self.given.js();
        let delivery = js.state::<Delivery>()?;
        delivery.watch(js, &self.asking, id, path).map(Some)
    }

    /// The same for files that were loaded already, whose ids are their paths. Whatever the watcher's options leave
    /// alone has no key.
    pub fn watch_loaded(&self, files: Vec<LoadedFile<'_>>) -> JsResult<'s, Vec<Option<WatchKey>>> {
        let mut is_watched = Vec::with_capacity(files.len());
        for file in &files {
            is_watched.push(!options::ignores(self.given, file.path)?);
        }
        let mut wanted = is_watched.iter();
        let mut files = files;
        files.retain(|_| wanted.next().is_some_and(|wanted| *wanted));
        let js = self.given.js();
        let delivery = js.state::<Delivery>()?;
        let mut keys = delivery.watch_loaded(js, &self.asking, &files)?.into_iter();
        Ok(is_watched
            .into_iter()
            .map(|yes| if yes { keys.next() } else { None })
            .collect())
    }
}
