//! Our words for Node-API, and the only `unsafe` of the crate.
//!
//! | file | what it gives |
//! |---|---|
//! | `realm.rs` | [`Realm`]: one load of the addon in one environment; [`Js`], the right to use values now |
//! | `load.rs` | [`open`]: how the addon starts and ends in one environment |
//! | `state.rs` | [`State`]: what a part of the addon keeps per environment, by type |
//! | `value.rs` | [`Value`]: a JavaScript value while native code runs; thrown values arrive as they were |
//! | `make.rs` | making values: primitives, objects, errors |
//! | `property.rs` | reading, writing and defining properties and array items |
//! | `held.rs` | [`Held`], [`Faint`]: strong and weak references that outlive the call |
//! | `intrinsics.rs` | built-in functions as they were when the addon was loaded |
//! | `function.rs` | native functions from closures; [`Call`] |
//! | `class.rs` | classes whose instances keep their state in properties, and prototypes |
//! | `native.rs` | Rust state behind a JavaScript object |
//! | `guard.rs` | the one barrier against panics; handle scopes that close themselves |
//! | `executor.rs` | `async fn` on the JavaScript thread, at the microtask cost of `await` |
//! | `promise.rs` | promises that somebody waits for later |
//! | `deadline.rs` | [`within`], [`before`]: waits that end before what they wait for |
//! | `outside.rs` | [`outside`]: runs work outside of the program's asynchronous contexts |
//! | `timers.rs` | [`Timers`]: Node's timers, as they were when the addon was loaded |
//! | `waker.rs` | the one way from another thread to the JavaScript thread |
//! | `loop_reader.rs`, `uv_poll.rs` | what the event loop reads itself, without a thread that wakes it; libuv's `uv_poll_t` |
//! | `at_exit.rs` | [`at_exit`]: work at the very end of the process |
//! | `descriptor.rs` | [`Descriptor`]: a file descriptor that can stay open over `exec` |
//! | `signals.rs` | [`Ignored`]: a signal that is ignored over `exec` |
//!
//! We do not use the typed layer of the napi crate, for three reasons: its calls lose thrown primitives; its classes
//! carry native state, which a foreign receiver does not have; its references are freed by hand, where ours are freed
//! on drop.
#![expect(
    unsafe_code,
    reason = "Node-API is a C interface; each block states why its call is sound"
)]

mod at_exit;
mod class;
mod deadline;
mod descriptor;
mod executor;
mod function;
mod guard;
mod held;
mod intrinsics;
mod load;
#[cfg(target_os = "linux")]
mod loop_reader;
mod make;
mod native;
mod outside;
mod promise;
mod property;
mod realm;
#[cfg(unix)]
mod signals;
mod state;
mod timers;
#[cfg(target_os = "linux")]
mod uv_poll;
mod value;
mod waker;

pub use at_exit::at_exit;
pub use class::{ClassSpec, MethodSpec, NativeFn, add_methods, define_class};
pub use deadline::{before, settled_within, within};
pub use descriptor::{Descriptor, hand_on_stream};
pub use executor::{Cx, Signal, settled, spawn, spawn_detached};
pub use function::Call;
pub use held::{Faint, Held};
pub use load::open;
#[cfg(target_os = "linux")]
pub use loop_reader::LoopReader;
pub use outside::{Outside, outside};
pub use realm::Js;
#[cfg(unix)]
pub use signals::Ignored;
pub use state::{PlainState, State};
pub use timers::Timers;
pub use value::{JsResult, Kind, Thrown, Value};
pub use waker::JsWaker;
