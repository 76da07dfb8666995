//! [`JsWaker`]: the only way from another thread to the JavaScript thread.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use napi::sys;
use parking_lot::Mutex;

use super::guard::{guarded, reported};
use super::realm::{Js, Realm};
use super::value::JsResult;

/// Wakes the JavaScript thread from any other thread. Keeps the process alive only after [`JsWaker::keep_alive`].
#[derive(Clone)]
pub struct JsWaker(Arc<Mutex<Door>>);

/// The threadsafe function; null after [`JsWaker::close`].
struct Door(sys::napi_threadsafe_function);

// SAFETY: Node-API allows the functions used here (call, release) from any thread, and the lock keeps them from
// a function that has been released. `keep_alive` runs on the JavaScript thread only: it takes a `Js`.
unsafe impl Send for Door {}

struct Target {
    realm: Rc<Realm>,
    body: Box<dyn for<'s> Fn(Js<'s>)>,
}

impl JsWaker {
    /// Makes a waker whose `body` runs on the JavaScript thread; it does not keep the process alive yet.
    pub fn new<'s>(js: Js<'s>, body: impl for<'t> Fn(Js<'t>) + 'static) -> JsResult<'s, Self> {
        let target = Box::new(Target {
            realm: Rc::clone(js.realm()),
            body: Box::new(body),
        });
        let context = Box::into_raw(target).cast::<c_void>();
        let name = js.string("node-hmr watcher");
        let mut raw = ptr::null_mut();
        // SAFETY: no JavaScript function, one thread count, an unbounded queue; `context` is freed by the
        // finalizer, which runs after the last call.
        let status = unsafe {
            sys::napi_create_threadsafe_function(
                js.env(),
                ptr::null_mut(),
                ptr::null_mut(),
                name.raw(),
                0,
                1,
                context,
                Some(finalize),
                context,
                Some(deliver),
                &raw mut raw,
            )
        };
        js.check(status)?;
        // SAFETY: just made, on its own thread.
        unsafe { sys::napi_unref_threadsafe_function(js.env(), raw) };
        Ok(Self(Arc::new(Mutex::new(Door(raw)))))
    }

    /// Runs the body soon, on the JavaScript thread. From any thread; after [`JsWaker::close`] it does nothing.
    pub fn wake(&self) {
        let door = self.0.lock();
        if !door.0.is_null() {
            // SAFETY: not released, as the lock and the null show. An unbounded queue never blocks.
            unsafe {
                sys::napi_call_threadsafe_function(
                    door.0,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                );
            }
        }
    }

    /// Sets whether the process stays alive for this waker.
    pub fn keep_alive(&self, js: Js<'_>, yes: bool) {
        let door = self.0.lock();
        if door.0.is_null() {
            return;
        }
        // SAFETY: on the JavaScript thread, and not released.
        unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(js.env(), door.0);
            } else {
                sys::napi_unref_threadsafe_function(js.env(), door.0);
            }
        }
    }

    /// Ends the waker: afterwards no thread is inside [`JsWaker::wake`], and the body is not called again.
    pub fn close(&self) {
        let mut door = self.0.lock();
        let raw = std::mem::replace(&mut door.0, ptr::null_mut());
        if !raw.is_null() {
            // SAFETY: gives back the one thread count taken in `new`.
            unsafe { sys::napi_release_threadsafe_function(raw, sys::ThreadsafeFunctionReleaseMode::abort) };
        }
    }
}

unsafe extern "C" fn finalize(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: takes back the box made in `new`; nothing is delivered after this.
    let target = unsafe { Box::from_raw(data.cast::<Target>()) };
    // The environment is going: nobody can be told of a panic.
    let _ = guarded(|| drop(target));
}

unsafe extern "C" fn deliver(
    env: sys::napi_env,
    _callback: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if env.is_null() {
        return;
    }
    // SAFETY: the box lives until `finalize`.
    let target = unsafe { &*context.cast::<Target>() };
    if target.realm.alive.get() {
        reported(&target.realm, || {
            Js::of(&target.realm).scope(|js| {
                (target.body)(js);
                target.realm.panic_if_asked("delivery");
            });
        });
    }
}
