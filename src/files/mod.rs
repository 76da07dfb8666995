//! Delivery of file changes from the hub of `watch/` to the subscribers. Knows no runtime and no watcher class.
mod active;
mod delivery;
pub mod options;
mod subscriber;

pub use delivery::{Delivery, tell_notices};
pub use subscriber::{Asking, Origin, Subscriber};
