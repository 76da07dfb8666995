//! Events: those of Vite, and the user's own.

use std::rc::Rc;

use super::calling;
use super::version::Hot;
use crate::js::{Cx, Held, Js, Value, spawn_detached};

/// Calls the listeners of an event in the order in which they were registered, and waits for each.
pub async fn notify(cx: &Cx, hot: &Rc<Hot>, event: &str, payload: &Held) {
    for (version, listener) in hot.listeners(event) {
        if version.is_retired() {
            continue;
        }
        let what = format!("a listener of \"{event}\"");
        let called = calling::call(cx, &version.module.path, &what, &listener, |js| {
            vec![payload.get(js)]
        });
        if let Err(thrown) = called.await {
            calling::report(cx, &version.module.path, &what, &thrown);
        }
    }
}

/// Calls the listeners of an event now, and waits for none.
pub fn tell(js: Js<'_>, hot: &Rc<Hot>, event: &str, payload: Value<'_>) {
    for (version, listener) in hot.listeners(event) {
        let (cx, payload) = (Cx::new(js), payload.hold());
        let what = format!("a listener of \"{event}\"");
        spawn_detached(js, async move {
            let called = calling::call(&cx, &version.module.path, &what, &listener, |js| {
                vec![payload.get(js)]
            });
            if let Err(thrown) = called.await {
                calling::report(&cx, &version.module.path, &what, &thrown);
            }
        });
    }
}
