//! Waits that end before what they wait for.

use std::future::Future;
use std::rc::Rc;
use std::task::Poll;

use super::executor::{Cx, Signal, settled};
use super::held::Held;
use super::realm::Js;
use super::timers::Timers;

/// Waits for `work`; `None` if the signal fires before it ends.
pub async fn before<T>(cx: &Cx, work: impl Future<Output = T>, signal: &Rc<Signal>) -> Option<T> {
    let (mut working, mut firing) = (Box::pin(work), Box::pin(signal.wait(cx)));
    std::future::poll_fn(move |context| {
        if let Poll::Ready(result) = working.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        firing.as_mut().poll(context).map(|_| None)
    })
    .await
}

/// Waits for `work`, but for `milliseconds` at most; `None` if it has not ended by then. If Node refuses the timer, waits as
/// long as the work takes.
pub async fn within<T>(cx: &Cx, milliseconds: u32, work: impl Future<Output = T>) -> Option<T> {
    let late = Rc::new(Signal::default());
    let fires = Rc::clone(&late);
    let timer = cx.attempt(|js| {
        let fire = move |js: Js<'_>| fires.fire(js, &Ok(Held::undefined()));
        Ok(js.state::<Timers>()?.after(js, milliseconds, fire)?.hold())
    });
    let result = before(cx, work, &late).await;
    if let Ok(timer) = timer {
        cx.with(|js| Timers::cancel(js, &timer));
    }
    result
}

/// Waits for `value` as [`settled`] does, but for `milliseconds` at most; `None` if it has not settled by then.
pub async fn settled_within(cx: &Cx, milliseconds: u32, value: Held) -> Option<Result<Held, Held>> {
    within(cx, milliseconds, settled(cx, value)).await
}
