//! The global switches of `HMRRuntime`. The switches for the console are in `report`.

use std::cell::Cell;

use crate::js::PlainState;

/// The global switches of one environment.
#[derive(Default)]
pub struct Switches {
    /// `HMRRuntime.followDependencies`
    pub dependencies_followed: Cell<bool>,
    /// `HMRRuntime.disableReloading`
    pub reloading_disabled: Cell<bool>,
}

impl PlainState for Switches {}
