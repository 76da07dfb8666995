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

/// What all clones of a waker share.
struct Door {
    /// The threadsafe function; null after [`JsWaker::close`].
    raw: sys::napi_threadsafe_function,
    /// During [`JsWaker::collect`]: whether anything has called `wake`.
    woken: Option<bool>,
}

// SAFETY: Node-API allows the functions used here (call, release) from any thread, and the lock keeps them from
// a function that has been released. `keep_alive` runs on the JavaScript thread only: it takes a `Js`.
unsafe impl Send for Door {}

/// What a waker calls: the realm, and the body that runs on the JavaScript thread.
pub(super) struct Target {
    pub(super) realm: Rc<Realm>,
    body: Box<dyn for<'s> Fn(Js<'s>)>,
}

impl Target {
    /// Runs the body.
    pub(super) fn run(&self) {
        if self.realm.alive.get() {
            reported(&self.realm, || {
                Js::of(&self.realm).scope(|js| {
                    (self.body)(js);
                    self.realm.panic_if_asked("delivery");
                });
            });
        }
    }
}

impl JsWaker {
    /// Makes a waker whose `body` runs on the JavaScript thread; it does not keep the process alive yet.
    pub fn new<'s>(js: Js<'s>, body: impl for<'t> Fn(Js<'t>) + 'static) -> JsResult<'s, Self> {
        let target = Rc::new(Target {
            realm: Rc::clone(js.realm()),
            body: Box::new(body),
        });
        let context = Rc::into_raw(target).cast_mut().cast::<c_void>();
        let name = js.string("node-hmr watcher");
        let mut raw = ptr::null_mut();
        // SAFETY: no JavaScript function, one thread count, an unbounded queue; `context` is released by the
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
        let woken = None;
        Ok(Self(Arc::new(Mutex::new(Door { raw, woken }))))
    }

    /// Runs the body soon, on the JavaScript thread. From any thread; after [`JsWaker::close`] it does nothing.
    pub fn wake(&self) {
        let mut door = self.0.lock();
        if door.raw.is_null() {
            return;
        }
        if let Some(woken) = &mut door.woken {
            *woken = true;
        } else {
            // SAFETY: not released, as the lock and the null show. An unbounded queue never blocks.
            unsafe {
                sys::napi_call_threadsafe_function(
                    door.raw,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                );
            }
        }
    }

    /// Sets whether the process stays alive for this waker.
    pub fn keep_alive(&self, js: Js<'_>, yes: bool) {
        let door = self.0.lock();
        if door.raw.is_null() {
            return;
        }
        // SAFETY: on the JavaScript thread, and not released.
        unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(js.env(), door.raw);
            } else {
                sys::napi_unref_threadsafe_function(js.env(), door.raw);
            }
        }
    }

    /// Runs `work`, on the JavaScript thread, and says whether anything called [`JsWaker::wake`] meanwhile: then the caller has
    /// to run the body.
    #[cfg(target_os = "linux")]
    pub(super) fn collect(&self, work: impl FnOnce()) -> bool {
        struct Collecting<'a>(&'a JsWaker);
        impl Collecting<'_> {
            fn end(&self) -> bool {
                self.0.0.lock().woken.take() == Some(true)
            }
        }
        impl Drop for Collecting<'_> {
            fn drop(&mut self) {
                // After a panic of `work`, the body still has to run.
                if self.end() {
                    self.0.wake();
                }
            }
        }
        self.0.lock().woken = Some(false);
        let collecting = Collecting(self);
        work();
        collecting.end()
    }

    /// What the waker calls; `None` after [`JsWaker::close`].
    #[cfg(target_os = "linux")]
    pub(super) fn target(&self, _: Js<'_>) -> Option<Rc<Target>> {
        let door = self.0.lock();
        if door.raw.is_null() {
            return None;
        }
        let mut context = ptr::null_mut();
        // SAFETY: not released; the context is the count given away in `new`, of which this makes another. The counter belongs
        // to the JavaScript thread, where we are.
        unsafe {
            sys::napi_get_threadsafe_function_context(door.raw, &raw mut context);
            let target = context.cast_const().cast::<Target>();
            Rc::increment_strong_count(target);
            Some(Rc::from_raw(target))
        }
    }

    /// Ends the waker: afterwards no thread is inside [`JsWaker::wake`], and the body is not called again.
    pub fn close(&self) {
        let mut door = self.0.lock();
        let raw = std::mem::replace(&mut door.raw, ptr::null_mut());
        if !raw.is_null() {
            // SAFETY: gives back the one thread count taken in `new`.
            unsafe { sys::napi_release_threadsafe_function(raw, sys::ThreadsafeFunctionReleaseMode::abort) };
        }
    }
}

unsafe extern "C" fn finalize(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: takes back the count given away in `new`; nothing is delivered after this.
    let target = unsafe { Rc::from_raw(data.cast::<Target>()) };
    // A panic cannot be reported, as the environment is shutting down.
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
    // SAFETY: the count given away in `new` lasts until `finalize`.
    let target = unsafe { &*context.cast::<Target>() };
    target.run();
}
