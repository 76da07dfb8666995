//! Hot module reloading for Node servers.
//!
//! | folder | what it holds |
//! |---|---|
//! | `watch/` | one hub per environment: the OS's events become due file changes (no JavaScript) |
mod watch;
