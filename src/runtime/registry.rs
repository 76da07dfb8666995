//! The records of one runtime.
//!
//! A record has two halves: [`Record`], plain data, and its *slot*, a JavaScript object that holds the user's
//! values (exports object, running version, persistent values) where the collector sees them. The slot owns the
//! record; the runtime's registry object owns the slots, each at its record's place in the order of imports.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::dependencies::Dependencies;
use crate::addon::Addon;
use crate::error::HmrError;
use crate::js::{Faint, Held, Js, JsResult, Signal, Value};
use crate::quick_hash::QuickHash;
use crate::resolve::Way;
use crate::watchers::delivery::Origin;

/// What a slot holds, by index: an index is found faster than a name.
pub mod place {
    /// The object that `import` resolves with.
    pub const EXPORTS_OBJECT: u32 = 0;
    /// The running version's `Runner` or `AsyncRunner`.
    pub const RUNNER: u32 = 1;
    /// Whether it is an `AsyncRunner`.
    pub const IS_ASYNC: u32 = 2;
    /// The `PersistManager` that cleans the values up.
    pub const PERSIST: u32 = 3;
    /// The persistent values.
    pub const VALUES: u32 = 4;
    /// What the watcher's `watch` returned.
    pub const UNWATCH: u32 = 5;
    /// The `emitUpdate` that its runners get.
    pub const EMIT_UPDATE: u32 = 6;
    /// From here on: what was evicted and still stands among the children of its parents.
    pub const EVICTED: u32 = 7;
}

/// What a module is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its first import is under way.
    Importing,
    /// It runs; nothing is under way.
    Ready,
    /// An update, or the run of a further import, is under way.
    Updating,
    /// Its first import failed; only its persistent values are kept.
    Failed,
}

/// One module of one runtime.
pub struct Record {
    /// The id as the caller wrote it.
    pub id: String,
    /// Its place in the order of imports, those of other runtimes included.
    pub order: u32,
    /// What `require.resolve` gave last; empty before.
    pub resolved: RefCell<String>,
    /// How the id leads there.
    pub found_by: RefCell<Way>,
    /// What it is doing.
    pub phase: Cell<Phase>,
    /// False once it was unimported.
    pub is_alive: Cell<bool>,
    /// Whether its watcher watches it.
    pub is_watched: Cell<bool>,
    /// The last run succeeded and has not been cleaned up.
    pub is_running: Cell<bool>,
    /// The slot has persistent values.
    pub has_values: Cell<bool>,
    /// How many evicted modules the slot has.
    pub evicted: Cell<u32>,
    /// A change that came while something was under way.
    pub pending: Cell<Option<Origin>>,
    /// Counts updates, so that a report that waits can see that a newer version came.
    pub updates: Cell<u64>,
    /// What was reported last, and how often in a row; empty while all is well.
    pub trouble: RefCell<(String, u64)>,
    /// Fires when what is under way ends.
    pub idle: Rc<Signal>,
    /// The module whose step imported this one first.
    pub importer: RefCell<Weak<Record>>,
    /// The changed dependency and those between it and this module, for the log of the update under way.
    pub way: RefCell<Vec<String>>,
    /// The modules whose import a step of this one waits for.
    pub waits_for: RefCell<Vec<Weak<Record>>>,
}

impl Record {
    fn new(id: &str, order: u32) -> Self {
        Self {
            id: id.to_owned(),
            order,
            resolved: RefCell::default(),
            found_by: RefCell::new(Way::Decided),
            phase: Cell::new(Phase::Importing),
            is_alive: Cell::new(true),
            is_watched: Cell::new(false),
            is_running: Cell::new(false),
            has_values: Cell::new(false),
            evicted: Cell::new(0),
            pending: Cell::new(None),
            updates: Cell::new(0),
            trouble: RefCell::default(),
            idle: Rc::default(),
            importer: RefCell::default(),
            way: RefCell::default(),
            waits_for: RefCell::default(),
        }
    }

    /// How many modules' steps this one was imported within.
    pub fn depth(&self) -> usize {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).count()
    }

    /// Whether a step of `other`, or of a module imported by one, imported this module first.
    pub fn is_imported_within(&self, other: &Rc<Self>) -> bool {
        let importer = |record: &Rc<Self>| record.importer.borrow().upgrade();
        std::iter::successors(self.importer.borrow().upgrade(), importer).any(|it| Rc::ptr_eq(&it, other))
    }

    /// Notes what is being reported, and says how often it came in a row; `None` is like no other.
    pub fn count_trouble(&self, trouble: Option<&str>) -> u64 {
        let mut last = self.trouble.borrow_mut();
        let Some(trouble) = trouble else {
            *last = (String::new(), 1);
            return 1;
        };
        if last.0 == trouble {
            last.1 += 1;
        } else {
            *last = (trouble.to_owned(), 1);
        }
        last.1
    }

    /// All is well again. Says whether it was not.
    pub fn recover(&self) -> bool {
        self.trouble.take().1 > 0
    }

    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        matches!(self.phase.get(), Phase::Importing | Phase::Updating)
    }

    /// Whether this module waits, through whatever others, for `other`.
    pub fn waits_on(&self, other: &Rc<Self>) -> bool {
        let mut seen = Vec::new();
        let mut open: Vec<Rc<Self>> = self.waits_for.borrow().iter().filter_map(Weak::upgrade).collect();
        while let Some(next) = open.pop() {
            if Rc::ptr_eq(&next, other) {
                return true;
            }
            if !seen.iter().any(|it| Rc::ptr_eq(it, &next)) {
                open.extend(next.waits_for.borrow().iter().filter_map(Weak::upgrade));
                seen.push(next);
            }
        }
        false
    }

    /// Notes that a step of this module waits for `other`, until the guard is dropped.
    pub fn waiting_for(self: &Rc<Self>, other: &Rc<Self>) -> WaitGuard {
        self.waits_for.borrow_mut().push(Rc::downgrade(other));
        WaitGuard {
            waiter: Rc::clone(self),
            target: Rc::downgrade(other),
        }
    }
}

/// See [`Record::waiting_for`].
pub struct WaitGuard {
    waiter: Rc<Record>,
    target: Weak<Record>,
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        let mut waits = self.waiter.waits_for.borrow_mut();
        if let Some(index) = waits.iter().position(|it| it.ptr_eq(&self.target)) {
            waits.swap_remove(index);
        }
    }
}

/// The records of one runtime, found by id and by resolved path.
#[derive(Default)]
pub struct Registry {
    /// The JavaScript object that holds the slots, and this.
    object: OnceCell<Faint>,
    /// The runtime's `update` listener, once something was watched.
    pub listener: RefCell<Option<Faint>>,
    by_id: RefCell<HashMap<String, Rc<Record>>>,
    by_path: RefCell<HashMap<String, Vec<Rc<Record>>, QuickHash>>,
    /// Whether the addon knows of this runtime.
    pub is_listed: Cell<bool>,
    /// How many records are watched; the `update` listener is on while there are any.
    pub watched: Cell<usize>,
    /// The imports that ended in this microtask, by id: whoever asks now asks at the same time.
    just_ended: RefCell<HashMap<String, Result<Held, Held>>>,
    /// What is known of the modules that are required plainly, if they are followed.
    pub dependencies: RefCell<Option<Rc<Dependencies>>>,
    /// Evictions since the whole cache was last searched for parents.
    pub unsearched: Cell<u32>,
    /// How many entries it had then.
    pub searched: Cell<u32>,
}

impl Registry {
    /// The JavaScript object that holds the slots; `undefined` once the runtime was collected.
    pub fn object<'s>(&self, js: Js<'s>) -> Value<'s> {
        let object = self.object.get().and_then(|object| object.get(js));
        object.unwrap_or_else(|| js.undefined())
    }

    /// The record of an id.
    pub fn find(&self, id: &str) -> Option<Rc<Record>> {
        self.by_id.borrow().get(id).cloned()
    }

    /// How the import of an id ended, if it ended in this microtask.
    pub fn just_ended(&self, id: &str) -> Option<Result<Held, Held>> {
        self.just_ended.borrow().get(id).cloned()
    }

    /// Keeps how an import ended, until [`Registry::forget_ended`].
    pub fn keep_ended(&self, id: &str, result: Result<Held, Held>) {
        let replaced = self.just_ended.borrow_mut().insert(id.to_owned(), result);
        drop(replaced);
    }

    /// Forgets how the import of an id ended.
    pub fn forget_ended(&self, id: &str) {
        let removed = self.just_ended.borrow_mut().remove(id);
        drop(removed);
    }

    /// Forgets how all imports ended.
    pub fn forget_all_ended(&self) {
        drop(self.just_ended.take());
    }

    /// The records that an id or path in an `update` event means.
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

    /// All records, in import order.
    pub fn all(&self) -> Vec<Rc<Record>> {
        let mut all: Vec<_> = self.by_id.borrow().values().cloned().collect();
        all.sort_by_key(|record| record.order);
        all
    }

    /// A record for an id that has none; `order` is its place among the imports of all runtimes.
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

/// Gives a new runtime its registry.
pub fn attach(runtime: Value<'_>) -> JsResult<'_, ()> {
    let js = runtime.js();
    let registry = Rc::new(Registry::default());
    let object = js.native_object(Rc::clone(&registry))?;
    // Found here without a search: an update asks for it several times.
    let _ = object.faint().map(|object| registry.object.set(object));
    object.set("parents", js.array(&[]))?;
    runtime.define_hidden(Addon::of(js)?.registry_key.get(js), object)
}

/// The registry of `runtime`: the records, and the JavaScript object that holds the slots.
///
/// # Errors
/// A `TypeError` when `runtime` was not made by `HMRRuntime`.
pub fn of<'s>(runtime: Value<'s>, method: &'static str) -> JsResult<'s, (Rc<Registry>, Value<'s>)> {
    let js = runtime.js();
    if runtime.is_object() {
        let object = runtime.get_key(Addon::of(js)?.registry_key.get(js))?;
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

/// Forgets a record and its slot; with the last one, the runtime is let go of as well.
pub fn forget<'s>(
    runtime: Value<'s>,
    registry: &Registry,
    registry_object: Value<'s>,
    record: &Rc<Record>,
) -> JsResult<'s, ()> {
    registry.remove(record);
    if registry.by_id.borrow().is_empty() && registry.is_listed.replace(false) {
        Addon::of(runtime.js())?.unlist_runtime(runtime);
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

    #[test]
    fn waiting_is_seen_through_others_and_ends_with_its_guard() {
        let registry = Registry::default();
        let (a, b, c) = (registry.add("a", 1), registry.add("b", 2), registry.add("c", 3));
        let first = a.waiting_for(&b);
        let _second = b.waiting_for(&c);
        assert!(a.waits_on(&c));
        assert!(!c.waits_on(&a));
        drop(first);
        assert!(!a.waits_on(&c));
    }
}
