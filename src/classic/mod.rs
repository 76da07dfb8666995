//! The lifecycle of hot modules.
//!
//! One update, as a straight line: a watcher emits → [`hmr_runtime`] finds the record → [`update`] evicts and
//! requires ([`require_cache`]), asks [`hot_module`] whether it is one, follows [`lifecycle`]'s plan, gives the
//! exports object its new value and emits `update`.
pub mod command;
pub mod context;
pub mod cycle;
pub mod dependencies;
pub mod engine_require;
pub mod found;
pub mod handed_out;
pub mod hmr_runtime;
pub mod hot_module;
pub mod import;
pub mod lifecycle;
pub mod load;
pub mod persist;
pub mod record;
pub mod registry;
pub mod require_cache;
pub mod runner;
pub mod shutdown;
pub mod steps;
pub mod synthetic;
pub mod telling;
pub mod trouble;
pub mod unloadable;
pub mod update;
pub mod watching;
