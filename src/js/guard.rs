//! The one barrier between a panic of ours and the user's process.
//!
//! Unwinding out of a function that C calls ends the process, so every `extern "C"` function runs its body in
//! [`guarded`]. Values that are dropped during the unwinding restore the state: handle scopes close themselves, and the
//! executor's `Running` sets the outer task again.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::realm::{Js, Realm};

/// The message of a panic that was caught.
pub(super) struct Panicked(String);

impl Panicked {
    /// The message of the JavaScript error that the user sees instead of the panic.
    pub(super) fn message(&self) -> String {
        format!(
            "node-hmr failed in its own code ({}); please report this with HMR_LOG=trace",
            self.0
        )
    }
}

/// Runs `body`; a panic inside of it ends here.
pub(super) fn guarded<R>(body: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| Panicked(words(&*payload)))
}

/// Runs `body`, whose result nobody waits for; a panic goes to the realm's `on_panic`.
pub(super) fn reported(realm: &Rc<Realm>, body: impl FnOnce()) {
    if let Err(panicked) = guarded(body) {
        report(realm, &panicked);
    }
}

/// Tells the realm's `on_panic` of a panic, unless the environment is shutting down.
pub(super) fn report(realm: &Rc<Realm>, panicked: &Panicked) {
    let Some(tell) = realm.on_panic.get().filter(|_| realm.alive.get()) else {
        return;
    };
    // `on_panic` calls the user's console and more of our own code, which may panic again.
    let _ = guarded(|| Js::of(realm).scope(|js| tell(js, &panicked.message())));
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".to_owned())
}

/// An open handle scope, which closes itself, also while a panic unwinds: Node aborts when a callback returns with a
/// scope left open.
struct HandleScope {
    env: sys::napi_env,
    raw: sys::napi_handle_scope,
}

impl HandleScope {
    fn open(js: Js<'_>) -> Self {
        let mut raw = ptr::null_mut();
        // SAFETY: on the JavaScript thread, as `js` proves; closed once, when this is dropped.
        unsafe { sys::napi_open_handle_scope(js.env(), &raw mut raw) };
        Self { env: js.env(), raw }
    }
}

impl Drop for HandleScope {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: opened in `open`, on this thread; scopes are dropped in the reverse order.
            unsafe { sys::napi_close_handle_scope(self.env, self.raw) };
        }
    }
}

impl Js<'_> {
    /// Runs `body` with handles of its own, freed when it returns.
    pub fn scope<R>(self, body: impl for<'t> FnOnce(Js<'t>) -> R) -> R {
        let _open = HandleScope::open(self);
        body(Js::of(self.realm()))
    }

    /// Runs the body of a callback that Node calls: a panic in `body` is reported, as no caller could catch it.
    pub fn shielded(self, body: impl FnOnce(Self)) {
        reported(self.realm(), || body(self));
    }
}
