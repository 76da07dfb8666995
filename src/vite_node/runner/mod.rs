//! A runner of vite-node: what it has loaded, and what it is evaluating.

pub mod evaluation;
pub mod module_cache;
