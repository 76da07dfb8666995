//! Delivery of file changes from the hub of `watch/` to the subscribers. Knows no runtime and no watcher class.
//!
//! | file | what it knows |
//! |---|---|
//! | `delivery.rs`, `active.rs` | gives each due change to whoever asked; who asked for what |
//! | `subscriber.rs` | who may ask; how a change became known |
//! | `event_loop.rs` | makes the hub of an environment, whose event loop reads the OS's events |
//! | `options.rs` | the options of the watcher classes |

mod active;
mod delivery;
mod event_loop;
pub mod options;
mod subscriber;

pub use delivery::{Delivery, tell_notices};
pub use event_loop::hub;
pub use subscriber::{Asking, Origin, Subscriber};
