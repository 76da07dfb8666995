//! Against the real file system, as the caller would see it.

mod bench;
mod debouncer;
mod failing_os;
mod folders;
mod lifetime;
mod random;
mod saves;
pub mod temp;
mod torture;
