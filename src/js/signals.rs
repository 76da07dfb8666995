//! Signals at the moment when `exec` replaces the process's image by a new one.

use std::ffi::c_int;
use std::mem::zeroed;

/// A signal that the process ignores while this lives. The next image ignores it, too, until its runtime decides otherwise.
pub struct Ignored {
    signal: c_int,
    before: Option<libc::sigaction>,
}

impl Ignored {
    /// Ignores SIGUSR2 from now on.
    pub fn user_signal() -> Self {
        let signal = libc::SIGUSR2;
        // SAFETY: an action of zeros is a valid one; both pointers are to valid places.
        let before = unsafe {
            let (mut ignore, mut before): (libc::sigaction, libc::sigaction) = (zeroed(), zeroed());
            ignore.sa_sigaction = libc::SIG_IGN;
            let done = libc::sigaction(signal, &raw const ignore, &raw mut before) == 0;
            done.then_some(before)
        };
        Self { signal, before }
    }
}

impl Drop for Ignored {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // SAFETY: the action is the one that `sigaction` gave.
            unsafe { libc::sigaction(self.signal, &raw const *before, std::ptr::null_mut()) };
        }
    }
}
