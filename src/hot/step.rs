//! The steps of an update, in their order. `HMR_LOG=trace` prints each.

use std::cell::Cell;

use tracing::trace;

/// The step that an update is at.
///
/// `Waiting` → `Spreading` → `Preparing` → `Disposing` → `Evaluating` → `Committing` → `Pruning` → `Telling` → `Done`;
/// from `Preparing` and `Evaluating` also → `Failed`, from there, if a disposer had run, → `Restoring` → `Done`;
/// from `Evaluating` also → `Superseded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The update waits for the one that is under way.
    Waiting,
    /// Looks for the modules that accept the change.
    Spreading,
    /// Reads, compiles and links. Nothing is touched.
    Preparing,
    /// Emits `vite:beforeUpdate` and runs the old versions' disposers.
    Disposing,
    /// Evaluates the new versions. Importers still see the old ones.
    Evaluating,
    /// Lets importers see the new versions.
    Committing,
    /// Prunes the modules that nobody imports any more.
    Pruning,
    /// Calls accept callbacks and emits `vite:afterUpdate`.
    Telling,
    /// The update is over.
    Done,
    /// A new version could not be prepared or evaluated.
    Failed,
    /// Evaluates the last good code again.
    Restoring,
    /// A later update evaluates the same modules, and this one publishes nothing.
    Superseded,
}

/// Traces the steps of one update.
pub struct Steps {
    number: u64,
    at: Cell<Step>,
}

impl Steps {
    /// The steps of a new update.
    pub const fn new(number: u64) -> Self {
        Self {
            number,
            at: Cell::new(Step::Waiting),
        }
    }

    /// Notes that the update goes on to this step.
    pub fn enter(&self, step: Step, modules: usize) {
        let from = self.at.replace(step);
        trace!(update = self.number, ?from, ?step, modules, "step");
    }
}
