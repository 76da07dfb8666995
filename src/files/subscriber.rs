//! Who hears of changed files, and what they ask of the engine.

use std::rc::Rc;

use crate::js::{Js, JsResult, Value};
use crate::watch::WatchOptions;

/// How a change became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From one of our watchers: what fails may be half of a save, so it is reported after the settle time.
    Watched,
    /// The same after the settle time: what fails is reported with what else does at that time.
    Settled,
    /// From another watcher: what fails is reported at once.
    Told,
}

/// Hears of changes to files.
pub trait Subscriber {
    /// The file of `id` changed.
    ///
    /// # Errors
    /// What JavaScript threw; it is reported.
    fn changed<'s>(&self, js: Js<'s>, id: &str, origin: Origin) -> JsResult<'s, ()>;

    /// The JavaScript object that emits the change. Its listeners hear of all that it emits: one change of an id is
    /// told of once for all of its watches.
    fn emitter<'s>(&self, js: Js<'s>) -> Value<'s>;
}

/// A subscriber, and what it asks of the engine.
pub struct Asking {
    /// Who hears of the changes.
    pub subscriber: Rc<dyn Subscriber>,
    /// How the files are watched.
    pub options: WatchOptions,
    /// Its own options are not given: these follow from its class and the environment.
    pub by_default: bool,
}

impl Asking {
    /// Whether the changes are emitted by this object.
    pub fn is_of(&self, emitter: Value<'_>) -> bool {
        emitter.js().scope(|js| self.subscriber.emitter(js).same(emitter))
    }
}
