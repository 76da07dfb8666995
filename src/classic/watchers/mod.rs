//! The watcher classes: `Watcher`, `FSWatcher`, `ContentWatcher`, `NoopWatcher`.
//!
//! They have no native state: the active watches belong to the environment's `files::Delivery`.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | `Watcher` and `NoopWatcher` |
//! | `fs_watcher.rs` | `FSWatcher` and `ContentWatcher` |
//! | `files.rs` | watching a file for a watcher: it emits `update`, or tells a runtime directly |

pub mod files;
pub mod fs_watcher;

use crate::js::{Call, ClassSpec, JsResult};

/// The class `Watcher`, the base of all watchers: an `EventEmitter` whose subclasses have `watch(id)`.
pub const WATCHER: ClassSpec = ClassSpec {
    name: "Watcher",
    length: 0,
    constructor: construct,
    methods: &[],
    statics: &[],
};

/// The class `NoopWatcher`, which watches nothing.
pub const NOOP_WATCHER: ClassSpec = ClassSpec {
    name: "NoopWatcher",
    length: 0,
    constructor: construct,
    methods: &[("watch", 1, |call| {
        call.js.function("unwatch", 0, |call| Ok(call.js.undefined()))
    })],
    statics: &[],
};

/// Makes `this` an `EventEmitter` with the options that the user gave.
pub fn construct<'s>(call: &Call<'s>) -> JsResult<'s> {
    call.js.builtin("events")?.call(call.this, &[call.arg(0)])?;
    Ok(call.this)
}
