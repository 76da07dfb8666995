//! From the OS's events to due file changes. Nothing here knows of JavaScript.
//!
//! ```text
//!   notify's threads                       ours (one per hub)             the caller's
//!   backend → file_change (Signal)                                        watch, unwatch
//!        │                                                                     │
//!        ▼                                                                     ▼
//!   state: roots (whose entry is it?) → stamp (does it differ?) → debouncer (when?)
//!        │                                    ▲            │                   │
//!        │ a link or folder changed           │            │ a wait is over    │ a new watch
//!        ├───────────────▶ repair: route → arming → backend ◀──────────────────┤
//!        │                 poll: stat ────────┘            │                   │
//!        └──────── due at once ────────────────▶ wake ◀────┘        take_due ◀─┘
//! ```
//!
//! Events are hints: what is due follows from comparing the file with the stamp its user loaded.
//! Lost, doubled or reordered events therefore cost a comparison and nothing else, and the OS need
//! not be asked before `watch` returns.
//!
//! One lock (`shared`), which notify's threads take to deliver an event. Only our thread calls
//! notify, and never with the lock.

mod arming;
mod backend;
mod debouncer;
mod file_change;
mod hub;
mod loaded;
mod mounts;
mod notice;
mod poll;
mod repair;
mod roots;
mod route;
mod shared;
mod stamp;
mod state;
#[cfg(test)]
pub mod tests;
mod thread;
mod trees;

pub use hub::Hub;
pub use loaded::LoadedFile;
pub use notice::{Notice, WatchError};
pub use stamp::{Stamp, is_just_emptied, is_just_written};
pub use trees::Trees;

use std::time::Duration;

/// Names one watch of a hub. Later watches have greater keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchKey(u64);

impl WatchKey {
    /// As JavaScript counts: exact up to 2^53.
    #[expect(clippy::cast_precision_loss, reason = "so many watches are never made")]
    pub fn number(self) -> f64 {
        self.0 as f64
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it comes from `number`"
    )]
    pub fn of_number(number: f64) -> Self {
        Self(number as u64)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polling {
    /// Where the OS does not report changes.
    #[default]
    Auto,
    /// Only where the OS refuses to watch, whatever the file system.
    Off,
    /// Always, and nothing else.
    Every(Duration),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// Only other bytes are a change.
    pub only_content: bool,
    pub polling: Polling,
    /// Wait for this quiet of the file instead of delivering its first change at once.
    pub debounce: Option<Duration>,
}

impl WatchOptions {
    /// Within the bounds that the clock's arithmetic and the processor can bear.
    fn bounded(mut self) -> Self {
        const LONGEST: Duration = Duration::from_hours(24);
        self.debounce = self.debounce.map(|quiet| quiet.min(LONGEST));
        if let Polling::Every(interval) = self.polling {
            self.polling = Polling::Every(interval.clamp(Duration::from_millis(1), LONGEST));
        }
        self
    }
}

/// A file that differs from what its user loaded last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub key: WatchKey,
    /// Empty or missing, and for long enough that nobody is in the middle of a save.
    pub settled: bool,
    pub missing: bool,
}
