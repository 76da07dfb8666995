//! Runs one step of a module's life: calls the user's code, and waits for its result.

use std::rc::Rc;
use std::time::Instant;

use tracing::{Instrument, trace_span};

use super::context::StepContext;
use super::emitter::EmitUpdate;
use super::hot_module::Version;
use super::persist::{self, PersistClass};
use super::record::{AwaitedStep, Record, STALLED};
use super::registry::{self, Registry, place};
use super::runner::{self, RunnerClasses};
use crate::es::Engine;
use crate::js::{Cx, Held, Js, JsResult, State, Timers, Value, before, settled, spawn_detached};
use crate::report;

/// A module while an import or update of it is under way; the references live no longer than that.
#[derive(Clone)]
pub struct Module {
    /// The right to use JavaScript.
    pub cx: Cx,
    /// The `HMRRuntime`.
    pub runtime: Held,
    /// The runtime's records.
    pub registry: Rc<Registry>,
    /// This module's record.
    pub record: Rc<Record>,
    /// The record's slot, which holds the user's values.
    pub slot: Held,
}

/// The methods of our classes that only call a callback: name, property of the callback, function. A method that is not
/// overridden is skipped: we call its callback directly, and nothing if the user left it out.
#[derive(Default)]
pub struct OwnMethods(Vec<(&'static str, &'static str, Held)>);

impl State for OwnMethods {
    fn make(js: Js<'_>) -> JsResult<'_, Self> {
        let (runners, persist) = (js.state::<RunnerClasses>()?, js.state::<PersistClass>()?);
        let mut own = Self::default();
        own.add(runners.plain.get(js), runner::CALLBACKS)?;
        own.add(runners.awaited.get(js), runner::CALLBACKS)?;
        own.add(persist.0.get(js), persist::CALLBACKS)?;
        Ok(own)
    }
}

impl OwnMethods {
    /// Adds the methods of a class, given with the properties that hold their callbacks.
    fn add<'s>(&mut self, class: Value<'s>, methods: &[(&'static str, &'static str)]) -> JsResult<'s, ()> {
        let prototype = class.get("prototype")?;
        for &(method, callback) in methods {
            self.0.push((method, callback, prototype.get(method)?.hold()));
        }
        Ok(())
    }

    /// The property that holds the callback, if `function` is our own method of that name.
    fn callback(&self, method: &str, function: Value<'_>) -> Option<&'static str> {
        let mut named = self.0.iter().filter(|(name, ..)| *name == method);
        named
            .find(|(.., own)| own.get(function.js()).same(function))
            .map(|(_, callback, _)| *callback)
    }
}

/// Whether a step's result is awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    /// Always, as `await` does.
    Always,
    /// If the result is a promise or thenable.
    IfThenable,
    /// Never: the result is the value, even if it is a promise.
    Never,
}

impl Module {
    /// Makes the module for a record of this runtime.
    pub fn of<'s>(runtime: Value<'s>, registry: &Rc<Registry>, record: &Rc<Record>) -> JsResult<'s, Self> {
        let js = runtime.js();
        Ok(Self {
            cx: Cx::new(js),
            runtime: runtime.hold(),
            registry: Rc::clone(registry),
            record: Rc::clone(record),
            slot: registry::slot(registry.object(js), record)?.hold(),
        })
    }

    /// Runs `persist.generate()`.
    pub async fn generate(&self, persist: &Held) -> Result<Held, StepFailure> {
        let persist = persist.clone();
        self.step("generate", Awaits::IfThenable, true, move |js| {
            Ok((persist.get(js), Vec::new()))
        })
        .await
    }

    /// Runs `persist.cleanup(values)`.
    pub async fn clean_persist(&self, persist: &Held, values: &Held) -> Result<(), StepFailure> {
        let (persist, values) = (persist.clone(), values.clone());
        let step = self.step("cleanup", Awaits::IfThenable, true, move |js| {
            Ok((persist.get(js), vec![values.get(js)]))
        });
        step.await.map(drop)
    }

    /// Runs the running version's `clean(values, exports)`.
    pub async fn clean_runner(&self) -> Result<(), StepFailure> {
        let slot = self.slot.clone();
        let step = self.step("clean", Awaits::IfThenable, true, move |js| {
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
    pub async fn run(&self, version: &Version) -> Result<Held, StepFailure> {
        let awaits = if version.is_async {
            Awaits::Always
        } else {
            Awaits::Never
        };
        let (runner, module) = (version.runner.clone(), self.clone());
        let step = self.step("execute", awaits, version.is_async, move |js| {
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
        let emit = js.state::<EmitUpdate>()?.0.get(js);
        let emit = emit.bind(js.undefined(), &arguments)?;
        slot.set_item(place::EMIT_UPDATE, emit)?;
        Ok(emit)
    }

    async fn step(
        &self,
        method: &'static str,
        awaits: Awaits,
        may_import: bool,
        target: impl for<'s> FnOnce(Js<'s>) -> JsResult<'s, (Value<'s>, Vec<Value<'s>>)>,
    ) -> Result<Held, StepFailure> {
        let span = trace_span!("step", method, id = %self.record.id);
        let mut token = None;
        let called = span.in_scope(|| {
            self.cx.attempt(|js| {
                let (owner, args) = target(js)?;
                let mut function = owner.get(method)?;
                if let Some(callback) = js.state::<OwnMethods>()?.callback(method, function) {
                    let callback = owner.get(callback)?;
                    if callback.is_function() {
                        function = callback;
                    } else if let Some(result) = without_callback(js, method) {
                        return Ok((result.hold(), false));
                    }
                }
                let runtime = self.runtime.get(js);
                let result = if may_import && function.is_function() {
                    let context = js.state::<StepContext>()?;
                    let token = token.insert(context.enter(&self.record, &self.registry));
                    let (run, this, args) = context.call_of(token, function, owner, &args)?;
                    run_step(runtime, run, this, &args)?
                } else {
                    run_step(runtime, function, owner, &args)?
                };
                let waits = match awaits {
                    Awaits::Always => true,
                    Awaits::IfThenable => result.is_thenable()?,
                    Awaits::Never => false,
                };
                Ok((result.hold(), waits))
            })
        });
        let result = match called {
            Ok((result, true)) => self.wait_for(method, result).instrument(span).await,
            Ok((result, false)) => Ok(result),
            Err(thrown) => Err(StepFailure::Thrown(thrown)),
        };
        if let Some(token) = token {
            self.cx.with(|js| {
                if let Ok(context) = js.state::<StepContext>() {
                    context.leave(js, &token);
                }
            });
        }
        result
    }

    /// Waits for a step's result, unless the step is given up.
    pub(super) async fn wait_for(&self, method: &'static str, result: Held) -> Result<Held, StepFailure> {
        let step = Rc::new(AwaitedStep {
            since: Instant::now(),
            given_up: Rc::default(),
        });
        *self.record.awaited.borrow_mut() = Some(Rc::clone(&step));
        let notice = self.notice_stall(method);
        let settled = before(&self.cx, settled(&self.cx, result.clone()), &step.given_up).await;
        let mut awaited = self.record.awaited.borrow_mut();
        if awaited.as_ref().is_some_and(|it| Rc::ptr_eq(it, &step)) {
            *awaited = None;
        }
        drop(awaited);
        if let Some(timer) = notice {
            self.cx.with(|js| Timers::cancel(js, &timer));
        }
        let Some(result) = settled else {
            self.give_up(method, &step, result);
            return Err(StepFailure::GivenUp);
        };
        result.map_err(StepFailure::Thrown)
    }

    /// Starts a timer that says that the step has not settled.
    fn notice_stall(&self, method: &'static str) -> Option<Held> {
        let step = named(method, &self.record.id);
        let timer = self.cx.attempt(|js| {
            let milliseconds = u32::try_from(STALLED.as_millis()).unwrap_or(u32::MAX);
            let is_watched = self.record.is_watched.get();
            let timer = js.state::<Timers>()?.after(js, milliseconds, move |js| {
                let seconds = STALLED.as_secs();
                let way_out = if is_watched {
                    ", and updates of its module wait for it: the next save gives it up"
                } else {
                    ""
                };
                report::notice(js, &format!("{step} has not settled after {seconds} s{way_out}"));
            })?;
            Ok(timer.hold())
        });
        timer.ok()
    }

    /// Gives up a step: its result is ignored later, and an error is reported.
    fn give_up(&self, method: &'static str, step: &AwaitedStep, result: Held) {
        let module = self.clone();
        let seconds = step.since.elapsed().as_secs();
        self.cx.with(|js| {
            let text = format!(
                "{} was given up after {seconds} s for a new version",
                named(method, &module.record.id)
            );
            report::notice(js, &text);
            spawn_detached(js, async move {
                if let Err(thrown) = settled(&module.cx, result).await {
                    let what = format!("{} failed after it was given up", said(method));
                    // The file may have another text by now, so no line of it is shown.
                    let report = |js: Js<'_>| {
                        report::error_with_frames_of(js, &module.record.id, &what, thrown.get(js), &|_| {
                            false
                        });
                    };
                    module.cx.with(report);
                }
            });
        });
    }
}

/// A step in words that the author of the hot module knows.
fn said(method: &str) -> &str {
    match method {
        "execute" => "the runner",
        "clean" => "the runner's cleanup",
        "cleanup" => "the cleanup of the persistent values",
        "evaluation" => "the top-level await",
        other => other,
    }
}

/// A step in such words, with its module's id.
fn named(method: &str, id: &str) -> String {
    match method {
        "clean" => format!("the cleanup of the runner of {id}"),
        "cleanup" => format!("the cleanup of the persistent values of {id}"),
        method => format!("{} of {id}", said(method)),
    }
}

/// Calls `function.apply(this, args)`, a step of a module's life, through the hot program if there is one.
fn run_step<'s>(
    runtime: Value<'s>,
    function: Value<'s>,
    this: Value<'s>,
    args: &[Value<'s>],
) -> JsResult<'s> {
    match runtime.js().made_state::<Engine>() {
        Some(engine) => engine.host().run_step(runtime, function, this, args),
        None => function.call(this, args),
    }
}

/// Why a step has no result.
pub enum StepFailure {
    /// The step threw this, or rejected with it.
    Thrown(Held),
    /// The step hung, and was given up for a new version.
    GivenUp,
}

/// The result of our own method if its callback was left out; `None` for `execute`, whose callback is required.
fn without_callback<'s>(js: Js<'s>, method: &str) -> Option<Value<'s>> {
    match method {
        "execute" => None,
        "generate" => Some(js.object()),
        _ => Some(js.undefined()),
    }
}
