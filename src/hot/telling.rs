//! Tells of an update: Vite's payloads, the events of `updates`, the line of the log.

use super::runner::Told;
use super::updater::Updater;
use super::work::Work;
use crate::graph::hot::{By, ModuleId, Outcome};
use crate::js::{Cx, Held, Js};
use crate::report;

impl Updater {
    /// The payload of Vite's events about an update or a reload.
    pub(super) fn payload(&self, js: Js<'_>, work: &Work) -> Held {
        let payload = js.object();
        // New objects take any property.
        if work.is_reload {
            let entry = self.runner.roots().first().map(|id| self.path(*id));
            let _ = payload.set("type", js.string("full-reload"));
            let _ = payload.set("path", js.string(&entry.unwrap_or_default()));
            let file = work.batch.files.first().cloned();
            let file = file.or_else(|| work.changed.first().map(|id| self.path(*id)));
            if let Some(file) = file {
                let _ = payload.set("triggeredBy", js.string(&file));
            }
            return payload.hold();
        }
        let timestamp = js
            .global()
            .and_then(|global| global.get("Date")?.call_method("now", &[]));
        let timestamp = timestamp.unwrap_or_else(|_| js.number(0.0));
        let mut updates = Vec::new();
        for acceptor in &work.plan.callbacks {
            let dependencies = match &acceptor.by {
                By::Dependencies(dependencies) => dependencies.clone(),
                _ => vec![acceptor.owner],
            };
            for dependency in dependencies {
                let update = js.object();
                let _ = update.set("type", js.string("js-update"));
                let _ = update.set("path", js.string(&self.path(acceptor.owner)));
                let _ = update.set("acceptedPath", js.string(&self.path(dependency)));
                let _ = update.set("timestamp", timestamp);
                if let Some(first) = work.batch.first_refusing() {
                    let _ = update.set("firstInvalidatedBy", js.string(&first));
                }
                updates.push(update);
            }
        }
        let _ = payload.set("type", js.string("update"));
        let _ = payload.set("updates", js.array(&updates));
        payload.hold()
    }

    /// A module's absolute path.
    pub(super) fn path(&self, id: ModuleId) -> String {
        self.hot
            .find(id)
            .map(|module| module.path.to_string())
            .unwrap_or_default()
    }

    /// The modules from the changed file to the one that took the change.
    pub(super) fn way(&self, work: &Work) -> Vec<String> {
        let first_acceptor = work.spread.acceptors.first().map(|acceptor| &acceptor.way);
        let way = match &work.spread.outcome {
            Outcome::Reload { way } | Outcome::Restart { way } => Some(way),
            Outcome::Updated => first_acceptor,
        };
        way.into_iter().flatten().map(|id| self.path(*id)).collect()
    }

    /// The event of `updates` about this update.
    pub(super) fn told(&self, work: &Work, outcome: &'static str, error: Option<Held>) -> Told {
        let paths = |ids: &[ModuleId]| ids.iter().map(|id| self.path(*id)).collect::<Vec<_>>();
        let owners: Vec<ModuleId> = work
            .spread
            .acceptors
            .iter()
            .map(|acceptor| acceptor.owner)
            .collect();
        let mut files = work.batch.files.clone();
        if files.is_empty() {
            files = paths(&work.changed);
        }
        Told {
            outcome,
            files,
            modules: paths(&work.plan.evaluate),
            acceptors: if work.is_reload {
                Vec::new()
            } else {
                paths(&owners)
            },
            way: self.way(work),
            duration: work.start.elapsed().as_secs_f64() * 1000.0,
            error,
        }
    }

    pub(super) fn tell_done(&self, cx: &Cx, work: &Work) {
        let outcome = if work.is_reload { "reloaded" } else { "updated" };
        let told = self.told(work, outcome, None);
        let recovered = if self.recover() { " (recovered)" } else { "" };
        cx.with(|js| {
            if report::is_logging(js) {
                report::remark(js, &format!("{}{recovered}", self.line(&told, work)));
            }
            self.runner.tell(js, &told);
        });
    }

    /// The line of the log about an update, without the time of day.
    fn line(&self, told: &Told, work: &Work) -> String {
        let mut way: Vec<String> = told.way.iter().map(|path| report::relative(path)).collect();
        let first = first_of(&told.files);
        let took = duration(told.duration);
        if work.is_reload {
            let count = plural(told.modules.len());
            let mut why = format!("{count}; nobody accepts it");
            if work.batch.wants_reload {
                why = count;
            } else if let Some(refusing) = work.batch.first_refusing() {
                why = format!("{count}; {} called invalidate()", report::relative(&refusing));
            } else if !self.has_reloaded.replace(true) {
                let hot = match work.changed.first() {
                    Some(id) => self.runner.name_of_hot(*id),
                    None => "import.meta.hot",
                };
                let place = way.first().cloned().unwrap_or_else(|| first.clone());
                why = format!("{why}; `{hot}?.accept()` in {place} would make it an update");
            }
            return format!("{first} reloaded in {took} ms ({why})");
        }
        let start = told.way.first().zip(told.files.first());
        if start.is_some_and(|(start, file)| start == file) {
            way.remove(0);
        }
        way.insert(0, first);
        let count = told.modules.len();
        let count = if count == told.way.len() || count <= 1 {
            String::new()
        } else {
            format!(" ({})", plural(count))
        };
        format!("{} updated in {took} ms{count}", way.join(" → "))
    }
}

/// The first file, and the number of further ones.
pub(super) fn first_of(files: &[String]) -> String {
    let first = files
        .first()
        .map(|path| report::relative(path))
        .unwrap_or_default();
    match files.len().saturating_sub(1) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn plural(modules: usize) -> String {
    if modules == 1 {
        "1 module".to_owned()
    } else {
        format!("{modules} modules")
    }
}

fn duration(milliseconds: f64) -> String {
    if milliseconds < 10.0 {
        format!("{milliseconds:.1}")
    } else {
        format!("{milliseconds:.0}")
    }
}
