//! The values that the program keeps across versions, by `hot.data` or `globalThis`. They are never released.

use std::cell::OnceCell;

use crate::js::{Js, JsResult, Value};

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
        let holders = self.resources.holders.borrow().clone();
        let mut objects = vec![self.js.global()?];
        if let Some(holders) = holders {
            objects.extend(holders(self.js)?.into_iter().map(|(_, data)| data));
        }
        self.resources.kept_by(self.js, &objects)
    }
}
