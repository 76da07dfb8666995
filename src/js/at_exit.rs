//! Work at the very end of the process, after Node's own: at a normal end and at `process.exit`, not at a signal.

use std::ffi::c_int;
use std::sync::Mutex;

use super::guard::guarded;

/// The functions to run at the end, without duplicates.
static WORK: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

unsafe extern "C" {
    /// `atexit` of C's standard library.
    safe fn atexit(work: extern "C" fn()) -> c_int;
}

/// Runs `work` when the process ends. JavaScript is gone by then.
pub fn at_exit(work: fn()) {
    let Ok(mut all) = WORK.lock() else { return };
    if all.is_empty() {
        atexit(end);
    }
    if !all.contains(&work) {
        all.push(work);
    }
}

extern "C" fn end() {
    let all = WORK.lock().map(|mut all| std::mem::take(&mut *all));
    for work in all.unwrap_or_default() {
        // Nobody is left to be told of a panic.
        let _ = guarded(work);
    }
}
