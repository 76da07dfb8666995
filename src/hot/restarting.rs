//! Changes, and failures in packages, for which the process restarts; changes that are left to other processes.

use super::runner::Restart;
use super::telling::first_of;
use super::updater::Updater;
use super::work::Work;
use crate::graph::hot::Outcome;
use crate::js::{Js, Value};
use crate::report;

/// Advice for a package that throws when the program uses it a second time.
pub(super) const PACKAGES_STAY: &str = "packages stay loaded across reloads, and what threw is one: keep what it made in \
    `import.meta.hot.data`, let a module accept the change with `import.meta.hot.accept()`";

impl Updater {
    /// The restart that takes the place of this update, if one does. The update is prepared like a reload all the same, since
    /// code that does not compile would not start either.
    pub(super) fn restart_instead(&self, js: Js<'_>, work: &mut Work) -> Option<Restart> {
        let declining = match &work.spread.outcome {
            Outcome::Restart { way } => way.last().map(|id| report::relative(&self.path(*id))),
            _ => None,
        };
        if declining.is_none() && !(work.is_reload && self.runner.never_reloads(js)) {
            return None;
        }
        work.is_reload = true;
        let files = self.told(work, "restarted", None).files;
        let why = match &declining {
            Some(module) => format!("{module} declines"),
            None if work.batch.wants_reload => String::new(),
            None => String::from("nobody accepts it"),
        };
        let mut way = vec![first_of(&files)];
        way.extend(declining.filter(|module| way.first() != Some(module)));
        Some(Restart { way, why })
    }

    /// Whether other processes take this change in the place of a reload, which is said.
    pub(super) fn is_left_to_others(&self, js: Js<'_>, work: &Work) -> bool {
        let Some(others) = self.runner.left_to_others(js) else {
            return false;
        };
        let files = self.told(work, "reloaded", None).files;
        report::remark(js, &format!("{} {others}", first_of(&files)));
        true
    }

    /// Whether the process restarts since a reload has failed in a package. Packages are evaluated once and stay.
    pub(super) fn restarts_for_package(&self, js: Js<'_>, work: &Work, thrown: Value<'_>) -> bool {
        work.is_reload && self.threw_in_package(js, thrown) && self.runner.can_restart(js)
    }

    /// Whether a package threw this: the innermost file of the stack is one of a package's. To exit is not to throw.
    pub(super) fn threw_in_package(&self, js: Js<'_>, thrown: Value<'_>) -> bool {
        if self.runner.is_exit(js, thrown) {
            return false;
        }
        let files = report::files_in_stack(thrown);
        files
            .iter()
            .find(|file| !file.starts_with("node:"))
            .is_some_and(|file| file.split(['/', '\\']).any(|part| part == "node_modules"))
    }

    /// Restarts the process after a reload that failed in a package, and says why. If the restart does not help, the next
    /// image of the process reports the error.
    pub(super) fn restart_for_package(&self, js: Js<'_>, work: &Work, thrown: Value<'_>) {
        let files = self.told(work, "restarted", None).files;
        let first = first_of(&files);
        report::warning(
            js,
            &first,
            &format!("{}: {PACKAGES_STAY}; restarting", thrown.display()),
        );
        let restart = Restart {
            way: vec![first],
            why: String::new(),
        };
        self.runner.restart(js, &restart);
    }
}
