//! The watch engine: turns the OS's events into due file changes. Nothing here knows JavaScript.
//!
//! ```text
//!   notify's threads, or the caller's      ours (one per hub)             the caller's
//!   backend or inotify → Signal                                           watch, unwatch
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
//! There is one lock (`shared`); who reads an event takes it to deliver the event. Only our thread asks for the OS's watches,
//! and never while it holds the lock.
//!
//! | file | what it knows |
//! |---|---|
//! | `hub.rs` | the interface |
//! | `shared.rs`, `state.rs` | the lock, and when the caller is woken; what it protects: all watches and their changes |
//! | `thread.rs` | our thread: deadlines, repairs, polls |
//! | `backend.rs`, `file_change.rs` | the OS's events; what they say, as signals |
//! | `inotify.rs` | the OS's events where the caller's event loop reads them (Linux) |
//! | `mounts.rs`, `poll.rs` | file systems without events; looking at their files from time to time |
//! | `route.rs` | which folder entries lead to a file |
//! | `roots.rs` | which watches an event concerns |
//! | `arming.rs` | which folders the OS watches |
//! | `repair.rs` | finding a file again after its folders or links have changed |
//! | `stamp.rs` | whether a file differs from what was loaded, or was only touched |
//! | `debouncer.rs` | when a change is due: finished saves, half a save, bursts |
//! | `loaded.rs` | files that were loaded before they are watched |
//! | `trees.rs` | folders with everything below them |
//! | `notice.rs` | messages for the user |

mod arming;
mod backend;
mod debouncer;
mod file_change;
mod hub;
#[cfg(target_os = "linux")]
mod inotify;
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

pub use debouncer::SETTLE_MS;
#[cfg(target_os = "linux")]
pub use hub::OnLoop;
pub use hub::{Hub, OpenOnLoop};
#[cfg(target_os = "linux")]
pub use inotify::{EventQueue, open as open_inotify};
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
