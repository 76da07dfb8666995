//! Folders with everything below them, as globs and `hot.watch` ask for: which files came, changed or went.
//!
//! Events are hints here too: a folder that one is about is listed and compared with what was known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::backend::{NotifyBackend, Scope, Sink, WatchBackend};
use super::file_change::{FileChange, Signal};

/// Never looked into, unless the folder asked for is below one.
const LEFT_ALONE: [&str; 2] = ["node_modules", ".git"];

type Facts = (Option<SystemTime>, u64);
type Files = BTreeMap<PathBuf, Facts>;

/// The folders of one environment that are watched with what is below them.
pub struct Trees {
    noted: Arc<Mutex<Noted>>,
    known: Mutex<Known>,
}

/// What the OS has told.
#[derive(Default)]
struct Noted {
    /// Folders whose entries changed.
    dirty: BTreeSet<PathBuf>,
    /// What came, went or was moved: perhaps a folder that is watched, behind whose name is another one now.
    renamed: BTreeSet<PathBuf>,
}

#[derive(Default)]
struct Known {
    backend: Option<Box<dyn WatchBackend>>,
    bases: BTreeMap<PathBuf, usize>,
    /// The files of each watched folder.
    folders: BTreeMap<PathBuf, Files>,
    /// Folders above bases that do not exist, watched until those come.
    above: BTreeSet<PathBuf>,
}

impl Trees {
    /// `wake` is called from any thread when there is something to take. Without a way to be told by the OS, whoever
    /// takes finds changes as well.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let noted: Arc<Mutex<Noted>> = Arc::default();
        let told = Arc::clone(&noted);
        let sink: Sink = Arc::new(move |signal| {
            let Signal::Changed { path, change } = signal else {
                return;
            };
            if is_unfinished(&path, change) {
                return;
            }
            let Some(folder) = path.parent() else { return };
            let mut noted = told.lock();
            noted.dirty.insert(folder.to_owned());
            if change.is_about_name() {
                noted.renamed.insert(path);
            }
            drop(noted);
            wake();
        });
        let backend = NotifyBackend::connect(sink).ok();
        Self {
            noted,
            known: Mutex::new(Known {
                backend,
                ..Known::default()
            }),
        }
    }

    /// Whether the OS tells. Otherwise `look` has to be called from time to time.
    pub fn is_told(&self) -> bool {
        self.known.lock().backend.is_some()
    }

    /// From now on changes below the folder, which need not exist, are noted. A folder counts as often as it is asked for.
    pub fn watch(&self, base: &Path) {
        let mut known = self.known.lock();
        let count = known.bases.entry(base.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            known.enter(base, &mut Vec::new());
            // What appears below while it is looked for is new.
            known.look_for_bases(&mut Vec::new());
        }
    }

    /// Ends that.
    pub fn unwatch(&self, base: &Path) {
        let mut known = self.known.lock();
        let Some(count) = known.bases.get_mut(base) else {
            return;
        };
        *count -= 1;
        if *count > 0 {
            return;
        }
        known.bases.remove(base);
        let is_needed = |folder: &Path| known.bases.keys().any(|other| folder.starts_with(other));
        let below = known.folders.keys().filter(|folder| folder.starts_with(base));
        let gone: Vec<PathBuf> = below.filter(|folder| !is_needed(folder)).cloned().collect();
        for folder in gone {
            known.leave(&folder);
        }
        known.look_for_bases(&mut Vec::new());
    }

    /// All folders are to be compared.
    pub fn look(&self) {
        let folders: Vec<PathBuf> = self.known.lock().folders.keys().cloned().collect();
        self.noted.lock().dirty.extend(folders);
    }

    /// The files that came, changed or went since this was called last.
    pub fn take(&self) -> Vec<PathBuf> {
        let noted = std::mem::take(&mut *self.noted.lock());
        let mut changed = Vec::new();
        let mut known = self.known.lock();
        for path in noted.renamed {
            known.enter_again(&path, &mut changed);
        }
        for folder in noted.dirty {
            known.compare(&folder, &mut changed);
        }
        known.look_for_bases(&mut changed);
        changed
    }
}

/// Whether a file is being written, and will be told of when it is finished.
fn is_unfinished(path: &Path, change: FileChange) -> bool {
    match change {
        FileChange::Touched => true,
        FileChange::Modified => cfg!(target_os = "linux"),
        FileChange::Created => cfg!(target_os = "linux") && is_new_file(path),
        _ => false,
    }
}

/// Whether this is a file that was not made by a link to another one.
#[cfg(unix)]
fn is_new_file(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.nlink() == 1)
}

#[cfg(not(unix))]
fn is_new_file(_: &Path) -> bool {
    false
}

impl Known {
    /// Watches a folder and those below it; their files count as known, and are added to `found`.
    fn enter(&mut self, folder: &Path, found: &mut Vec<PathBuf>) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if self.folders.contains_key(&folder) || !folder.is_dir() {
                continue;
            }
            if !self.above.remove(&folder) {
                self.ask_for(&folder);
            }
            let (files, folders) = list(&folder);
            found.extend(files.keys().cloned());
            self.folders.insert(folder, files);
            waiting.extend(folders);
        }
    }

    fn ask_for(&mut self, folder: &Path) {
        if let Some(backend) = &mut self.backend
            && let Err(error) = backend.watch(folder, Scope::Entries)
        {
            tracing::warn!(%error, folder = %folder.display(), "the folder cannot be watched");
        }
    }

    fn leave(&mut self, folder: &Path) -> Files {
        if let Some(backend) = &mut self.backend {
            backend.unwatch(folder, Scope::Entries);
            // A folder that is gone is watched no more.
            drop(backend.flush());
        }
        self.folders.remove(folder).unwrap_or_default()
    }

    /// Bases that do not exist are waited for in the nearest folder above; those that came are entered.
    fn look_for_bases(&mut self, found: &mut Vec<PathBuf>) {
        loop {
            let mut above = BTreeSet::new();
            let missing = self.bases.keys().filter(|base| !self.folders.contains_key(*base));
            for base in missing.cloned().collect::<Vec<_>>() {
                self.enter(&base, found);
                if !base.exists() {
                    let nearest = base.ancestors().skip(1).find(|folder| folder.is_dir());
                    above.extend(nearest.map(Path::to_owned));
                }
            }
            above.retain(|folder| !self.folders.contains_key(folder));
            let (new, old): (Vec<PathBuf>, Vec<PathBuf>) = (
                above.difference(&self.above).cloned().collect(),
                self.above.difference(&above).cloned().collect(),
            );
            self.above = above;
            for folder in old {
                self.leave(&folder);
            }
            if new.is_empty() {
                return;
            }
            for folder in &new {
                self.ask_for(folder);
            }
            // One may have come before its place was watched.
        }
    }

    /// Another folder may be behind this name, or none: watches what is there now.
    fn enter_again(&mut self, folder: &Path, changed: &mut Vec<PathBuf>) {
        if !self.folders.contains_key(folder) {
            return;
        }
        let below = self.folders.keys().filter(|known| known.starts_with(folder));
        let mut before = Files::new();
        for known in below.cloned().collect::<Vec<_>>() {
            before.append(&mut self.leave(&known));
        }
        self.enter(folder, &mut Vec::new());
        let below = self.folders.iter().filter(|(known, _)| known.starts_with(folder));
        let now: Files = below.flat_map(|(_, files)| files.clone()).collect();
        differing(&before, &now, changed);
    }

    fn compare(&mut self, folder: &Path, changed: &mut Vec<PathBuf>) {
        let Some(before) = self.folders.get(folder) else {
            return;
        };
        if !folder.is_dir() {
            self.enter_again(folder, changed);
            return;
        }
        let (now, folders) = list(folder);
        differing(before, &now, changed);
        self.folders.insert(folder.to_owned(), now);
        for new in folders {
            self.enter(&new, changed);
        }
        let lost = self.folders.keys().filter(|known| known.parent() == Some(folder));
        for folder in lost.filter(|known| !known.is_dir()).cloned().collect::<Vec<_>>() {
            self.enter_again(&folder, changed);
        }
    }
}

/// The files that are not in both, or are other ones.
fn differing(before: &Files, now: &Files, changed: &mut Vec<PathBuf>) {
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    changed.extend(gone.cloned());
    let other = now
        .iter()
        .filter(|(path, facts)| before.get(*path) != Some(facts));
    changed.extend(other.map(|(path, _)| path.clone()));
}

/// The files and the folders in a folder.
fn list(folder: &Path) -> (Files, Vec<PathBuf>) {
    let (mut files, mut folders) = (BTreeMap::new(), Vec::new());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // Of a link, what it leads to; a link to a folder above would never end.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_file() {
            files.insert(path, (metadata.modified().ok(), metadata.len()));
        } else if metadata.is_dir()
            && !entry.file_type().is_ok_and(|kind| kind.is_symlink())
            && !LEFT_ALONE.iter().any(|name| entry.file_name() == *name)
        {
            folders.push(path);
        }
    }
    (files, folders)
}

#[cfg(test)]
#[path = "tests/trees.rs"]
mod tests;
