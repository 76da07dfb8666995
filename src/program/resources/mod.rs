//! What makes an unmodified program stay up while its modules are evaluated again.
//!
//! | file | what it knows |
//! |---|---|
//! | `state.rs` | the state of one environment: the context of evaluations, what is patched, open transitions |
//! | `install.rs` | what is replaced in Node |
//! | `owner.rs` | one version of a module, and what it has started |
//! | `owned.rs`, `owned.js` | what has to be JavaScript: timers of hot code, running code on behalf of a version |
//! | `caller.rs` | whether hot code or a package calls |
//! | `timers.rs`, `sleeps.rs` | timers of hot code: globals and `node:timers`; `node:timers/promises` |
//! | `listeners.rs` | listeners on `process` and its streams |
//! | `started.rs` | watchers of files, workers and child processes |
//! | `descendants.rs` | processes below a child process |
//! | `ports.rs` | which server listens on behalf of which version |
//! | `handover.rs` | one listening handle moves from server to server |
//! | `giving_back.rs` | a new version closes a port again before it has come up |
//! | `closing.rs` | servers that are closed since a newer version has taken their place |
//! | `requests.rs` | which requests are under way |
//! | `transition.rs` | from old versions to new ones: its states |
//! | `coming_up.rs` | when the new versions have come up |
//! | `ending.rs` | when the old ones are released: once their requests have ended; or everything goes back |
//! | `release.rs` | what is ended of a version that goes, and what the program keeps |
//! | `left_open.rs`, `reach.rs` | what stays open although nobody holds it; what the program holds, however deep |
//! | `held.rs` | the values that the program keeps across versions |
//! | `failing.rs` | exits and uncaught errors of a version that has not come up |
//! | `starting.rs` | the program's start after a restart, which an exit may fail |
//! | `swallowing.rs` | how Node cleans up after an error that the program does not get |
//! | `bench_door.rs` | functions for specs of the resources |

mod bench_door;
mod caller;
mod closing;
mod coming_up;
mod descendants;
mod ending;
mod failing;
mod giving_back;
mod handover;
mod held;
mod install;
mod left_open;
mod listeners;
mod owned;
mod owner;
mod ports;
mod reach;
mod release;
mod requests;
mod sleeps;
mod started;
mod starting;
mod state;
mod swallowing;
mod timers;
mod transition;

pub use bench_door::FUNCTION;
pub use coming_up::START;
pub use owner::Phase;
pub use release::release;
pub use requests::{open, silent};
pub use state::Resources;
pub use transition::Transition;
pub use {
    held::held,
    listeners::{hear, leave_to_others},
    owner::{Owner, OwnerObject, Started, busy},
    started::thing,
};
