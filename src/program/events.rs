//! `updates`: an `EventEmitter` that tells what happens to a hot program.

use std::cell::RefCell;

use super::resources::{Resources, hear, leave_to_others};
use crate::hot::Told;
use crate::js::{Held, Js, JsResult, State, Value};
use crate::report;

/// The emitter of one environment.
pub struct Events {
    emitter: Held,
    /// Called when the next save is taken.
    on_save: RefCell<Option<Held>>,
}

impl State for Events {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let emitter = js.builtin("events")?.construct(&[])?;
        Ok(Self {
            emitter: emitter.hold(),
            on_save: RefCell::default(),
        })
    }
}

/// Fills the export `updates`.
///
/// # Errors
/// While the environment is going.
pub fn register<'s>(js: Js<'s>, exports: Value<'s>) -> JsResult<'s, ()> {
    exports.set("updates", js.state::<Events>()?.emitter.get(js))
}

impl Events {
    /// Calls back once, when the next save is taken and before anything of it runs.
    pub fn on_save(&self, callback: Held) {
        *self.on_save.borrow_mut() = Some(callback);
    }

    /// Calls what waits for a save.
    pub fn save_is_taken(&self, js: Js<'_>) {
        let callback = self.on_save.take();
        if let Some(callback) = callback {
            // The callback is a function of the command's, which throws nothing.
            let _ = callback.get(js).call(js.undefined(), &[]);
        }
    }

    /// Removes the listeners of versions that are gone, for events that a running version listens for. Listeners that a
    /// program adds once for the whole process, as by `globalThis.once ??= updates.on(…)`, stay.
    pub fn leave<'s>(&self, js: Js<'s>, resources: &Resources, owners: &[Value<'s>]) -> JsResult<'s, ()> {
        leave_to_others(resources, self.emitter.get(js), owners)
    }

    /// Begins to note which version adds a listener.
    pub fn hear_of_listeners<'s>(&self, js: Js<'s>, resources: &Resources) -> JsResult<'s, ()> {
        hear(resources, self.emitter.get(js))
    }

    /// Emits `updated`, `reloaded` or `failed`.
    pub fn tell(&self, js: Js<'_>, told: &Told) {
        let payload = || -> JsResult<'_> {
            let payload = js.object();
            payload.set("outcome", js.string(told.outcome))?;
            let lists = [
                ("files", &told.files),
                ("modules", &told.modules),
                ("acceptors", &told.acceptors),
                ("way", &told.way),
            ];
            for (name, list) in lists {
                let items: Vec<Value<'_>> = list.iter().map(|item| js.string(item)).collect();
                payload.set(name, js.array(&items))?;
            }
            payload.set("duration", js.number(told.duration))?;
            if let Some(error) = &told.error {
                payload.set("error", error.get(js))?;
            }
            Ok(payload)
        };
        let name = js.string(told.outcome);
        let count = self.emitter.get(js).call_method("listenerCount", &[name]);
        if count.is_ok_and(|count| count.as_whole() == Some(0)) {
            return;
        }
        if let Ok(payload) = payload() {
            self.emit(js, told.outcome, payload);
        }
    }

    /// Emits `custom` with the arguments of `hot.send`.
    pub fn sent(&self, js: Js<'_>, event: &str, data: Value<'_>) {
        // Held and read again, so that `data` and the new object have one lifetime.
        let data = data.hold();
        let payload = js.object();
        // A new object takes any property.
        let _ = payload.set("event", js.string(event));
        let _ = payload.set("data", data.get(js));
        self.emit(js, "custom", payload);
    }

    fn emit<'s>(&self, js: Js<'s>, event: &str, payload: Value<'s>) {
        let emitted = self
            .emitter
            .get(js)
            .call_method("emit", &[js.string(event), payload]);
        if let Err(thrown) = emitted {
            report::error(
                js,
                "updates",
                &format!("a listener of \"{event}\" failed"),
                thrown.0,
            );
        }
    }
}
