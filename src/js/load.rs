//! How the addon starts and ends in one environment.

use std::ffi::c_void;
use std::rc::Rc;

use napi::bindgen_prelude::Object;
use napi::{JsValue, sys};

use super::executor::Tasks;
use super::guard::reported;
use super::intrinsics::Intrinsics;
use super::realm::{Js, Realm};
use super::value::{JsResult, Value};

/// Starts a realm for the environment that loads the addon. `body` fills the exports; what it throws, `require` of the
/// addon throws.
pub fn open(
    env: napi::Env,
    exports: Object<'_>,
    body: impl for<'s> FnOnce(Js<'s>, Value<'s>) -> JsResult<'s, ()>,
) {
    let env = env.raw();
    let realm = Realm::new(env);
    let hook = Rc::into_raw(Rc::clone(&realm)).cast_mut().cast::<c_void>();
    // SAFETY: `env` is the environment that is loading us; the hook owns one count of the realm.
    unsafe { sys::napi_add_env_cleanup_hook(env, Some(close), hook) };
    let js = Js::of(&realm);
    if let Err(thrown) = first_states(js).and_then(|()| body(js, Value::from_raw(js, exports.raw()))) {
        // SAFETY: `require` of the addon throws this very value.
        unsafe { sys::napi_throw(env, thrown.0.raw()) };
    }
}

/// Makes the states that every other state uses, also while it closes: states close in reverse order, these last.
fn first_states(js: Js<'_>) -> JsResult<'_, ()> {
    js.state::<Intrinsics>()?;
    js.state::<Tasks>().map(drop)
}

unsafe extern "C" fn close(realm: *mut c_void) {
    // SAFETY: the pointer is the count given away in `open`, taken back once.
    let realm = unsafe { Rc::from_raw(realm.cast::<Realm>()) };
    // The states refer back to the realm: only closing them here breaks the cycle.
    reported(&realm, || realm.states.close());
    realm.alive.set(false);
    // From here on, Node-API calls are not allowed: Node frees the environment next, and all references with it.
    realm.frees_references.set(false);
}
