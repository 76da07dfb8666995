//! Against the real file system, as the caller would see it.

#[cfg(target_os = "linux")]
mod alone;
mod bench;
#[cfg(target_os = "linux")]
mod cost;
mod debouncer;
mod early;
#[cfg(target_os = "linux")]
mod event_loop;
mod failing_os;
pub mod fake;
mod folders;
#[cfg(target_os = "linux")]
mod kernel_limits;
#[cfg(target_os = "linux")]
mod lifetime;
#[cfg(target_os = "linux")]
mod mounting;
#[cfg(target_os = "linux")]
mod permissions;
mod polling;
mod random;
mod saves;
pub mod temp;
#[cfg(unix)]
mod torture;
#[cfg(target_os = "linux")]
mod touched;
