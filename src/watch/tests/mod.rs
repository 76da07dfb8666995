//! Against the real file system, as the caller would see it.

mod alone;
mod bench;
mod cost;
mod debouncer;
mod failing_os;
mod folders;
mod kernel_limits;
mod lifetime;
mod permissions;
mod random;
mod saves;
pub mod temp;
mod torture;
