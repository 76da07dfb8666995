//! Remembers which files changed when, as the plugin saw it. Vite gives its hot-update hook and the updates that follow one
//! timestamp. Vite 6 gives the edits of one millisecond the same one.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use crate::js::{Faint, Js, Value};

/// Number of edits to remember. Messages follow their edit within moments, but the many messages of a checkout of another
/// branch wait for one another.
pub const REMEMBERED: usize = 5_000;

/// Which edit: a file, and the time when it changed.
#[derive(Clone, Debug)]
pub struct EditKey {
    /// Time when the file changed, as Vite says it.
    pub timestamp: f64,
    /// The file that changed.
    pub file: String,
}

impl PartialEq for EditKey {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.timestamp, other.timestamp) && self.file == other.file
    }
}

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
}

struct Change {
    file: String,
    /// The ids of the file's modules in the server's graphs.
    modules: Vec<String>,
    is_known_to_ssr: bool,
    is_reported_by_ssr: bool,
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
            is_reported_by_ssr: false,
            options: options.into_iter().collect(),
        });
    }

    /// The result of `read` for the edit of that moment; `None` if the moment is unknown.
    fn at<T>(&self, timestamp: f64, read: impl FnOnce(&Edited) -> T) -> Option<T> {
        let edits = self.edits.borrow();
        position(&edits, timestamp).map(|index| read(&edits[index]))
    }

    /// The edits of that moment; none if the moment is unknown.
    pub fn edits(&self, timestamp: f64) -> Vec<EditKey> {
        let key = |change: &Change| EditKey {
            timestamp,
            file: change.file.clone(),
        };
        self.at(timestamp, |edit| edit.files.iter().map(key).collect())
            .unwrap_or_default()
    }

    /// The result of `read` for an edit; `None` if the edit is unknown.
    fn change<T>(&self, key: &EditKey, read: impl FnOnce(&Change) -> T) -> Option<T> {
        let find = |edit: &Edited| {
            let mut files = edit.files.iter();
            files.find(|change| change.file == key.file).map(read)
        };
        self.at(key.timestamp, find).flatten()
    }

    /// The modules of the file of an edit.
    pub fn modules(&self, key: &EditKey) -> Vec<String> {
        let mut modules = self
            .change(key, |change| change.modules.clone())
            .unwrap_or_default();
        modules.sort_unstable();
        modules.dedup();
        modules
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

    /// Notes that the SSR environment has reported an edit of that moment: the only one, or those of files that `is_it`
    /// accepts.
    pub fn reported_by_ssr(&self, timestamp: f64, is_it: impl Fn(&str) -> bool) {
        let mut edits = self.edits.borrow_mut();
        let Some(index) = position(&edits, timestamp) else {
            return;
        };
        let files = &mut edits[index].files;
        let is_alone = files.len() == 1;
        for change in files.iter_mut().filter(|change| is_alone || is_it(&change.file)) {
            change.is_reported_by_ssr = true;
        }
    }

    /// Whether the SSR environment reports an edit, so that the reports of others are ignored. `is_down`: if no module is
    /// certainly loaded, only an edit counts that it has reported already.
    pub fn is_for_ssr(&self, key: &EditKey, is_down: bool) -> bool {
        let is_for_ssr = |change: &Change| change.is_reported_by_ssr || (change.is_known_to_ssr && !is_down);
        self.change(key, is_for_ssr).unwrap_or(false)
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

    /// The last change of a file that `is_it` accepts.
    pub fn latest(&self, is_it: impl Fn(&str) -> bool) -> Option<EditKey> {
        let edits = self.edits.borrow();
        edits.iter().rev().find_map(|edit| {
            let change = edit.files.iter().find(|change| is_it(&change.file))?;
            Some(EditKey {
                timestamp: edit.timestamp,
                file: change.file.clone(),
            })
        })
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

    fn key(timestamp: f64, file: &str) -> EditKey {
        EditKey {
            timestamp,
            file: file.into(),
        }
    }

    #[test]
    fn files_are_found_by_the_moment_of_their_change() {
        let changes = Changes::default();
        let none = Vec::new;
        changes.record(1.0, "/a", none(), false, None);
        changes.record(1.0, "/b", vec!["/b?x".into(), "/b".into()], false, None);
        changes.record(1.0, "/b", vec!["/b".into()], true, None);
        changes.record(2.0, "/a", none(), false, None);
        assert_eq!(changes.edits(1.0), [key(1.0, "/a"), key(1.0, "/b")]);
        assert_eq!(changes.edits(2.0), [key(2.0, "/a")]);
        assert_eq!(changes.edits(3.0), []);
        assert_eq!(changes.modules(&key(1.0, "/b")), ["/b", "/b?x"]);
        assert!(changes.modules(&key(1.0, "/a")).is_empty());
        assert_eq!(changes.latest(|file| file == "/a"), Some(key(2.0, "/a")));
        assert_eq!(changes.latest(|file| file == "/b"), Some(key(1.0, "/b")));
    }

    #[test]
    fn what_the_ssr_environment_reports_is_known_of_each_file() {
        let changes = Changes::default();
        changes.record(1.0, "/a", Vec::new(), false, None);
        changes.record(1.0, "/b", Vec::new(), true, None);
        changes.record(2.0, "/a", Vec::new(), false, None);
        assert!(changes.is_for_ssr(&key(1.0, "/b"), false));
        assert!(!changes.is_for_ssr(&key(1.0, "/b"), true));
        assert!(!changes.is_for_ssr(&key(1.0, "/a"), false));
        changes.reported_by_ssr(1.0, |file| file == "/b");
        assert!(changes.is_for_ssr(&key(1.0, "/b"), true));
        assert!(!changes.is_for_ssr(&key(1.0, "/a"), true));
        assert!(!changes.is_for_ssr(&key(2.0, "/a"), false));
        changes.reported_by_ssr(2.0, |_| false);
        assert!(changes.is_for_ssr(&key(2.0, "/a"), true));
        assert!(!changes.is_for_ssr(&key(3.0, "/a"), false));
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
        assert_eq!(changes.edits(0.0), []);
        assert_eq!(changes.edits(latest), [key(latest, "/a")]);
    }
}
