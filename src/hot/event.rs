//! Names of Vite's events, as listeners of `hot.on` give them.

/// An update begins: its disposers have not run yet.
pub const BEFORE_UPDATE: &str = "vite:beforeUpdate";
/// The accept callbacks of an update have run.
pub const AFTER_UPDATE: &str = "vite:afterUpdate";
/// A full reload begins: its disposers have not run yet.
pub const BEFORE_FULL_RELOAD: &str = "vite:beforeFullReload";
/// Modules that nobody imports any more are about to be pruned.
pub const BEFORE_PRUNE: &str = "vite:beforePrune";
/// A module has called `invalidate()`.
pub const INVALIDATE: &str = "vite:invalidate";
/// An update has failed.
pub const ERROR: &str = "vite:error";
