//! A runner of vite-node: its loaded modules, and its evaluations under way.

pub mod evaluation;
pub mod module_cache;
