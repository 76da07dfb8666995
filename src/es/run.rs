//! The ways in: the program's entry, `import()`, and `require` of an ES module.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::engine::Engine;
use super::link::{Binding, Resolution};
use super::record::{Body, ModuleId, Status, Version};
use super::resolve::Resolved;
use crate::js::{Cx, Held, Js, JsResult, Thrown, Value, settled, spawn};

/// Loads a module as `import()` does. Brings its namespace.
pub async fn import(cx: &Cx, id: ModuleId) -> Result<Held, Held> {
    let version = cx.attempt(|js| Engine::of(js)?.ready(js, id))?;
    evaluated(cx, &version).await?;
    cx.attempt(|js| Ok(Engine::of(js)?.namespace(js, &version)?.hold()))
}

/// Evaluates a version and waits for its end. A version without top-level await has ended at the first poll.
pub async fn evaluated(cx: &Cx, version: &Rc<Version>) -> Result<(), Held> {
    // Whoever comes meanwhile waits for the same promises, so that evaluations begin in the order of their requests.
    let (hoisting, count) = cx.attempt(|js| Ok(Engine::of(js)?.hoisting.borrow().open()))?;
    if !hoisting.is_empty() {
        for promise in hoisting {
            settled(cx, promise).await?;
        }
        cx.attempt(|js| {
            Engine::of(js)?.hoisting.borrow_mut().settled(count);
            Ok(())
        })?;
    }
    loop {
        cx.attempt(|js| Engine::of(js).map(|engine| engine.evaluate(js, version)))??;
        let root = version.root();
        match root.status.get() {
            Status::EvaluatingAsync => {
                root.done.wait(cx).await?;
            }
            // The version is on the stack of an evaluation that this very call comes from.
            Status::Evaluating => {
                settled(cx, Held::undefined()).await?;
                continue;
            }
            Status::New | Status::Linked | Status::Evaluated => {}
        }
        return root.thrown().map_or(Ok(()), Err);
    }
}

impl Engine {
    /// Runs the program's entry. Returns a promise of its end. Synchronous code has run when this returns.
    #[expect(clippy::unused_self, reason = "a program is run by an engine")]
    pub fn run_main<'s>(&self, js: Js<'s>, path: &Path) -> JsResult<'s> {
        let path = std::env::current_dir().map_or_else(|_| path.to_owned(), |folder| folder.join(path));
        let cx = Cx::new(js);
        spawn(js, async move {
            let (resolved, is_common_js) = cx.attempt(|js| {
                let engine = Engine::of(js)?;
                let resolved = engine.sources().resolver.entry(&path);
                let resolved = resolved.map_err(|error| engine.resolve_error(js, &error))?;
                let is_common_js = engine.main_is_common_js(js, &resolved)?;
                Ok((resolved, is_common_js))
            })?;
            if !is_common_js {
                let id = cx.attempt(|js| Ok(Engine::of(js)?.record_of(&resolved).id))?;
                return import(&cx, id).await;
            }
            cx.attempt(|js| {
                let engine = Engine::of(js)?;
                let Resolved::File { path, .. } = &resolved else {
                    return Ok(Held::undefined());
                };
                let load = engine.node_module.get(js).get("_load")?;
                let args = [js.string(&path.to_string_lossy()), js.null(), js.boolean(true)];
                load.call(engine.node_module.get(js), &args).map(Value::hold)
            })
        })
    }

    fn main_is_common_js<'s>(&self, js: Js<'s>, resolved: &Resolved) -> JsResult<'s, bool> {
        let record = self.record_of(resolved);
        self.main.set(Some(record.id));
        self.is_main_named.set(Some(true));
        let sources = self.sources();
        let is_left_to_node = |path: &PathBuf| {
            sources.resolver.is_known_to_require_alone(path) && !sources.resolver.is_typed_module(path)
        };
        if !record.is_local || record.path.as_ref().is_some_and(is_left_to_node) {
            // Node decides: its loader takes ES modules here as well.
            return Ok(true);
        }
        let unit = self.unit_of(js, &record)?;
        Ok(matches!(unit.body, Body::CommonJs(_)))
    }

    /// Loads a module synchronously. Returns its namespace. Throws `ERR_REQUIRE_ASYNC_MODULE` if the module or one below it
    /// has top-level await.
    pub fn import_sync<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s> {
        let version = self.evaluate_sync(js, id)?;
        self.namespace(js, &version)
    }

    /// The result of `require` of an ES module, which is evaluated if need be.
    pub fn require_module<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s> {
        let version = self.evaluate_sync(js, id)?;
        self.required_namespace(js, &version)
    }

    fn evaluate_sync<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Rc<Version>> {
        let version = self.ready(js, id)?;
        match look_ahead(&version) {
            Ahead::Free => {}
            Ahead::Await => {
                let message = "require() cannot be used on an ESM graph with top-level await. Use import() instead. To \
                               see where the top-level await comes from, use --experimental-print-required-tla.";
                return Err(self.error_with_code(js, "Error", "ERR_REQUIRE_ASYNC_MODULE", message));
            }
            Ahead::Cycle => {
                let path = self.record(id).and_then(|record| record.path.clone());
                let path = path.unwrap_or_default();
                let message = format!(
                    "Cannot require() ES Module {} in a cycle. A cycle involving require(esm) is not allowed to maintain \
                     invariants mandated by the ECMAScript specification. Try making at least part of the dependency in \
                     the graph lazily loaded.",
                    path.display()
                );
                return Err(self.error_with_code(js, "Error", "ERR_REQUIRE_CYCLE_MODULE", &message));
            }
        }
        self.evaluate(js, &version)
            .map_err(|error| Thrown(error.get(js)))?;
        Ok(version)
    }

    /// URLs of the modules whose own top-level await the entry waits for, once it waits. `bin/hot.js` gives a process that ends
    /// then exit code 13.
    pub fn unsettled(&self) -> Vec<String> {
        let waits = |version: &Version| version.status.get() == Status::EvaluatingAsync;
        let main = self.main.get().and_then(|id| self.version_of(id));
        if !main.is_some_and(|version| waits(&version.root())) {
            return Vec::new();
        }
        let records = self.records().into_iter().filter(|record| {
            self.version_of(record.id)
                .is_some_and(|it| waits(&it) && it.has_await() && it.pending.get() == 0)
        });
        records.map(|record| record.url.clone()).collect()
    }

    /// A module as code outside of the program sees it. The module is linked by this, and need not have run.
    pub fn facade<'s>(&self, js: Js<'s>, id: ModuleId) -> JsResult<'s, Facade> {
        let version = self.ready(js, id)?;
        Ok(Facade {
            names: super::stars::namespace_names(&version),
            has_await: look_ahead(&version) == Ahead::Await,
        })
    }

    /// Lets `tell` be called whenever a function assigns to a binding that the module exports, also to a re-exported one.
    /// Returns the modules that have these bindings.
    pub fn tell<'s>(
        &self,
        js: Js<'s>,
        version: &Rc<Version>,
        tell: impl Fn(ModuleId) -> JsResult<'s>,
    ) -> JsResult<'s, Vec<ModuleId>> {
        let mut modules = Vec::new();
        for name in super::stars::namespace_names(version) {
            let (Resolution::Found(Binding::Name(origin, _)), _) = super::link::resolve(version, &name)
            else {
                continue;
            };
            if modules.contains(&origin.module) {
                continue;
            }
            modules.push(origin.module);
            if let Some(scope) = origin.scope().filter(|_| origin.unit.code().is_some()) {
                self.glue(js, "tell", &[scope.get(js), tell(origin.module)?])?;
            }
        }
        Ok(modules)
    }
}

/// A module as code outside of the program sees it.
pub struct Facade {
    /// The export names, sorted by code unit.
    pub names: Vec<String>,
    /// Whether the module or one below it has top-level await.
    pub has_await: bool,
}

/// The obstacle that a synchronous evaluation would meet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ahead {
    Free,
    Await,
    Cycle,
}

fn look_ahead(version: &Rc<Version>) -> Ahead {
    let mut seen = HashSet::new();
    let mut waiting = vec![Rc::clone(version)];
    let mut ahead = Ahead::Free;
    while let Some(next) = waiting.pop() {
        if !seen.insert(Rc::as_ptr(&next)) {
            continue;
        }
        if next.has_await() {
            return Ahead::Await;
        }
        if next.unit.code().is_some() && next.status.get() == Status::Evaluating {
            ahead = Ahead::Cycle;
            continue;
        }
        waiting.extend(next.links.borrow().iter().flatten().cloned());
    }
    ahead
}
