//! Making JavaScript values.

use std::ptr;

use napi::sys;

use super::realm::Js;
use super::value::{JsResult, Thrown, Value};

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
        // This fails only when the environment is shutting down; every later call refuses the null value.
        let _ = make(&raw mut raw);
        Value::from_raw(self, raw)
    }

    /// `globalThis`.
    pub fn global(self) -> JsResult<'s> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a valid place for the result.
        let status = unsafe { sys::napi_get_global(self.env(), &raw mut raw) };
        self.checked(status, raw)
    }

    /// A built-in module by name, as `process.getBuiltinModule` gives it.
    pub fn builtin(self, name: &str) -> JsResult<'s> {
        let process = self.global()?.get("process")?;
        process.call_method("getBuiltinModule", &[self.string(name)])
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

    /// A number that counts something.
    #[expect(
        clippy::cast_precision_loss,
        reason = "nothing is counted up to the 2^53 that a double holds exactly"
    )]
    pub fn count(self, count: usize) -> Value<'s> {
        self.number(count as f64)
    }

    /// A string.
    pub fn string(self, text: &str) -> Value<'s> {
        let length = text.len().cast_signed();
        // V8 decodes UTF-8 in two passes; ASCII text needs no decoding.
        let create = if text.is_ascii() {
            sys::napi_create_string_latin1
        } else {
            sys::napi_create_string_utf8
        };
        // SAFETY: pointer and length are those of `text`, which is UTF-8; ASCII is the same in both.
        self.made(|place| unsafe { create(self.env(), text.as_ptr().cast(), length, place) })
    }

    /// A new symbol with that description.
    pub fn symbol(self, description: &str) -> Value<'s> {
        let description = self.string(description);
        // SAFETY: see `undefined`.
        self.made(|place| unsafe { sys::napi_create_symbol(self.env(), description.raw(), place) })
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
            let _ = unsafe { sys::napi_set_element(self.env(), array.raw(), index, item.raw()) };
        }
        array
    }

    /// A new error of the built-in class with that name, for the caller to throw.
    pub fn error(self, class: &str, message: &str) -> Thrown<'s> {
        let message = self.string(message);
        let error = self.made(|place| {
            let code = ptr::null_mut();
            // SAFETY: a null code is allowed; `message` is a string.
            unsafe {
                match class {
                    "TypeError" => sys::napi_create_type_error(self.env(), code, message.raw(), place),
                    "RangeError" => sys::napi_create_range_error(self.env(), code, message.raw(), place),
                    _ => sys::napi_create_error(self.env(), code, message.raw(), place),
                }
            }
        });
        Thrown(error)
    }
}
