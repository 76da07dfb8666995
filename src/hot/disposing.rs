//! Disposers and prune callbacks.

use std::rc::Rc;

use super::updater::Updater;
use super::version::Version;
use crate::graph::hot::{ModuleId, Staged};
use crate::js::Cx;

impl Updater {
    /// Runs the disposers of a version, the last registered first, and awaits each.
    pub(super) async fn dispose_version(&self, cx: &Cx, version: &Rc<Version>) {
        while let Some(disposer) = version.take_disposer() {
            version.was_disposed.set(true);
            let data = cx.with(|js| version.module.data(js));
            self.call_or_report(cx, version, "a disposer", &disposer, |js| vec![data.get(js)])
                .await;
        }
    }

    /// Runs all disposers, importers before what they import.
    pub async fn dispose_all(&self, cx: &Cx) {
        let everything = self.graph.borrow().reload_plan(&[], &Staged::default());
        for id in everything.dispose {
            if let Some(version) = self.hot.current(id) {
                self.dispose_version(cx, &version).await;
            }
        }
    }

    /// Disposes of versions that failed or were superseded, and drops what they have registered.
    pub(super) async fn drop_versions(&self, cx: &Cx, versions: &[Rc<Version>]) {
        for version in versions.iter().rev() {
            self.dispose_version(cx, version).await;
            version.retire();
            self.unstage(version);
        }
    }

    /// Prunes the candidates that no root reaches any more: runs their disposers and prune callbacks, and forgets them.
    pub(super) async fn prune(&self, cx: &Cx, candidates: &[ModuleId]) {
        let gone = self.graph.borrow().unreached(candidates);
        if gone.is_empty() {
            return;
        }
        let payload = cx.with(|js| {
            let payload = js.object();
            let paths: Vec<_> = gone.iter().map(|id| js.string(&self.path(*id))).collect();
            // A new object takes any property.
            let _ = payload.set("type", js.string("prune"));
            let _ = payload.set("paths", js.array(&paths));
            payload.hold()
        });
        self.notify(cx, "vite:beforePrune", &payload).await;
        for id in &gone {
            if let Some(version) = self.hot.current(*id) {
                self.dispose_version(cx, &version).await;
                for callback in version.take_prune_callbacks() {
                    let data = cx.with(|js| version.module.data(js));
                    self.call_or_report(cx, &version, "a prune callback", &callback, |js| {
                        vec![data.get(js)]
                    })
                    .await;
                }
            }
            self.graph.borrow_mut().remove(*id);
            self.hot.remove(*id);
            cx.with(|js| self.runner.forget(js, *id));
        }
    }
}
