//! A JavaScript value while native code runs.

use std::borrow::Cow;
use std::ptr;

use napi::sys;
use smallvec::SmallVec;

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

/// The result of a call into JavaScript: a value, or what was thrown.
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
    pub(super) fn checked(self, status: sys::napi_status, raw: sys::napi_value) -> JsResult<'s> {
        self.check(status)?;
        Ok(Value::from_raw(self, raw))
    }
}

impl<'s> Value<'s> {
    pub(super) fn from_raw(js: Js<'s>, raw: sys::napi_value) -> Self {
        Self { js, raw }
    }

    pub(super) fn raw(self) -> sys::napi_value {
        self.raw
    }

    /// The right to use JavaScript values with which this value was made.
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
        self.text_in(&mut [0; 256]).map(Cow::into_owned)
    }

    /// The text, if this is a string. A short text (most ids and paths) is written into `room` instead of new memory.
    pub fn text_in(self, room: &mut [u8; 256]) -> Option<Cow<'_, str>> {
        let mut length = 0;
        // SAFETY: the length is that of the buffer; it includes the NUL that Node-API adds.
        let status = unsafe {
            let buffer = room.as_mut_ptr().cast();
            sys::napi_get_value_string_utf8(self.js.env(), self.raw, buffer, room.len(), &raw mut length)
        };
        if status != sys::Status::napi_ok {
            return None;
        }
        // Node-API drops a last character that does not fit, of up to four bytes: only a shorter text is surely whole.
        if length + 4 < room.len() {
            return room.get(..length).map(|text| match str::from_utf8(text) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(text),
            });
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
        Some(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The number, if this is one.
    pub fn as_number(self) -> Option<f64> {
        let mut number = 0.0;
        // SAFETY: `number` is a valid place; anything but a number is refused.
        let status = unsafe { sys::napi_get_value_double(self.js.env(), self.raw, &raw mut number) };
        (status == sys::Status::napi_ok).then_some(number)
    }

    /// The number, if this is one that came from a whole number in the range of `T`.
    pub fn as_whole<T: TryFrom<u64>>(self) -> Option<T> {
        let number = self.as_number()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` takes the nearest number in range, which `T` may refuse"
        )]
        T::try_from(number as u64).ok()
    }

    /// `String(value)`; for a symbol its description, for an object whose conversion throws its kind in brackets.
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

    /// `value.call(this, ...args)`.
    pub fn call(self, this: Value<'s>, args: &[Value<'s>]) -> JsResult<'s> {
        let raws: SmallVec<[_; 8]> = args.iter().map(|arg| arg.raw).collect();
        let mut raw = ptr::null_mut();
        // SAFETY: pointer and count are those of `raws`; `checked` takes what the function throws.
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
        if status == sys::Status::napi_invalid_arg && !self.is_function() {
            return Err(self
                .js
                .error("TypeError", &format!("{} is not a function", self.display())));
        }
        self.js.checked(status, raw)
    }

    /// `new value(...args)`.
    pub fn construct(self, args: &[Value<'s>]) -> JsResult<'s> {
        let raws: SmallVec<[_; 8]> = args.iter().map(|arg| arg.raw).collect();
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

    /// Whether this is a built-in promise, and not merely thenable.
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
}
