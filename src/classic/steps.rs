//! One step of a module's life: a call of the user's code, and the wait for its result.

use std::rc::Rc;

use tracing::{Instrument, trace_span};

use super::hot_module::Version;
use super::record::Record;
use super::registry::{Registry, place};
use crate::addon::Addon;
use crate::js::{Cx, Held, Js, JsResult, Value, settled};
use crate::report;

/// After how long a step that has not settled is mentioned, in milliseconds.
const STALLED: u32 = 5_000;

/// A module of a runtime while something is under way for it. The references live as long as that.
#[derive(Clone)]
pub struct Module {
    /// The right to use JavaScript.
    pub cx: Cx,
    /// The addon's state.
    pub addon: Rc<Addon>,
    /// The `HMRRuntime`.
    pub runtime: Held,
    /// The runtime's records.
    pub registry: Rc<Registry>,
    /// This module's record.
    pub record: Rc<Record>,
    /// Its slot: the user's values.
    pub slot: Held,
}

/// Our own methods, which do nothing but call a callback: as long as they are not overridden, the callback is called
/// without the way through JavaScript, and one that was left out costs nothing.
#[derive(Default)]
pub struct OwnMethods(Vec<(&'static str, &'static str, Held)>);

impl OwnMethods {
    /// Takes the methods of a class, given with the properties that hold their callbacks.
    pub fn take<'s>(
        &mut self,
        class: Value<'s>,
        methods: &[(&'static str, &'static str)],
    ) -> JsResult<'s, ()> {
        let prototype = class.get("prototype")?;
        for &(method, callback) in methods {
            self.0.push((method, callback, prototype.get(method)?.hold()));
        }
        Ok(())
    }

    /// The property that holds the callback of `function`, if that is our own `method`.
    fn callback(&self, method: &str, function: Value<'_>) -> Option<&'static str> {
        let mut named = self.0.iter().filter(|(name, ..)| *name == method);
        named
            .find(|(.., own)| own.get(function.js()).same(function))
            .map(|(_, callback, _)| *callback)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// As `await`.
    Always,
    /// When it is a promise or thenable.
    IfThenable,
    /// The result is a value, whatever it is.
    Never,
}

impl Module {
    /// Runs `persist.generate()`.
    pub async fn generate(&self, persist: &Held) -> Result<Held, Held> {
        let persist = persist.clone();
        self.step("generate", Wait::IfThenable, true, move |js| {
            Ok((persist.get(js), Vec::new()))
        })
        .await
    }

    /// Runs `persist.cleanup(values)`.
    pub async fn clean_persist(&self, persist: &Held, values: &Held) -> Result<(), Held> {
        let (persist, values) = (persist.clone(), values.clone());
        let step = self.step("cleanup", Wait::IfThenable, true, move |js| {
            Ok((persist.get(js), vec![values.get(js)]))
        });
        step.await.map(drop)
    }

    /// Runs the running version's `clean(values, exports)`.
    pub async fn clean_runner(&self) -> Result<(), Held> {
        let slot = self.slot.clone();
        let step = self.step("clean", Wait::IfThenable, true, move |js| {
            let slot = slot.get(js);
            let exports = slot.item(place::EXPORTS_OBJECT)?.get("exports")?;
            Ok((
                slot.item(place::RUNNER)?,
                vec![slot.item(place::VALUES)?, exports],
            ))
        });
        step.await.map(drop)
    }

    /// Runs a version's `execute(values, emitUpdate)`.
    pub async fn run(&self, version: &Version) -> Result<Held, Held> {
        let wait = if version.is_async {
            Wait::Always
        } else {
            Wait::Never
        };
        let (runner, module) = (version.runner.clone(), self.clone());
        let step = self.step("execute", wait, version.is_async, move |js| {
            let values = module.slot.get(js).item(place::VALUES)?;
            Ok((runner.get(js), vec![values, module.emit_update(js)?]))
        });
        step.await
    }

    fn emit_update<'s>(&self, js: Js<'s>) -> JsResult<'s> {
        let slot = self.slot.get(js);
        let kept = slot.item(place::EMIT_UPDATE)?;
        if kept.is_function() {
            return Ok(kept);
        }
        let arguments = [self.runtime.get(js), js.string(&self.record.id)];
        let emit = self.addon.emit_update.get(js);
        let emit = emit.bind(js.undefined(), &arguments)?;
        slot.set_item(place::EMIT_UPDATE, emit)?;
        Ok(emit)
    }

    async fn step(
        &self,
        method: &'static str,
        wait: Wait,
        may_import: bool,
        target: impl for<'s> FnOnce(Js<'s>) -> JsResult<'s, (Value<'s>, Vec<Value<'s>>)>,
    ) -> Result<Held, Held> {
        let span = trace_span!("step", method, id = %self.record.id);
        let mut token = None;
        let called = span.in_scope(|| {
            self.cx.attempt(|js| {
                let (owner, args) = target(js)?;
                let mut function = owner.get(method)?;
                if let Some(callback) = self.addon.own_methods.callback(method, function) {
                    let callback = owner.get(callback)?;
                    if callback.is_function() {
                        function = callback;
                    } else if let Some(result) = without_callback(js, method) {
                        return Ok((result.hold(), false));
                    }
                }
                let result = if may_import && function.is_function() {
                    let token = token.insert(self.addon.context.enter(&self.record));
                    self.addon.context.call(token, function, owner, &args)?
                } else {
                    function.call(owner, &args)?
                };
                let waits = match wait {
                    Wait::Always => true,
                    Wait::IfThenable => result.is_thenable()?,
                    Wait::Never => false,
                };
                Ok((result.hold(), waits))
            })
        });
        let result = match called {
            Ok((result, true)) => {
                let notice = self.notice_stall(method);
                let result = settled(&self.cx, result).instrument(span).await;
                if let Some(timer) = notice {
                    self.cx.with(|js| self.addon.timers.cancel(js, timer.get(js)));
                }
                result
            }
            Ok((result, false)) => Ok(result),
            Err(thrown) => Err(thrown),
        };
        if let Some(token) = token {
            self.cx.with(|js| self.addon.context.leave(js, &token));
        }
        result
    }

    /// With logging on, says that a step has not settled: its module's updates wait for it.
    fn notice_stall(&self, method: &'static str) -> Option<Held> {
        if !self.addon.switches.logging.get() {
            return None;
        }
        let id = self.record.id.clone();
        let timer = self.cx.attempt(|js| {
            let timer = self.addon.timers.after(js, STALLED, move |js| {
                let seconds = STALLED / 1_000;
                let text =
                    format!("`{method}` has not settled after {seconds} s; updates of this module wait");
                report::warning(js, &id, &text);
            })?;
            Ok(timer.hold())
        });
        timer.ok()
    }
}

/// What our own method gives when its callback was left out. There is no runner without one.
fn without_callback<'s>(js: Js<'s>, method: &str) -> Option<Value<'s>> {
    match method {
        "execute" => None,
        "generate" => Some(js.object()),
        _ => Some(js.undefined()),
    }
}
