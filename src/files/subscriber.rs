//! [`Subscriber`]: hears of changed files; [`Asking`]: a subscriber with its watch options.

use std::rc::Rc;

use crate::js::{Js, JsResult, Value};
use crate::watch::WatchOptions;

/// How a change became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By one of our watchers, at once. The file may be half written, so a failure is reported after the settle time.
    Watched,
    /// By one of our watchers, after the settle time. A failure is reported with the others of that time.
    Settled,
    /// By another watcher. A failure is reported at once.
    Told,
}

/// Hears of changes to files.
pub trait Subscriber {
    /// The file of `id` changed.
    ///
    /// # Errors
    /// What JavaScript threw; it is reported.
    fn changed<'s>(&self, js: Js<'s>, id: &str, origin: Origin) -> JsResult<'s, ()>;

    /// The JavaScript object that emits the change. If it has several watches of one id, it emits each change once.
    fn emitter<'s>(&self, js: Js<'s>) -> Value<'s>;
}

/// A subscriber, and what it asks of the watch engine.
pub struct Asking {
    /// The subscriber that hears of the changes.
    pub subscriber: Rc<dyn Subscriber>,
    /// How the files are watched.
    pub options: WatchOptions,
    /// Whether the user gave no options, so that they follow from the class and the environment alone.
    pub by_default: bool,
}

impl Asking {
    /// Whether this object emits the subscriber's changes.
    pub fn is_of(&self, emitter: Value<'_>) -> bool {
        emitter.js().scope(|js| self.subscriber.emitter(js).same(emitter))
    }
}
