//! One update: what it changes, how far that spreads, what is to be called.

use std::time::Instant;

use super::accepting::Callback;
use super::step::Steps;
use super::updater::Batch;
use crate::graph::hot::{ModuleId, Plan, Spread};
use crate::js::Held;

/// An update under way.
pub(super) struct Work {
    pub steps: Steps,
    pub batch: Batch,
    pub start: Instant,
    pub changed: Vec<ModuleId>,
    pub spread: Spread,
    pub is_reload: bool,
    pub plan: Plan,
    pub callbacks: Vec<Callback>,
    /// What the listeners of Vite's events get.
    pub payload: Held,
}

impl Work {
    /// The end of the names of Vite's events.
    pub(super) const fn kind(&self) -> &'static str {
        if self.is_reload { "FullReload" } else { "Update" }
    }
}

/// How an evaluation ended.
pub(super) enum Evaluated {
    /// All of it ran.
    Ran,
    /// What was thrown.
    Threw(Held),
    /// Another update has taken over; it has the right to go on.
    Superseded { holds: bool },
}
