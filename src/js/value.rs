//! A JavaScript value while native code runs.

use std::ptr;

use napi::sys;

use super::held::{Faint, Held};
use super::realm::Js;

/// A JavaScript value, good until the native call that got it returns.
#[derive(Clone, Copy)]
pub struct Value<'s> {
    js: Js<'s>,
    raw: sys::napi_value,
}

/// A value that JavaScript threw: the very value, primitives and `undefined` included.
#[derive(Clone, Copy)]
pub struct Thrown<'s>(pub Value<'s>);

/// What calling JavaScript gives.
pub type JsResult<'s, T = Value<'s>> = Result<T, Thrown<'s>>;

/// What `typeof` says, with `null` told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// a number
    Number,
    /// a string
    String,
    /// a symbol
    Symbol,
    /// an object
    Object,
    /// a function or class
    Function,
    /// a native pointer of some addon
    External,
    /// a bigint
    BigInt,
}

impl<'s> Js<'s> {
    /// Turns a Node-API status into a result; a pending exception is taken and becomes the error.
    pub(super) fn check(self, status: sys::napi_status) -> JsResult<'s, ()> {
        if status == sys::Status::napi_ok {
            return Ok(());
        }
        let mut pending = false;
        // SAFETY: `pending` is a valid place for the result.
        unsafe { sys::napi_is_exception_pending(self.env(), &raw mut pending) };
        if pending {
            let mut raw = ptr::null_mut();
            // SAFETY: as above. A terminating worker leaves `raw` null, which every later call refuses.
            unsafe { sys::napi_get_and_clear_last_exception(self.env(), &raw mut raw) };
            return Err(Thrown(Value::from_raw(self, raw)));
        }
        Err(self.error("Error", &format!("Node-API refused a call (status {status})")))
    }

    fn made(self, make: impl FnOnce(*mut sys::napi_value) -> sys::napi_status) -> Value<'s> {
        let mut raw = ptr::null_mut();
        // These fail only in an environment that is going; a null value is refused by every later call.
        let _ = make(&raw mut raw);
        Value::from_raw(self, raw)
    }

    /// `undefined`.
    pub fn undefined(self) -> Value<'s> {
        // SAFETY: `place` is valid for the result (so in each function below).
        self.made(|place| unsafe { sys::napi_get_undefined(self.env(), place) })
    }

    /// `null`.
    pub fn null(self) -> Value<'s> {
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_get_null(self.env(), place) })
    }

    /// `true` or `false`.
    pub fn boolean(self, value: bool) -> Value<'s> {
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_get_boolean(self.env(), value, place) })
    }

    /// A number.
    pub fn number(self, value: f64) -> Value<'s> {
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_create_double(self.env(), value, place) })
    }

    /// A string.
    pub fn string(self, text: &str) -> Value<'s> {
        let length = text.len().cast_signed();
        // SAFETY: pointer and length are those of `text`, which is UTF-8.
        self.made(|place| unsafe {
            sys::napi_create_string_utf8(self.env(), text.as_ptr().cast(), length, place)
        })
    }

    /// A new symbol with that description.
    pub fn symbol(self, description: &str) -> Value<'s> {
        let description = self.string(description);
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_create_symbol(self.env(), description.raw, place) })
    }

    /// `Symbol.for(key)`.
    pub fn symbol_for(self, key: &str) -> JsResult<'s> {
        self.global()?
            .get("Symbol")?
            .call_method("for", &[self.string(key)])
    }

    /// A new plain object.
    pub fn object(self) -> Value<'s> {
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_create_object(self.env(), place) })
    }

    /// A new array of these values.
    pub fn array(self, items: &[Value<'s>]) -> Value<'s> {
        // SAFETY: see `undefined`.
        let array =
            self.made(|place| unsafe { sys::napi_create_array_with_length(self.env(), items.len(), place) });
        for (index, item) in items.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            // SAFETY: a fresh array takes any element.
            let _ = unsafe { sys::napi_set_element(self.env(), array.raw, index, item.raw) };
        }
        array
    }

    /// A new `Map`.
    pub fn map(self) -> JsResult<'s> {
        match self.realm().intrinsics() {
            Some(intrinsics) => intrinsics.map.get(self).construct(&[]),
            None => self.global()?.get("Map")?.construct(&[]),
        }
    }

    /// A new error of the global class `class`, to be thrown.
    pub fn error(self, class: &str, message: &str) -> Thrown<'s> {
        let message = self.string(message);
        let error = self.made(|place| {
            let code = ptr::null_mut();
            // SAFETY: a null code is allowed; `message` is a string.
            unsafe {
                match class {
                    "TypeError" => sys::napi_create_type_error(self.env(), code, message.raw, place),
                    "RangeError" => sys::napi_create_range_error(self.env(), code, message.raw, place),
                    _ => sys::napi_create_error(self.env(), code, message.raw, place),
                }
            }
        });
        Thrown(error)
    }
}

/// A property's name as Node-API looks it up among the strings there are, without making a new one.
struct Name([u8; 48]);

impl Name {
    fn of(name: &str) -> Option<Self> {
        let mut bytes = [0; 48];
        // One byte stays for the NUL.
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
    pub(super) fn from_raw(js: Js<'s>, raw: sys::napi_value) -> Self {
        Self { js, raw }
    }

    pub(super) fn raw(self) -> sys::napi_value {
        self.raw
    }

    /// The right this value came with.
    pub fn js(self) -> Js<'s> {
        self.js
    }

    /// What `typeof` says.
    pub fn kind(self) -> Kind {
        let mut kind = 0;
        // SAFETY: `kind` is a valid place; a null value is refused and leaves `undefined`.
        unsafe { sys::napi_typeof(self.js.env(), self.raw, &raw mut kind) };
        match kind {
            sys::ValueType::napi_null => Kind::Null,
            sys::ValueType::napi_boolean => Kind::Boolean,
            sys::ValueType::napi_number => Kind::Number,
            sys::ValueType::napi_string => Kind::String,
            sys::ValueType::napi_symbol => Kind::Symbol,
            sys::ValueType::napi_object => Kind::Object,
            sys::ValueType::napi_function => Kind::Function,
            sys::ValueType::napi_external => Kind::External,
            sys::ValueType::napi_bigint => Kind::BigInt,
            _ => Kind::Undefined,
        }
    }

    /// Whether this is `undefined`.
    pub fn is_undefined(self) -> bool {
        self.kind() == Kind::Undefined
    }

    /// Whether this is `undefined` or `null`.
    pub fn is_nullish(self) -> bool {
        matches!(self.kind(), Kind::Undefined | Kind::Null)
    }

    /// Whether this can be called.
    pub fn is_function(self) -> bool {
        self.kind() == Kind::Function
    }

    /// Whether this is an object or a function.
    pub fn is_object(self) -> bool {
        matches!(self.kind(), Kind::Object | Kind::Function)
    }

    /// Whether this is an array.
    pub fn is_array(self) -> bool {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        unsafe { sys::napi_is_array(self.js.env(), self.raw, &raw mut yes) };
        yes
    }

    /// Whether this is an object or function with a callable `then`, which is what `await` waits for.
    pub fn is_thenable(self) -> JsResult<'s, bool> {
        Ok(self.is_object() && self.get("then")?.is_function())
    }

    /// Truthiness, as `!!value`.
    pub fn truthy(self) -> bool {
        let mut raw = ptr::null_mut();
        let mut yes = false;
        // SAFETY: both places are valid; coercion to boolean runs no user code.
        unsafe {
            sys::napi_coerce_to_bool(self.js.env(), self.raw, &raw mut raw);
            sys::napi_get_value_bool(self.js.env(), raw, &raw mut yes);
        }
        yes
    }

    /// The text, if this is a string.
    pub fn text(self) -> Option<String> {
        // Ids and paths fit into it, and then one call is enough.
        let mut first = [0_u8; 256];
        let mut length = 0;
        // SAFETY: the buffer has the room that is told, the NUL that Node-API adds included.
        let status = unsafe {
            let buffer = first.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.js.env(), self.raw, buffer, first.len(), &raw mut length)
        };
        if status != sys::Status::napi_ok {
            return None;
        }
        // A character of up to four bytes that does not fit is left out.
        if length + 4 < first.len() {
            return first
                .get(..length)
                .map(|text| String::from_utf8_lossy(text).into_owned());
        }
        // SAFETY: a null buffer asks for the length only.
        unsafe {
            sys::napi_get_value_string_utf8(self.js.env(), self.raw, ptr::null_mut(), 0, &raw mut length);
        }
        let mut bytes = vec![0_u8; length + 1];
        // SAFETY: the buffer has room for the text and the NUL that Node-API adds.
        unsafe {
            let buffer = bytes.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.js.env(), self.raw, buffer, length + 1, &raw mut length);
        }
        bytes.truncate(length);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The number, if this is one.
    pub fn as_number(self) -> Option<f64> {
        let mut number = 0.0;
        // SAFETY: `number` is a valid place; anything but a number is refused.
        let status = unsafe { sys::napi_get_value_double(self.js.env(), self.raw, &raw mut number) };
        (status == sys::Status::napi_ok).then_some(number)
    }

    /// `String(value)`; for symbols and hostile objects a stand-in.
    pub fn display(self) -> String {
        if self.kind() == Kind::Symbol {
            let described = self.call_method("toString", &[]);
            return described
                .ok()
                .and_then(Self::text)
                .unwrap_or_else(|| "Symbol()".into());
        }
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; this may run the object's own conversion, which may throw.
        let status = unsafe { sys::napi_coerce_to_string(self.js.env(), self.raw, &raw mut raw) };
        let text = self.js.checked(status, raw).ok().and_then(Self::text);
        text.unwrap_or_else(|| format!("[{:?}]", self.kind()))
    }

    /// `value[name]`.
    pub fn get(self, name: &str) -> JsResult<'s> {
        let Some(name) = Name::of(name) else {
            return self.get_key(self.js.string(name));
        };
        let mut raw = ptr::null_mut();
        // SAFETY: the name ends with a NUL; the rest is as in `get_key`.
        let status =
            unsafe { sys::napi_get_named_property(self.js.env(), self.raw, name.as_ptr(), &raw mut raw) };
        self.js.checked(status, raw)
    }

    /// `value[key]` for any key.
    pub fn get_key(self, key: Value<'s>) -> JsResult<'s> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; getters may run and throw, which `checked` takes.
        let status = unsafe { sys::napi_get_property(self.js.env(), self.raw, key.raw, &raw mut raw) };
        self.js.checked(status, raw)
    }

    /// The length, if this is an array.
    pub fn array_length(self) -> Option<u32> {
        let mut length = 0;
        // SAFETY: `length` is a valid place; anything but an array is refused.
        let status = unsafe { sys::napi_get_array_length(self.js.env(), self.raw, &raw mut length) };
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
        let status = unsafe { sys::napi_get_element(self.js.env(), self.raw, index, &raw mut raw) };
        self.js.checked(status, raw)
    }

    /// `value[index] = item`.
    pub fn set_item(self, index: u32, item: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: both values belong to this environment.
        let status = unsafe { sys::napi_set_element(self.js.env(), self.raw, index, item.raw) };
        self.js.check(status)
    }

    /// `delete value[index]`.
    pub fn delete_item(self, index: u32) -> JsResult<'s, ()> {
        // SAFETY: the result place may be null.
        let status = unsafe { sys::napi_delete_element(self.js.env(), self.raw, index, ptr::null_mut()) };
        self.js.check(status)
    }

    /// `value[name] = item`.
    pub fn set(self, name: &str, item: Value<'s>) -> JsResult<'s, ()> {
        let Some(name) = Name::of(name) else {
            return self.set_key(self.js.string(name), item);
        };
        // SAFETY: the name ends with a NUL; the rest is as in `set_key`.
        let status =
            unsafe { sys::napi_set_named_property(self.js.env(), self.raw, name.as_ptr(), item.raw) };
        self.js.check(status)
    }

    /// `value[key] = item` for any key.
    pub fn set_key(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: all three belong to this environment; setters may run and throw.
        let status = unsafe { sys::napi_set_property(self.js.env(), self.raw, key.raw, item.raw) };
        self.js.check(status)
    }

    /// `key in value`.
    pub fn has_key(self, key: Value<'s>) -> JsResult<'s, bool> {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        let status = unsafe { sys::napi_has_property(self.js.env(), self.raw, key.raw, &raw mut yes) };
        self.js.check(status)?;
        Ok(yes)
    }

    /// `delete value[key]`, without complaint where it cannot be.
    pub fn delete_key(self, key: Value<'s>) -> JsResult<'s, ()> {
        // SAFETY: the result place may be null; a Proxy's trap may throw.
        let status = unsafe { sys::napi_delete_property(self.js.env(), self.raw, key.raw, ptr::null_mut()) };
        self.js.check(status)
    }

    /// Own enumerable string keys.
    pub fn keys(self) -> JsResult<'s, Vec<Value<'s>>> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place; the flags are those of `Object.keys`.
        let status = unsafe {
            sys::napi_get_all_property_names(
                self.js.env(),
                self.raw,
                sys::KeyCollectionMode::own_only,
                sys::KeyFilter::enumerable | sys::KeyFilter::skip_symbols,
                sys::KeyConversion::numbers_to_strings,
                &raw mut raw,
            )
        };
        self.js.checked(status, raw)?.items()
    }

    /// Defines an own property: writable and configurable, as an assignment makes it, but not enumerable.
    pub fn define_hidden(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        let attributes = sys::PropertyAttributes::writable | sys::PropertyAttributes::configurable;
        self.define(key, item.raw, attributes)
    }

    /// Defines an own property that only says something, as a function's `length` does.
    pub fn define_constant(self, key: Value<'s>, item: Value<'s>) -> JsResult<'s, ()> {
        self.define(key, item.raw, sys::PropertyAttributes::configurable)
    }

    fn define(self, key: Value<'s>, item: sys::napi_value, attributes: i32) -> JsResult<'s, ()> {
        let property = sys::napi_property_descriptor {
            utf8name: ptr::null(),
            name: key.raw,
            method: None,
            getter: None,
            setter: None,
            value: item,
            attributes,
            data: ptr::null_mut(),
        };
        // SAFETY: one descriptor, alive during the call, with a value and no callbacks.
        let status = unsafe { sys::napi_define_properties(self.js.env(), self.raw, 1, &raw const property) };
        self.js.check(status)
    }

    /// `value.call(this, ...args)`.
    pub fn call(self, this: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        let raws: Vec<_> = args.iter().map(|arg| arg.raw).collect();
        let mut raw = ptr::null_mut();
        // SAFETY: pointer and count are those of `raws`; what is thrown is taken by `checked`.
        let status = unsafe {
            sys::napi_call_function(
                self.js.env(),
                this.raw,
                self.raw,
                raws.len(),
                raws.as_ptr(),
                &raw mut raw,
            )
        };
        // What is no function is refused.
        if status == sys::Status::napi_invalid_arg && !self.is_function() {
            return Err(self
                .js
                .error("TypeError", &format!("{} is not a function", self.display())));
        }
        self.js.checked(status, raw)
    }

    /// `new value(...args)`.
    pub fn construct(self, args: &[Value<'s>]) -> JsResult<'s> {
        let raws: Vec<_> = args.iter().map(|arg| arg.raw).collect();
        let mut raw = ptr::null_mut();
        // SAFETY: as in `call`.
        let status = unsafe {
            sys::napi_new_instance(self.js.env(), self.raw, raws.len(), raws.as_ptr(), &raw mut raw)
        };
        self.js.checked(status, raw)
    }

    /// `value[name](...args)`.
    pub fn call_method(self, name: &str, args: &[Value<'s>]) -> JsResult<'s> {
        let method = self.get(name)?;
        let result = method.call(self, args);
        if result.is_err() && !method.is_function() {
            return Err(self.js.error("TypeError", &format!("{name} is not a function")));
        }
        result
    }

    /// `value instanceof class`.
    pub fn instance_of(self, class: Value<'s>) -> JsResult<'s, bool> {
        if !self.is_object() {
            return Ok(false);
        }
        let mut yes = false;
        // SAFETY: `yes` is a valid place; a `Symbol.hasInstance` may run and throw.
        let status = unsafe { sys::napi_instanceof(self.js.env(), self.raw, class.raw, &raw mut yes) };
        self.js.check(status)?;
        Ok(yes)
    }

    /// Whether this is an `Error` of any realm.
    pub fn is_error(self) -> bool {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        unsafe { sys::napi_is_error(self.js.env(), self.raw, &raw mut yes) };
        yes
    }

    /// Whether this is a promise of the language, not merely thenable.
    pub fn is_promise(self) -> bool {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        unsafe { sys::napi_is_promise(self.js.env(), self.raw, &raw mut yes) };
        yes
    }

    /// `value === other`.
    pub fn same(self, other: Value<'s>) -> bool {
        let mut yes = false;
        // SAFETY: `yes` is a valid place for the result.
        unsafe { sys::napi_strict_equals(self.js.env(), self.raw, other.raw, &raw mut yes) };
        yes
    }

    /// `Object.setPrototypeOf(value, prototype)`.
    pub fn set_prototype(self, prototype: Value<'s>) -> JsResult<'s, ()> {
        if let Some(intrinsics) = self.js.realm().intrinsics() {
            let set = intrinsics.set_prototype_of.get(self.js);
            set.call(self.js.undefined(), &[self, prototype])?;
        }
        Ok(())
    }

    /// `value.bind(this, ...args)`: the bound values live on the JavaScript function, not in native memory.
    pub fn bind(self, this: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        match self.js.realm().intrinsics() {
            Some(intrinsics) => {
                let mut all = vec![this];
                all.extend_from_slice(args);
                intrinsics.function_bind.get(self.js).call(self, &all)
            }
            None => Ok(self),
        }
    }

    /// A strong reference that outlives this call.
    pub fn hold(self) -> Held {
        Held::new(self)
    }

    /// A weak reference. `None` for primitives, which cannot be referred to weakly.
    pub fn faint(self) -> Option<Faint> {
        Faint::new(self)
    }
}
