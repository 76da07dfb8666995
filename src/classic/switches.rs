//! The global switches of `HMRRuntime`; those of the console are `report`'s.

use std::cell::Cell;

use crate::js::{Js, JsResult, State};

/// What all runtimes do or leave.
#[derive(Default)]
pub struct Switches {
    /// `followDependencies`
    pub dependencies_followed: Cell<bool>,
    /// `disableReloading`
    pub reloading_disabled: Cell<bool>,
}

impl State for Switches {
    fn make(_: Js<'_>) -> JsResult<'_, Self> {
        Ok(Self::default())
    }
}
