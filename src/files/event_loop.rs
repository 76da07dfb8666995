//! Makes the hub of an environment, whose event loop reads the OS's events where it can.

use std::rc::Rc;

use crate::js::{Js, JsWaker};
use crate::watch::{Hub, OpenOnLoop};

/// A hub that wakes this environment.
pub fn hub(js: Js<'_>, waker: &JsWaker) -> Rc<Hub> {
    let wake = waker.clone();
    Hub::new(Box::new(move || wake.wake()), on_loop(js, waker))
}

#[cfg(target_os = "linux")]
fn on_loop(js: Js<'_>, waker: &JsWaker) -> Box<OpenOnLoop> {
    use crate::js::LoopReader;
    use crate::watch::{EventQueue, OnLoop, open_inotify};

    let reader = LoopReader::of(js, waker);
    Box::new(move |sink| {
        let reader = reader.as_ref()?;
        let (queue, backend) = open_inotify(sink).ok()?;
        let reading = Box::new(reader.read(queue, EventQueue::read)?);
        Some(OnLoop { backend, reading })
    })
}

#[cfg(not(target_os = "linux"))]
fn on_loop(_: Js<'_>, _: &JsWaker) -> Box<OpenOnLoop> {
    Box::new(|_| None)
}
