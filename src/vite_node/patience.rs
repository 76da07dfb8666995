//! Waits for users' promises, but not for ever: a promise that never settles would end all updates.

use crate::js::{Cx, Held, settled, settled_within, spawn_detached};

use super::app::App;
use super::versions::Versions;
use crate::report;

/// Time that an update waits for one promise of the user's, in milliseconds.
const PATIENCE: u32 = 5_000;

/// [`PATIENCE`], as the user reads it.
pub const PATIENCE_TEXT: &str = "5 s";

impl App {
    /// Waits for `value` for 5 s at most. Brings `None` if it has not settled by then; `late` gets its result if it settles
    /// later.
    pub async fn settled_in_time(
        &self,
        value: Held,
        late: impl FnOnce(&Cx, Result<Held, Held>) + 'static,
    ) -> Option<Result<Held, Held>> {
        let result = settled_within(&self.cx, PATIENCE, value.clone()).await;
        if result.is_none() {
            let cx = self.cx.clone();
            self.cx.with(|js| {
                spawn_detached(js, async move {
                    let result = settled(&cx, value).await;
                    late(&cx, result);
                });
            });
        }
        result
    }

    /// Waits until a module that a run executes has been evaluated. Brings `None` after 5 s: from then on the messages and
    /// reloads behind the run are taken.
    pub async fn evaluated_in_time(
        &self,
        run: &Versions,
        id: &str,
        promise: Held,
    ) -> Option<Result<Held, Held>> {
        let result = settled_within(&self.cx, PATIENCE, promise).await;
        if result.is_none() {
            let text = format!(
                "the evaluation of {id} has not ended after {PATIENCE_TEXT}: other updates go on meanwhile"
            );
            self.cx.with(|js| report::vite_node::error(js, &text, None));
            run.is_late.set(true);
            self.end_reload();
            self.leave();
        }
        result
    }
}
