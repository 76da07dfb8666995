//! The records of one runtime.
//!
//! A record has two halves: a [`Record`], plain data, and its *slot*, a JavaScript object that holds the user's values
//! (exports object, running version, persistent values), so that the garbage collector sees them. The slot owns the
//! record; the runtime's registry object owns the slots, each at the index `Record::order`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::dependencies::known::Dependencies;
use super::record::{Phase, Record};
use super::runtimes::Runtimes;
use crate::error::HmrError;
use crate::js::{Faint, Held, Js, JsResult, State, Value};
use rustc_hash::FxBuildHasher;

/// The indexes of a slot's values. An index is faster than a name.
pub mod place {
    /// The object that `import` resolves with.
    pub const EXPORTS_OBJECT: u32 = 0;
    /// The running version's `Runner` or `AsyncRunner`.
    pub const RUNNER: u32 = 1;
    /// Whether the running version's runner is an `AsyncRunner`.
    pub const IS_ASYNC: u32 = 2;
    /// The `PersistManager` that cleans up the persistent values.
    pub const PERSIST: u32 = 3;
    /// The persistent values.
    pub const VALUES: u32 = 4;
    /// What the watcher's `watch` returned.
    pub const UNWATCH: u32 = 5;
    /// The `emitUpdate` that the module's runners get.
    pub const EMIT_UPDATE: u32 = 6;
    /// The runner of the version that was loaded last, even if it failed.
    pub const LOADED_RUNNER: u32 = 7;
    /// The `PersistManager` of the version that was loaded last, even if it failed.
    pub const LOADED_PERSIST: u32 = 8;
    /// This index and the following ones: evicted modules that are still among the `children` of their parents.
    pub const EVICTED: u32 = 9;
}

/// The records of one runtime, found by id and by resolved path.
#[derive(Default)]
pub struct Registry {
    /// The JavaScript object that holds the slots and owns this registry.
    object: RefCell<Option<Faint>>,
    /// The records by id.
    by_id: RefCell<HashMap<String, Rc<Record>>>,
    /// The records by resolved path.
    by_path: RefCell<HashMap<String, Vec<Rc<Record>>, FxBuildHasher>>,
    /// Whether `Runtimes` lists this runtime, since it has modules.
    pub is_listed: Cell<bool>,
    /// How many records are watched. The runtime listens to its watcher while there are any.
    pub watched: Cell<usize>,
    /// The results of imports that ended in this microtask, by id: an import in the same microtask gets the same result.
    just_ended: RefCell<HashMap<String, Result<Held, Held>>>,
    /// What is known of plainly required modules, if the runtime follows or mentions them.
    pub dependencies: RefCell<Option<Rc<Dependencies>>>,
    /// The records of the runtime whose module made this runtime, during its evaluation or a step.
    pub maker: RefCell<Weak<Registry>>,
    /// How many evictions there were since the last full search of `require.cache` for parents.
    pub unsearched: Cell<u32>,
    /// Size of `require.cache` at the last full search for parents.
    pub searched: Cell<u32>,
}

impl Registry {
    /// The JavaScript object that holds the slots; `undefined` once the runtime was collected.
    pub fn object<'s>(&self, js: Js<'s>) -> Value<'s> {
        let object = self.object.borrow();
        let object = object.as_ref().and_then(|object| object.get(js));
        object.unwrap_or_else(|| js.undefined())
    }

    /// Frees the reference to the JavaScript object, as the environment is shutting down.
    pub fn close(&self) {
        drop(self.object.take());
    }

    /// The record of this id.
    pub fn find(&self, id: &str) -> Option<Rc<Record>> {
        self.by_id.borrow().get(id).cloned()
    }

    /// The result of an import of this id, if it ended in this microtask.
    pub fn just_ended(&self, id: &str) -> Option<Result<Held, Held>> {
        self.just_ended.borrow().get(id).cloned()
    }

    /// Keeps the result of an import, until [`Registry::forget_ended`].
    pub fn keep_ended(&self, id: &str, result: Result<Held, Held>) {
        let replaced = self.just_ended.borrow_mut().insert(id.to_owned(), result);
        drop(replaced);
    }

    /// Forgets the result of an import of this id.
    pub fn forget_ended(&self, id: &str) {
        let removed = self.just_ended.borrow_mut().remove(id);
        drop(removed);
    }

    /// Forgets the results of all imports.
    pub fn forget_all_ended(&self) {
        drop(self.just_ended.take());
    }

    /// The records that an id or path in an `update` event stands for.
    pub fn find_told(&self, id_or_path: &str) -> Vec<Rc<Record>> {
        let mut found: Vec<_> = self.find(id_or_path).into_iter().collect();
        if let Some(records) = self.by_path.borrow().get(id_or_path) {
            for record in records {
                if !found.iter().any(|it| Rc::ptr_eq(it, record)) {
                    found.push(Rc::clone(record));
                }
            }
        }
        found
    }

    /// Whether the file at a path is a hot module.
    pub fn is_hot(&self, path: &str) -> bool {
        let by_path = self.by_path.borrow();
        let mut records = by_path.get(path).into_iter().flatten();
        records.any(|record| record.phase.get() != Phase::Failed)
    }

    /// All records, in the order of their imports.
    pub fn all(&self) -> Vec<Rc<Record>> {
        let mut all: Vec<_> = self.by_id.borrow().values().cloned().collect();
        sort(&mut all);
        all
    }

    /// Adds a record for an id that has none; `order` is its place among the imports of all runtimes.
    pub fn add(&self, id: &str, order: u32) -> Rc<Record> {
        let record = Rc::new(Record::new(id, order));
        self.by_id.borrow_mut().insert(id.to_owned(), Rc::clone(&record));
        record
    }

    /// Forgets a record, if it is still the one of its id.
    pub fn remove(&self, record: &Rc<Record>) {
        self.forget_path(record);
        let mut by_id = self.by_id.borrow_mut();
        if by_id.get(&record.id).is_some_and(|it| Rc::ptr_eq(it, record)) {
            by_id.remove(&record.id);
        }
    }

    /// Notes what the record's id resolves to now.
    pub fn set_path(&self, record: &Rc<Record>, path: &str) {
        if *record.resolved.borrow() == path {
            return;
        }
        self.forget_path(record);
        path.clone_into(&mut record.resolved.borrow_mut());
        self.by_path
            .borrow_mut()
            .entry(path.to_owned())
            .or_default()
            .push(Rc::clone(record));
    }

    fn forget_path(&self, record: &Rc<Record>) {
        let path = record.resolved.borrow();
        let mut by_path = self.by_path.borrow_mut();
        if let Some(records) = by_path.get_mut(path.as_str()) {
            records.retain(|it| !Rc::ptr_eq(it, record));
            if records.is_empty() {
                by_path.remove(path.as_str());
            }
        }
    }
}

/// Sorts records by the order of their imports.
pub fn sort(records: &mut [Rc<Record>]) {
    records.sort_by_key(|record| record.order);
}

/// The symbol under which a runtime keeps its registry object.
pub struct RegistryKey(Held);

impl State for RegistryKey {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self(js.symbol("node-hmr registry").hold()))
    }
}

/// Gives a new runtime its registry. `maker` are the records of the runtime whose module makes this one.
pub fn attach(runtime: Value<'_>, maker: Weak<Registry>) -> JsResult<'_, ()> {
    let js = runtime.js();
    let registry = Rc::new(Registry::default());
    let object = js.native_object(Rc::clone(&registry))?;
    *registry.maker.borrow_mut() = maker;
    // The registry refers back to its object, since an update needs the object several times.
    *registry.object.borrow_mut() = object.faint();
    object.set("parents", js.array(&[]))?;
    js.state::<Runtimes>()?.add(&registry);
    runtime.define_hidden(js.state::<RegistryKey>()?.0.get(js), object)
}

/// The registry of `runtime`: the records, and the JavaScript object that holds the slots.
///
/// # Errors
/// A `TypeError` when `runtime` was not made by `HMRRuntime`.
pub fn of<'s>(runtime: Value<'s>, method: &'static str) -> JsResult<'s, (Rc<Registry>, Value<'s>)> {
    let js = runtime.js();
    if runtime.is_object() {
        let object = runtime.get_key(js.state::<RegistryKey>()?.0.get(js))?;
        if let Some(registry) = object.native::<Registry>() {
            return Ok((registry, object));
        }
    }
    Err(HmrError::Receiver {
        method,
        class: "HMRRuntime",
    }
    .thrown(js))
}

/// The `require` function of a runtime.
pub fn require_of(runtime: Value<'_>) -> JsResult<'_> {
    runtime.get("_requireFn")
}

/// Makes the slot of a new record, with its exports object.
pub fn add_slot<'s>(js: Js<'s>, registry: Value<'s>, record: &Rc<Record>) -> JsResult<'s> {
    let slot = js.native_object(Rc::clone(record))?;
    let exports_object = js.object();
    exports_object.set("exports", js.undefined())?;
    slot.set_item(place::EXPORTS_OBJECT, exports_object)?;
    registry.set_item(record.order, slot)?;
    Ok(slot)
}

/// The slot of a record. `undefined` once the record was removed.
pub fn slot<'s>(registry: Value<'s>, record: &Record) -> JsResult<'s> {
    registry.item(record.order)
}

/// Forgets a record and its slot; with the last record, `Runtimes` forgets the runtime as well.
pub fn forget<'s>(
    runtime: Value<'s>,
    registry: &Registry,
    registry_object: Value<'s>,
    record: &Rc<Record>,
) -> JsResult<'s, ()> {
    registry.remove(record);
    if registry.by_id.borrow().is_empty() && registry.is_listed.replace(false) {
        runtime.js().state::<Runtimes>()?.unlist(runtime);
    }
    registry_object.delete_item(record.order)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::Registry;

    #[test]
    fn a_record_is_told_by_id_and_by_resolved_path_once() {
        let registry = Registry::default();
        let (a, b) = (registry.add("./m", 1), registry.add("/x/m.js", 2));
        registry.set_path(&a, "/x/m.js");
        registry.set_path(&b, "/x/m.js");
        assert_eq!(registry.find_told("./m").len(), 1);
        assert_eq!(registry.find_told("/x/m.js").len(), 2);
        registry.set_path(&a, "/x/m/index.js");
        assert_eq!(registry.find_told("/x/m.js").len(), 1);
        registry.remove(&b);
        assert!(registry.find_told("/x/m.js").is_empty());
        assert!(Rc::ptr_eq(&registry.find_told("/x/m/index.js")[0], &a));
    }
}
