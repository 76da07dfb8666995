//! Deleted files whose return is waited for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::graph::hot::ModuleId;

/// Deleted files that the running versions do without, each with the modules that had asked for it by `import()` or
/// `require()`.
#[derive(Default)]
pub(super) struct Missed(RefCell<HashMap<PathBuf, BTreeSet<ModuleId>>>);

impl Missed {
    /// Whether the return of this file is waited for.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.0.borrow().contains_key(path)
    }

    /// Waits for the return of a file that these modules had asked for.
    pub(super) fn add(&self, path: &Path, askers: impl Iterator<Item = ModuleId>) {
        let mut missed = self.0.borrow_mut();
        missed.entry(path.to_owned()).or_default().extend(askers);
    }

    /// Waits no longer. Returns the modules that had asked for the file.
    pub(super) fn take(&self, path: &Path) -> BTreeSet<ModuleId> {
        self.0.borrow_mut().remove(path).unwrap_or_default()
    }
}
