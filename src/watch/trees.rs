//! Watches folders with everything below them, for globs and `hot.watch`: which files came, changed or went.
//!
//! Events are only hints here, too: after one, the folder is listed and compared with the files known before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::backend::{BackendError, Connect, NotifyBackend, Scope, Sink, WatchBackend};
use super::file_change::{FileChange, Signal};

/// Folders of these names are not entered, unless the user asks for a folder below one.
const LEFT_ALONE: [&str; 2] = ["node_modules", ".git"];

/// The time of the last write and the size of a file.
type Facts = (Option<SystemTime>, u64);
/// The files of a folder.
type Files = BTreeMap<PathBuf, Facts>;

/// The watched folder trees of one environment. A *base* is the top folder of a tree.
pub struct Trees {
    /// What the OS has reported and nobody has taken.
    noted: Arc<Mutex<Noted>>,
    /// The trees as we know them.
    known: Mutex<Known>,
}

/// What the OS has reported.
#[derive(Default)]
struct Noted {
    /// Folders whose entries changed.
    dirty: BTreeSet<PathBuf>,
    /// Names that came, went or were moved. One may be that of a watched folder, and stand for another folder now.
    renamed: BTreeSet<PathBuf>,
    /// Whether events were lost, so that any folder may have changed or have been replaced.
    is_incomplete: bool,
}

/// The trees as we know them.
#[derive(Default)]
struct Known {
    /// The OS's watches; `None` if the OS gives us none.
    backend: Option<Box<dyn WatchBackend>>,
    /// The bases, each with the number of its `watch` calls.
    bases: BTreeMap<PathBuf, usize>,
    /// The watched folders, each with its files.
    folders: BTreeMap<PathBuf, Files>,
    /// The nearest existing folders above missing bases, watched until the bases come.
    above: BTreeSet<PathBuf>,
}

impl Trees {
    /// Makes watches that call `wake`, from any thread, when there is something to take. If the OS gives us no watches,
    /// `wake` is never called, but `take` after [`Trees::look`] finds the changes as well.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with_backend(&NotifyBackend::connect, wake)
    }

    fn with_backend(connect: &Connect, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let noted: Arc<Mutex<Noted>> = Arc::default();
        let told = Arc::clone(&noted);
        let sink: Sink = Arc::new(move |signals| {
            let mut has_news = false;
            for signal in signals {
                has_news |= note(&told, signal);
            }
            if has_news {
                wake();
            }
        });
        let backend = connect(sink).ok();
        Self {
            noted,
            known: Mutex::new(Known {
                backend,
                ..Known::default()
            }),
        }
    }

    /// Whether the OS reports changes. Otherwise `look` has to be called from time to time.
    pub fn is_told(&self) -> bool {
        self.known.lock().backend.is_some()
    }

    /// Watches a folder, which need not exist, with everything below it. It takes as many `unwatch` calls to end.
    pub fn watch(&self, base: &Path) {
        let mut known = self.known.lock();
        let count = known.bases.entry(base.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            known.enter(base, &mut Vec::new());
            // A base that appears during this search is entered as if it had been there.
            known.look_for_bases(&mut Vec::new());
        }
    }

    /// Takes back one call of `watch`; the last one ends the watch.
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

    /// Marks all folders for comparison.
    pub fn look(&self) {
        let folders: Vec<PathBuf> = self.known.lock().folders.keys().cloned().collect();
        self.noted.lock().dirty.extend(folders);
    }

    /// The files that came, changed or went since the last call.
    pub fn take(&self) -> Vec<PathBuf> {
        let noted = std::mem::take(&mut *self.noted.lock());
        let mut changed = Vec::new();
        let mut known = self.known.lock();
        if noted.is_incomplete {
            let folders: Vec<PathBuf> = known.bases.keys().chain(&known.above).cloned().collect();
            for folder in folders {
                known.enter_again(&folder, &mut changed);
            }
        }
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

/// Notes what has to be taken because of a signal. Returns whether there is anything.
fn note(noted: &Mutex<Noted>, signal: Signal) -> bool {
    match signal {
        Signal::Changed { path, change } if !is_unfinished(&path, change) => {
            let Some(folder) = path.parent() else { return false };
            let mut noted = noted.lock();
            noted.dirty.insert(folder.to_owned());
            if change.is_about_name() {
                noted.renamed.insert(path);
            }
            true
        }
        Signal::Overflow => {
            noted.lock().is_incomplete = true;
            true
        }
        Signal::Changed { .. } | Signal::AncestorMoved(_) => false,
    }
}

/// Whether the event needs no comparison now: a file is being written, and the OS will report the end of the write.
fn is_unfinished(path: &Path, change: FileChange) -> bool {
    match change {
        FileChange::Touched => true,
        FileChange::Modified => cfg!(target_os = "linux"),
        FileChange::Created => cfg!(target_os = "linux") && is_new_file(path),
        _ => false,
    }
}

/// Whether this is a file with a single name, and so not made by a link to another file.
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
    /// Watches a folder and the folders below it. Adds their files to `found`.
    fn enter(&mut self, folder: &Path, found: &mut Vec<PathBuf>) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if self.folders.contains_key(&folder) || !folder.is_dir() {
                continue;
            }
            if !self.above.remove(&folder) && !self.ask_for(&folder) {
                continue;
            }
            let (files, folders) = list(&folder);
            found.extend(files.keys().cloned());
            self.folders.insert(folder, files);
            waiting.extend(folders);
        }
    }

    /// Has the OS watch a folder. False if the folder is gone by now: then it counts as one that never was, and the folder
    /// above it tells when it comes back.
    fn ask_for(&mut self, folder: &Path) -> bool {
        let Some(backend) = &mut self.backend else {
            return true;
        };
        let mut watched = backend.watch(folder, Scope::Entries);
        if matches!(watched, Err(BackendError::Missing)) {
            if !folder.is_dir() {
                return false;
            }
            // It is back by now.
            watched = backend.watch(folder, Scope::Entries);
        }
        if let Err(error) = watched {
            tracing::warn!(%error, folder = %folder.display(), "the folder cannot be watched");
        }
        true
    }

    fn leave(&mut self, folder: &Path) -> Files {
        if let Some(backend) = &mut self.backend {
            backend.unwatch(folder, Scope::Entries);
            // An error is no loss: the watch of a folder that is gone has ended anyway.
            drop(backend.flush());
        }
        self.folders.remove(folder).unwrap_or_default()
    }

    /// Enters the bases that came into being, and watches the nearest folders above those that are still missing.
    fn look_for_bases(&mut self, found: &mut Vec<PathBuf>) {
        loop {
            let mut above = BTreeSet::new();
            let missing = self.bases.keys().filter(|base| !self.folders.contains_key(*base));
            for base in missing.cloned().collect::<Vec<_>>() {
                self.enter(&base, found);
                // Not whether it is there: it may have come since.
                if !self.folders.contains_key(&base) {
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
                if !self.ask_for(folder) {
                    self.above.remove(folder);
                }
            }
            // A base may have come before the folder above it was watched, so search once more.
        }
    }

    /// Leaves a watched folder and watches what is at its path now: perhaps another folder, or none.
    fn enter_again(&mut self, folder: &Path, changed: &mut Vec<PathBuf>) {
        // The folder above a missing base is watched anew by the search for bases.
        if self.above.remove(folder) {
            self.leave(folder);
        }
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

/// Adds the files that are in only one of the two, or have other facts.
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
        // This follows links to files. Links to folders are not entered: a link to a folder above would never end.
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
