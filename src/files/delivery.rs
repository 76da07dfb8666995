//! From the hub's due changes to their subscribers, on the JavaScript thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::trace_span;

use super::active::{Active, ActiveWatches, Id};
use super::subscriber::{Asking, Origin};
use crate::js::{Js, JsResult, JsWaker, State, Value, outside};
use crate::report;
use crate::watch::{Hub, LoadedFile, WatchKey};

/// Files that changed within this time changed together,
const LATELY: Duration = Duration::from_millis(250);
/// and so many are a burst.
const BURST: usize = 4;

/// The environment's active watches. The hub and its way to this thread are made with the first.
#[derive(Default)]
pub struct Delivery {
    link: RefCell<Option<(Arc<Hub>, JsWaker)>>,
    active: RefCell<ActiveWatches>,
    /// While a subscriber hears of a change: whether the change has had its settle time.
    delivering: Cell<Option<bool>>,
    /// How many changes, or updates, the batch in hand may hold besides the one that is under way.
    to_come: Cell<usize>,
    /// The watches that told something lately, and when the last did.
    lately: RefCell<(Option<Instant>, BTreeSet<WatchKey>)>,
    /// What runs when every subscriber has heard of all that is due.
    afterwards: RefCell<Vec<Work>>,
}

type Work = Box<dyn for<'s> FnOnce(Js<'s>)>;

impl State for Delivery {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    /// The hub first, so that nothing wakes us any more, then the references.
    fn close(&self) {
        if let Some((hub, waker)) = self.link.take() {
            hub.shutdown();
            waker.close();
        }
        self.active.take();
    }
}

impl Delivery {
    /// Starts a watch: from now on the subscriber hears of `id` when the file at `path` changes.
    ///
    /// # Errors
    /// When the OS refuses to watch.
    pub fn watch<'s>(
        &self,
        js: Js<'s>,
        asking: &Rc<Asking>,
        id: &str,
        path: &Path,
    ) -> JsResult<'s, WatchKey> {
        let (hub, waker) = self.link(js)?;
        let key = hub
            .watch(path, &asking.options)
            .map_err(|error| js.error("Error", &format!("FSWatcher cannot watch {id}: {error}")))?;
        self.activate(js, &hub, &waker, asking, [(key, id)]);
        tell_notices(js, &hub);
        Ok(key)
    }

    /// Starts the watches of files that were loaded already, whose ids are their paths.
    ///
    /// # Errors
    /// When the environment is going.
    pub fn watch_loaded<'s>(
        &self,
        js: Js<'s>,
        asking: &Rc<Asking>,
        files: &[LoadedFile<'_>],
    ) -> JsResult<'s, Vec<WatchKey>> {
        let (hub, waker) = self.link(js)?;
        let keys = hub
            .watch_loaded(files, &asking.options)
            .map_err(|error| js.error("Error", &format!("FSWatcher cannot watch: {error}")))?;
        let ids = files.iter().filter_map(|file| file.path.to_str());
        self.activate(js, &hub, &waker, asking, keys.iter().copied().zip(ids));
        tell_notices(js, &hub);
        Ok(keys)
    }

    fn activate<'a>(
        &self,
        js: Js<'_>,
        hub: &Hub,
        waker: &JsWaker,
        asking: &Rc<Asking>,
        started: impl IntoIterator<Item = (WatchKey, &'a str)>,
    ) {
        let mut active = self.active.borrow_mut();
        if active.by_key.is_empty() {
            waker.keep_alive(js, true);
        }
        for (key, id) in started {
            let (asking, id) = (Rc::clone(asking), Id::new(id, hub.path(key)));
            active.add(Active { key, asking, id });
        }
    }

    /// Ends a watch; the second time does nothing.
    pub fn unwatch(&self, js: Js<'_>, key: WatchKey) {
        let removed = self.active.borrow_mut().remove(key);
        let (Some(_), Some((hub, waker))) = (&removed, &*self.link.borrow()) else {
            return;
        };
        hub.unwatch(key);
        if self.active.borrow().by_key.is_empty() {
            waker.keep_alive(js, false);
        }
    }

    /// The user of `key` loads the same file as that of `taken`, which was told of.
    pub fn take_along(&self, key: WatchKey, taken: WatchKey) {
        if let Some((hub, _)) = &*self.link.borrow() {
            hub.take_along(key, taken);
        }
    }

    /// The ids that are watched for an emitter.
    pub fn watched_by(&self, emitter: Value<'_>) -> Vec<Box<str>> {
        let active = self.active.borrow();
        let own = active
            .by_key
            .values()
            .filter(|active| active.asking.is_of(emitter));
        own.map(|active| active.id.as_str().into()).collect()
    }

    /// What was asked for last, if that was for this emitter and by default.
    pub fn asked_last_by(&self, emitter: Value<'_>) -> Option<Rc<Asking>> {
        let active = self.active.borrow();
        let (_, last) = active.by_key.last_key_value()?;
        (last.asking.by_default && last.asking.is_of(emitter)).then(|| Rc::clone(&last.asking))
    }

    /// Where the change that is being emitted came from.
    pub fn origin(&self) -> Origin {
        match self.delivering.get() {
            Some(false) => Origin::Watched,
            Some(true) => Origin::Settled,
            None => Origin::Told,
        }
    }

    /// Whether our watchers have nothing more to tell for now.
    pub fn is_at_rest(&self) -> bool {
        let link = self.link.borrow();
        self.to_come.get() == 0 && link.as_ref().is_none_or(|(hub, _)| hub.is_at_rest())
    }

    /// Whether many files change together, and more may follow.
    pub fn is_in_burst(&self) -> bool {
        let (last, keys) = &*self.lately.borrow();
        let is_late = last.is_none_or(|last| last.elapsed() >= LATELY);
        !is_late && (keys.len() >= BURST || !self.is_at_rest() && keys.len() > 1)
    }

    /// Says how many more updates are about to begin.
    pub fn expect(&self, count: usize) {
        self.to_come.set(count);
    }

    fn note_lately(&self, key: WatchKey) {
        let (last, keys) = &mut *self.lately.borrow_mut();
        let now = Instant::now();
        if last
            .replace(now)
            .is_none_or(|last| now.duration_since(last) >= LATELY)
        {
            keys.clear();
        }
        keys.insert(key);
    }

    /// Runs `work` when all that is due has been emitted, while one of our watchers emits; at any other time in a
    /// microtask of its own.
    pub fn soon<'s>(&self, js: Js<'s>, work: impl for<'t> FnOnce(Js<'t>) + 'static) -> JsResult<'s, ()> {
        if self.delivering.get().is_none() {
            return js.soon(work);
        }
        self.afterwards.borrow_mut().push(Box::new(work));
        Ok(())
    }

    fn link<'s>(&self, js: Js<'s>) -> JsResult<'s, (Arc<Hub>, JsWaker)> {
        if let Some((hub, waker)) = &*self.link.borrow() {
            return Ok((Arc::clone(hub), waker.clone()));
        }
        let waker = JsWaker::new(js, |js| {
            outside(js, |js| {
                if let Ok(delivery) = js.state::<Self>() {
                    delivery.deliver(js);
                }
            });
        })?;
        let wake = waker.clone();
        let hub = Hub::new(Box::new(move || wake.wake()));
        *self.link.borrow_mut() = Some((Arc::clone(&hub), waker.clone()));
        Ok((hub, waker))
    }

    fn deliver(&self, js: Js<'_>) {
        let Some((hub, _)) = self.link.borrow().clone() else {
            return;
        };
        let _span = trace_span!("deliver").entered();
        let mut all = hub.take_due();
        while let Some(due) = all.next() {
            self.to_come.set(all.size_hint().1.unwrap_or(0));
            self.note_lately(due.key);
            // Looked up for each: an update may end the watch of the next.
            let Some(active) = self.active.borrow().by_key.get(&due.key).cloned() else {
                continue;
            };
            // Two runtimes on one watcher each watch the id, and each hears every event.
            let others = self.active.borrow().others(&active);
            js.scope(|js| {
                let emitter = active.asking.subscriber.emitter(js);
                for other in others.iter().filter(|other| other.asking.is_of(emitter)) {
                    hub.take_along(other.key, due.key);
                }
            });
            let outer = self.delivering.replace(Some(due.settled));
            js.scope(|js| {
                let (subscriber, id) = (&active.asking.subscriber, active.id.as_str());
                if let Err(thrown) = subscriber.changed(js, id, self.origin()) {
                    report::error(
                        js,
                        active.id.as_str(),
                        "a listener of the watcher failed",
                        thrown.0,
                    );
                }
            });
            self.delivering.set(outer);
        }
        self.to_come.set(0);
        for work in self.afterwards.take() {
            js.scope(work);
        }
        tell_notices(js, &hub);
    }
}

/// Prints what the watch engine has to say.
pub fn tell_notices(js: Js<'_>, hub: &Hub) {
    for notice in hub.take_notices() {
        if notice.is_for_the_log() {
            report::remark(js, &notice.to_string());
        } else {
            report::notice(js, &notice.to_string());
        }
    }
}
