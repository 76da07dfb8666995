//! Delivers the hub's due changes to their subscribers, on the JavaScript thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tracing::trace_span;

use super::active::{Active, ActiveWatches, Id};
use super::event_loop::hub;
use super::subscriber::{Asking, Origin};
use crate::js::{Js, JsResult, JsWaker, State, Value, outside};
use crate::report;
use crate::watch::{Hub, LoadedFile, WatchKey};

/// Two changes with less than this time between them belong together.
const LATELY: Duration = Duration::from_millis(500);
/// This many files that changed together are a burst.
const BURST: usize = 4;

/// The environment's active watches, and the hub that feeds them.
#[derive(Default)]
pub struct Delivery {
    /// The hub, and the waker by which it calls this thread; made with the first watch.
    link: RefCell<Option<(Rc<Hub>, JsWaker)>>,
    /// All active watches.
    active: RefCell<ActiveWatches>,
    /// Set while a subscriber hears of a change: whether the change has had its settle time.
    delivering: Cell<Option<bool>>,
    /// How many more changes of the current batch, or updates of a caller, follow the one under way (an upper bound).
    to_come: Cell<usize>,
    /// The time of the last change, and the watches whose files changed together with it.
    lately: RefCell<(Option<Instant>, BTreeSet<WatchKey>)>,
    /// Work that runs when every subscriber has heard of all due changes.
    afterwards: RefCell<Vec<Work>>,
}

/// Work that runs on the JavaScript thread.
type Work = Box<dyn for<'s> FnOnce(Js<'s>)>;

impl State for Delivery {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    /// Closes the hub first, so that nothing wakes this thread any more, and then drops the references.
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

    /// Starts watches of files that are loaded already; the id of each is its path.
    ///
    /// # Errors
    /// When the OS refuses to watch, or the environment is shutting down.
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

    /// Ends a watch. A second call for the same key does nothing.
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

    /// Marks the change of `key` as delivered, too: its subscriber loads the same file as that of `taken`, whose change is
    /// being delivered.
    pub fn take_along(&self, key: WatchKey, taken: WatchKey) {
        if let Some((hub, _)) = &*self.link.borrow() {
            hub.take_along(key, taken);
        }
    }

    /// The ids of the watches whose changes `emitter` emits.
    pub fn watched_by(&self, emitter: Value<'_>) -> Vec<Box<str>> {
        let active = self.active.borrow();
        let own = active
            .by_key
            .values()
            .filter(|active| active.asking.is_of(emitter));
        own.map(|active| active.id.as_str().into()).collect()
    }

    /// The `Asking` of the newest watch, if it belongs to this emitter and has the default options.
    pub fn asked_last_by(&self, emitter: Value<'_>) -> Option<Rc<Asking>> {
        let active = self.active.borrow();
        let (_, last) = active.by_key.last_key_value()?;
        (last.asking.by_default && last.asking.is_of(emitter)).then(|| Rc::clone(&last.asking))
    }

    /// How the change that is being emitted became known.
    pub fn origin(&self) -> Origin {
        match self.delivering.get() {
            Some(false) => Origin::Watched,
            Some(true) => Origin::Settled,
            None => Origin::Told,
        }
    }

    /// Whether our watchers have no more changes to deliver for now.
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

    /// Whether so many more files have changed that with those which were delivered they are a burst. Looks at the files.
    pub fn begins_burst(&self) -> bool {
        let more = if self.lately.borrow().1.len() > 1 { 1 } else { 2 };
        let link = self.link.borrow();
        link.as_ref().is_some_and(|(hub, _)| hub.has_more(more))
    }

    /// An update by a change has ended. The next save of its burst may come only now: evaluating took the time.
    pub fn update_has_ended(&self) {
        let (last, _) = &mut *self.lately.borrow_mut();
        if last.is_some() {
            *last = Some(Instant::now());
        }
    }

    /// Sets how many more updates the caller is about to begin.
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

    /// Runs `work` later: during a delivery, when all due changes have been emitted; else in a microtask of its own.
    pub fn soon<'s>(&self, js: Js<'s>, work: impl for<'t> FnOnce(Js<'t>) + 'static) -> JsResult<'s, ()> {
        if self.delivering.get().is_none() {
            return js.soon(work);
        }
        self.afterwards.borrow_mut().push(Box::new(work));
        Ok(())
    }

    fn link<'s>(&self, js: Js<'s>) -> JsResult<'s, (Rc<Hub>, JsWaker)> {
        if let Some((hub, waker)) = &*self.link.borrow() {
            return Ok((Rc::clone(hub), waker.clone()));
        }
        let waker = JsWaker::new(js, |js| {
            outside(js, |js| {
                if let Ok(delivery) = js.state::<Self>() {
                    delivery.deliver(js);
                }
            });
        })?;
        let hub = hub(js, &waker);
        *self.link.borrow_mut() = Some((Rc::clone(&hub), waker.clone()));
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
            // Looked up for each change, because the update before may have ended this watch.
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

/// Prints the notices of the watch engine.
pub fn tell_notices(js: Js<'_>, hub: &Hub) {
    for notice in hub.take_notices() {
        if notice.is_for_the_log() {
            report::remark(js, &notice.to_string());
        } else {
            report::notice(js, &notice.to_string());
        }
    }
}
