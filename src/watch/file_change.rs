//! Translates the OS's events into [`Signal`]s.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RemoveKind, RenameMode};

/// What one event says about one path. It only tells us where to look: the file itself decides what has changed
/// (`stamp.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// An entry came into being under this name.
    Created,
    /// The file was closed after writing, so the write is finished. Only Linux reports this.
    Written,
    /// The file was written to, and the writer may go on.
    Modified,
    /// The times, the mode or the owner changed.
    Touched,
    /// An entry was renamed to this name.
    MovedIn,
    /// An entry was renamed from this name.
    MovedOut,
    /// The entry was deleted.
    Removed,
    /// The file system at this path was unmounted. Nothing will tell us when it is back.
    Unmounted,
}

impl FileChange {
    /// Whether the name may now stand for another file, or for none.
    pub fn is_about_name(self) -> bool {
        !matches!(self, Self::Written | Self::Modified | Self::Touched)
    }
}

/// What a backend reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something changed at a path.
    Changed { path: PathBuf, change: FileChange },
    /// A folder above watched ones was moved away from this path.
    AncestorMoved(PathBuf),
    /// Events were lost.
    Overflow,
}

/// The signals of one event of notify, in order.
pub fn signals(event: notify::Event) -> Vec<Signal> {
    if event.need_rescan() {
        return vec![Signal::Overflow];
    }
    let Some(change) = file_change(&event) else {
        return Vec::new();
    };
    let is_both_ends = event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::Both));
    let paths = event.paths.into_iter().enumerate();
    paths
        .map(|(index, path)| {
            let change = if is_both_ends && index == 0 {
                FileChange::MovedOut
            } else {
                change
            };
            Signal::Changed { path, change }
        })
        .collect()
}

fn file_change(event: &notify::Event) -> Option<FileChange> {
    match event.kind {
        EventKind::Create(_) => Some(FileChange::Created),
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(FileChange::Written),
        EventKind::Access(_) => None,
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(FileChange::Touched),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Some(FileChange::MovedOut),
        // inotify has already reported both ends one by one.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if cfg!(target_os = "linux") => None,
        EventKind::Modify(ModifyKind::Name(_)) => Some(FileChange::MovedIn),
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(FileChange::Modified),
        EventKind::Remove(RemoveKind::Other) if event.info() == Some("unmount") => {
            Some(FileChange::Unmounted)
        }
        EventKind::Remove(_) => Some(FileChange::Removed),
    }
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind};

    use super::*;

    #[test]
    fn one_row_per_event() {
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let rows = [
            (EventKind::Create(CreateKind::File), Some(FileChange::Created)),
            (
                EventKind::Access(AccessKind::Close(AccessMode::Write)),
                Some(FileChange::Written),
            ),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), None),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), None),
            (
                EventKind::Modify(ModifyKind::Data(DataChange::Any)),
                Some(FileChange::Modified),
            ),
            (
                EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
                Some(FileChange::Touched),
            ),
            (name(RenameMode::From), Some(FileChange::MovedOut)),
            (name(RenameMode::To), Some(FileChange::MovedIn)),
            (EventKind::Remove(RemoveKind::File), Some(FileChange::Removed)),
            (EventKind::Any, Some(FileChange::Modified)),
        ];
        for (kind, change) in rows {
            let expected: Vec<_> = change
                .into_iter()
                .map(|change| Signal::Changed {
                    path: "/a".into(),
                    change,
                })
                .collect();
            assert_eq!(
                signals(Event::new(kind).add_path("/a".into())),
                expected,
                "{kind:?}"
            );
        }
        let unmount = Event::new(EventKind::Remove(RemoveKind::Other)).set_info("unmount");
        assert_eq!(file_change(&unmount), Some(FileChange::Unmounted));
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(signals(overflow), [Signal::Overflow]);
    }
}
