//! One load of the addon in one environment, and the right to use JavaScript values.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::Object;
use napi::{JsValue, sys};

use super::executor::{Soon, Task, run_first_soon};
use super::guard::{HandleScope, reported};
use super::held::Held;
use super::state::States;
use super::value::{JsResult, Value};

/// Everything that belongs to one load of the addon in one environment. Worker threads load the addon too, and
/// one environment may load it twice, so nothing of this is process-wide.
pub struct Realm {
    pub(super) env: sys::napi_env,
    /// False once the environment is being torn down.
    pub(super) alive: Cell<bool>,
    /// False once nothing of the environment may be touched any more.
    pub(super) frees_references: Cell<bool>,
    pub(super) live_references: Cell<usize>,
    pub(super) current_task: RefCell<Option<Rc<Task>>>,
    /// What waits for its microtask; see `Js::soon`.
    pub(super) soon: RefCell<VecDeque<Soon>>,
    /// Who is told of a panic that no caller gets.
    pub(super) on_panic: Cell<Option<OnPanic>>,
    /// Set by a test: the next callback of this kind panics.
    pub(super) panics_at: Cell<Option<&'static str>>,
    intrinsics: RefCell<Option<Rc<Intrinsics>>>,
    states: States,
}

/// Reports an error of our own code.
pub type OnPanic = for<'s> fn(Js<'s>, Value<'s>);

/// Functions taken at load, so that a program that patches its globals later does not change ours.
pub(super) struct Intrinsics {
    pub promise: Held,
    pub promise_resolve: Held,
    pub promise_then: Held,
    pub set_prototype_of: Held,
    pub function_bind: Held,
    pub map: Held,
    /// Ours: runs what `Js::soon` was given first.
    pub run_first_soon: Held,
}

/// The right to use JavaScript values: exists only while native code runs on the JavaScript thread.
#[derive(Clone, Copy)]
pub struct Js<'s> {
    realm: &'s Rc<Realm>,
}

impl Realm {
    fn open(env: sys::napi_env, body: impl for<'s> FnOnce(Js<'s>) -> JsResult<'s, ()>) {
        let realm = Rc::new(Self {
            env,
            alive: Cell::new(true),
            frees_references: Cell::new(true),
            live_references: Cell::new(0),
            current_task: RefCell::new(None),
            soon: RefCell::default(),
            on_panic: Cell::new(None),
            panics_at: Cell::new(None),
            intrinsics: RefCell::new(None),
            states: States::default(),
        });
        let hook = Rc::into_raw(Rc::clone(&realm)).cast_mut().cast::<c_void>();
        // SAFETY: `env` is the environment that is loading us; the hook owns one count of the realm.
        unsafe { sys::napi_add_env_cleanup_hook(env, Some(close), hook) };
        let js = Js { realm: &realm };
        let outcome = Intrinsics::take(js).and_then(|intrinsics| {
            *realm.intrinsics.borrow_mut() = Some(Rc::new(intrinsics));
            body(js)
        });
        if let Err(thrown) = outcome {
            // SAFETY: `require` of the addon throws this very value.
            unsafe { sys::napi_throw(env, thrown.0.raw()) };
        }
    }

    pub(super) fn states(&self) -> &States {
        &self.states
    }

    /// Names who reports a panic that no caller gets.
    pub fn report_panics(&self, tell: OnPanic) {
        self.on_panic.set(Some(tell));
    }

    /// For tests: the next `place` ("delivery" or "task") panics.
    pub fn panic_at(&self, place: &'static str) {
        self.panics_at.set(Some(place));
    }

    pub(super) fn panic_if_asked(&self, place: &str) {
        let is_asked = self.panics_at.get() == Some(place);
        if is_asked {
            self.panics_at.set(None);
        }
        assert!(!is_asked, "a test asked for this");
    }

    /// How many strong and weak references native code holds at this moment.
    pub fn live_references(&self) -> usize {
        self.live_references.get()
    }

    pub(super) fn intrinsics(&self) -> Option<Rc<Intrinsics>> {
        self.intrinsics.borrow().clone()
    }
}

/// Starts a realm for the environment that is loading the addon; `body` fills the exports, what it throws is thrown.
pub fn open(
    env: napi::Env,
    exports: Object<'_>,
    body: impl for<'s> FnOnce(Js<'s>, Value<'s>) -> JsResult<'s, ()>,
) {
    Realm::open(env.raw(), |js| body(js, Value::from_raw(js, exports.raw())));
}

unsafe extern "C" fn close(realm: *mut c_void) {
    // SAFETY: the pointer is the count given away in `open`, taken back once.
    let realm = unsafe { Rc::from_raw(realm.cast::<Realm>()) };
    reported(&realm, || realm.states.close());
    realm.alive.set(false);
    // They refer back to the realm; it is freed with the last function that belongs to it.
    drop(realm.intrinsics.take());
    drop(realm.soon.take());
    // Node frees none of those that are left; the environment itself goes next.
    realm.frees_references.set(false);
}

impl Intrinsics {
    fn take(js: Js<'_>) -> JsResult<'_, Self> {
        let global = js.global()?;
        let promise = global.get("Promise")?;
        let object = global.get("Object")?;
        let function_prototype = global.get("Function")?.get("prototype")?;
        Ok(Self {
            promise: promise.hold(),
            promise_resolve: promise.get("resolve")?.hold(),
            promise_then: promise.get("prototype")?.get("then")?.hold(),
            set_prototype_of: object.get("setPrototypeOf")?.hold(),
            function_bind: function_prototype.get("bind")?.hold(),
            map: global.get("Map")?.hold(),
            run_first_soon: js.function("", 0, |call| Ok(run_first_soon(call)))?.hold(),
        })
    }
}

impl<'s> Js<'s> {
    pub(super) fn of(realm: &'s Rc<Realm>) -> Self {
        Self { realm }
    }

    pub(super) fn env(self) -> sys::napi_env {
        self.realm.env
    }

    /// The realm this right belongs to.
    pub fn realm(self) -> &'s Rc<Realm> {
        self.realm
    }

    /// Runs `body` with handles of its own, freed when it returns.
    pub fn scope<R>(self, body: impl for<'t> FnOnce(Js<'t>) -> R) -> R {
        let _open = HandleScope::open(self);
        body(Js { realm: self.realm })
    }

    /// Runs what Node calls and nobody catches: a panic in `body` is reported.
    pub fn shielded(self, body: impl FnOnce(Self)) {
        reported(self.realm, || body(self));
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

    pub(super) fn checked(self, status: sys::napi_status, raw: sys::napi_value) -> JsResult<'s> {
        self.check(status)?;
        Ok(Value::from_raw(self, raw))
    }
}
