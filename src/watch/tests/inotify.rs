use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::watch::tests::temp::TempDir;

/// An instance whose events are read when the test says so.
struct Bench {
    queue: EventQueue,
    backend: Box<dyn WatchBackend>,
    told: Arc<Mutex<Vec<Signal>>>,
    temp: TempDir,
}

impl Bench {
    fn new() -> Self {
        let told: Arc<Mutex<Vec<Signal>>> = Arc::default();
        let listens = Arc::clone(&told);
        let (queue, backend) = open(Arc::new(move |signals| listens.lock().extend(signals))).unwrap();
        let temp = TempDir::new();
        Self {
            queue,
            backend,
            told,
            temp,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn mkdir(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn watch(&mut self, name: &str, scope: Scope) {
        let path = self.path(name);
        self.backend.watch(&path, scope).unwrap();
    }

    fn unwatch(&mut self, name: &str, scope: Scope) {
        let path = self.path(name);
        self.backend.unwatch(&path, scope);
    }

    /// What was told since the last time, with what there is to read.
    fn told(&mut self) -> Vec<Signal> {
        self.queue.read();
        mem::take(&mut self.told.lock())
    }

    fn changed(&self, name: &str, change: FileChange) -> Signal {
        let path = self.path(name);
        Signal::Changed { path, change }
    }
}

/// What is done, and what is told of it.
type Row<'a> = (&'a dyn Fn(&Bench), &'a [(&'a str, FileChange)]);

#[test]
fn one_row_per_event() {
    let mut bench = Bench::new();
    bench.mkdir("folder/below");
    bench.mkdir("elsewhere");
    bench.watch("folder", Scope::Entries);
    assert_eq!(bench.told(), []);
    let rows: [Row<'_>; 7] = [
        (
            &|bench| fs::write(bench.path("folder/file"), "text").unwrap(),
            &[
                ("folder/file", FileChange::Created),
                ("folder/file", FileChange::Modified),
                ("folder/file", FileChange::Written),
            ],
        ),
        (
            &|bench| {
                fs::set_permissions(bench.path("folder/file"), fs::Permissions::from_mode(0o600)).unwrap();
            },
            &[("folder/file", FileChange::Touched)],
        ),
        (
            &|bench| bench.rename("folder/file", "elsewhere/file"),
            &[("folder/file", FileChange::MovedOut)],
        ),
        (
            &|bench| bench.rename("elsewhere/file", "folder/again"),
            &[("folder/again", FileChange::MovedIn)],
        ),
        (
            &|bench| fs::remove_file(bench.path("folder/again")).unwrap(),
            &[("folder/again", FileChange::Removed)],
        ),
        (
            &|bench| fs::remove_dir(bench.path("folder/below")).unwrap(),
            &[("folder/below", FileChange::Removed)],
        ),
        (
            &|bench| fs::remove_dir(bench.path("folder")).unwrap(),
            &[("folder", FileChange::Removed)],
        ),
    ];
    for (act, expected) in rows {
        act(&bench);
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, change)| bench.changed(name, *change))
            .collect();
        assert_eq!(bench.told(), expected);
    }
    // The kernel has ended the watch with the folder.
    bench.mkdir("folder");
    bench.watch("folder", Scope::Entries);
    bench.mkdir("folder/new");
    assert_eq!(bench.told(), [bench.changed("folder/new", FileChange::Created)]);
}

#[test]
fn a_folder_above_tells_of_its_own_moves_alone() {
    let mut bench = Bench::new();
    bench.mkdir("above/folder");
    bench.watch("above", Scope::Itself);
    bench.mkdir("above/other");
    assert_eq!(bench.told(), []);
    bench.rename("above", "away");
    assert_eq!(bench.told(), [Signal::AncestorMoved(bench.path("above"))]);
}

#[test]
fn the_end_of_one_scope_leaves_the_other() {
    for (ended, left) in [(Scope::Entries, Scope::Itself), (Scope::Itself, Scope::Entries)] {
        let mut bench = Bench::new();
        bench.mkdir("folder");
        bench.watch("folder", Scope::Entries);
        bench.watch("folder", Scope::Itself);
        bench.unwatch("folder", ended);
        bench.rename("folder", "away");
        let expected = match left {
            Scope::Entries => bench.changed("folder", FileChange::MovedOut),
            Scope::Itself => Signal::AncestorMoved(bench.path("folder")),
        };
        assert_eq!(bench.told(), [expected]);
    }
}

#[test]
fn a_folder_that_took_the_place_of_a_watched_one_is_told_of_although_no_event_was_read() {
    for (first, second) in [(Scope::Entries, Scope::Itself), (Scope::Itself, Scope::Entries)] {
        let mut bench = Bench::new();
        bench.mkdir("folder");
        bench.mkdir("other");
        bench.watch("folder", first);
        bench.rename("folder", "away");
        bench.rename("other", "folder");
        bench.watch("folder", second);
        let expected = match first {
            Scope::Entries => bench.changed("folder", FileChange::MovedOut),
            Scope::Itself => Signal::AncestorMoved(bench.path("folder")),
        };
        assert_eq!(bench.told(), [expected]);
    }
}

#[test]
fn a_missing_folder_above_is_told_of_by_the_next_flush() {
    let mut bench = Bench::new();
    bench.watch("missing", Scope::Itself);
    assert!(matches!(bench.backend.flush(), Err(BackendError::Missing)));
    assert!(bench.backend.flush().is_ok());
    let missing = bench.path("missing");
    let entries = bench.backend.watch(&missing, Scope::Entries);
    assert!(matches!(entries, Err(BackendError::Missing)), "{entries:?}");
}
