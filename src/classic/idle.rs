//! Leaves a module idle, even if our own code panics while an import or update of it is under way.

use super::calling::Module;
use super::record::Phase;
use crate::js::Held;

/// A guard for the case that our own code panics: on drop it marks the module as idle and wakes the tasks that wait for
/// it, so that the next save is taken.
pub struct EndsIdle(pub Option<Module>);

impl EndsIdle {
    /// Notes that the work has ended without a panic.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for EndsIdle {
    fn drop(&mut self) {
        let Some(module) = self.0.take() else { return };
        let phase = &module.record.phase;
        phase.set(match phase.get() {
            Phase::Importing => Phase::Failed,
            Phase::Updating => Phase::Ready,
            other => other,
        });
        let outcome = Ok(Held::undefined());
        module.cx.with(|js| module.record.idle.fire(js, &outcome));
    }
}
