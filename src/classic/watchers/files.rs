//! Watches files for a watcher object, which then emits `update` for each change.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use super::fs_watcher::WatcherClasses;
use crate::classic::emitter;
use crate::files::{Asking, Delivery, Origin, Subscriber, options};
use crate::js::{Held, Js, JsResult, State, Value};
use crate::watch::{LoadedFile, WatchKey};

/// Tells a runtime that these ids or paths changed.
pub type Hear = for<'s> fn(Value<'s>, &[&str], Origin) -> JsResult<'s, ()>;

/// Recognizes the listeners that belong to runtimes.
pub struct Hearers {
    /// The symbol under which such a listener has its runtime.
    runtime: Held,
    /// The function that does what a call of such a listener would do.
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
    /// Sets the function that does what a call of a runtime's listener would do.
    pub fn hear_by(&self, hear: Hear) {
        self.hear.set(Some(hear));
    }

    /// Marks a listener as the one of this runtime.
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
    /// The watcher object, kept alive by its watches.
    watcher: Held,
}

impl Subscriber for Emitting {
    /// Emits `update`. If the only listener belongs to a runtime, tells the runtime directly, without a call in JavaScript.
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

/// Watches files for one watcher of ours, or for another object with `options` and `emit`.
pub struct Files<'s> {
    /// The options as the user gave them.
    given: Value<'s>,
    /// The watcher, and the options as the watch engine takes them.
    asking: Rc<Asking>,
}

impl<'s> Files<'s> {
    /// Reads the watcher's options.
    pub fn of(watcher: Value<'s>) -> JsResult<'s, Self> {
        let js = watcher.js();
        let given = watcher.get("options")?;
        // A watcher without options has the same `Asking` each time; reading the environment variable is slow.
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

    /// Starts a watch: the watcher emits `update` with the id when the file, which need not exist, changes. `None` if the
    /// option `ignored` excludes the file.
    pub fn watch(&self, id: &str, path: &Path) -> JsResult<'s, Option<WatchKey>> {
        if options::ignores(self.given, path)? {
            return Ok(None);
        }
        let js = self.given.js();
        let delivery = js.state::<Delivery>()?;
        delivery.watch(js, &self.asking, id, path).map(Some)
    }

    /// Starts watches of files that are loaded already; the id of each is its path. The key is `None` for a file that the
    /// option `ignored` excludes.
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
