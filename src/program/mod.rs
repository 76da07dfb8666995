//! Programs that run hot.
mod start;

pub use start::register;
