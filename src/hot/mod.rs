//! `import.meta.hot` and its updates. A [`Runner`] loads the modules.
//!
//! | file | what it holds |
//! |---|---|
//! | `version.rs`, `accept.rs` | a module, its `hot.data`, its versions, and what a version has registered; one call of `accept` |
//! | `context.rs`, `arguments.rs` | the object `import.meta.hot`; checks of what it is given |
//! | `calling.rs` | users' functions: awaited with a limit, none hurting another |
//! | `disposing.rs` | disposers and prune callbacks |
//! | `listeners.rs`, `event.rs` | listeners; the names of Vite's events |
//! | `accepting.rs` | accept callbacks |
//! | `updater.rs` | the updates of one environment: what waits, what is under way, what failed last |
//! | `queue.rs` | one update at a time; `hot.invalidate()` |
//! | `update.rs`, `work.rs` | one update, step by step; its data |
//! | `step.rs` | the names of the steps, for the trace |
//! | `telling.rs` | what is told of an update: events, the line of the log |
//! | `failure.rs` | the last good version goes on; a file that cannot be compiled may be half a save |
//! | `restarting.rs` | changes, and failures in packages, for which the process restarts; changes that are left to other processes |
//! | `runner.rs` | the trait |

mod accept;
mod accepting;
mod arguments;
mod calling;
mod context;
mod disposing;
pub mod event;
mod failure;
mod listeners;
mod queue;
mod restarting;
mod runner;
mod step;
mod telling;
mod update;
mod updater;
mod version;
mod work;

pub use context::{Kind, context};
pub use runner::{Evaluating, Evaluation, Prepared, Restart, Runner, Told, Want};
pub use updater::{Batch, Updater};
pub use version::{Hot, Module, Version, WatchRequest};
