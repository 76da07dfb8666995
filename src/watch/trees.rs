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

/// The folders of one environment that are watched with what is below them.
pub struct Trees {
    dirty: Arc<Mutex<BTreeSet<PathBuf>>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    backend: Option<Box<dyn WatchBackend>>,
    bases: BTreeMap<PathBuf, usize>,
    /// The files of each watched folder.
    folders: BTreeMap<PathBuf, BTreeMap<PathBuf, Facts>>,
}

impl Trees {
    /// `wake` is called from any thread when there is something to take. Without a way to be told by the OS, whoever
    /// takes finds changes as well.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let dirty: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
        let noted = Arc::clone(&dirty);
        let sink: Sink = Arc::new(move |signal| {
            let Signal::Changed { path, change } = signal else {
                return;
            };
            // Where finished writes are told, what is written is half a file until then.
            if change == FileChange::Modified && cfg!(target_os = "linux") || change == FileChange::Touched {
                return;
            }
            let Some(folder) = path.parent() else { return };
            noted.lock().insert(folder.to_owned());
            wake();
        });
        let backend = NotifyBackend::connect(sink).ok();
        Self {
            dirty,
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

    /// From now on changes below the folder are noted. A folder counts as often as it is asked for.
    pub fn watch(&self, base: &Path) {
        let mut known = self.known.lock();
        let count = known.bases.entry(base.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            known.enter(base, &mut Vec::new());
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
    }

    /// All folders are to be compared.
    pub fn look(&self) {
        let folders: Vec<PathBuf> = self.known.lock().folders.keys().cloned().collect();
        self.dirty.lock().extend(folders);
    }

    /// The files that came, changed or went since this was called last.
    pub fn take(&self) -> Vec<PathBuf> {
        let dirty = std::mem::take(&mut *self.dirty.lock());
        let mut changed = Vec::new();
        let mut known = self.known.lock();
        for folder in dirty {
            known.compare(&folder, &mut changed);
        }
        changed
    }
}

impl Known {
    /// Watches a folder and those below it; their files count as known, and are added to `found`.
    fn enter(&mut self, folder: &Path, found: &mut Vec<PathBuf>) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if self.folders.contains_key(&folder) || !folder.is_dir() {
                continue;
            }
            if let Some(backend) = &mut self.backend
                && let Err(error) = backend.watch(&folder, Scope::Entries)
            {
                tracing::warn!(%error, folder = %folder.display(), "the folder cannot be watched");
            }
            let (files, folders) = list(&folder);
            found.extend(files.keys().cloned());
            self.folders.insert(folder, files);
            waiting.extend(folders);
        }
    }

    fn leave(&mut self, folder: &Path) {
        self.folders.remove(folder);
        if let Some(backend) = &mut self.backend {
            backend.unwatch(folder, Scope::Entries);
            // A folder that is gone is watched no more.
            drop(backend.flush());
        }
    }

    fn compare(&mut self, folder: &Path, changed: &mut Vec<PathBuf>) {
        let Some(before) = self.folders.get(folder).cloned() else {
            return;
        };
        let (now, folders) = list(folder);
        let gone = before.keys().filter(|path| !now.contains_key(*path));
        changed.extend(gone.cloned());
        let other = now
            .iter()
            .filter(|(path, facts)| before.get(*path) != Some(facts));
        changed.extend(other.map(|(path, _)| path.clone()));
        self.folders.insert(folder.to_owned(), now);
        for new in folders {
            if !self.folders.contains_key(&new) {
                self.enter(&new, changed);
            }
        }
        let lost: Vec<PathBuf> = {
            let below = self.folders.keys().filter(|known| known.starts_with(folder));
            below.filter(|known| !known.is_dir()).cloned().collect()
        };
        for folder in lost {
            if let Some(files) = self.folders.get(&folder) {
                changed.extend(files.keys().cloned());
            }
            self.leave(&folder);
        }
    }
}

/// The files and the folders in a folder.
fn list(folder: &Path) -> (BTreeMap<PathBuf, Facts>, Vec<PathBuf>) {
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
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::watch::tests::temp::TempDir;

    #[test]
    fn files_that_come_change_and_go_are_told_of_below_new_folders_too() {
        let temp = TempDir::new();
        let path = |name: &str| temp.path().join(name);
        fs::create_dir_all(path("views/node_modules")).unwrap();
        fs::write(path("views/a.html"), "1").unwrap();
        let (wake, woken) = mpsc::channel();
        let trees = Trees::new(move || {
            let _ = wake.send(());
        });
        trees.watch(&path("views"));
        let mut seen = BTreeSet::new();
        let mut expect = |expected: &[PathBuf]| {
            while !expected.iter().all(|path| seen.contains(path)) {
                woken.recv_timeout(Duration::from_secs(5)).unwrap();
                seen.extend(trees.take());
            }
            std::mem::take(&mut seen)
        };
        fs::write(path("views/a.html"), "22").unwrap();
        expect(&[path("views/a.html")]);
        fs::write(path("views/node_modules/x.html"), "1").unwrap();
        fs::create_dir_all(path("views/deep/er")).unwrap();
        fs::write(path("views/deep/er/b.html"), "1").unwrap();
        let told = expect(&[path("views/deep/er/b.html")]);
        assert!(!told.contains(&path("views/node_modules/x.html")));
        fs::remove_dir_all(path("views/deep")).unwrap();
        expect(&[path("views/deep/er/b.html")]);
        fs::write(path("views/c.html"), "1").unwrap();
        expect(&[path("views/c.html")]);
        fs::remove_file(path("views/c.html")).unwrap();
        expect(&[path("views/c.html")]);
    }
}
