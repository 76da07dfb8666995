//! Evaluations under way. A module has registered everything, above all its disposers, only when its evaluation ends. So an
//! update waits for evaluations before it takes anything away.

use crate::js::{Held, Js, JsResult, Value, settled};

use crate::paths::is_in_node_modules;
use crate::report;
use crate::vite_node::app::App;
use crate::vite_node::patience::PATIENCE_TEXT;
use crate::vite_node::runner::module_cache::{Settled, state_of};

/// A module whose evaluation may be under way, with its promise.
struct Evaluation {
    id: String,
    promise: Held,
}

impl App {
    /// Waits until the evaluations of these modules have ended, for 5 s at most. Brings whether any was under way.
    pub async fn await_evaluations(&self, ids: &[String]) -> bool {
        let found = self.cx.attempt(|js| {
            let evaluations = ids.iter().map(|id| self.evaluation(js, id));
            evaluations
                .filter_map(Result::transpose)
                .collect::<JsResult<'_, Vec<_>>>()
        });
        self.await_all(found.unwrap_or_default()).await
    }

    /// Waits as [`App::await_evaluations`] does for every module that a reload takes away, except those that an update of
    /// ours evaluates: such an update adapts to the reload when it ends. If a module asks for the reload while it is
    /// evaluated, nothing is waited for, since the module may wait for the reload.
    pub async fn await_all_evaluations(&self, asker: Option<&str>) {
        if self.is_being_run(asker) {
            return;
        }
        let found = self.cx.attempt(|js| {
            let loaded = self.loaded(js)?;
            let own = loaded
                .iter()
                .filter(|id| !is_in_node_modules(id) && !self.is_run_by_us(id));
            let evaluations = own.map(|id| js.scope(|js| self.evaluation(js, id).ok().flatten()));
            Ok(evaluations.flatten().collect::<Vec<_>>())
        });
        let found = found.unwrap_or_default();
        if let Some(asker) = asker
            && !found.is_empty()
            && self.is_evaluated_now(asker).await
        {
            return;
        }
        self.await_all(found).await;
    }

    /// Whether a module is loaded and its evaluation has not ended.
    async fn is_evaluated_now(&self, id: &str) -> bool {
        let evaluation = self.cx.attempt(|js| {
            let module = self.module(js, id)?;
            let has_begun = module.is_object() && !module.get("evaluated")?.truthy();
            // A module has no promise yet while the first step of its evaluation runs.
            let is_first_step = has_begun && !module.get("promise")?.is_promise();
            Ok((self.evaluation(js, id)?, is_first_step))
        });
        match evaluation {
            Ok((Some(evaluation), _)) => !self.pending(vec![evaluation]).await.is_empty(),
            Ok((None, is_first_step)) => is_first_step,
            Err(_) => false,
        }
    }

    /// The evaluation of a module, unless the runner says that it has ended.
    fn evaluation<'s>(&self, js: Js<'s>, id: &str) -> JsResult<'s, Option<Evaluation>> {
        let module = self.module(js, id)?;
        if !module.is_object() || module.get("evaluated")?.truthy() {
            return Ok(None);
        }
        let promise = module.get("promise")?;
        Ok(promise.is_promise().then(|| Evaluation {
            id: id.to_owned(),
            promise: promise.hold(),
        }))
    }

    async fn await_all(&self, evaluations: Vec<Evaluation>) -> bool {
        if evaluations.is_empty() {
            return false;
        }
        let pending = self.pending(evaluations).await;
        let all = self.cx.attempt(|js| {
            let promises: Vec<_> = pending.iter().map(|one| one.promise.get(js)).collect();
            let all = js.global()?.get("Promise")?;
            all.call_method("allSettled", &[js.array(&promises)])
                .map(Value::hold)
        });
        let Ok(all) = all else { return false };
        if pending.is_empty() {
            return false;
        }
        if self.settled_in_time(all, |_, _| ()).await.is_none() {
            for Evaluation { id, .. } in self.pending(pending).await {
                let text = format!(
                    "the evaluation of {id} has not ended after {PATIENCE_TEXT} and is left behind: what it opens \
                     from now on is not disposed"
                );
                self.cx.with(|js| report::vite_node::error(js, &text, None));
            }
        }
        true
    }

    /// The evaluations that have not ended.
    async fn pending(&self, evaluations: Vec<Evaluation>) -> Vec<Evaluation> {
        let states = self.cx.attempt(|js| {
            let states = evaluations.iter().map(|one| state_of(one.promise.get(js)));
            states.collect::<JsResult<'_, Vec<_>>>()
        });
        let Ok(states) = states else { return Vec::new() };
        // A settled promise shows that within one turn of the microtask queue.
        let _ = settled(&self.cx, Held::undefined()).await;
        let is_pending = |state: &Held| {
            self.cx
                .with(|js| Settled::read(state.get(js)) == Settled::Pending)
        };
        let judged = evaluations.into_iter().zip(&states);
        judged
            .filter(|(_, state)| is_pending(state))
            .map(|(evaluation, _)| evaluation)
            .collect()
    }
}
