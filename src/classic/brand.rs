//! The brand by which another copy of this package recognizes instances of our classes.

use crate::js::{JsResult, Value};

/// The key of the symbol under which the prototypes of `Runner`, `AsyncRunner` and `PersistManager` hold their class name.
const BRAND: &str = "@upvotr/node-hmr class";

/// Puts the brand on the prototype of a class.
pub fn brand(class: Value<'_>) -> JsResult<'_, ()> {
    let name = class.get("name")?;
    class
        .get("prototype")?
        .define_hidden(class.js().symbol_for(BRAND)?, name)
}

/// Whether a value is an instance of the class `name` of any copy of this package. A program has two copies when one of
/// its packages brings its own, or when this package was dropped from `require.cache`.
pub fn is_of_another<'s>(value: Value<'s>, name: &str) -> JsResult<'s, bool> {
    let js = value.js();
    if !value.is_object() {
        return Ok(false);
    }
    // The brand is looked up from the value's prototype, so that the branded prototype itself is no instance.
    let prototype = js
        .global()?
        .get("Object")?
        .call_method("getPrototypeOf", &[value])?;
    let brand = if prototype.is_object() {
        prototype.get_key(js.symbol_for(BRAND)?)?
    } else {
        prototype
    };
    Ok(brand.text().as_deref() == Some(name))
}
