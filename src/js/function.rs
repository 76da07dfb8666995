//! Native functions from closures.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use napi::sys;
use smallvec::{SmallVec, smallvec};

use super::guard::{guarded, reported};
use super::realm::{Js, Realm};
use super::value::{JsResult, Value};

/// One call from JavaScript.
pub struct Call<'s> {
    /// The right to use values during the call.
    pub js: Js<'s>,
    /// `this`.
    pub this: Value<'s>,
    /// The arguments as given.
    pub args: Vec<Value<'s>>,
    /// `new.target`: present when called with `new` or as `super()`.
    pub new_target: Option<Value<'s>>,
}

impl<'s> Call<'s> {
    /// The argument at `index`, `undefined` when there is none.
    pub fn arg(&self, index: usize) -> Value<'s> {
        self.args
            .get(index)
            .copied()
            .unwrap_or_else(|| self.js.undefined())
    }
}

/// The closure behind a native function.
type Body = dyn for<'s> Fn(&Call<'s>) -> JsResult<'s>;

/// What belongs to one native function: its body, and the realm, which the function keeps alive.
pub(super) struct Native {
    realm: Rc<Realm>,
    body: Box<Body>,
}

impl Native {
    pub(super) fn leak(js: Js<'_>, body: Box<Body>) -> *mut c_void {
        let native = Rc::new(Self {
            realm: Rc::clone(js.realm()),
            body,
        });
        Rc::into_raw(native).cast_mut().cast()
    }
}

impl<'s> Js<'s> {
    /// A function with that name and `length`. The closure is dropped when the function is collected.
    pub fn function<F>(self, name: &str, length: u32, body: F) -> JsResult<'s>
    where
        F: for<'t> Fn(&Call<'t>) -> JsResult<'t> + 'static,
    {
        let data = Native::leak(self, Box::new(body));
        let mut raw = ptr::null_mut();
        // SAFETY: name and length belong together; `data` is owned by the finalizer added below.
        let status = unsafe {
            sys::napi_create_function(
                self.env(),
                name.as_ptr().cast(),
                name.len().cast_signed(),
                Some(enter),
                data,
                &raw mut raw,
            )
        };
        let function = self.checked(status, raw)?;
        release_with(function, data)?;
        // A new function already has length 0. Redefining `length` makes `bind` take V8's slow path.
        if length > 0 {
            function.define_constant(self.string("length"), self.number(f64::from(length)))?;
        }
        Ok(function)
    }
}

/// Makes the function own `data`, a pointer from `Native::leak`: freed when the function is collected.
pub(super) fn release_with(function: Value<'_>, data: *mut c_void) -> JsResult<'_, ()> {
    let js = function.js();
    // SAFETY: `data` is an `Rc<Native>` count; the finalizer runs once, after the last call.
    let status = unsafe {
        sys::napi_add_finalizer(
            js.env(),
            function.raw(),
            data,
            Some(finalize),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    js.check(status)
}

unsafe extern "C" fn finalize(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: takes back the count given away in `Native::leak`.
    let native = unsafe { Rc::from_raw(data.cast::<Native>()) };
    let realm = Rc::clone(&native.realm);
    reported(&realm, || drop(native));
}

/// What Node-API says of a call.
struct Info {
    this: sys::napi_value,
    args: SmallVec<[sys::napi_value; 8]>,
    data: *mut c_void,
}

impl Info {
    fn of(env: sys::napi_env, info: sys::napi_callback_info) -> Self {
        let mut count = 8;
        let mut args: SmallVec<[_; 8]> = smallvec![ptr::null_mut(); count];
        let (mut this, mut data) = (ptr::null_mut(), ptr::null_mut());
        let mut read = |args: &mut [sys::napi_value]| {
            // SAFETY: the buffer has room for `count` arguments; the rest are single places.
            unsafe {
                let (args, this, data) = (args.as_mut_ptr(), &raw mut this, &raw mut data);
                sys::napi_get_cb_info(env, info, &raw mut count, args, this, data);
            }
            count
        };
        let given = read(&mut args);
        if given > args.len() {
            args.resize(given, ptr::null_mut());
            read(&mut args);
        }
        args.truncate(given);
        Self { this, args, data }
    }
}

/// The C function behind every native function.
pub(super) unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let Info { this, args, data } = Info::of(env, info);
    if data.is_null() {
        return ptr::null_mut();
    }
    let mut target = ptr::null_mut();
    // SAFETY: `data` is the `Rc<Native>` of this function, alive while it runs; a count of our own keeps it so
    // should the function be collected during the call.
    let native = unsafe {
        sys::napi_get_new_target(env, info, &raw mut target);
        Rc::increment_strong_count(data.cast::<Native>());
        Rc::from_raw(data.cast::<Native>())
    };
    let js = Js::of(&native.realm);
    let call = Call {
        js,
        this: Value::from_raw(js, this),
        args: args.into_iter().map(|raw| Value::from_raw(js, raw)).collect(),
        // In a plain call without `new`, Node gives null and Deno gives `undefined`.
        new_target: (!target.is_null())
            .then(|| Value::from_raw(js, target))
            .filter(|target| !target.is_undefined()),
    };
    let thrown = match guarded(|| (native.body)(&call)) {
        Ok(Ok(value)) => return value.raw(),
        Ok(Err(thrown)) => thrown,
        Err(panicked) => js.error("Error", &panicked.message()),
    };
    // SAFETY: Node-API refuses a null value, which there is when the environment is shutting down.
    unsafe { sys::napi_throw(env, thrown.0.raw()) };
    ptr::null_mut()
}
