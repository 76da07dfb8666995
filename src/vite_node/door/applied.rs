//! Remembers which edits a runner has applied. The environments of a server report an edit one by one; what several of
//! them report is done once.

use std::collections::{HashSet, VecDeque};

use crate::vite_node::plugin::changes::{EditKey, REMEMBERED};

/// The edits that one runner has applied.
#[derive(Default)]
pub struct Applied(VecDeque<Edit>);

/// What a runner has done about one edit.
pub struct Edit {
    key: EditKey,
    /// The moment when everything had been reloaded.
    pub reloaded: Option<u64>,
    /// Boundary and accepted module of each update that was done.
    pub updates: HashSet<(String, String)>,
    /// Modules that were evicted for the edit, and so are fresh.
    pub evicted: HashSet<String>,
}

impl Edit {
    /// Whether everything has been reloaded since a message arrived. A message that arrives after the reload has another
    /// reason.
    pub fn is_reloaded_since(&self, arrived: u64) -> bool {
        self.reloaded.is_some_and(|moment| moment > arrived)
    }
}

impl Applied {
    /// The record of an edit, if anything has been done about it.
    pub fn find(&self, key: &EditKey) -> Option<&Edit> {
        self.0.iter().rev().find(|edit| edit.key == *key)
    }

    /// Whether a module was evicted for an edit, and so is fresh.
    pub fn has_evicted(&self, key: &EditKey, id: &str) -> bool {
        self.find(key).is_some_and(|edit| edit.evicted.contains(id))
    }

    /// The record of an edit, made if there is none yet.
    pub fn edit(&mut self, key: &EditKey) -> &mut Edit {
        let found = self.0.iter().rposition(|edit| edit.key == *key);
        let index = found.unwrap_or_else(|| {
            if self.0.len() == REMEMBERED {
                self.0.pop_front();
            }
            self.0.push_back(Edit {
                key: key.clone(),
                reloaded: None,
                updates: HashSet::new(),
                evicted: HashSet::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }
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
    fn files_that_changed_at_one_time_are_several_edits() {
        let mut applied = Applied::default();
        applied.edit(&key(1.0, "/a")).reloaded = Some(2);
        assert!(applied.edit(&key(1.0, "/a")).is_reloaded_since(1));
        assert!(applied.find(&key(1.0, "/b")).is_none());
        assert!(applied.find(&key(2.0, "/a")).is_none());
    }

    #[test]
    fn old_edits_are_forgotten() {
        let mut applied = Applied::default();
        let latest = f64::from(u32::try_from(REMEMBERED).unwrap());
        let mut moment = 0.0;
        while moment <= latest {
            applied.edit(&key(moment, "/a")).reloaded = Some(2);
            moment += 1.0;
        }
        assert!(applied.edit(&key(latest, "/a")).is_reloaded_since(1));
        assert!(!applied.edit(&key(latest, "/a")).is_reloaded_since(3));
        assert!(!applied.edit(&key(0.0, "/a")).is_reloaded_since(1));
        assert!(applied.0.len() <= REMEMBERED);
    }
}
