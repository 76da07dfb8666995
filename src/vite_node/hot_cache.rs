//! The maps of a runner, as `getCache` shows them: real maps and arrays, which users read and write. `homes.rs` holds them,
//! one record per runner.

use crate::js::{Js, JsResult, Value};

const TABLES: [&str; 6] = [
    "hotModulesMap",
    "dataMap",
    "disposeMap",
    "pruneMap",
    "customListenersMap",
    "ctxToListenersMap",
];

/// The record of one runner.
#[derive(Clone, Copy)]
pub struct HotCache<'s>(pub Value<'s>);

/// A JavaScript `Map`, or what behaves like one.
#[derive(Clone, Copy)]
pub struct Table<'s>(pub Value<'s>);

impl<'s> Table<'s> {
    /// The value at `key`, else `undefined`.
    pub fn get(self, key: Value<'s>) -> JsResult<'s> {
        self.0.call_method("get", &[key])
    }

    /// Sets the value at `key`.
    pub fn set(self, key: Value<'s>, value: Value<'s>) -> JsResult<'s, ()> {
        self.0.call_method("set", &[key, value]).map(drop)
    }

    /// Whether the key exists.
    pub fn has(self, key: Value<'s>) -> JsResult<'s, bool> {
        Ok(self.0.call_method("has", &[key])?.truthy())
    }

    /// Removes the key.
    pub fn delete(self, key: Value<'s>) -> JsResult<'s, ()> {
        self.0.call_method("delete", &[key]).map(drop)
    }

    /// The keys, as an array.
    pub fn keys(self) -> JsResult<'s> {
        array_from(self.0.call_method("keys", &[])?)
    }

    /// Keys and values.
    pub fn entries(self) -> JsResult<'s, Vec<(Value<'s>, Value<'s>)>> {
        let pairs = array_from(self.0)?.items()?;
        pairs
            .into_iter()
            .map(|pair| Ok((pair.get("0")?, pair.get("1")?)))
            .collect()
    }
}

/// `Array.from(value)`.
pub fn array_from(value: Value<'_>) -> JsResult<'_> {
    value.js().global()?.get("Array")?.call_method("from", &[value])
}

impl<'s> HotCache<'s> {
    /// A new record.
    pub fn create(js: Js<'s>) -> JsResult<'s> {
        let record = js.object();
        for name in TABLES {
            record.set(name, js.map()?)?;
        }
        record.set("messageBuffer", js.array(&[]))?;
        record.set("isFirstUpdate", js.boolean(false))?;
        record.set("pending", js.boolean(false))?;
        record.set("queued", js.array(&[]))?;
        Ok(record)
    }

    /// The accept callbacks by owner: `{ id, callbacks: [{ deps, fn }] }`.
    pub fn hot_modules(self) -> JsResult<'s, Table<'s>> {
        self.0.get("hotModulesMap").map(Table)
    }

    /// `hot.data` by owner.
    pub fn data(self) -> JsResult<'s, Table<'s>> {
        self.0.get("dataMap").map(Table)
    }

    /// The last disposer by owner.
    pub fn disposers(self) -> JsResult<'s, Table<'s>> {
        self.0.get("disposeMap").map(Table)
    }

    /// The last prune callback by owner.
    pub fn prune_callbacks(self) -> JsResult<'s, Table<'s>> {
        self.0.get("pruneMap").map(Table)
    }

    /// All listeners by event.
    pub fn listeners(self) -> JsResult<'s, Table<'s>> {
        self.0.get("customListenersMap").map(Table)
    }

    /// The listeners of each owner, by event.
    pub fn contexts(self) -> JsResult<'s, Table<'s>> {
        self.0.get("ctxToListenersMap").map(Table)
    }

    /// The accept callbacks of an owner.
    pub fn callbacks(self, owner: Value<'s>) -> JsResult<'s, Vec<Value<'s>>> {
        let module = self.hot_modules()?.get(owner)?;
        if module.is_object() {
            module.get("callbacks")?.items()
        } else {
            Ok(Vec::new())
        }
    }

    /// Whether a module listens to `event` with `function`.
    pub fn is_registered(self, event: Value<'s>, function: Value<'s>) -> JsResult<'s, bool> {
        for (_, events) in self.contexts()?.entries()? {
            if !events.is_object() {
                continue;
            }
            let functions = Table(events).get(event)?;
            if functions.is_array() && functions.items()?.iter().any(|other| other.same(function)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets the listeners of an event, also in the lists of their owners. One function may listen for several owners.
    pub fn drop_event(self, event: Value<'s>) -> JsResult<'s, ()> {
        self.listeners()?.delete(event)?;
        for (_, events) in self.contexts()?.entries()? {
            if events.is_object() {
                Table(events).delete(event)?;
            }
        }
        Ok(())
    }

    /// Takes the registrations of `owner` out of use and gives them for [`HotCache::restore`].
    pub fn set_aside(self, owner: Value<'s>) -> JsResult<'s> {
        let js = owner.js();
        let module = self.hot_modules()?.get(owner)?;
        let mut callbacks = js.undefined();
        if module.is_object() {
            callbacks = module.get("callbacks")?;
            module.set("callbacks", js.array(&[]))?;
        }
        let mut aside = vec![module, callbacks];
        for table in [self.disposers()?, self.prune_callbacks()?, self.contexts()?] {
            aside.push(table.get(owner)?);
        }
        self.stop_listening(owner)?;
        for table in [self.disposers()?, self.prune_callbacks()?, self.contexts()?] {
            table.delete(owner)?;
        }
        Ok(js.array(&aside))
    }

    /// Puts back what [`HotCache::set_aside`] gave, in place of what `owner` registered meanwhile.
    pub fn restore(self, owner: Value<'s>, aside: Value<'s>) -> JsResult<'s, ()> {
        self.drop_owner(owner)?;
        let [module, callbacks, disposer, prune, listeners] = aside.items()?[..] else {
            return Ok(());
        };
        if module.is_object() {
            module.set("callbacks", callbacks)?;
            self.hot_modules()?.set(owner, module)?;
        }
        let tables = [self.disposers()?, self.prune_callbacks()?, self.contexts()?];
        for (table, kept) in tables.into_iter().zip([disposer, prune, listeners]) {
            if !kept.is_undefined() {
                table.set(owner, kept)?;
            }
        }
        if listeners.is_object() {
            for (event, functions) in Table(listeners).entries()? {
                for function in functions.items()? {
                    add_to(self.listeners()?, event, function)?;
                }
            }
        }
        Ok(())
    }

    /// Lets the context of `owner` register nothing more.
    pub fn retire(self, owner: Value<'s>) -> JsResult<'s, ()> {
        let (js, listeners) = (owner.js(), self.contexts()?.get(owner)?);
        if listeners.is_object() {
            listeners.define_hidden(js.string(RETIRED), js.boolean(true))?;
        }
        Ok(())
    }

    /// Forgets all registrations of `owner`; its data stays.
    pub fn drop_owner(self, owner: Value<'s>) -> JsResult<'s, ()> {
        self.stop_listening(owner)?;
        let tables = [
            self.hot_modules()?,
            self.disposers()?,
            self.prune_callbacks()?,
            self.contexts()?,
        ];
        tables.into_iter().try_for_each(|table| table.delete(owner))
    }

    fn stop_listening(self, owner: Value<'s>) -> JsResult<'s, ()> {
        let own = self.contexts()?.get(owner)?;
        if !own.is_object() {
            return Ok(());
        }
        for (event, functions) in Table(own).entries()? {
            for function in functions.items()? {
                remove_from(self.listeners()?, event, function)?;
            }
        }
        Ok(())
    }
}

/// Name of the property that marks the listeners of a context whose version is gone for good.
const RETIRED: &str = "isRetired";

/// Whether [`HotCache::retire`] was called for the context with these listeners.
pub fn is_retired(listeners: Value<'_>) -> JsResult<'_, bool> {
    Ok(listeners.get(RETIRED)?.truthy())
}

/// Adds `function` to the array at `event`.
pub fn add_to<'s>(table: Table<'s>, event: Value<'s>, function: Value<'s>) -> JsResult<'s, ()> {
    let functions = table.get(event)?;
    if functions.is_array() {
        return functions.call_method("push", &[function]).map(drop);
    }
    table.set(event, function.js().array(&[function]))
}

/// Removes `function` once from the array at `event`, and the key with the last one. Returns whether `function` was there.
pub fn remove_from<'s>(table: Table<'s>, event: Value<'s>, function: Value<'s>) -> JsResult<'s, bool> {
    let js = function.js();
    let functions = table.get(event)?;
    if !functions.is_array() {
        return Ok(false);
    }
    let mut left = functions.items()?;
    let Some(index) = left.iter().position(|other| other.same(function)) else {
        return Ok(false);
    };
    left.remove(index);
    if left.is_empty() {
        table.delete(event)?;
    } else {
        table.set(event, js.array(&left))?;
    }
    Ok(true)
}
