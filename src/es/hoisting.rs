//! Asynchronous modules that may not have hoisted their functions yet.

use crate::js::Held;

/// The first promise of each asynchronous module. The module has hoisted its functions when the promise is settled.
#[derive(Default)]
pub(super) struct Hoisting {
    /// Number of promises that were settled and dropped.
    dropped: usize,
    promises: Vec<Held>,
}

impl Hoisting {
    /// Adds the first promise of a module.
    pub(super) fn add(&mut self, promise: Held) {
        self.promises.push(promise);
    }

    /// The promises that may not be settled, and the number of all promises so far.
    pub(super) fn open(&self) -> (Vec<Held>, usize) {
        (self.promises.clone(), self.dropped + self.promises.len())
    }

    /// Drops the first `count` of all promises so far, which are settled.
    pub(super) fn settled(&mut self, count: usize) {
        let settled = count.saturating_sub(self.dropped);
        self.promises.drain(..settled.min(self.promises.len()));
        self.dropped += settled;
    }
}
