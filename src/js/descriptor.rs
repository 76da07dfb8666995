//! Descriptors of this process that outlive its image.

use std::io;

/// A descriptor that is ours: closed when this is dropped, and when another image takes the place of this one.
#[derive(Debug)]
pub struct Descriptor(i32);

#[cfg(unix)]
impl Descriptor {
    /// A second descriptor of the same thing.
    ///
    /// # Errors
    /// When `number` names nothing that is open, or there are too many.
    pub fn second_of(number: i32) -> io::Result<Self> {
        // SAFETY: takes numbers, and refuses those that are not open. Below 3 are the standard streams.
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
        // SAFETY: it is ours alone, and nobody uses it after this.
        unsafe { libc::close(self.0) };
    }
}

/// Hands a descriptor that belongs to others on to the next image, which finds it waiting for input and output as it was
/// before Node changed that.
#[cfg(unix)]
pub fn hand_on_stream(number: i32) {
    // One that is not open cannot be handed on.
    let _ = change(number, libc::F_GETFD, libc::F_SETFD, |flags| {
        flags & !libc::FD_CLOEXEC
    });
    let _ = change(number, libc::F_GETFL, libc::F_SETFL, |flags| {
        flags & !libc::O_NONBLOCK
    });
}

#[cfg(unix)]
fn change(number: i32, read: i32, write: i32, flags: impl FnOnce(i32) -> i32) -> io::Result<()> {
    // SAFETY: takes numbers, and refuses those that are not open.
    let before = unsafe { libc::fcntl(number, read) };
    if before < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the same.
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

/// Hands a descriptor that belongs to others on: not on this system.
#[cfg(not(unix))]
pub fn hand_on_stream(_: i32) {}
