//! Compiled code on the disk: a second start compiles nothing.
//!
//! One pack per entry of a program. It is written once, by a thread of its own, when the start is over, and replaced as a
//! whole: several processes at a time do no harm, the last one stays. Old packs are removed when all take too much room.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | which entry fits a file; when a pack is written, which packs go |
//! | `folder.rs` | where packs are |
//! | `pack.rs` | the file |
//! | `encode.rs` | compiled code as bytes |

mod encode;
mod folder;
mod pack;

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, RwLock};
use rustc_hash::{FxHashMap, FxHashSet};

pub use folder::cache_folder;

use super::read::Unit;
use crate::es::compile::Compiled;
use pack::{Key, Pack};

/// Most bytes that all packs of a folder may take together.
const ROOM: u64 = 64 * 1024 * 1024;
/// Number of packs in a row that carry an unused entry along; the next pack leaves it out.
const OLDEST: u32 = 8;
/// Time until a pack is written: most programs have started by then.
const DELAY: Duration = Duration::from_millis(150);
/// Number of new entries that is worth writing another pack. The few of an update are not.
const WORTH: usize = 100;

/// The cache of one program.
pub struct Cache {
    path: PathBuf,
    room: u64,
    pack: RwLock<Option<Pack>>,
    used: Mutex<FxHashSet<Key>>,
    /// Compiled code that is in no pack yet, by URL.
    fresh: Mutex<FxHashMap<String, (Key, Arc<Compiled>)>>,
    was_saved: AtomicBool,
    is_saving: AtomicBool,
}

impl Cache {
    /// The cache for the program that starts with this file.
    pub fn open(folder: &Path, entry: &Path) -> Self {
        let cache = Self::with_room(folder, entry, ROOM);
        cache.touch();
        cache
    }

    fn with_room(folder: &Path, entry: &Path, room: u64) -> Self {
        let path = folder.join(format!("{:016x}.pack", hash_of(&entry)));
        Self {
            pack: RwLock::new(Pack::open(&path, version())),
            path,
            room,
            used: Mutex::default(),
            fresh: Mutex::default(),
            was_saved: AtomicBool::new(false),
            is_saving: AtomicBool::new(false),
        }
    }

    /// The code that a text was compiled to before.
    pub fn get(&self, unit: &Unit<'_>) -> Option<Arc<Compiled>> {
        let pack = self.pack.read();
        let pack = pack.as_ref()?;
        let key = key_of(unit);
        let compiled = encode::decode(&pack.read(&key)?)?;
        self.used.lock().insert(key);
        Some(Arc::new(compiled))
    }

    /// Keeps compiled code for the next pack.
    pub fn add(&self, unit: &Unit<'_>, compiled: &Arc<Compiled>) {
        let entry = (key_of(unit), Arc::clone(compiled));
        self.fresh.lock().insert(unit.source.url.to_owned(), entry);
    }

    /// Writes the pack anew later, on a thread of its own, if enough is new.
    pub fn save_soon(cache: &Arc<Self>) {
        let count = cache.fresh.lock().len();
        let least = if cache.was_saved.load(Ordering::Relaxed) {
            WORTH
        } else {
            1
        };
        if count < least || cache.is_saving.swap(true, Ordering::AcqRel) {
            return;
        }
        let own = Arc::clone(cache);
        let started = thread::Builder::new()
            .name("node-hmr cache".to_owned())
            .spawn(move || {
                thread::sleep(DELAY);
                own.save();
                own.is_saving.store(false, Ordering::Release);
            });
        if started.is_err() {
            cache.is_saving.store(false, Ordering::Release);
        }
    }

    /// Writes the pack anew.
    pub fn save(&self) {
        let fresh = std::mem::take(&mut *self.fresh.lock());
        self.was_saved.store(true, Ordering::Relaxed);
        if fresh.is_empty() {
            return;
        }
        let used = self.used.lock().clone();
        let mut entries: Vec<(Key, u32, Vec<u8>)> = fresh
            .into_values()
            .map(|(key, compiled)| (key, 0, encode::encode(&compiled)))
            .collect();
        let new: FxHashSet<Key> = entries.iter().map(|(key, ..)| *key).collect();
        if let Some(pack) = &*self.pack.read() {
            let old = pack.rows().iter().filter(|(key, _)| !new.contains(*key));
            entries.extend(old.filter_map(|(key, row)| {
                let age = if used.contains(key) { 0 } else { row.age + 1 };
                (age < OLDEST)
                    .then(|| Some((*key, age, pack.read(key)?)))
                    .flatten()
            }));
        }
        keep_within(&mut entries, self.room);
        // On Windows an open file cannot be replaced.
        *self.pack.write() = None;
        // A pack that cannot be written does no harm.
        let _ = pack::write(&self.path, version(), &entries);
        *self.pack.write() = Pack::open(&self.path, version());
        self.prune();
    }

    /// Removes the packs that were not used for the longest time, and files that were left half written.
    fn prune(&self) {
        let Some(entries) = self.path.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
            return;
        };
        let mut packs: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("pack") => packs.push((modified, metadata.len(), path)),
                Some("tmp") if modified.elapsed().is_ok_and(|age| age > Duration::from_hours(1)) => {
                    let _ = fs::remove_file(path);
                }
                _ => {}
            }
        }
        packs.sort_by_key(|pack| std::cmp::Reverse(pack.0));
        let mut room = self.room;
        for (_, size, path) in packs {
            match room.checked_sub(size) {
                Some(left) => room = left,
                None if path == self.path => {}
                None => {
                    room = 0;
                    let _ = fs::remove_file(path);
                }
            }
        }
    }

    /// Marks the pack as used, so that it is not among the first to be removed.
    fn touch(&self) {
        const DAY: Duration = Duration::from_hours(24);
        let is_old = fs::metadata(&self.path)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > DAY));
        if is_old && let Ok(file) = File::options().append(true).open(&self.path) {
            let _ = file.set_modified(SystemTime::now());
        }
    }
}

/// Leaves out the least used entries beyond the room.
fn keep_within(entries: &mut Vec<(Key, u32, Vec<u8>)>, room: u64) {
    entries.sort_by_key(|(key, age, _)| (*age, *key));
    let mut left = room;
    entries.retain(
        |(.., content)| match left.checked_sub(content.len() as u64 + 64) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        },
    );
}

/// A hash of everything that the compiled code depends on, except the compiler itself.
fn key_of(unit: &Unit<'_>) -> Key {
    let source = &unit.source;
    let facts = (
        (source.url, source.text.len(), unit.hash),
        (source.language, source.format, source.options),
        (source.hot, source.node),
    );
    let mut key = [0; 16];
    let (first, second) = key.split_at_mut(8);
    first.copy_from_slice(&hash_of(&facts).to_le_bytes());
    second.copy_from_slice(&hash_of(&("second", facts)).to_le_bytes());
    key
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A hash of the package's and the compiler's version. Packs with another one are not read.
fn version() -> u64 {
    hash_of(&(env!("CARGO_PKG_VERSION"), env!("HMR_COMPILER")))
}

#[cfg(test)]
mod tests;
