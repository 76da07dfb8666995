//! Listeners of events: Vite's events and the user's own.

use std::rc::Rc;

use super::updater::Updater;
use super::work::Work;
use crate::js::{Cx, Held, Js, Value, spawn_detached};

impl Updater {
    /// Calls the listeners of an event in the order in which they were registered, and waits for each.
    pub(super) async fn notify(&self, cx: &Cx, event: &str, payload: &Held) {
        let what = format!("a listener of \"{event}\"");
        for (version, listener) in self.hot.listeners(event) {
            if !version.is_retired() {
                self.call_or_report(cx, &version, &what, &listener, |js| vec![payload.get(js)])
                    .await;
            }
        }
    }

    /// Calls the listeners of one of Vite's events about an update. They all get the same payload.
    pub(super) async fn notify_of(&self, cx: &Cx, event: &str, work: &Work) {
        if !self.hot.listeners(event).is_empty() {
            let payload = cx.with(|js| work.payload.get_or_init(|| self.payload(js, work)).clone());
            self.notify(cx, event, &payload).await;
        }
    }

    /// Calls the listeners of an event now, and waits for none.
    pub(super) fn tell(self: &Rc<Self>, js: Js<'_>, event: &str, payload: Value<'_>) {
        for (version, listener) in self.hot.listeners(event) {
            let (updater, cx, payload) = (Rc::clone(self), Cx::new(js), payload.hold());
            let what = format!("a listener of \"{event}\"");
            spawn_detached(js, async move {
                updater
                    .call_or_report(&cx, &version, &what, &listener, |js| vec![payload.get(js)])
                    .await;
            });
        }
    }
}
