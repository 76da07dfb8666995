//! Rust state behind a JavaScript object, freed with it.

use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::guard::guarded;
use super::realm::Js;
use super::value::{JsResult, Value};

/// The tag on our native objects, so that we never take for ours an object of another addon, or of another version of
/// this one, whose Rust types may differ.
static TAG: sys::napi_type_tag = sys::napi_type_tag {
    lower: 0x6e6f_6465_2d68_6d72,
    upper: hash(env!("CARGO_PKG_VERSION")),
};

/// FNV-1a, which can be computed at compile time.
const fn hash(text: &str) -> u64 {
    let (bytes, mut hash, mut index) = (text.as_bytes(), 14_695_981_039_346_656_037_u64, 0);
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

/// What the native pointer of an object points to.
type Boxed = Rc<dyn Any>;

impl<'s> Js<'s> {
    /// A plain object that owns `state`.
    pub fn native_object<T: 'static>(self, state: Rc<T>) -> JsResult<'s> {
        let object = self.object();
        let state: Boxed = state;
        let data = Box::into_raw(Box::new(state)).cast::<c_void>();
        // SAFETY: `data` is owned by the wrap and freed by its finalizer; the tag vouches for its type.
        let status = unsafe {
            sys::napi_wrap(
                self.env(),
                object.raw(),
                data,
                Some(finalize),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.check(status)?;
        // SAFETY: a fresh object takes a tag.
        let status = unsafe { sys::napi_type_tag_object(self.env(), object.raw(), &raw const TAG) };
        self.check(status)?;
        Ok(object)
    }
}

impl Value<'_> {
    /// The state of an object made by [`Js::native_object`] with this very type.
    pub fn native<T: 'static>(self) -> Option<Rc<T>> {
        if !self.is_object() {
            return None;
        }
        let env = self.js().env();
        let mut ours = false;
        let mut data = ptr::null_mut();
        // SAFETY: the places are valid; the pointer is read only when the tag says that we made it.
        let state = unsafe {
            sys::napi_check_object_type_tag(env, self.raw(), &raw const TAG, &raw mut ours);
            if !ours || sys::napi_unwrap(env, self.raw(), &raw mut data) != sys::Status::napi_ok {
                return None;
            }
            Rc::clone(&*data.cast::<Boxed>())
        };
        state.downcast().ok()
    }
}

unsafe extern "C" fn finalize(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: takes back the box given away in `native_object`.
    let state = unsafe { Box::from_raw(data.cast::<Boxed>()) };
    // A panic cannot be reported here, as there is no realm.
    let _ = guarded(|| drop(state));
}
