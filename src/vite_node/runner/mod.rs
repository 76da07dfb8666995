//! A runner of vite-node.
//!
//! | file | what it knows |
//! |---|---|
//! | `module_cache.rs` | the loaded modules: finding, evicting, importers; when a module counts as loaded |
//! | `evaluation.rs` | evaluations under way |

pub mod evaluation;
pub mod module_cache;
