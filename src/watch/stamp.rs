//! What a file looked like when its user last loaded it, and whether it looks different now.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, Metadata};
use std::hash::Hasher;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::debouncer::SETTLE;

/// Larger files are compared by their times and size alone.
const HASH_LIMIT: u64 = 16 * 1024 * 1024;
/// A later write may leave the time as it is only within this of the last one (FAT counts in 2 s).
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// Older files were old, too, when they were read for the update or the start that is under way.
const LONG_AGO: Duration = Duration::from_mins(10);

/// How often files were looked at.
#[cfg(test)]
pub static LOOKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// What `stat` says. A folder in place of the file counts as no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    device: u64,
    inode: u64,
    modified: SystemTime,
    size: u64,
    /// The inode's own time. It also moves with `chmod`, so it only raises doubts.
    inode_changed: (i64, i64),
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

    /// A write right now could leave these facts as they are.
    pub fn is_recent(&self) -> bool {
        self.is_younger_than(CLOCK_STEP)
    }

    fn is_younger_than(&self, age: Duration) -> bool {
        // A time in the future is an error here, and proves nothing either.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// Not read: too large, or so old that its time tells any later write.
    Unread,
    Unreadable,
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

/// Reads no further than the size that goes with it, if there is one (that of a file in /proc is none): a file that has
/// grown since differs by that.
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

/// Whether an empty or missing file may have become so within the settle time, whatever was told of
/// it: by its own time, or by that of the folder that it is missing from.
pub fn is_just_spoilt(path: &Path) -> bool {
    let nearest = path.ancestors().find_map(|place| fs::metadata(place).ok());
    nearest.is_some_and(|metadata| is_just_written(&metadata))
}

/// Whether a file is empty, and was written within the settle time: the rest is probably on its way.
pub fn is_just_emptied(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0 && is_just_written(&metadata))
}

/// Whether the last write was within the settle time.
pub fn is_just_written(metadata: &Metadata) -> bool {
    // A time in the future is no time to wait for.
    let age = metadata.modified().map(|modified| modified.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age < SETTLE))
}

/// How to compare two stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Only other bytes are a change: a `touch` is not.
    pub only_content: bool,
    /// The event may be a write: without a hash, a moved inode time counts. A `chmod` is none.
    pub may_be_write: bool,
}

/// A file as compared with its last stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Same,
    /// `resting`: its last write is so long ago that nobody is in the middle of it.
    Changed {
        resting: bool,
    },
    Empty,
    Gone,
}

/// Comparing stamps is how events coalesce: whatever happened between the two, in how many events,
/// created and deleted is nothing, deleted and created with the same bytes, time and inode is
/// nothing, deleted and created otherwise is a change, and of several changes the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    facts: Option<Facts>,
    content: Content,
}

impl Stamp {
    /// Reads the file as well (except a very large one).
    pub fn with_content(path: &Path) -> Self {
        Self::read_if(path, |_| true)
    }

    /// A file that was read: `metadata` is what the open file had before that. Without bytes it could not be read.
    pub fn of_read(metadata: &Metadata, bytes: Option<&[u8]>) -> Self {
        let facts = Facts::from_metadata(metadata);
        let content = match (bytes, &facts) {
            (_, Some(facts)) if !facts.is_regular || facts.size > HASH_LIMIT => Content::Unread,
            // It has grown since, and is compared as far as it reached.
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

    /// Reads the file only if a later write might not show in its time: a start over thousands of
    /// old files reads none.
    pub fn at_first_sight(path: &Path) -> Self {
        Self::read_if(path, Facts::is_recent)
    }

    /// Without the hash of a file that was old when it was read, a moment ago: its time tells any later write.
    pub fn without_old_content(mut self) -> Self {
        if self.facts.is_some_and(|facts| !facts.is_younger_than(LONG_AGO)) {
            self.content = Content::Unread;
        }
        self
    }

    /// With the hash of the content, unless the file is another by now.
    pub fn with_content_of_same(self, path: &Path) -> Self {
        if self.content != Content::Unread {
            return self;
        }
        let now = Self::with_content(path);
        // Looked at once more: it may have been written to before it was read.
        let same = now.facts == self.facts && Facts::of(path) == self.facts;
        if same { now } else { self }
    }

    /// Whether the file at the path is no longer what was seen.
    pub fn is_outdated(&self, path: &Path) -> bool {
        let by = Comparison {
            only_content: false,
            may_be_write: true,
        };
        self.look(path, by) != Sight::Same
    }

    /// Whether the bytes are others, or may be.
    pub fn differs_from(&self, before: &Self) -> bool {
        let by = Comparison {
            only_content: true,
            may_be_write: true,
        };
        self.compared_with(before, by) != Sight::Same
    }

    /// Looks at the file, which it reads only where its facts do not decide.
    pub fn look(&self, path: &Path, by: Comparison) -> Sight {
        self.fresh(path, by).compared_with(self, by)
    }

    /// The file as it is now, read only where its facts do not decide.
    pub fn fresh(&self, path: &Path, by: Comparison) -> Self {
        Self::read_if(path, |facts| {
            let same = self.facts.is_some_and(|known| known.is_same_version(facts));
            by.only_content || (same && self.content != Content::Unread)
        })
    }

    /// The inode's time moved with its mode, owner or links alone.
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

    /// This, newer, stamp as compared with the one that the user loaded.
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
            // Only the permission went away.
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
