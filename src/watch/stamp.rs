//! What a file looked like when its user last loaded it, and whether it looks different now.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, Metadata};
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::debouncer::SETTLE;

/// Files larger than this are compared by their times and size alone.
const HASH_LIMIT: u64 = 16 * 1024 * 1024;
/// The coarsest step of a file system's clock (FAT: 2 s). Two writes within it may have the same time.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// A file older than this was not recent when the update or start under way read it, so its time shows later writes.
const LONG_AGO: Duration = Duration::from_mins(10);

/// Counts the looks at files.
#[cfg(test)]
pub static LOOKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// What `stat` says of a file. A folder in its place counts as no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The number of the file system.
    device: u64,
    /// The number of the file within it.
    inode: u64,
    /// The time of the last write.
    modified: SystemTime,
    /// The size in bytes.
    size: u64,
    /// The time when the inode changed (`ctime`). It also moves with `chmod`, so alone it proves no write.
    inode_changed: (i64, i64),
    /// Whether this is a regular file, and no device or pipe.
    is_regular: bool,
}

impl Facts {
    pub fn of(path: &Path) -> Option<Self> {
        #[cfg(test)]
        LOOKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Self::from_metadata(&std::fs::metadata(path).ok()?)
    }

    fn from_metadata(metadata: &Metadata) -> Option<Self> {
        if metadata.is_dir() {
            return None;
        }
        let (device, inode, inode_changed) = inode_facts(metadata);
        Some(Self {
            device,
            inode,
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            size: metadata.len(),
            inode_changed,
            is_regular: metadata.is_file(),
        })
    }

    fn is_same_version(&self, other: &Self) -> bool {
        self.device == other.device
            && self.inode == other.inode
            && self.modified == other.modified
            && self.size == other.size
    }

    /// Whether a write right now could leave these facts unchanged.
    pub fn is_recent(&self) -> bool {
        self.is_younger_than(CLOCK_STEP)
    }

    fn is_younger_than(&self, age: Duration) -> bool {
        // For a time in the future `duration_since` fails; such a time counts as young, as it proves nothing.
        SystemTime::now()
            .duration_since(self.modified)
            .is_ok_and(|passed| passed < age)
            || self.modified > SystemTime::now()
    }
}

#[cfg(unix)]
fn inode_facts(metadata: &Metadata) -> (u64, u64, (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    (
        metadata.dev(),
        metadata.ino(),
        (metadata.ctime(), metadata.ctime_nsec()),
    )
}

#[cfg(not(unix))]
fn inode_facts(_: &Metadata) -> (u64, u64, (i64, i64)) {
    (0, 0, (0, 0))
}

/// What we know of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// We did not read the file: it is too large, or so old that its time shows every later write.
    Unread,
    /// We tried to read the file and failed.
    Unreadable,
    /// The hash of the bytes.
    Hash(u64),
}

impl Content {
    fn of(path: &Path, facts: &Facts) -> Self {
        if !facts.is_regular || facts.size > HASH_LIMIT {
            return Self::Unread;
        }
        hash(path, facts.size).map_or(Self::Unreadable, Self::Hash)
    }
}

/// The hash of the first `size` bytes; of all bytes if the size is 0, as for files in /proc. A file that has grown since
/// differs by its size anyway.
fn hash(path: &Path, size: u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut buffer = [0; 16 * 1024];
    let mut left = if size == 0 { u64::MAX } else { size };
    while left > 0 {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.write(buffer.get(..length).unwrap_or_default());
                left = left.saturating_sub(length as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finish())
}

/// Whether an empty or missing file may have become so within the settle time. This reads its own time, or that of the
/// nearest folder above a missing file, and does not rely on events.
pub fn is_just_spoilt(path: &Path) -> bool {
    let nearest = path.ancestors().find_map(|place| fs::metadata(place).ok());
    nearest.is_some_and(|metadata| is_just_written(&metadata))
}

/// Whether a file is empty and was written within the settle time, so that its content probably follows.
pub fn is_just_emptied(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0 && is_just_written(&metadata))
}

/// Whether the last write was within the settle time.
pub fn is_just_written(metadata: &Metadata) -> bool {
    // A time in the future counts as long ago; else we would wait for ever.
    let age = metadata.modified().map(|modified| modified.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age < SETTLE))
}

/// How to compare two stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether only other bytes are a change; then a `touch` is none.
    pub only_content: bool,
    /// Whether the event may be a write. If so, and there is no hash to compare, another inode time is a change.
    pub may_be_write: bool,
}

/// The result of comparing a file with its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The file is as it was.
    Same,
    /// The file differs. `resting`: its last write is so long ago that no write is under way.
    Changed { resting: bool },
    /// The file differs and is empty.
    Empty,
    /// The file does not exist any more.
    Gone,
}

/// What a file looked like at some time.
///
/// Comparing stamps is how events are coalesced, however many there were: a file created and deleted is no change; a
/// file deleted and created again is a change unless bytes, time and inode are the same; after several changes only the
/// last state counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The facts; `None` if there was no file.
    facts: Option<Facts>,
    /// What was known of the bytes.
    content: Content,
}

impl Stamp {
    /// The stamp of the file as it is now, with its content (unless it is very large).
    pub fn with_content(path: &Path) -> Self {
        Self::read_if(path, |_| true)
    }

    /// The stamp of a file that the caller has read: `metadata` is that of the open file before it was read; no bytes if
    /// it could not be read.
    pub fn of_read(metadata: &Metadata, bytes: Option<&[u8]>) -> Self {
        let facts = Facts::from_metadata(metadata);
        let content = match (bytes, &facts) {
            (_, Some(facts)) if !facts.is_regular || facts.size > HASH_LIMIT => Content::Unread,
            // If the file has grown since `metadata`, only the bytes up to its former size count.
            (Some(bytes), Some(facts)) => Content::Hash(Self::hash_of(
                usize::try_from(facts.size)
                    .ok()
                    .and_then(|size| bytes.get(..size))
                    .unwrap_or(bytes),
            )),
            _ => Content::Unreadable,
        };
        Self { facts, content }
    }

    /// The hash by which contents are compared.
    pub fn hash_of(bytes: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        hasher.finish()
    }

    /// The stamp of the file as it is now, with its content only if a later write might not show in its time. So a start
    /// with thousands of old files reads none of them.
    pub fn at_first_sight(path: &Path) -> Self {
        Self::read_if(path, Facts::is_recent)
    }

    /// This stamp, without the hash if the file was old when it was read, a moment ago: its time shows every later write.
    pub fn without_old_content(mut self) -> Self {
        if self.facts.is_some_and(|facts| !facts.is_younger_than(LONG_AGO)) {
            self.content = Content::Unread;
        }
        self
    }

    /// This stamp with the hash of the content, unless the file has changed since.
    pub fn with_content_of_same(self, path: &Path) -> Self {
        if self.content != Content::Unread {
            return self;
        }
        let now = Self::with_content(path);
        // The facts are read once more, as the file may have been written between `stat` and reading.
        let same = now.facts == self.facts && Facts::of(path) == self.facts;
        if same { now } else { self }
    }

    /// Whether the file at the path differs from this stamp now.
    pub fn is_outdated(&self, path: &Path) -> bool {
        let by = Comparison {
            only_content: false,
            may_be_write: true,
        };
        self.look(path, by) != Sight::Same
    }

    /// Whether the file at the path is another version now, by its facts alone, without reading it.
    pub fn has_other_facts(&self, path: &Path) -> bool {
        match (Facts::of(path), self.facts) {
            (Some(now), Some(known)) => !known.is_same_version(&now),
            (None, None) => false,
            _ => true,
        }
    }

    /// Whether the bytes differ, or may differ.
    pub fn differs_from(&self, before: &Self) -> bool {
        let by = Comparison {
            only_content: true,
            may_be_write: true,
        };
        self.compared_with(before, by) != Sight::Same
    }

    /// Compares the file as it is now with this stamp. Reads the file only if its facts do not decide.
    pub fn look(&self, path: &Path, by: Comparison) -> Sight {
        self.fresh(path, by).compared_with(self, by)
    }

    /// The stamp of the file as it is now, for a comparison with this one. Reads the file only if its facts do not decide.
    pub fn fresh(&self, path: &Path, by: Comparison) -> Self {
        Self::read_if(path, |facts| {
            let same = self.facts.is_some_and(|known| known.is_same_version(facts));
            by.only_content || (same && self.content != Content::Unread)
        })
    }

    /// Takes over the inode time of a newer stamp: only the mode, owner or number of links changed.
    pub fn take_inode_time(&mut self, now: &Self) {
        if let (Some(known), Some(now)) = (&mut self.facts, now.facts) {
            known.inode_changed = now.inode_changed;
        }
    }

    fn read_if(path: &Path, wanted: impl FnOnce(&Facts) -> bool) -> Self {
        let facts = Facts::of(path);
        let content = match &facts {
            Some(facts) if wanted(facts) => Content::of(path, facts),
            _ => Content::Unread,
        };
        Self { facts, content }
    }

    /// Compares this stamp, which is newer, with that of the file that its user loaded.
    pub fn compared_with(&self, loaded: &Self, by: Comparison) -> Sight {
        let Some(facts) = self.facts else {
            return if loaded.facts.is_none() {
                Sight::Same
            } else {
                Sight::Gone
            };
        };
        let same_version = loaded.facts.filter(|known| known.is_same_version(&facts));
        let same_content = match (loaded.content, self.content) {
            (Content::Hash(known), Content::Hash(now)) => known == now,
            (Content::Unreadable, Content::Unreadable) => true,
            // The bytes are the same if the facts are: only the permission to read went away.
            (Content::Hash(_), Content::Unreadable) => same_version.is_some(),
            (Content::Unread, _) | (_, Content::Unread) => same_version
                .is_some_and(|known| !by.may_be_write || known.inode_changed == facts.inode_changed),
            _ => false,
        };
        if same_content && (by.only_content || same_version.is_some()) {
            Sight::Same
        } else if facts.size == 0 && facts.is_regular {
            Sight::Empty
        } else {
            Sight::Changed {
                resting: !facts.is_younger_than(SETTLE),
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/stamp.rs"]
mod tests;
