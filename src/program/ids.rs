//! A module's number in the engine is its number in the graph.

use crate::es;
use crate::graph::hot::ModuleId;

/// The number that the graph has for the engine's.
pub fn graph_id(id: es::ModuleId) -> ModuleId {
    ModuleId(u32::try_from(id).unwrap_or(u32::MAX))
}

/// The number that the engine has for the graph's.
pub const fn engine_id(id: ModuleId) -> es::ModuleId {
    id.0 as es::ModuleId
}
