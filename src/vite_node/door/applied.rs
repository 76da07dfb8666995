//! Remembers which edits a runner has applied. The environments of a server report an edit one by one; what several of
//! them report is done once.

use std::collections::{HashSet, VecDeque};

use crate::vite_node::plugin::changes::{REMEMBERED, is_same};

/// The edits that one runner has applied.
#[derive(Default)]
pub struct Applied(VecDeque<Edit>);

/// What a runner has done about one edit.
#[derive(Default)]
pub struct Edit {
    timestamp: f64,
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
    /// The record of the edit of that moment, if anything has been done about it.
    pub fn find(&self, timestamp: f64) -> Option<&Edit> {
        self.0
            .iter()
            .rev()
            .find(|edit| is_same(edit.timestamp, timestamp))
    }

    /// The record of the edit of that moment, made if there is none yet.
    pub fn edit(&mut self, timestamp: f64) -> &mut Edit {
        let found = self.0.iter().rposition(|edit| is_same(edit.timestamp, timestamp));
        let index = found.unwrap_or_else(|| {
            if self.0.len() == REMEMBERED {
                self.0.pop_front();
            }
            self.0.push_back(Edit {
                timestamp,
                ..Edit::default()
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_edits_are_forgotten() {
        let mut applied = Applied::default();
        let latest = f64::from(u32::try_from(REMEMBERED).unwrap());
        let mut moment = 0.0;
        while moment <= latest {
            applied.edit(moment).reloaded = Some(2);
            moment += 1.0;
        }
        assert!(applied.edit(latest).is_reloaded_since(1));
        assert!(!applied.edit(latest).is_reloaded_since(3));
        assert!(!applied.edit(0.0).is_reloaded_since(1));
        assert!(applied.0.len() <= REMEMBERED);
    }
}
