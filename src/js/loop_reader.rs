//! [`LoopReader`]: what has to be read to know whether there is something to do, the event loop reads itself.
//!
//! A thread that reads and then wakes the JavaScript thread takes longer, and comes after the requests that are there by then.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::realm::Js;
use super::uv_poll::{EventLoop, UvPoll};
use super::waker::{JsWaker, Target};

/// Has Node's event loop read for a waker: what the reading wakes runs at once.
pub struct LoopReader(Rc<Inner>);

struct Inner {
    event_loop: EventLoop,
    waker: JsWaker,
    target: Rc<Target>,
    /// The asynchronous context of the waker's body.
    context: sys::napi_async_context,
}

impl LoopReader {
    /// `None` if the event loop is not that of Node, or the waker is closed.
    pub fn of(js: Js<'_>, waker: &JsWaker) -> Option<Self> {
        let event_loop = EventLoop::of(js)?;
        let target = waker.target(js)?;
        let name = js.string("node-hmr watcher");
        let mut context = ptr::null_mut();
        // SAFETY: on the JavaScript thread; Node makes the resource, and `Inner` frees the context.
        let status = unsafe { sys::napi_async_init(js.env(), ptr::null_mut(), name.raw(), &raw mut context) };
        js.check(status).ok()?;
        Some(Self(Rc::new(Inner {
            event_loop,
            waker: waker.clone(),
            target,
            context,
        })))
    }

    /// Calls `read` whenever the source is readable, until the result is dropped. `None` if the system refuses.
    pub fn read<S: AsFd + 'static>(&self, source: S, read: fn(&mut S)) -> Option<UvPoll> {
        // Weak: the handle may end after the environment, where the context could not be freed any more.
        let inner = Rc::downgrade(&self.0);
        let source = Rc::new(RefCell::new(source));
        let readable = Rc::clone(&source);
        let work = move || {
            let Some(inner) = inner.upgrade() else { return };
            // Borrowed for the reading alone: the program may run the event loop within the body.
            if inner.waker.collect(|| read(&mut readable.borrow_mut())) {
                inner.run_body();
            }
        };
        let source = source.borrow();
        UvPoll::start(&self.0.event_loop, source.as_fd(), Box::new(work))
    }
}

impl Inner {
    /// Runs the body as Node runs a callback: then microtasks and `process.nextTick`.
    fn run_body(&self) {
        Js::of(&self.target.realm).scope(|js| {
            let mut scope = ptr::null_mut();
            // SAFETY: the context lives as long as this; Node ignores the resource.
            unsafe {
                sys::napi_open_callback_scope(js.env(), ptr::null_mut(), self.context, &raw mut scope);
            }
            self.target.run();
            if !scope.is_null() {
                // SAFETY: opened above, and closed once: `run` neither throws nor panics.
                unsafe { sys::napi_close_callback_scope(js.env(), scope) };
            }
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.target.realm.frees_references.get() {
            // SAFETY: made in `of`, on this thread; the environment is there.
            unsafe { sys::napi_async_destroy(self.target.realm.env, self.context) };
        }
    }
}
