//! `async fn` on the JavaScript thread.
//!
//! There is no queue of tasks: `spawn` polls a new task at once, and later the promise that the task waits for polls it
//! when it settles. One wait costs as many microtasks as one `await` in JavaScript; a step without a wait costs none.

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

/// The future of a task.
type Work = Pin<Box<dyn Future<Output = ()>>>;

/// What the executor keeps per environment.
pub(super) struct Tasks {
    /// The task that is being polled now.
    current: RefCell<Option<Rc<Task>>>,
    /// The work of `Js::soon` that has not run yet, the oldest first.
    soon: RefCell<VecDeque<Soon>>,
    /// A JavaScript function that takes the first entry of `soon` and runs it.
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
    /// Runs if the task panics: rejects the promise that the task would have settled.
    on_panic: RefCell<Option<OnPanic>>,
}

/// Runs if a task panics; its second argument is the message.
type OnPanic = Box<dyn FnOnce(&Rc<Realm>, &str)>;

/// Sets `Tasks::current` while it lives. Dropping it, after a return or a panic of the task, restores the outer task.
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
        // The future is taken out of its cell while it runs: it may call JavaScript, which may poll this task again.
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
                // Guards in the future tell others, when they are dropped, that the task has ended; they may panic too.
                let _ = guarded(|| drop(work));
                if let Some(reject) = self.on_panic.borrow_mut().take() {
                    reject(realm, &panicked.message());
                }
            }
        }
    }
}

/// Runs a task that nobody waits for.
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

/// Runs a task and returns a promise, which the task's result fulfills or its thrown value rejects. We attach no
/// handler to the promise.
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
            // SAFETY: a task reaches its end only once, and `reject` below does nothing after `at_end` is set.
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
                // SAFETY: the task has not concluded the deferred, and a task that panicked never runs again.
                unsafe { sys::napi_reject_deferred(js.env(), deferred, error.raw()) };
            });
        }
    });
    start(js, Box::pin(work), Some(reject));
    Ok(promise)
}

impl<'s> Js<'s> {
    /// Queues a microtask now that runs `work`. All such microtasks share one JavaScript function, so this costs a
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

/// Work that `Js::soon` was given.
type Soon = Box<dyn for<'s> FnOnce(Js<'s>)>;

/// Runs the oldest work of `Js::soon`: microtasks run in the order in which they were queued.
fn run_first_soon<'s>(call: &Call<'s>) -> Value<'s> {
    let tasks = call.js.made_state::<Tasks>();
    let first = tasks.and_then(|tasks| tasks.soon.borrow_mut().pop_front());
    if let Some(work) = first {
        // Nobody would catch a panic here, so `shielded` reports it.
        call.js.shielded(work);
    }
    call.js.undefined()
}

/// How far one wait of a task is.
enum Wait {
    /// Nothing listens to the value yet.
    Asked(Held),
    /// The promise or the signal will poll the task.
    Waiting,
    /// The result is here; the next poll takes it.
    Settled(Result<Held, Held>),
    /// A poll is under way, or has taken the result.
    Taken,
}

/// Waits for `value` as `await` does: until a promise or thenable settles; for any other value, one microtask.
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

fn listen<'s>(value: Value<'s>, wait: &Rc<RefCell<Wait>>) -> JsResult<'s, ()> {
    let js = value.js();
    let intrinsics = js.state::<Intrinsics>()?;
    let Some(task) = js.state::<Tasks>()?.current.borrow().clone() else {
        return Err(js.error("Error", OUTSIDE));
    };
    let promise = intrinsics
        .promise_resolve
        .get(js)
        .call(intrinsics.promise.get(js), &[value])?;
    let on_settled = |rejected: bool| {
        let (task, wait) = (Rc::clone(&task), Rc::clone(wait));
        // The length stays 0: nobody sees it, and redefining it takes longer than making the function.
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

/// The message of a wait that would never end, since no task would be polled.
const OUTSIDE: &str = "node-hmr waited outside a task";

/// A task that waits for a signal, and the place of its result.
type Waiter = (Rc<Task>, Rc<RefCell<Wait>>);

/// Lets tasks wait for native code. [`Signal::fire`] resumes the waiting tasks in the order in which they came.
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
                let task = tasks.and_then(|tasks| tasks.current.borrow().clone());
                // No error in a release: callers wait in loops.
                debug_assert!(task.is_some(), "{OUTSIDE}");
                let Some(task) = task else {
                    return Poll::Pending;
                };
                signal.waiting.borrow_mut().push((task, Rc::clone(&wait)));
            }
            *wait.borrow_mut() = Wait::Waiting;
            Poll::Pending
        })
    }

    /// Resumes every waiting task with `result`.
    pub fn fire(&self, js: Js<'_>, result: &Result<Held, Held>) {
        let waiting = self.waiting.take();
        for (task, wait) in waiting {
            *wait.borrow_mut() = Wait::Settled(result.clone());
            task.poll(js.realm());
        }
    }
}
