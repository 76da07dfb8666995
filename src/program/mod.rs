//! Programs that run hot.
//!
//! | file | what it knows |
//! |---|---|
//! | `run.rs` | opening an environment for a program; the program's entry |
//! | `options.rs` | package.json's `"hmr"`, flags, the environment |
//! | `doors.rs`, `facade.rs` | code outside that reaches hot modules |
mod doors;
mod facade;
mod options;
mod run;

pub use run::register;
