//! [`Runtimes`]: all runtimes of an environment, by weak references.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::registry::Registry;
use crate::js::{Faint, Js, JsResult, State, Value};

/// The runtimes of an environment.
#[derive(Default)]
pub struct Runtimes {
    /// The runtimes that have modules.
    listed: RefCell<Vec<Listed>>,
    /// The registry of every runtime, so that their references are freed when the environment shuts down.
    registries: RefCell<Vec<Weak<Registry>>>,
    /// How many modules have been imported.
    imports: Cell<u32>,
}

/// A runtime that has modules.
struct Listed {
    runtime: Faint,
    registry: Weak<Registry>,
}

impl State for Runtimes {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }

    fn close(&self) {
        for registry in self.registries.take().iter().filter_map(Weak::upgrade) {
            registry.close();
        }
    }
}

impl Runtimes {
    /// Remembers the registry of a new runtime.
    pub fn add(&self, registry: &Rc<Registry>) {
        let mut registries = self.registries.borrow_mut();
        registries.retain(|other| other.strong_count() > 0);
        registries.push(Rc::downgrade(registry));
    }

    /// The registries of all runtimes that are alive.
    pub fn registries(&self) -> Vec<Rc<Registry>> {
        self.registries
            .borrow()
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// Remembers a runtime while it has modules.
    pub fn list(&self, runtime: Value<'_>, registry: &Rc<Registry>) {
        let listed = runtime.faint().map(|runtime| Listed {
            runtime,
            registry: Rc::downgrade(registry),
        });
        self.listed.borrow_mut().extend(listed);
    }

    /// Forgets a runtime that has no modules any more, and the runtimes that were garbage-collected.
    pub fn unlist(&self, runtime: Value<'_>) {
        let js = runtime.js();
        let is_other = |listed: &Listed| listed.runtime.get(js).is_some_and(|it| !it.same(runtime));
        self.listed.borrow_mut().retain(is_other);
    }

    /// The next place in the order of imports.
    pub fn next_import(&self) -> u32 {
        self.imports.set(self.imports.get().saturating_add(1));
        self.imports.get()
    }
}

/// The runtimes that have modules.
pub fn live(js: Js<'_>) -> Vec<(Value<'_>, Rc<Registry>)> {
    let Ok(runtimes) = js.state::<Runtimes>() else {
        return Vec::new();
    };
    let listed = runtimes.listed.borrow();
    let live = listed.iter();
    live.filter_map(|listed| Some((listed.runtime.get(js)?, listed.registry.upgrade()?)))
        .collect()
}
