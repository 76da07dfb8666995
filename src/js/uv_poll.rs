//! [`UvPoll`]: work that Node's event loop does whenever a descriptor is readable, by libuv's `uv_poll_t`.
//!
//! The functions of libuv are looked up in the process, as other runtimes have none of them, or some that end the process.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::guard::reported;
use super::realm::{Js, Realm};
use super::value::Value;

/// `UV_POLL` of `uv_handle_type`.
const POLL: c_int = 8;
/// `UV_READABLE` of `uv_poll_event`.
const READABLE: c_int = 1;

type Handle = *mut c_void;
type OnEvent = unsafe extern "C" fn(Handle, c_int, c_int);
type OnClose = unsafe extern "C" fn(Handle);
type HandleSize = unsafe extern "C" fn(c_int) -> usize;
type Unref = unsafe extern "C" fn(Handle);
type Init = unsafe extern "C" fn(*mut sys::uv_loop_s, Handle, c_int) -> c_int;
type Start = unsafe extern "C" fn(Handle, c_int, OnEvent) -> c_int;
type Close = unsafe extern "C" fn(Handle, OnClose);

/// The functions of libuv that we call.
#[derive(Clone, Copy)]
struct Uv {
    handle_size: HandleSize,
    unref: Unref,
    init: Init,
    start: Start,
    close: Close,
}

impl Uv {
    fn find() -> Option<Self> {
        // SAFETY: the types are those of uv.h; libuv keeps them for all versions 1.
        unsafe {
            Some(Self {
                handle_size: transmute::<*mut c_void, HandleSize>(function(c"uv_handle_size")?),
                unref: transmute::<*mut c_void, Unref>(function(c"uv_unref")?),
                init: transmute::<*mut c_void, Init>(function(c"uv_poll_init")?),
                start: transmute::<*mut c_void, Start>(function(c"uv_poll_start")?),
                close: transmute::<*mut c_void, Close>(function(c"uv_close")?),
            })
        }
    }
}

fn function(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name ends with a zero; `RTLD_DEFAULT` searches the process.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// Whether the event loop of this runtime is libuv's. Bun has functions of these names that end the process.
fn is_node(js: Js<'_>) -> bool {
    let versions = js.builtin("process").and_then(|process| process.get("versions"));
    versions.is_ok_and(|versions| {
        let is_without = |name| versions.get(name).is_ok_and(Value::is_undefined);
        is_without("bun") && is_without("deno")
    })
}

/// The event loop of this environment.
pub(super) struct EventLoop {
    uv: Uv,
    raw: *mut sys::uv_loop_s,
    realm: Rc<Realm>,
}

impl EventLoop {
    /// The event loop, if it is libuv's.
    pub(super) fn of(js: Js<'_>) -> Option<Self> {
        if !is_node(js) {
            return None;
        }
        let uv = Uv::find()?;
        let mut raw = ptr::null_mut();
        // SAFETY: on the JavaScript thread, as `js` proves; the place is valid.
        unsafe { sys::napi_get_uv_event_loop(js.env(), &raw mut raw) };
        (!raw.is_null()).then(|| Self {
            uv,
            raw,
            realm: Rc::clone(js.realm()),
        })
    }
}

/// Calls its work while it lives, whenever the descriptor is readable. Does not keep the process alive.
pub struct UvPoll(Rc<Polled>);

/// What belongs to one handle of libuv. The handle owns one count, from its start to its end.
struct Polled {
    /// The `uv_poll_t`, at a fixed place.
    handle: Box<[Cell<u64>]>,
    uv: Uv,
    realm: Rc<Realm>,
    /// The work, with what keeps the descriptor open, which libuv wants until the handle is closed.
    work: Box<dyn Fn()>,
    /// Has Node close the handle before it ends the environment.
    cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
    is_closing: Cell<bool>,
}

impl UvPoll {
    /// Begins to call `work`, which keeps the descriptor open. `None` if the system refuses.
    pub(super) fn start(on: &EventLoop, descriptor: BorrowedFd<'_>, work: Box<dyn Fn()>) -> Option<Self> {
        let number = descriptor.as_raw_fd();
        // SAFETY: takes a number.
        let size = unsafe { (on.uv.handle_size)(POLL) };
        let polled = Rc::new(Polled {
            handle: vec![Cell::new(0); size.div_ceil(size_of::<u64>())].into(),
            uv: on.uv,
            realm: Rc::clone(&on.realm),
            work,
            cleanup: Cell::new(ptr::null_mut()),
            is_closing: Cell::new(false),
        });
        let handle = polled.handle();
        // SAFETY: the loop is that of this thread's environment; the memory has the size that libuv asks for, is aligned for
        // numbers of 64 bits and pointers, and stays in its place until `on_closed`.
        if unsafe { (on.uv.init)(on.raw, handle, number) } != 0 {
            return None;
        }
        let data = Rc::into_raw(Rc::clone(&polled)).cast_mut().cast::<c_void>();
        let mut cleanup = ptr::null_mut();
        // SAFETY: the handle is initialized; its first field is the user's `data`. Ours lives until `on_closed`, which also
        // removes the hook.
        unsafe {
            *handle.cast::<*mut c_void>() = data;
            (on.uv.unref)(handle);
            sys::napi_add_async_cleanup_hook(on.realm.env, Some(on_cleanup), data, &raw mut cleanup);
        }
        polled.cleanup.set(cleanup);
        let poll = Self(polled);
        // SAFETY: as above. If this fails, dropping the poll closes the handle.
        let status = unsafe { (on.uv.start)(handle, READABLE, on_event) };
        (status == 0 && !cleanup.is_null()).then_some(poll)
    }
}

impl Drop for UvPoll {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Polled {
    fn handle(&self) -> Handle {
        self.handle.as_ptr().cast_mut().cast()
    }

    fn close(&self) {
        if !self.is_closing.replace(true) {
            // SAFETY: on the thread of the loop, as neither `UvPoll` nor `Polled` leaves it; once.
            unsafe { (self.uv.close)(self.handle(), on_closed) };
        }
    }
}

/// The `Polled` of a handle.
///
/// # Safety
/// `UvPoll::start` has begun the handle, and `on_closed` has not ended.
unsafe fn data(handle: Handle) -> *const Polled {
    // SAFETY: `start` has set the handle's first field.
    unsafe { *handle.cast::<*const Polled>() }
}

unsafe extern "C" fn on_event(handle: Handle, _status: c_int, _events: c_int) {
    // SAFETY: the handle has a count of its own until `on_closed`. This takes another, as the work may run the event loop, which
    // calls `on_closed`.
    let polled = unsafe {
        Rc::increment_strong_count(data(handle));
        Rc::from_raw(data(handle))
    };
    if polled.realm.alive.get() && !polled.is_closing.get() {
        reported(&polled.realm, || (polled.work)());
    }
}

unsafe extern "C" fn on_cleanup(_: sys::napi_async_cleanup_hook_handle, polled: *mut c_void) {
    // SAFETY: the handle's count lives until `on_closed`, which removes this hook.
    let polled = unsafe { &*polled.cast::<Polled>() };
    polled.close();
}

unsafe extern "C" fn on_closed(handle: Handle) {
    // SAFETY: takes back the handle's count, given in `start`; libuv does not touch the handle any more.
    let polled = unsafe { Rc::from_raw(data(handle)) };
    let cleanup = polled.cleanup.get();
    if !cleanup.is_null() {
        // SAFETY: added in `start`, removed once.
        unsafe { sys::napi_remove_async_cleanup_hook(cleanup) };
    }
    let realm = Rc::clone(&polled.realm);
    reported(&realm, || drop(polled));
}
