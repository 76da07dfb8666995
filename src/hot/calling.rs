//! Users' functions: one after the other, none hurting another, each failure reported, none waited for for ever.

use std::cell::Cell;
use std::rc::Rc;

use super::version::{Version, WatchWish};
use crate::addon::Addon;
use crate::js::{Cx, Held, Js, Signal, Value, settled, spawn_detached};
use crate::report;

/// How long a user's promise is waited for, in milliseconds.
pub const PATIENCE: u32 = 5000;

/// How waiting for a promise ended.
pub enum Ended {
    /// It settled in time.
    Settled(Result<Held, Held>),
    /// It did not.
    Late,
}

/// Calls a function and waits for what it returns. Says whether all went well; what did not is reported.
pub async fn call(
    cx: &Cx,
    path: &str,
    what: &str,
    function: &Held,
    arguments: impl for<'s> FnOnce(Js<'s>) -> Vec<Value<'s>>,
) -> Result<(), Held> {
    let returned = cx.attempt(|js| {
        let arguments = arguments(js);
        let returned = function.get(js).call(js.undefined(), &arguments)?;
        Ok(returned.is_thenable()?.then(|| returned.hold()))
    });
    let thrown = match returned {
        Ok(None) => return Ok(()),
        Ok(Some(promise)) => match within(cx, promise, PATIENCE).await {
            Ended::Settled(Ok(_)) => return Ok(()),
            Ended::Settled(Err(thrown)) => thrown,
            Ended::Late => {
                cx.with(|js| {
                    let seconds = PATIENCE / 1000;
                    let text = format!("{what} has not settled within {seconds} s and is left behind");
                    report::warning(js, path, &text);
                });
                return Ok(());
            }
        },
        Err(thrown) => thrown,
    };
    Err(thrown)
}

/// Reports what a user's function threw.
pub fn report(cx: &Cx, path: &str, what: &str, thrown: &Held) {
    cx.with(|js| {
        report::error(
            js,
            &super::update::shown(path),
            &format!("{what} failed"),
            thrown.get(js),
        );
    });
}

/// Calls the callback of `hot.watch` with the path that changed.
pub async fn call_watcher(cx: &Cx, version: &Version, wish: &WatchWish, changed: &str) {
    let Some(callback) = &wish.callback else { return };
    let path = &version.module.path;
    let what = "a callback of watch";
    let called = call(cx, path, what, callback, |js| vec![js.string(changed)]);
    if let Err(thrown) = called.await {
        report(cx, path, what, &thrown);
    }
}

/// Waits for a promise, but not longer than so many milliseconds.
pub async fn within(cx: &Cx, promise: Held, milliseconds: u32) -> Ended {
    let signal = Rc::new(Signal::default());
    let is_settled = Rc::new(Cell::new(false));
    let timer = cx.attempt(|js| {
        let signal = Rc::clone(&signal);
        let timers = &Addon::of(js)?.timers;
        let timer = timers.after(js, milliseconds, move |js| {
            signal.fire(js, &Ok(Held::undefined()));
        })?;
        Ok(timer.hold())
    });
    let (waiting, inner, flag) = (Rc::clone(&signal), cx.clone(), Rc::clone(&is_settled));
    cx.with(|js| {
        spawn_detached(js, async move {
            let result = settled(&inner, promise).await;
            flag.set(true);
            inner.with(|js| waiting.fire(js, &result));
        });
    });
    let result = signal.wait(cx).await;
    if let Ok(timer) = timer {
        cx.with(|js| {
            if let Ok(addon) = Addon::of(js) {
                addon.timers.cancel(js, timer.get(js));
            }
        });
    }
    if is_settled.get() {
        Ended::Settled(result)
    } else {
        Ended::Late
    }
}
