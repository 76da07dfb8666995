//! One reload after another.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::js::{Held, Js, Signal, Value, settled, spawn};

use super::app::App;

/// Who reloads a runner, and who waits for that.
#[derive(Default)]
pub struct ReloadQueue {
    under_way: Cell<usize>,
    /// How many reloads had their turn.
    count: Cell<usize>,
    waiting: RefCell<VecDeque<Rc<Signal>>>,
    /// The latest reload that was asked for, while it has not taken anything out of the module cache.
    upcoming: RefCell<Option<Upcoming>>,
}

/// A reload that does for whoever asks for the same meanwhile.
struct Upcoming {
    files: Held,
    promise: Held,
    has_begun: Rc<Cell<bool>>,
}

impl ReloadQueue {
    fn is_busy(&self) -> bool {
        self.under_way.get() > 0
    }

    fn enter(&self) {
        self.under_way.set(self.under_way.get() + 1);
        self.count.set(self.count.get() + 1);
    }

    /// How many reloads there were, for [`ReloadQueue::has_begun_since`].
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Whether a reload is under way, or has been since there were so many.
    pub fn has_begun_since(&self, count: usize) -> bool {
        self.is_busy() || self.count.get() != count
    }

    /// The promise of a reload of these files that has not begun.
    pub fn upcoming<'s>(&self, files: Value<'s>) -> Option<Value<'s>> {
        let js = files.js();
        let upcoming = self.upcoming.borrow();
        let same = upcoming
            .as_ref()
            .filter(|upcoming| !upcoming.has_begun.get() && upcoming.files.get(js).same(files));
        same.map(|upcoming| upcoming.promise.get(js))
    }

    /// Remembers a reload until it begins.
    pub fn announce(&self, files: Value<'_>, promise: Value<'_>, has_begun: Rc<Cell<bool>>) {
        self.upcoming.replace(Some(Upcoming {
            files: files.hold(),
            promise: promise.hold(),
            has_begun,
        }));
    }

    /// The reload begins, or never will.
    pub fn begin(&self, has_begun: &Rc<Cell<bool>>) {
        has_begun.set(true);
        let mut upcoming = self.upcoming.borrow_mut();
        if upcoming
            .as_ref()
            .is_some_and(|upcoming| Rc::ptr_eq(&upcoming.has_begun, has_begun))
        {
            upcoming.take();
        }
    }
}

impl App {
    /// Waits until no reload is under way. To be followed by [`App::end_reload`]. A module that is being run may wait
    /// for the reload that it asks for, so that one does not wait for the module.
    pub async fn take_reload_turn(&self, asker: Option<&str>) {
        let reloads = &self.state.reloads;
        if !reloads.is_busy() || self.is_being_run(asker) {
            return reloads.enter();
        }
        let signal = Rc::new(Signal::default());
        let turn = self
            .cx
            .attempt(|js: Js<'_>| spawn(js, signal.wait(&self.cx)).map(Value::hold));
        let Ok(turn) = turn else {
            return reloads.enter();
        };
        reloads.waiting.borrow_mut().push_back(signal);
        // Fulfilled by `end_reload`, which counts us in.
        let _ = settled(&self.cx, turn).await;
    }

    /// Ends what [`App::take_reload_turn`] began; when it was the last, the next one begins.
    pub fn end_reload(&self) {
        let reloads = &self.state.reloads;
        reloads.under_way.set(reloads.under_way.get().saturating_sub(1));
        if reloads.is_busy() {
            return;
        }
        let next = reloads.waiting.borrow_mut().pop_front();
        if let Some(next) = next {
            reloads.enter();
            self.cx.with(|js| next.fire(js, &Ok(Held::undefined())));
        }
    }

    /// Whether the module has made its context in a run that has not ended.
    pub fn is_being_run(&self, owner: Option<&str>) -> bool {
        let open = self.state.versions.borrow();
        owner.is_some_and(|owner| open.iter().any(|versions| versions.has_created(owner)))
    }
}
