//! The watch engine: turns the OS's events into due file changes. Nothing here knows JavaScript.
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
//! Events are only hints. A file is due if it differs from its stamp, which says what the file looked like when its user
//! loaded it. So a doubled or reordered event costs a comparison and nothing else, and `watch` can return before the OS
//! has been asked.
//!
//! There is one lock (`shared`); notify's threads take it to deliver an event. Only our thread calls notify, and never
//! while it holds the lock.
//!
//! | file | what it knows |
//! |---|---|
//! | `hub.rs`, `shared.rs`, `state.rs`, `thread.rs` | the interface; the lock; what is behind it; our thread |
//! | `backend.rs`, `file_change.rs`, `mounts.rs` | the OS's events, as signals; file systems without events |
//! | `route.rs`, `roots.rs`, `arming.rs`, `repair.rs` | which folder entries lead to a file; whose an event is; what the OS watches; finding it again |
//! | `stamp.rs`, `debouncer.rs` | whether a file differs, and when that is due: a touched file, half a save |
//! | `loaded.rs`, `poll.rs`, `trees.rs` | files that were loaded before; files without events; folders with all below |
//! | `notice.rs` | messages for the user |

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

/// The key of one watch of a hub. Later watches have greater keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchKey(u64);

impl WatchKey {
    /// The key as a JavaScript number: exact up to 2^53.
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

/// When files are polled, and not only watched by the OS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polling {
    /// If the OS does not report their changes.
    #[default]
    Auto,
    /// Only if the OS refuses to watch, whatever the file system is.
    Off,
    /// Always, in this interval; the OS is not asked at all.
    Every(Duration),
}

/// How one file is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// Whether only other bytes count as a change.
    pub only_content: bool,
    /// When the file is polled.
    pub polling: Polling,
    /// Delivers a change when the file has not changed for this time, and not at once.
    pub debounce: Option<Duration>,
}

impl WatchOptions {
    /// The options with their times within bounds: no overflow of the clock, no busy loop.
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
    /// The watch of the file.
    pub key: WatchKey,
    /// Whether the file is empty or missing, and has been for longer than a save takes.
    pub settled: bool,
    /// Whether the file is missing.
    pub missing: bool,
}
