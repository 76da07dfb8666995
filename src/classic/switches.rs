//! The global switches of `HMRRuntime`. The switches for the console are in `report`.

use std::cell::Cell;

use crate::js::{Js, JsResult, State};

/// The global switches of one environment.
#[derive(Default)]
pub struct Switches {
    /// `HMRRuntime.followDependencies`
    pub dependencies_followed: Cell<bool>,
    /// `HMRRuntime.disableReloading`
    pub reloading_disabled: Cell<bool>,
}

impl State for Switches {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}
