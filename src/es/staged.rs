//! The new versions of one update, as data: `stage.rs` says what is done with them.

use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use super::record::{ModuleId, Version};
use crate::js::Held;

/// Entries of `require.cache` that a discarded stage puts back, by file.
pub type Evicted = Vec<(PathBuf, Held)>;

/// A module that a stage does without, since its file is gone and no static import needs it.
pub struct LeftOut {
    /// The module.
    pub module: ModuleId,
    /// Modules of the stage that had asked for the module by `import()` or `require()`.
    pub askers: Vec<ModuleId>,
}

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
    left_out: RefCell<Vec<LeftOut>>,
    /// Whether `import()` and `require` lead to the staged modules also when their files are gone.
    keeps_files: Cell<bool>,
    /// Whether importers outside of the stage use names that are known only once the staged modules ran.
    pub(super) is_unsure: Cell<bool>,
}

impl Stage {
    /// The staged version of a module.
    pub fn version(&self, id: ModuleId) -> Option<Rc<Version>> {
        self.versions.get(&id).cloned()
    }

    /// Does without these modules. `import()` and `require` of the staged versions do not find them.
    pub fn leave_out(&self, modules: Vec<LeftOut>) {
        *self.left_out.borrow_mut() = modules;
    }

    /// The modules that this stage does without.
    pub fn left_out(&self) -> Ref<'_, Vec<LeftOut>> {
        self.left_out.borrow()
    }

    /// Lets `import()` and `require` lead to the staged modules also when their files are gone, as this is code that has run.
    pub fn keep_files(&self) {
        self.keeps_files.set(true);
    }

    /// Whether [`Stage::keep_files`] was called.
    pub(super) fn keeps_files(&self) -> bool {
        self.keeps_files.get()
    }

    /// The staged modules: first those that were asked for, then those that are new to the program.
    pub fn modules(&self) -> &[ModuleId] {
        &self.order
    }
}
