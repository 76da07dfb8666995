//! The new versions of one update, as data: `stage.rs` says what is done with them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::record::{ModuleId, Version};
use crate::js::Held;

/// Entries of `require.cache` that a discarded stage puts back, by file.
pub type Evicted = Vec<(PathBuf, Held)>;

/// The new versions of one update.
#[derive(Default)]
pub struct Stage {
    pub(super) versions: HashMap<ModuleId, Rc<Version>>,
    /// The staged modules in the order in which they were found: first those that were asked for, then those that are new to
    /// the program.
    pub(super) order: Vec<ModuleId>,
    pub(super) evicted: RefCell<Evicted>,
    /// `process.mainModule` from before a version of this stage took its place.
    pub(super) main_before: RefCell<Option<Held>>,
    /// Whether importers outside of the stage use names that are known only once the staged modules ran.
    pub(super) is_unsure: Cell<bool>,
}

impl Stage {
    /// The staged version of a module.
    pub fn version(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.versions.get(&id).cloned()
    }

    /// The staged modules: first those that were asked for, then those that are new to the program.
    pub fn modules(&self) -> &[ModuleId] {
        &self.order
    }
}
