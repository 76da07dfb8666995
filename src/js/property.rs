//! The properties of a JavaScript value.

use std::ptr;

use napi::sys;

use super::value::{JsResult, Value};

/// A short property name, with a NUL at its end: Node-API takes it without a new JavaScript string from us.
struct Name([u8; 48]);

impl Name {
    fn of(name: &str) -> Option<Self> {
        let mut bytes = [0; 48];
        // The last byte stays 0, as the NUL.
        let place = bytes.get_mut(..name.len())?;
        place.copy_from_slice(name.as_bytes());
        let is_whole = name.len() < bytes.len() && !name.as_bytes().contains(&0);
        is_whole.then_some(Self(bytes))
    }

    fn as_ptr(&self) -> *const std::ffi::c_char {
        self.0.as_ptr().cast()
    }
}

impl<'s> Value<'s> {
    /// `value[name]`.
    pub fn get(self, name: &str) -> JsResult<'s> {
        let Some(name) = Name::of(name) else {
            return self.get_key(self.js().string(name));
        };
        let mut raw = ptr::null_mut();
        // SAFETY: the name ends with a NUL; the rest is as in `get_key`.
        let status =
            unsafe { sys::napi_get_named_property(self.js().env(), self.raw(), name.as_ptr(), &raw mut raw) };
        self.js().checked(status, raw)
    }

    /// `value[key]` for any key.
    pub fn get_key(self, key: Value<'s>) -> JsResult<'s> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; getters may run and throw, which `checked` takes.
        let status = unsafe { sys::napi_get_property(self.js().env(), self.raw(), key.raw(), &raw mut raw) };
        self.js().checked(status, raw)
    }

    /// The length, if this is an array.
    pub fn array_length(self) -> Option<u32> {
        let mut length = 0;
        // SAFETY: `length` is a valid place; anything but an array is refused.
        let status = unsafe { sys::napi_get_array_length(self.js().env(), self.raw(), &raw mut length) };
        (status == sys::Status::napi_ok).then_some(length)
    }

    /// The elements of an array or array-like object.
    pub fn items(self) -> JsResult<'s, Vec<Value<'s>>> {
        let length = match self.array_length() {
            Some(length) => f64::from(length),
            None => self.get("length")?.as_number().unwrap_or(0.0).max(0.0),
        };
        let mut items = Vec::new();
        let mut index = 0_u32;
        while f64::from(index) < length {
            items.push(self.item(index)?);
            index += 1;
        }
        Ok(items)
    }

    /// `value[index]`.
    pub fn item(self, index: u32) -> JsResult<'s> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place for the result.
        let status = unsafe { sys::napi_get_element(self.js().env(), self.raw(), index, &raw mut raw) };
        self.js().checked(status, raw)
    }

    /// `value[index] = item`.
    pub fn set_item(self, index: u32, item: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: both values belong to this environment.
        let status = unsafe { sys::napi_set_element(self.js().env(), self.raw(), index, item.raw()) };
        self.js().check(status)
    }

    /// `delete value[index]`.
    pub fn delete_item(self, index: u32) -> JsResult<'s, ()> {
        // SAFETY: the result place may be null.
        let status = unsafe { sys::napi_delete_element(self.js().env(), self.raw(), index, ptr::null_mut()) };
        self.js().check(status)
    }

    /// `value[name] = item`.
    pub fn set(self, name: &str, item: Value<'s>) -> JsResult<'s, ()> {
        let Some(name) = Name::of(name) else {
            return self.set_key(self.js().string(name), item);
        };
        // SAFETY: the name ends with a NUL; the rest is as in `set_key`.
        let status =
            unsafe { sys::napi_set_named_property(self.js().env(), self.raw(), name.as_ptr(), item.raw()) };
        self.js().check(status)
    }

    /// `value[name] = item` as in strict mode: throws if the object refuses the value.
    pub fn set_strictly(self, name: &str, item: Value<'s>) -> JsResult<'s, ()> {
        self.set(name, item)?;
        let kept = self.get(name)?;
        let is_nan = |value: Value<'s>| value.as_number().is_some_and(f64::is_nan);
        if kept.same(item) || is_nan(kept) && is_nan(item) {
            return Ok(());
        }
        let message = format!("Cannot assign to read only property '{name}' of object");
        Err(self.js().error("TypeError", &message))
    }

    /// `value[key] = item` for any key.
    pub fn set_key(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: all three belong to this environment; setters may run and throw.
        let status = unsafe { sys::napi_set_property(self.js().env(), self.raw(), key.raw(), item.raw()) };
        self.js().check(status)
    }

    /// `key in value`.
    pub fn has_key(self, key: Value<'s>) -> JsResult<'s, bool> {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        let status = unsafe { sys::napi_has_property(self.js().env(), self.raw(), key.raw(), &raw mut yes) };
        self.js().check(status)?;
        Ok(yes)
    }

    /// Whether the value has an own property of that name; `key` must be a string or a symbol.
    pub fn has_own_key(self, key: Value<'s>) -> JsResult<'s, bool> {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        let status =
            unsafe { sys::napi_has_own_property(self.js().env(), self.raw(), key.raw(), &raw mut yes) };
        self.js().check(status)?;
        Ok(yes)
    }

    /// `delete value[key]`, without an error if the object keeps the property.
    pub fn delete_key(self, key: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: the result place may be null; a Proxy's trap may throw.
        let status =
            unsafe { sys::napi_delete_property(self.js().env(), self.raw(), key.raw(), ptr::null_mut()) };
        self.js().check(status)
    }

    /// Own enumerable string keys.
    pub fn keys(self) -> JsResult<'s, Vec<Value<'s>>> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; the flags are those of `Object.keys`.
        let status = unsafe {
            sys::napi_get_all_property_names(
                self.js().env(),
                self.raw(),
                sys::KeyCollectionMode::own_only,
                sys::KeyFilter::enumerable | sys::KeyFilter::skip_symbols,
                sys::KeyConversion::numbers_to_strings,
                &raw mut raw,
            )
        };
        self.js().checked(status, raw)?.items()
    }

    /// Defines an own property: writable and configurable, as an assignment makes it, but not enumerable.
    pub fn define_hidden(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        let attributes = sys::PropertyAttributes::writable | sys::PropertyAttributes::configurable;
        self.define(key, item.raw(), attributes)
    }

    /// Defines an own property that is neither writable nor enumerable, as a function's `length` is.
    pub fn define_constant(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        self.define(key, item.raw(), sys::PropertyAttributes::configurable)
    }

    fn define(self, key: Value<'s>, item: sys::napi_value, attributes: i32) -> JsResult<'s, ()> {
        let property = sys::napi_property_descriptor {
            utf8name: ptr::null(),
            name: key.raw(),
            method: None,
            getter: None,
            setter: None,
            value: item,
            attributes,
            data: ptr::null_mut(),
        };
        // SAFETY: one descriptor, alive during the call, with a value and no callbacks.
        let status =
            unsafe { sys::napi_define_properties(self.js().env(), self.raw(), 1, &raw const property) };
        self.js().check(status)
    }
}
