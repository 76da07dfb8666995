//! Remembers which files changed when, as the plugin saw it. Vite gives its hot-update hook and the updates that follow one
//! timestamp.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use crate::js::{Faint, Js, Value};

/// Number of edits to remember. Messages follow their edit within moments, but the many messages of a checkout of another
/// branch wait for one another.
pub const REMEMBERED: usize = 5_000;

/// The edits that the plugin of one emitter saw.
#[derive(Default)]
pub struct Changes {
    /// The edits, the latest last. A moment is looked for from the end, since messages follow their edit.
    edits: RefCell<VecDeque<Edited>>,
    /// The modules that runners asked for, also those that failed to transform.
    requested: RefCell<HashSet<String>>,
}

/// The files that changed at one moment.
struct Edited {
    timestamp: f64,
    files: Vec<Change>,
    is_reported_by_ssr: bool,
}

struct Change {
    file: String,
    /// The ids of the file's modules in the server's graphs.
    modules: Vec<String>,
    is_known_to_ssr: bool,
    /// The arguments of the environments' hooks. Other plugins may yet put other modules there.
    options: Vec<Faint>,
}

impl Changes {
    /// Remembers that `file` changed, which has these modules in the graph of an environment. `is_known_to_ssr`: the
    /// environment is SSR, and will report the change. `options` is the argument of the environment's hook.
    pub fn record(
        &self,
        timestamp: f64,
        file: &str,
        modules: Vec<String>,
        is_known_to_ssr: bool,
        options: Option<Faint>,
    ) {
        let mut edits = self.edits.borrow_mut();
        let index = position(&edits, timestamp).unwrap_or_else(|| {
            if edits.len() == REMEMBERED {
                edits.pop_front();
            }
            edits.push_back(Edited {
                timestamp,
                files: Vec::new(),
                is_reported_by_ssr: false,
            });
            edits.len() - 1
        });
        let files = &mut edits[index].files;
        // The environments' hooks are called for one edit one after another.
        if let Some(change) = files.iter_mut().find(|change| change.file == file) {
            change.is_known_to_ssr |= is_known_to_ssr;
            change.modules.extend(modules);
            change.options.extend(options);
            return;
        }
        files.push(Change {
            file: file.to_owned(),
            modules,
            is_known_to_ssr,
            options: options.into_iter().collect(),
        });
    }

    /// The result of `read` for the edit of that moment; `None` if the moment is unknown.
    fn at<T>(&self, timestamp: f64, read: impl FnOnce(&Edited) -> T) -> Option<T> {
        let edits = self.edits.borrow();
        position(&edits, timestamp).map(|index| read(&edits[index]))
    }

    /// Whether the files that changed at that moment are known.
    pub fn is_known(&self, timestamp: f64) -> bool {
        self.at(timestamp, |_| ()).is_some()
    }

    /// The files that changed at that moment, each with its modules; `None` if the moment is unknown.
    pub fn files(&self, timestamp: f64) -> Option<Vec<(String, Vec<String>)>> {
        let with_modules = |change: &Change| {
            let mut modules = change.modules.clone();
            modules.sort_unstable();
            modules.dedup();
            (change.file.clone(), modules)
        };
        self.at(timestamp, |edit| edit.files.iter().map(with_modules).collect())
    }

    /// The arguments of the environments' hooks for the edits of that moment, each with its file. By the time of a message
    /// all plugins have been asked, so the arguments have the modules that the message is about.
    pub fn options<'s>(&self, js: Js<'s>, timestamp: f64) -> Vec<(String, Value<'s>)> {
        let read = |edit: &Edited| {
            let each = |change: &Change| {
                let there = change.options.iter().filter_map(|options| options.get(js));
                there
                    .map(|options| (change.file.clone(), options))
                    .collect::<Vec<_>>()
            };
            edit.files.iter().flat_map(each).collect()
        };
        self.at(timestamp, read).unwrap_or_default()
    }

    /// Notes that the SSR environment has reported the edits of that moment.
    pub fn reported_by_ssr(&self, timestamp: f64) {
        let mut edits = self.edits.borrow_mut();
        if let Some(index) = position(&edits, timestamp) {
            edits[index].is_reported_by_ssr = true;
        }
    }

    /// Whether the SSR environment reports the edits of that moment, so that the reports of others are ignored. `is_down`: if
    /// no module is certainly loaded, only edits count that it has reported already.
    pub fn is_for_ssr(&self, timestamp: f64, is_down: bool) -> bool {
        let is_for_ssr = |edit: &Edited| {
            let is_known = edit.files.iter().any(|change| change.is_known_to_ssr);
            edit.is_reported_by_ssr || (is_known && !is_down)
        };
        self.at(timestamp, is_for_ssr).unwrap_or(false)
    }

    /// Remembers that a runner asked for a module.
    pub fn record_request(&self, id: String) {
        self.requested.borrow_mut().insert(id);
    }

    /// Whether a runner has asked for a module.
    pub fn is_requested(&self, id: &str) -> bool {
        self.requested.borrow().contains(id)
    }

    /// All modules that runners have asked for.
    pub fn requested(&self) -> Vec<String> {
        self.requested.borrow().iter().cloned().collect()
    }

    /// The moment of the last change of a file that `is_it` accepts.
    pub fn latest(&self, is_it: impl Fn(&str) -> bool) -> Option<f64> {
        let edits = self.edits.borrow();
        let found = edits
            .iter()
            .rev()
            .find(|edit| edit.files.iter().any(|change| is_it(&change.file)));
        found.map(|edit| edit.timestamp)
    }
}

fn position(edits: &VecDeque<Edited>, timestamp: f64) -> Option<usize> {
    edits.iter().rposition(|edit| is_same(edit.timestamp, timestamp))
}

/// Whether two timestamps are of one moment.
pub fn is_same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_the_moment_of_their_change() {
        let changes = Changes::default();
        let none = Vec::new;
        changes.record(1.0, "/a", none(), false, None);
        changes.record(1.0, "/b", vec!["/b?x".into(), "/b".into()], false, None);
        changes.record(1.0, "/b", vec!["/b".into()], true, None);
        changes.record(2.0, "/a", none(), false, None);
        let b = vec!["/b".into(), "/b?x".into()];
        assert_eq!(
            changes.files(1.0),
            Some(vec![("/a".into(), none()), ("/b".into(), b)])
        );
        assert_eq!(changes.files(2.0), Some(vec![("/a".into(), none())]));
        assert_eq!(changes.files(3.0), None);
        assert!(changes.is_for_ssr(1.0, false));
        assert!(!changes.is_for_ssr(1.0, true));
        assert!(!changes.is_for_ssr(2.0, false));
        changes.reported_by_ssr(2.0);
        assert!(changes.is_for_ssr(2.0, true));
        assert_eq!(changes.latest(|file| file == "/a"), Some(2.0));
    }

    #[test]
    fn what_was_asked_for_is_known() {
        let changes = Changes::default();
        assert!(!changes.is_requested("/a"));
        changes.record_request("/a".into());
        assert!(changes.is_requested("/a"));
    }

    #[test]
    fn old_edits_are_forgotten() {
        let changes = Changes::default();
        let latest = f64::from(u32::try_from(REMEMBERED).unwrap());
        let mut moment = 0.0;
        while moment <= latest {
            changes.record(moment, "/a", Vec::new(), false, None);
            moment += 1.0;
        }
        assert_eq!(changes.files(0.0), None);
        assert_eq!(changes.files(latest), Some(vec![("/a".into(), Vec::new())]));
    }
}
