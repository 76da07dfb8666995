//! The values that the program keeps across versions, by `hot.data` or `globalThis`. They are never released.

use crate::js::{Js, JsResult};

use super::state::Resources;

/// A `Set` of all kept values: the values of properties, and those in an array, `Map` or `Set` there.
pub fn held<'s>(resources: &Resources, js: Js<'s>) -> JsResult<'s> {
    let holders = resources.holders.borrow().clone();
    let mut objects = vec![js.global()?];
    if let Some(holders) = holders {
        objects.extend(holders(js)?.into_iter().map(|(_, data)| data));
    }
    resources.kept_by(js, &objects)
}
