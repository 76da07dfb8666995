//! `async fn` on the JavaScript thread.
//!
//! A task is polled where it is: first by `spawn`, then by the promise that it waits for. One wait costs the
//! microtasks that one `await` costs in JavaScript, and a step that waits for nothing costs none.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use napi::sys;

use super::function::Call;
use super::guard::{self, guarded};
use super::held::Held;
use super::intrinsics::Intrinsics;
use super::realm::{Js, Realm};
use super::state::State;
use super::value::{JsResult, Thrown, Value};

/// The right to ask for [`Js`] inside a task. Values do not live across a wait; [`Held`] does.
#[derive(Clone)]
pub struct Cx(Rc<Realm>);

impl Cx {
    /// A context for tasks of this realm.
    pub fn new(js: Js<'_>) -> Self {
        Self(Rc::clone(js.realm()))
    }

    /// Runs `body` with the right to use values. Only tasks have a `Cx`, and only JavaScript polls tasks.
    pub fn with<R>(&self, body: impl for<'s> FnOnce(Js<'s>) -> R) -> R {
        self.0.panic_if_asked("task");
        Js::of(&self.0).scope(body)
    }

    /// As [`Cx::with`], for bodies that may throw.
    pub fn attempt<R>(&self, body: impl for<'s> FnOnce(Js<'s>) -> JsResult<'s, R>) -> Result<R, Held> {
        self.with(|js| body(js).map_err(Thrown::hold))
    }
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// What the executor keeps per environment.
pub(super) struct Tasks {
    current: RefCell<Option<Rc<Task>>>,
    /// What `Js::soon` was given and has not run.
    soon: RefCell<VecDeque<Soon>>,
    /// Runs the first of `soon`.
    run_first_soon: Held,
}

impl State for Tasks {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self {
            current: RefCell::default(),
            soon: RefCell::default(),
            run_first_soon: js.function("", 0, |call| Ok(run_first_soon(call)))?.hold(),
        })
    }
}

/// A future that JavaScript polls.
struct Task {
    work: RefCell<Option<Work>>,
    /// Rejects the promise that the task would have settled.
    on_panic: RefCell<Option<OnPanic>>,
}

type OnPanic = Box<dyn FnOnce(&Rc<Realm>, &str)>;

/// Makes a task the one that runs, until this is dropped, in whatever way the task ends.
struct Running {
    tasks: Rc<Tasks>,
    outer: Option<Rc<Task>>,
}

impl Running {
    fn begin(tasks: Rc<Tasks>, task: &Rc<Task>) -> Self {
        let outer = tasks.current.replace(Some(Rc::clone(task)));
        Self { tasks, outer }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.current.replace(self.outer.take());
    }
}

impl Task {
    fn poll(self: &Rc<Self>, realm: &Rc<Realm>) {
        let Some(tasks) = Js::of(realm).made_state::<Tasks>() else {
            return;
        };
        // Taken out while it runs: it may call JavaScript, which may settle what it waits for next.
        let Some(mut work) = self.work.borrow_mut().take() else {
            return;
        };
        let running = Running::begin(tasks, self);
        let state = guarded(|| work.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        drop(running);
        match state {
            Ok(Poll::Pending) => *self.work.borrow_mut() = Some(work),
            Ok(Poll::Ready(())) => {}
            Err(panicked) => {
                guard::report(realm, &panicked);
                // What the task holds tells others, as it is dropped, that it has ended.
                let _ = guarded(|| drop(work));
                if let Some(reject) = self.on_panic.borrow_mut().take() {
                    reject(realm, &panicked.message());
                }
            }
        }
    }
}

/// Runs a task nobody waits for.
pub fn spawn_detached(js: Js<'_>, work: impl Future<Output = ()> + 'static) {
    start(js, Box::pin(work), None);
}

fn start(js: Js<'_>, work: Work, on_panic: Option<OnPanic>) {
    let task = Rc::new(Task {
        work: RefCell::new(Some(work)),
        on_panic: RefCell::new(on_panic),
    });
    task.poll(js.realm());
}

/// Runs a task whose result, or thrown value, settles the promise that is returned. No handler is attached to it.
pub fn spawn(js: Js<'_>, work: impl Future<Output = Result<Held, Held>> + 'static) -> JsResult<'_> {
    let (mut deferred, mut raw) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: both places are valid; the deferred is concluded exactly once, below.
    let status = unsafe { sys::napi_create_promise(js.env(), &raw mut deferred, &raw mut raw) };
    let promise = js.checked(status, raw)?;
    let cx = Cx::new(js);
    let concluded = Rc::new(Cell::new(false));
    let at_end = Rc::clone(&concluded);
    let work = async move {
        let result = work.await;
        at_end.set(true);
        cx.with(|js| {
            // SAFETY: concluded here only, and a task runs to its end only once.
            unsafe {
                match result {
                    Ok(value) => sys::napi_resolve_deferred(js.env(), deferred, value.get(js).raw()),
                    Err(value) => sys::napi_reject_deferred(js.env(), deferred, value.get(js).raw()),
                }
            }
        });
    };
    let reject: OnPanic = Box::new(move |realm, message| {
        if !concluded.replace(true) {
            Js::of(realm).scope(|js| {
                let error = js.error("Error", message).0;
                // SAFETY: the task has not concluded it, and cannot any more.
                unsafe { sys::napi_reject_deferred(js.env(), deferred, error.raw()) };
            });
        }
    });
    start(js, Box::pin(work), Some(reject));
    Ok(promise)
}

impl<'s> Js<'s> {
    /// Runs `work` in a microtask of its own, which is queued now. As all of them share one function, this costs a
    /// fraction of a task that waits.
    pub fn soon(self, work: impl for<'t> FnOnce(Js<'t>) + 'static) -> JsResult<'s, ()> {
        let (intrinsics, tasks) = (self.state::<Intrinsics>()?, self.state::<Tasks>()?);
        let promise = intrinsics.promise.get(self);
        let settled = intrinsics.promise_resolve.get(self).call(promise, &[])?;
        let run = tasks.run_first_soon.get(self);
        intrinsics.promise_then.get(self).call(settled, &[run])?;
        tasks.soon.borrow_mut().push_back(Box::new(work));
        Ok(())
    }
}

/// What `Js::soon` keeps.
type Soon = Box<dyn for<'s> FnOnce(Js<'s>)>;

/// Microtasks run in the order in which they were queued, and so this work is taken.
fn run_first_soon<'s>(call: &Call<'s>) -> Value<'s> {
    let tasks = call.js.made_state::<Tasks>();
    let first = tasks.and_then(|tasks| tasks.soon.borrow_mut().pop_front());
    if let Some(work) = first {
        // Nobody catches what a microtask of ours throws.
        call.js.shielded(work);
    }
    call.js.undefined()
}

enum Wait {
    Asked(Held),
    Waiting,
    Settled(Result<Held, Held>),
    Taken,
}

/// Waits for `value` as `await` does: promises and thenables settle, anything else takes one microtask.
pub fn settled(cx: &Cx, value: Held) -> impl Future<Output = Result<Held, Held>> + 'static {
    let cx = cx.clone();
    let wait = Rc::new(RefCell::new(Wait::Asked(value)));
    std::future::poll_fn(move |_| {
        let state = wait.replace(Wait::Taken);
        match state {
            Wait::Settled(result) => return Poll::Ready(result),
            Wait::Waiting => *wait.borrow_mut() = Wait::Waiting,
            Wait::Asked(value) => {
                *wait.borrow_mut() = Wait::Waiting;
                let asked = cx.attempt(|js| listen(value.get(js), &wait));
                if let Err(thrown) = asked {
                    return Poll::Ready(Err(thrown));
                }
            }
            Wait::Taken => {}
        }
        Poll::Pending
    })
}

/// Waits for `value` as [`settled`] does; `None` if the signal fires before.
pub fn settled_before(
    cx: &Cx,
    value: Held,
    signal: &Rc<Signal>,
) -> impl Future<Output = Option<Result<Held, Held>>> + 'static {
    let mut settling = Box::pin(settled(cx, value));
    let mut firing = Box::pin(signal.wait(cx));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(result) = settling.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        firing.as_mut().poll(context).map(|_| None)
    })
}

fn listen<'s>(value: Value<'s>, wait: &Rc<RefCell<Wait>>) -> JsResult<'s, ()> {
    let js = value.js();
    let intrinsics = js.state::<Intrinsics>()?;
    let Some(task) = js.state::<Tasks>()?.current.borrow().clone() else {
        return Err(js.error("Error", "node-hmr waited for a promise outside a task"));
    };
    let promise = intrinsics
        .promise_resolve
        .get(js)
        .call(intrinsics.promise.get(js), &[value])?;
    let on_settled = |rejected: bool| {
        let (task, wait) = (Rc::clone(&task), Rc::clone(wait));
        // Nobody sees its length, and to redefine one takes longer than to make the function.
        js.function("", 0, move |call| {
            let value = call.arg(0).hold();
            *wait.borrow_mut() = Wait::Settled(if rejected { Err(value) } else { Ok(value) });
            task.poll(call.js.realm());
            Ok(call.js.undefined())
        })
    };
    let (fulfilled, rejected) = (on_settled(false)?, on_settled(true)?);
    intrinsics
        .promise_then
        .get(js)
        .call(promise, &[fulfilled, rejected])?;
    Ok(())
}

type Waiter = (Rc<Task>, Rc<RefCell<Wait>>);

/// Lets tasks wait for native code: those who wait are resumed, in order, when it fires.
#[derive(Default)]
pub struct Signal {
    waiting: RefCell<Vec<Waiter>>,
}

impl Signal {
    /// Waits for the next [`Signal::fire`].
    pub fn wait(self: &Rc<Self>, cx: &Cx) -> impl Future<Output = Result<Held, Held>> + 'static {
        let (realm, signal) = (Rc::clone(&cx.0), Rc::clone(self));
        let wait = Rc::new(RefCell::new(Wait::Taken));
        let mut asked = false;
        std::future::poll_fn(move |_| {
            let state = wait.replace(Wait::Taken);
            if let Wait::Settled(result) = state {
                return Poll::Ready(result);
            }
            if !asked {
                asked = true;
                let tasks = Js::of(&realm).made_state::<Tasks>();
                let Some(task) = tasks.and_then(|tasks| tasks.current.borrow().clone()) else {
                    return Poll::Pending;
                };
                signal.waiting.borrow_mut().push((task, Rc::clone(&wait)));
            }
            *wait.borrow_mut() = Wait::Waiting;
            Poll::Pending
        })
    }

    /// Resumes all who wait, each with `result`.
    pub fn fire(&self, js: Js<'_>, result: &Result<Held, Held>) {
        let waiting = self.waiting.take();
        for (task, wait) in waiting {
            *wait.borrow_mut() = Wait::Settled(result.clone());
            task.poll(js.realm());
        }
    }
}
