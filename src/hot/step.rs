//! The steps of an update, in their order. Each is entered here, and traced with `HMR_LOG=trace`.

use std::cell::Cell;

use tracing::trace;

/// Where an update is.
///
/// `Waiting` → `Spreading` → `Preparing` → `Disposing` → `Evaluating` → `Committing` → `Pruning` → `Telling` → `Done`;
/// from `Preparing` and `Evaluating` also → `Failed`, from there, if a disposer had run, → `Restoring` → `Done`;
/// from `Evaluating` also → `Superseded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Changes are known; another update is under way.
    Waiting,
    /// Who accepts?
    Spreading,
    /// Read, compiled and linked. Nothing is touched.
    Preparing,
    /// `vite:beforeUpdate`, and the old versions' disposers.
    Disposing,
    /// The new versions run; importers still see the old ones.
    Evaluating,
    /// Importers see the new versions.
    Committing,
    /// What nobody imports any more goes.
    Pruning,
    /// Accept callbacks and `vite:afterUpdate`.
    Telling,
    /// It is over.
    Done,
    /// A new version could not be prepared or evaluated.
    Failed,
    /// The last good code is evaluated again.
    Restoring,
    /// A later update evaluates the same modules.
    Superseded,
}

/// Follows one update.
pub struct Steps {
    number: u64,
    at: Cell<Step>,
}

impl Steps {
    /// A new update.
    pub const fn new(number: u64) -> Self {
        Self {
            number,
            at: Cell::new(Step::Waiting),
        }
    }

    /// The update goes on to this step.
    pub fn enter(&self, step: Step, modules: usize) {
        let from = self.at.replace(step);
        trace!(update = self.number, ?from, ?step, modules, "step");
    }
}
