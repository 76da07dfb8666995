//! Hot module reloading for Node servers.
//!
//! | folder | what it holds |
//! |---|---|
//! | `watch/` | one hub per environment: the OS's events become due file changes (no JavaScript) |
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "nothing calls the watch engine yet")
)]
mod watch;
