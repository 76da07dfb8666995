//! The door: messages of a Vite server come in, ids leave in the runner's spelling.
//!
//! | file | what it knows |
//! |---|---|
//! | `payload.rs` | messages, by type |
//! | `full_reload.rs` | full reloads that a server asks for, and which of them are ignored |
//! | `plan.rs` | what an update asks for: boundaries that concern a loaded module, callbacks, modules to evict |
//! | `scene.rs` | the loaded modules when an update arrives; which edits of one moment it is about |
//! | `edited.rs` | which loaded modules an edit concerns |
//! | `applied.rs` | edits that the runner has applied: what several environments report is done once |
//! | `ids/` | the spellings of one module id |

pub mod applied;
pub mod edited;
mod full_reload;
pub mod ids;
pub mod payload;
pub mod plan;
mod scene;
