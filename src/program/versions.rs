//! Pairs each version of the engine with its version of `import.meta.hot`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use crate::es;
use crate::hot::{Hot, Module, Updater, Version};

/// Versions of one module, by the engine's numbers.
type Numbered = Vec<(u32, Weak<Version>)>;

/// The pairs of versions of one environment.
#[derive(Default)]
pub struct Versions {
    by_module: RefCell<HashMap<es::ModuleId, Numbered>>,
}

impl Versions {
    /// Pairs a version of the engine with a version of `import.meta.hot`.
    pub fn tie(&self, staged: &es::Version, version: &Rc<Version>) {
        version.serial.set(staged.serial);
        let mut versions = self.by_module.borrow_mut();
        let of_module = versions.entry(staged.module).or_default();
        of_module.retain(|(_, known)| known.strong_count() > 0);
        of_module.push((staged.serial, Rc::downgrade(version)));
    }

    /// The version of `import.meta.hot` for the engine's number.
    pub(super) fn version(
        &self,
        updater: &Updater,
        module: &Rc<Module>,
        id: es::ModuleId,
        serial: u32,
    ) -> Rc<Version> {
        let known = self.by_module.borrow().get(&id).map(|all| {
            let found = all.iter().find(|(number, _)| *number == serial);
            (all.is_empty(), found.and_then(|(_, version)| version.upgrade()))
        });
        match known {
            Some((_, Some(version))) => version,
            // A version that is gone gets a retired one, which registers nothing. A version that a runtime has loaded is
            // newer than all.
            Some((false, None)) if !self.is_newest(id, serial) => {
                let version = Hot::stage(module);
                version.retire();
                version
            }
            _ => {
                let version = updater.version(module);
                if version.serial.get() == u32::MAX {
                    version.serial.set(serial);
                }
                version
            }
        }
    }

    fn is_newest(&self, id: es::ModuleId, serial: u32) -> bool {
        let versions = self.by_module.borrow();
        let mut numbers = versions.get(&id).into_iter().flatten();
        numbers.all(|(number, _)| *number < serial)
    }
}
