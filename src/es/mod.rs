//! ES modules, TypeScript and CommonJS of hot programs: read, compiled, resolved, linked and evaluated.
//!
//! `source → assemble (record, link, instantiate) → evaluate`; an update takes the same way beside the running program, as a `stage`.
//!
//! | file | what it knows |
//! |---|---|
//! | `compile/` | text in, code and facts out: TypeScript, JSX, imports |
//! | `resolve/` | where specifiers lead; formats of files |
//! | `load/` | files and everything that they import, read and compiled on all cores; the cache on the disk |
//! | `source.rs` | loaded files, as units |
//! | `record.rs`, `uses.rs` | modules and their versions; what a module uses of each import |
//! | `assemble.rs` | everything that a module statically reaches; drops imports that only metadata names, if need be; import attributes that Node refuses |
//! | `link.rs`, `stars.rs`, `check.rs` | which binding a name leads to; the names that `export *` brings; names that lead nowhere, before anything runs |
//! | `instantiate.rs` | `$`, getters, slots, values of JSON, `__esModule` for importers in TypeScript |
//! | `hoisting.rs` | asynchronous modules that may not have hoisted their functions |
//! | `chain.rs` | long chains of re-exports |
//! | `evaluate.rs` | ECMAScript's evaluation |
//! | `namespace.rs` | namespace objects; what `require` of an ES module gives |
//! | `external.rs` | packages and builtins, which Node loads |
//! | `commonjs.rs` | local CommonJS, by Node's loader |
//! | `deleted.rs` | deleted files: what Node forgets of them, and the last good version finds |
//! | `main_module.rs` | `require.main` and `process.mainModule` of an entry that is evaluated again |
//! | `run.rs` | the ways in: the entry, `import()`, `require` of an ES module; what a facade shows |
//! | `stage.rs` | new versions beside the running ones: prepared, evaluated, committed or discarded |
//! | `staged.rs` | which versions those are, and what has left `require.cache` for them |
//! | `importers.rs` | importers that stay: which names they would miss, where their bindings lead |
//! | `anew.rs` | one module evaluated anew, for a runtime |
//! | `mirror.rs` | records of ES modules in `require.cache` |
//! | `coverage.rs`, `coverage.js` | `NODE_V8_COVERAGE`, with the ranges of the source |
//! | `maps.js` | makes the functions of ES modules; gives source maps when a stack names the file or a debugger is attached |
//! | `stack.js` | stacks as plain Node prints them: places in the source, the user's `Error.prepareStackTrace` |
//! | `natives.rs`, `scope.js` | what compiled code calls: `import()`, `import.meta` and others; `$` |
//! | `glue.js` | what has to be JavaScript, also the exports of JSON (`json`) and of CommonJS |
//! | `host.rs` | the traits of the program and the runtimes around the engine |
//! | `opening.rs`, `node_options.rs` | how an engine is made; what Node's options say of resolution |
//! | `engine.rs` | the state |
//! | `error.rs` | errors as Node words them; V8's early errors, at their place in the source |

pub mod compile;
mod coverage;
pub mod load;
pub mod resolve;

mod anew;
mod assemble;
mod chain;
mod check;
mod commonjs;
mod deleted;
mod engine;
mod error;
mod evaluate;
mod external;
mod hoisting;
mod host;
mod importers;
mod instantiate;
mod link;
mod main_module;
mod mirror;
mod namespace;
mod natives;
mod node_options;
mod opening;
mod record;
mod run;
mod source;
mod stage;
mod staged;
mod stars;
mod uses;

pub use anew::{Reached, exported, has_to_wait, is_common_js};
pub use deleted::{make_node_forget, names_file};
pub use engine::{Engine, Setup};
pub use host::{Host, Plain, Runtimes, StepsEnded};
pub use namespace::is_native_namespace;
pub use node_options::{node_arguments, options_of_node};
pub use record::{Body, ModuleId, Record, Unit, Version};
pub use resolve::url::file_url;
pub use run::{evaluated, import};
pub use source::SourceError;
pub use stage::{Read, evaluate};
pub use staged::{LeftOut, Stage};
