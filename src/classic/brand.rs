//! How another copy of this package knows instances of our classes.

use crate::js::{JsResult, Value};

/// The symbol under which the prototypes of `Runner`, `AsyncRunner` and `PersistManager` say what they are.
const BRAND: &str = "@upvotr/node-hmr class";

/// Puts the brand on a class.
pub fn brand(class: Value<'_>) -> JsResult<'_, ()> {
    let name = class.get("name")?;
    class
        .get("prototype")?
        .define_hidden(class.js().symbol_for(BRAND)?, name)
}

/// Whether a value is an instance of that class of another copy of this package: two are found in one program when
/// both it and its module bring one, or when the package was dropped from `require.cache`.
pub fn is_of_another<'s>(value: Value<'s>, name: &str) -> JsResult<'s, bool> {
    let js = value.js();
    if !value.is_object() {
        return Ok(false);
    }
    // Asked of the prototype: that of the class itself is no instance.
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
