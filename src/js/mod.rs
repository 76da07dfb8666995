//! Our words for Node-API, and the only `unsafe` of the crate.
//!
//! | file | what it gives |
//! |---|---|
//! | `realm.rs` | [`Realm`]: one load of the addon in one environment; [`Js`], the right to use values now |
//! | `load.rs` | [`open`]: how such a load begins, and how it ends |
//! | `state.rs` | [`State`]: what a part of the addon keeps per environment, by type |
//! | `value.rs` | [`Value`]: a JavaScript value while native code runs; thrown values arrive as they were |
//! | `make.rs` | making values: primitives, objects, errors |
//! | `property.rs` | reading, writing and defining properties and array items |
//! | `held.rs` | [`Held`], [`Faint`]: strong and weak references that outlive the call |
//! | `intrinsics.rs` | functions of the language as they were when the addon was loaded |
//! | `function.rs` | native functions from closures; [`Call`] |
//! | `class.rs` | classes whose instances keep their state in properties, and prototypes |
//! | `native.rs` | Rust state behind a JavaScript object |
//! | `guard.rs` | the one barrier against panics; handle scopes that close themselves |
//! | `executor.rs` | `async fn` on the JavaScript thread, at the microtask cost of `await` |
//! | `outside.rs` | [`outside`]: out of whatever asynchronous context the program is in |
//! | `timers.rs` | [`Timers`]: Node's own, as they were when the addon was loaded |
//! | `waker.rs` | the one way from another thread to the JavaScript thread |
//! | `at_exit.rs` | [`at_exit`]: after Node's own last work |
//! | `descriptor.rs` | [`Descriptor`]: of a socket that outlives this image of the process |
//!
//! Why not the typed layer of the napi crate: its calls lose thrown primitives, its classes carry native
//! state that foreign receivers cannot have, and its references are counted where we want them owned.
#![expect(
    unsafe_code,
    reason = "Node-API is a C interface; each block states why its call is sound"
)]

mod at_exit;
mod class;
mod descriptor;
mod executor;
mod function;
mod guard;
mod held;
mod intrinsics;
mod load;
mod make;
mod native;
mod outside;
mod property;
mod realm;
mod state;
mod timers;
mod value;
mod waker;

pub use at_exit::at_exit;
pub use class::{ClassSpec, MethodSpec, NativeFn, define_class};
pub use descriptor::{Descriptor, hand_on_stream};
pub use executor::{Cx, Signal, settled, settled_before, spawn, spawn_detached};
pub use function::Call;
pub use held::{Faint, Held};
pub use load::open;
pub use outside::{Outside, outside};
pub use realm::Js;
pub use state::State;
pub use timers::Timers;
pub use value::{JsResult, Kind, Thrown, Value};
pub use waker::JsWaker;
