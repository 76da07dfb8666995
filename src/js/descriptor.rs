//! File descriptors that stay open while `exec` replaces the process's image (its running program) by a new one.

use std::io;

/// A file descriptor that we own: closed when this is dropped, and at `exec` unless [`Self::outlive_image`] was called.
#[derive(Debug)]
pub struct Descriptor(i32);

#[cfg(unix)]
impl Descriptor {
    /// A second descriptor of the same thing.
    ///
    /// # Errors
    /// When `number` names nothing that is open, or there are too many.
    pub fn second_of(number: i32) -> io::Result<Self> {
        // SAFETY: `fcntl` takes numbers, and refuses those that are not open. Numbers below 3 are the standard streams.
        let second = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
        if second < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(second))
    }

    /// Takes over one that the image before has handed on.
    ///
    /// # Errors
    /// When `number` names nothing that is open.
    pub fn inherited(number: i32) -> io::Result<Self> {
        change(number, libc::F_GETFD, libc::F_SETFD, |flags| {
            flags | libc::FD_CLOEXEC
        })?;
        Ok(Self(number))
    }

    /// From now on another image that takes the place of this one has it, too.
    ///
    /// # Errors
    /// Those of the system.
    pub fn outlive_image(&self) -> io::Result<()> {
        change(self.0, libc::F_GETFD, libc::F_SETFD, |flags| {
            flags & !libc::FD_CLOEXEC
        })
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.0
    }

    /// Whoever asks closes it.
    pub fn give_away(self) -> i32 {
        let number = self.0;
        std::mem::forget(self);
        number
    }
}

#[cfg(unix)]
impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours alone, and nobody uses it after this.
        unsafe { libc::close(self.0) };
    }
}

/// Keeps a descriptor that others own open for the next image, and makes it blocking again, as it was before Node
/// made it non-blocking.
#[cfg(unix)]
pub fn hand_on_stream(number: i32) {
    // A descriptor that is not open cannot be handed on: an error is no loss.
    let _ = change(number, libc::F_GETFD, libc::F_SETFD, |flags| {
        flags & !libc::FD_CLOEXEC
    });
    let _ = change(number, libc::F_GETFL, libc::F_SETFL, |flags| {
        flags & !libc::O_NONBLOCK
    });
}

#[cfg(unix)]
fn change(number: i32, read: i32, write: i32, flags: impl FnOnce(i32) -> i32) -> io::Result<()> {
    // SAFETY: `fcntl` takes numbers, and refuses those that are not open.
    let before = unsafe { libc::fcntl(number, read) };
    if before < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above.
    if unsafe { libc::fcntl(number, write, flags(before)) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(not(unix))]
impl Descriptor {
    /// A second descriptor of the same thing.
    ///
    /// # Errors
    /// Always: this system hands none on.
    pub fn second_of(_: i32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes over one that the image before has handed on.
    ///
    /// # Errors
    /// Always: this system hands none on.
    pub fn inherited(_: i32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// From now on another image that takes the place of this one has it, too.
    ///
    /// # Errors
    /// Always: this system hands none on.
    pub fn outlive_image(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Its number.
    pub fn number(&self) -> i32 {
        self.0
    }

    /// Whoever asks closes it.
    pub fn give_away(self) -> i32 {
        self.0
    }
}

/// Does nothing: this system hands no descriptors on.
#[cfg(not(unix))]
pub fn hand_on_stream(_: i32) {}
