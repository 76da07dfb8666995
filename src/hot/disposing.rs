//! Disposers and prune callbacks.

use std::rc::Rc;

use super::calling;
use super::version::Version;
use crate::js::Cx;

/// Runs the disposers of a version, the latest first, each awaited. Says whether there was one.
pub async fn dispose(cx: &Cx, version: &Rc<Version>) -> bool {
    let mut has_run = false;
    while let Some(disposer) = version.take_disposer() {
        has_run = true;
        version.was_disposed.set(true);
        let module = &version.module;
        let data = cx.with(|js| module.data(js));
        let called = calling::call(cx, &module.path, "a disposer", &disposer, |js| vec![data.get(js)]);
        if let Err(thrown) = called.await {
            calling::report(cx, &module.path, "a disposer", &thrown);
        }
    }
    has_run
}

/// Runs the prune callbacks of a version, in order, each awaited.
pub async fn prune(cx: &Cx, version: &Rc<Version>) {
    for callback in version.take_prune_callbacks() {
        let module = &version.module;
        let data = cx.with(|js| module.data(js));
        let called = calling::call(cx, &module.path, "a prune callback", &callback, |js| {
            vec![data.get(js)]
        });
        if let Err(thrown) = called.await {
            calling::report(cx, &module.path, "a prune callback", &thrown);
        }
    }
}
