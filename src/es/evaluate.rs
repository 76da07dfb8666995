//! Evaluation, as ECMAScript writes it: depth first, synchronous as long as nothing awaits, cycles as one. The recursive
//! functions of the specification are loops here, since imports may be thousands deep.

use std::rc::Rc;

use super::check;
use super::engine::Engine;
use super::record::{Body, Status, Version};
use crate::js::{Cx, Held, Js, Thrown, settled, spawn_detached};

/// The result of running one module.
enum Ran {
    /// The module has run to its end.
    Done,
    /// The module goes on when this promise settles. For a module that Node loads, the promise brings the namespace.
    Promise(Held),
}

/// A module on the stack of an evaluation, and the index of the import that comes next.
struct Frame {
    version: Rc<Version>,
    next: usize,
}

impl Engine {
    /// `Evaluate` of the specification. When it returns, the version has run, waits (`EvaluatingAsync`), or has thrown.
    pub fn evaluate(&self, js: Js<'_>, version: &Rc<Version>) -> Result<(), Held> {
        let version = version.root();
        match version.status.get() {
            Status::Evaluated | Status::EvaluatingAsync => {
                return version.thrown().map_or(Ok(()), Err);
            }
            Status::Evaluating => return Ok(()),
            Status::New | Status::Linked => {}
        }
        self.begin_main(js, &version).map_err(Thrown::hold)?;
        let mut stack = Vec::new();
        let result = self.evaluate_graph(js, &version, &mut stack);
        if let Err(error) = &result {
            for member in stack {
                member.status.set(Status::Evaluated);
                member.async_order.set(None);
                *member.error.borrow_mut() = Some(error.clone());
                self.end(js, &member, &Err(error.clone()));
            }
        }
        result
    }

    /// `InnerModuleEvaluation` of the specification, with its `stack`.
    fn evaluate_graph(
        &self,
        js: Js<'_>,
        root: &Rc<Version>,
        stack: &mut Vec<Rc<Version>>,
    ) -> Result<(), Held> {
        let mut index = 0;
        let mut enter = |version: Rc<Version>, stack: &mut Vec<Rc<Version>>| {
            version.status.set(Status::Evaluating);
            version.dfs_index.set(index);
            version.dfs_ancestor.set(index);
            version.pending.set(0);
            index += 1;
            stack.push(Rc::clone(&version));
            Frame { version, next: 0 }
        };
        let mut frames = vec![enter(Rc::clone(root), stack)];
        while let Some(frame) = frames.last_mut() {
            let version = Rc::clone(&frame.version);
            let count = version.links.borrow().len();
            if frame.next < count {
                let required = version.link(frame.next);
                frame.next += 1;
                let Some(required) = required else {
                    continue;
                };
                if matches!(required.status.get(), Status::Linked | Status::New) {
                    frames.push(enter(required, stack));
                } else {
                    join(&version, &required)?;
                }
                continue;
            }
            self.leave(js, &version, stack)?;
            frames.pop();
            if let Some(importer) = frames.last() {
                join(&importer.version, &version)?;
            }
        }
        Ok(())
    }

    /// Runs a module whose imports are done or wait. Closes the module's cycle if the module was entered first of it.
    fn leave(&self, js: Js<'_>, version: &Rc<Version>, stack: &mut Vec<Rc<Version>>) -> Result<(), Held> {
        if version.pending.get() > 0 || version.has_await() {
            self.become_async(version);
            if version.pending.get() == 0 {
                self.execute_async(js, version);
            }
        } else if let Ran::Promise(promise) = self.execute(js, version)? {
            self.become_async(version);
            Self::when_settled(js, version, promise);
        }
        if version.dfs_ancestor.get() != version.dfs_index.get() {
            return Ok(());
        }
        while let Some(member) = stack.pop() {
            let is_last = Rc::ptr_eq(&member, version);
            if !is_last {
                *member.cycle_root.borrow_mut() = Some(Rc::clone(version));
            }
            if member.async_order.get().is_none() {
                member.status.set(Status::Evaluated);
                self.finished(js, &member);
            } else {
                member.status.set(Status::EvaluatingAsync);
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    fn become_async(&self, version: &Version) {
        let order = self.async_order.get();
        self.async_order.set(order + 1);
        version.async_order.set(Some(order));
    }

    /// `ExecuteAsyncModule`.
    fn execute_async(&self, js: Js<'_>, version: &Rc<Version>) {
        match self.execute(js, version) {
            Ok(Ran::Promise(promise)) => Self::when_settled(js, version, promise),
            Ok(Ran::Done) => Self::when_settled(js, version, Held::undefined()),
            Err(error) => self.async_rejected(js, version, &error),
        }
    }

    fn when_settled(js: Js<'_>, version: &Rc<Version>, promise: Held) {
        let cx = Cx::new(js);
        let version = Rc::clone(version);
        spawn_detached(js, async move {
            let result = settled(&cx, promise).await;
            cx.with(|js| {
                let Ok(engine) = Self::of(js) else {
                    return;
                };
                let result = result.and_then(|value| {
                    if matches!(version.unit.body, Body::External) {
                        let set = engine.set_external(js, &version, value.get(js));
                        set.map_err(Thrown::hold)?;
                    }
                    Ok(())
                });
                match result {
                    Ok(()) => engine.async_fulfilled(js, &version),
                    Err(error) => engine.async_rejected(js, &version, &error),
                }
            });
        });
    }

    /// `AsyncModuleExecutionFulfilled`.
    fn async_fulfilled(&self, js: Js<'_>, version: &Rc<Version>) {
        if version.status.get() == Status::Evaluated {
            return;
        }
        self.settle_async(js, version);
        let mut available = gather_available(version);
        available.sort_by_key(|member| member.async_order.get());
        for member in available {
            if member.status.get() == Status::Evaluated {
                continue;
            }
            if member.has_await() {
                self.execute_async(js, &member);
                continue;
            }
            match self.execute(js, &member) {
                Ok(Ran::Done) => self.settle_async(js, &member),
                Ok(Ran::Promise(promise)) => Self::when_settled(js, &member, promise),
                Err(error) => self.async_rejected(js, &member, &error),
            }
        }
    }

    fn settle_async(&self, js: Js<'_>, version: &Rc<Version>) {
        version.async_order.set(None);
        version.status.set(Status::Evaluated);
        self.finished(js, version);
        self.end(js, version, &Ok(Held::undefined()));
    }

    /// `AsyncModuleExecutionRejected`.
    fn async_rejected(&self, js: Js<'_>, version: &Rc<Version>, error: &Held) {
        let mut waiting = vec![Rc::clone(version)];
        while let Some(member) = waiting.pop() {
            if member.status.get() == Status::Evaluated {
                continue;
            }
            member.status.set(Status::Evaluated);
            member.async_order.set(None);
            *member.error.borrow_mut() = Some(error.clone());
            waiting.extend(member.async_parents.take());
            self.end(js, &member, &Err(error.clone()));
        }
    }

    fn end(&self, js: Js<'_>, version: &Rc<Version>, result: &Result<Held, Held>) {
        if result.is_err() {
            self.host().evaluated(js, version);
        }
        let done = Rc::clone(&version.done);
        done.fire(js, result);
    }

    /// Runs the module's own code.
    fn execute(&self, js: Js<'_>, version: &Rc<Version>) -> Result<Ran, Held> {
        js.scope(|js| {
            let ran = match &version.unit.body {
                Body::Module(code) => self.execute_module(js, version, code.has_await),
                Body::Json(_) => Ok(Ran::Done),
                Body::CommonJs(_) => self.execute_common_js(js, version).map(|()| Ran::Done),
                Body::External if version.has_env() => Ok(Ran::Done),
                Body::External => match self.load_external(js, version) {
                    Ok(namespace) => self.set_external(js, version, namespace).map(|()| Ran::Done),
                    Err(thrown) if has_await_somewhere(&thrown) => self
                        .import_external(js, &version.unit.url)
                        .map(|promise| Ran::Promise(promise.hold())),
                    Err(thrown) => self.load_archived(js, version, thrown).map(|()| Ran::Done),
                },
            };
            ran.map_err(Thrown::hold)
        })
    }

    fn execute_module<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        has_await: bool,
    ) -> Result<Ran, Thrown<'s>> {
        if version.has_late_names.get() {
            check::names(version).map_err(|error| self.link_error(js, &error))?;
            self.extend_env(js, version)?;
            self.bind(js, version)?;
        }
        let Some(scope) = version.scope().filter(|_| version.is_waiting.take()) else {
            return Ok(Ran::Done);
        };
        let module = version.live.borrow().common_js.clone();
        self.become_main(
            js,
            version,
            module.map_or(js.undefined(), |module| module.get(js)),
        )?;
        let step = match has_await {
            true => "stepAsync",
            false if version.is_alone.get() => "stepAlone",
            false => "step",
        };
        let step = self.glue_function(js, step)?;
        let result = self.host().run(js, version, step, &[scope.get(js)])?;
        Ok(if has_await {
            Ran::Promise(result.hold())
        } else {
            Ran::Done
        })
    }
}

fn has_await_somewhere(thrown: &Thrown<'_>) -> bool {
    let code = thrown.0.is_object().then(|| thrown.0.get("code"));
    code.and_then(Result::ok)
        .is_some_and(|code| code.display() == "ERR_REQUIRE_ASYNC_MODULE")
}

/// The part of `InnerModuleEvaluation` after an import was entered. The import may have failed, belong to the same cycle, or
/// have to be waited for.
fn join(importer: &Rc<Version>, required: &Rc<Version>) -> Result<(), Held> {
    if required.status.get() == Status::Evaluating && required.unit.code().is_none() {
        // Running CommonJS has required the importer through other modules. The importer sees what is exported so far.
        return Ok(());
    }
    let target = if required.status.get() == Status::Evaluating {
        let ancestor = importer.dfs_ancestor.get().min(required.dfs_ancestor.get());
        importer.dfs_ancestor.set(ancestor);
        Rc::clone(required)
    } else {
        let root = required.root();
        if let Some(error) = root.thrown() {
            return Err(error);
        }
        root
    };
    if target.async_order.get().is_some() {
        importer.pending.set(importer.pending.get() + 1);
        target.async_parents.borrow_mut().push(Rc::clone(importer));
    }
    Ok(())
}

/// `GatherAvailableAncestors`.
fn gather_available(version: &Rc<Version>) -> Vec<Rc<Version>> {
    let mut available: Vec<Rc<Version>> = Vec::new();
    let mut waiting = vec![Rc::clone(version)];
    while let Some(next) = waiting.pop() {
        for parent in next.async_parents.take() {
            let is_listed = available.iter().any(|other| Rc::ptr_eq(other, &parent));
            if is_listed || parent.root().thrown().is_some() {
                continue;
            }
            parent.pending.set(parent.pending.get().saturating_sub(1));
            if parent.pending.get() == 0 {
                available.push(Rc::clone(&parent));
                if !parent.has_await() {
                    waiting.push(parent);
                }
            }
        }
    }
    available
}
