//! How an update of the classic API ends, and what stops a version.

use super::calling::StepFailure;
use crate::js::Held;

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// The new version runs.
    Updated,
    /// The new version failed; the last good one ran again.
    FellBack,
    /// The new version could not be loaded, or nothing runs: the exports are what they were.
    Kept,
    /// As `Kept`, but the file may be half written: nothing is reported before the settle time.
    KeptForNow,
    /// The loader returned the version that runs already, and that was reported.
    Unchanged,
    /// A step hung, and is given up for a newer version.
    GivenUp,
    /// The module was unimported meanwhile.
    Gone,
}

/// What stopped a version.
pub enum Stopped {
    /// `generate` or `execute` failed: the words of the report, and what was thrown.
    Failed(&'static str, Held),
    /// The step hung, and is given up for a newer version.
    GivenUp,
    /// The module was unimported meanwhile.
    Gone,
}

impl Stopped {
    /// Makes the reason from a step's failure.
    pub fn of(what: &'static str, failure: StepFailure) -> Self {
        match failure {
            StepFailure::Thrown(thrown) => Self::Failed(what, thrown),
            StepFailure::GivenUp => Self::GivenUp,
        }
    }
}
