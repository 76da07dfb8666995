//! The parts that know no JavaScript, as a crate of their own: `cargo test --test pure` builds and tests them without the rest.
#![expect(dead_code, unused_imports, reason = "what the rest uses has no user here")]

mod graph;
mod paths;
mod watch;

/// Of the engine, what becomes of files before anything is evaluated.
mod es {
    pub mod compile;
    pub mod load;
    pub mod resolve;
}
