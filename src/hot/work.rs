//! The data of one update under way.

use std::cell::OnceCell;
use std::time::Instant;

use super::accepting::Callback;
use super::step::Steps;
use super::updater::Batch;
use crate::graph::hot::{ModuleId, Plan, Spread};
use crate::js::Held;

/// One update under way.
pub(super) struct Work {
    pub steps: Steps,
    pub batch: Batch,
    pub start: Instant,
    pub changed: Vec<ModuleId>,
    pub spread: Spread,
    pub is_reload: bool,
    pub plan: Plan,
    pub callbacks: Vec<Callback>,
    /// The payload of Vite's events about this update, once somebody listens.
    pub payload: OnceCell<Held>,
}

/// How an evaluation ended.
pub(super) enum Evaluated {
    /// All versions ran.
    Ran,
    /// A version threw this error.
    Threw(Held),
    /// Another update has taken over. `holds`: whether this one still has the turn.
    Superseded { holds: bool },
}
