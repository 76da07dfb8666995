//! Which steps of a module's life run, and in which order: pure, and tested as a table.

/// A step that calls the user's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The old runner's `clean`, with the values it ran with.
    CleanRunner,
    /// The old version's `persist.cleanup`.
    CleanPersist,
    /// The new version's `persist.generate`.
    Generate,
    /// The new runner's `execute`.
    Run,
}

/// The state of a module when a version is about to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Whether the last run succeeded and has not been cleaned up.
    pub is_running: bool,
    /// Whether there are persistent values.
    pub has_values: bool,
    /// Whether the version asks for new persistent values.
    pub is_forced: bool,
}

/// The steps, in order. The old runner's cleanup comes first, while it can still use the old values.
pub fn plan(situation: Situation) -> impl Iterator<Item = Step> {
    let Situation {
        is_running,
        has_values,
        is_forced,
    } = situation;
    [
        (Step::CleanRunner, is_running),
        (Step::CleanPersist, has_values && is_forced),
        (Step::Generate, is_forced || !has_values),
        (Step::Run, true),
    ]
    .into_iter()
    .filter_map(|(step, wanted)| wanted.then_some(step))
}

#[cfg(test)]
mod tests {
    use super::Step::{CleanPersist, CleanRunner, Generate, Run};
    use super::{Situation, Step, plan};

    #[test]
    fn steps_by_situation() {
        let table: [(bool, bool, bool, &[Step]); 8] = [
            // running, values, forced
            (false, false, false, &[Generate, Run]),
            (false, false, true, &[Generate, Run]),
            (false, true, false, &[Run]),
            (false, true, true, &[CleanPersist, Generate, Run]),
            (true, false, false, &[CleanRunner, Generate, Run]),
            (true, false, true, &[CleanRunner, Generate, Run]),
            (true, true, false, &[CleanRunner, Run]),
            (true, true, true, &[CleanRunner, CleanPersist, Generate, Run]),
        ];
        for (is_running, has_values, is_forced, expected) in table {
            let situation = Situation {
                is_running,
                has_values,
                is_forced,
            };
            assert_eq!(plan(situation).collect::<Vec<_>>(), expected, "{situation:?}");
        }
    }
}
