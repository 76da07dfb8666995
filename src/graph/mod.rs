//! Who imports whom, and what a change affects. Pure: modules are whatever the caller names them by.
pub mod modules;
