//! Messages for the user: an error stops one watch, a notice does not.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

/// A watch that could not be set up.
#[derive(Debug)]
pub enum WatchError {
    /// The folder that holds the file (or a link to it) cannot be read.
    Unreadable { folder: PathBuf, cause: io::Error },
    /// The hub's thread did not start.
    NoThread(io::Error),
    /// The hub has been shut down.
    ShutDown,
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { folder, cause } => {
                write!(f, "cannot watch the folder {}: {cause}", folder.display())
            }
            Self::NoThread(cause) => write!(f, "cannot start the watcher's thread: {cause}"),
            Self::ShutDown => f.write_str("the watcher has been shut down"),
        }
    }
}

impl std::error::Error for WatchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } | Self::NoThread(cause) => Some(cause),
            Self::ShutDown => None,
        }
    }
}

/// A notice for the user. A hub gives each one once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The user's limit of watches is reached, so further folders are polled.
    WatchLimit { limit: Option<u64> },
    /// The user's limit of inotify instances is reached, so folders are polled.
    InstanceLimit { limit: Option<u64> },
    /// The process's limit of open files is reached, so folders are polled.
    OpenFileLimit,
    /// This file system does not report changes by other machines, so its files are polled.
    NoEvents { mount: PathBuf, kind: String },
    /// A watched folder became unreadable, so its files are polled until it can be read again.
    Unreadable { folder: PathBuf },
}

impl Notice {
    pub fn watch_limit() -> Self {
        Self::WatchLimit {
            limit: setting("max_user_watches"),
        }
    }

    /// Whether this only explains something that works, so that it is written only when logging is on.
    pub fn is_for_the_log(&self) -> bool {
        matches!(self, Self::NoEvents { .. })
    }

    /// The notice for `EMFILE`, by which the kernel reports two limits: we try to open a file to find out which one it is.
    pub fn instance_limit() -> Self {
        match fs::read_dir("/proc/self/fd") {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Self::OpenFileLimit,
            _ => Self::InstanceLimit {
                limit: setting("max_user_instances"),
            },
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    fs::read_to_string(format!("/proc/sys/fs/inotify/{name}"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WatchLimit { limit } => limit_text(f, "watches", "max_user_watches", *limit, 524_288),
            Self::InstanceLimit { limit } => {
                limit_text(f, "inotify instances", "max_user_instances", *limit, 1024)
            }
            Self::OpenFileLimit => f.write_str(
                "The limit of open files of this process is reached, so files are polled for changes. \
                 Raise it with: ulimit -n 65536",
            ),
            Self::NoEvents { mount, kind } => write!(
                f,
                "{} is a {kind} file system, which does not report changes, so its files are polled.",
                mount.display()
            ),
            Self::Unreadable { folder } => write!(
                f,
                "The folder {} cannot be read any more; its files are polled until it can.",
                folder.display()
            ),
        }
    }
}

fn limit_text(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    setting: &str,
    limit: Option<u64>,
    least: u64,
) -> fmt::Result {
    write!(f, "The limit of {what}")?;
    if let Some(limit) = limit {
        write!(f, " ({limit})")?;
    }
    let raised = limit.map_or(least, |limit| least.max(limit.saturating_mul(2)));
    write!(
        f,
        " is reached, so further folders are polled for changes. \
         Raise fs.inotify.{setting} with: sudo sysctl fs.inotify.{setting}={raised}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_figure_setting_and_command() {
        let text = Notice::WatchLimit { limit: Some(8192) }.to_string();
        for part in ["(8192)", "fs.inotify.max_user_watches", "sudo sysctl", "=524288"] {
            assert!(text.contains(part), "{text}");
        }
        let text = Notice::InstanceLimit { limit: Some(4096) }.to_string();
        assert!(
            text.contains("sysctl fs.inotify.max_user_instances=8192"),
            "{text}"
        );
    }
}
