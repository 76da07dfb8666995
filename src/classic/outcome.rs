//! How an update of the classic API ends, and what stops a version.

use super::steps::StepFailure;
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
    /// The same, but it may be half of a save: nothing is said of it before the settle time.
    KeptForNow,
    /// The loader handed out the version that runs already, and that was said.
    Unchanged,
    /// A step hung, and a newer version is about to take its place.
    GivenUp,
    /// The module was unimported meanwhile.
    Gone,
}

/// What stopped a version.
pub enum Stopped {
    /// `generate` or `execute` failed.
    Failed(&'static str, Held),
    /// The step hung, and is left behind for a newer version.
    GivenUp,
    /// The module was unimported meanwhile.
    Gone,
}

impl Stopped {
    /// By what a step failed with.
    pub fn of(what: &'static str, failure: StepFailure) -> Self {
        match failure {
            StepFailure::Thrown(thrown) => Self::Failed(what, thrown),
            StepFailure::GivenUp => Self::GivenUp,
        }
    }
}
