//! The queue of updates: one runs at a time, and all changes meanwhile make one further update.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::updater::{Batch, Refusal, Updater};
use super::version::Version;
use crate::graph::hot::ModuleId;
use crate::js::{Cx, Held, Js, Value, spawn_detached};
use crate::report;

/// Versions of a module that call `invalidate()` within this time of one another count as in a row.
const LOOP: Duration = Duration::from_secs(1);
/// Number of versions in a row after which `invalidate()` is ignored, as they would call it for ever. For a call during the
/// evaluation of a version, one is enough.
const REFUSALS: u32 = 3;

impl Updater {
    /// Whether new content of this module is being evaluated. If so, a save of the old content is a change, too.
    pub fn is_evaluating(&self, id: ModuleId) -> bool {
        let under_way = self.under_way.borrow();
        under_way
            .iter()
            .any(|other| other.batch.borrow().changed.contains(&id))
    }

    /// Takes changes. The update starts now, or after the one that is under way.
    pub fn change(self: &Rc<Self>, js: Js<'_>, batch: Batch) {
        self.pending.borrow_mut().merge(batch);
        self.pump(js);
    }

    /// Begins the next update, if there are changes and no update is under way.
    fn pump(self: &Rc<Self>, js: Js<'_>) {
        if self.is_busy.get() || self.pending.borrow().is_empty() {
            return;
        }
        let mut batch = self.pending.take();
        // A version that called `invalidate()` during its evaluation is updated once it runs. Until then the version before
        // it is the running one.
        let is_staged = |refusal: &Refusal| {
            let version = refusal.version.upgrade();
            version.is_some_and(|version| self.is_staged(&version))
        };
        let (later, now): (Vec<_>, Vec<_>) = batch.invalidated.drain(..).partition(is_staged);
        batch.invalidated = now;
        self.pending.borrow_mut().invalidated = later;
        if batch.is_empty() {
            return;
        }
        let (updater, cx) = (Rc::clone(self), Cx::new(js));
        self.is_busy.set(true);
        *self.refused_first.borrow_mut() = batch.first_refusing();
        spawn_detached(js, async move {
            if updater.update(&cx, batch).await {
                updater.leave(&cx);
            }
        });
    }

    /// Lets other updates go on, since this one is over or waits for an evaluation.
    pub(super) fn leave(self: &Rc<Self>, cx: &Cx) {
        self.is_busy.set(false);
        self.refused_first.take();
        cx.with(|js| {
            // Updates that waited for the end of an evaluation come first.
            self.free.fire(js, &Ok(Held::undefined()));
            self.pump(js);
        });
    }

    /// Waits until no other update is under way.
    pub(super) async fn enter(&self, cx: &Cx) {
        while self.is_busy.get() {
            let _ = self.free.wait(cx).await;
        }
        self.is_busy.set(true);
    }

    /// `hot.invalidate()`.
    pub fn invalidate(self: &Rc<Self>, js: Js<'_>, version: &Rc<Version>, message: Option<&str>) {
        let module = &version.module;
        // An accept callback belongs to the replaced version, and its `invalidate()` means the new one.
        let speaks_for = if version.is_retired() && self.is_telling.get() {
            self.hot.current(module.id)
        } else {
            Some(Rc::clone(version))
        };
        let Some(version) = speaks_for.filter(|version| !version.is_retired()) else {
            return;
        };
        if !version.refuse() {
            return;
        }
        let now = Instant::now();
        let last = module.last_invalidated.replace(Some(now));
        let is_soon = last.is_some_and(|last| now.duration_since(last) < LOOP);
        let in_a_row = if is_soon { version.refusals.get() } else { 0 };
        if in_a_row > 0 && (in_a_row >= REFUSALS || self.is_staged(&version)) {
            let text = "invalidate() is ignored: this version is there because the last one has called it";
            report::warning(js, &report::relative(&module.path), text);
            version.take_back_refusal();
            return;
        }
        let payload = js.object();
        let refused_first = self.refused_first.borrow().clone();
        let first = refused_first.unwrap_or_else(|| Rc::clone(&module.path));
        let path = js.string(&module.path);
        let message = message.map_or_else(|| js.undefined(), |message| js.string(message));
        // A new object takes any property.
        let _ = payload.set("path", path);
        let _ = payload.set("message", message);
        let _ = payload.set("firstInvalidatedBy", js.string(&first));
        self.tell(js, "vite:invalidate", payload);
        self.pending.borrow_mut().invalidated.push(Refusal {
            version: Rc::downgrade(&version),
            first,
        });
        // Begins later and not within the user's call, since the update may wait for that call to end.
        if !self.is_called.replace(true) {
            let updater = Rc::clone(self);
            let later = js.soon(move |js| {
                updater.is_called.set(false);
                updater.pump(js);
            });
            if later.is_err() {
                self.is_called.set(false);
            }
        }
    }

    /// `hot.send()`.
    pub fn send(self: &Rc<Self>, js: Js<'_>, event: &str, data: Value<'_>) {
        self.tell(js, event, data);
        self.runner.sent(js, event, data);
    }
}
