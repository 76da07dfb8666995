//! The values that the program keeps across versions, by `hot.data` or `globalThis`. They are never released.

use std::cell::OnceCell;

use crate::js::{Js, JsResult, Value};

use super::owner::list;
use super::state::Resources;

/// The kept values: the values of properties, and those in an array, `Map` or `Set` there. They are gathered when the first
/// value is looked for, since most updates have nothing to look for.
pub struct Kept<'a, 's> {
    resources: &'a Resources,
    js: Js<'s>,
    values: OnceCell<Value<'s>>,
}

/// The values that the program keeps.
pub fn held<'a, 's>(resources: &'a Resources, js: Js<'s>) -> Kept<'a, 's> {
    Kept {
        resources,
        js,
        values: OnceCell::new(),
    }
}

impl<'s> Kept<'_, 's> {
    /// Whether the program keeps the value.
    pub fn has(&self, value: Value<'s>) -> JsResult<'s, bool> {
        let values = if let Some(values) = self.values.get() {
            *values
        } else {
            let values = self.gather()?;
            *self.values.get_or_init(|| values)
        };
        Ok(values.call_method("has", &[value])?.truthy())
    }

    /// A `Set` of all kept values.
    fn gather(&self) -> JsResult<'s> {
        let js = self.js;
        let set = js.global()?.get("Set")?.construct(&[])?;
        let holders = self.resources.holders.borrow().clone();
        let mut objects = vec![js.global()?];
        if let Some(holders) = holders {
            objects.extend(holders(js)?.into_iter().map(|(_, data)| data));
        }
        for object in objects {
            add_values(set, object)?;
        }
        Ok(set)
    }
}

fn add_values<'s>(set: Value<'s>, holder: Value<'s>) -> JsResult<'s, ()> {
    let js = set.js();
    let (object, reflect) = (js.global()?.get("Object")?, js.global()?.get("Reflect")?);
    for key in reflect.call_method("ownKeys", &[holder])?.items()? {
        let descriptor = object.call_method("getOwnPropertyDescriptor", &[holder, key])?;
        // Accessors are not called, as they may run the program's code.
        if !descriptor.is_object() {
            continue;
        }
        let value = descriptor.get("value")?;
        if value.is_object() {
            set.call_method("add", &[value])?;
            add_elements(set, value)?;
        }
    }
    Ok(())
}

fn add_elements<'s>(set: Value<'s>, value: Value<'s>) -> JsResult<'s, ()> {
    let global = set.js().global()?;
    let is_map = value.instance_of(global.get("Map")?)?;
    let elements = if value.is_array() {
        value.items()?
    } else if is_map {
        let mut all = list(value.call_method("values", &[])?)?;
        all.extend(list(value.call_method("keys", &[])?)?);
        all
    } else if value.instance_of(global.get("Set")?)? {
        list(value)?
    } else {
        return Ok(());
    };
    for element in elements {
        set.call_method("add", &[element])?;
    }
    Ok(())
}
