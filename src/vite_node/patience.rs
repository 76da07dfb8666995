//! Waits for users' promises, but not for ever: a promise that never settles would end all updates.

use crate::js::{Cx, Held, settled, settled_within, spawn_detached};

use super::app::App;

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
}
