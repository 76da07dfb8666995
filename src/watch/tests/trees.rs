//! Folders that come, change, go and are replaced, on the real file system.

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::watch::tests::fake::Fake;
use crate::watch::tests::temp::TempDir;

struct Seen {
    trees: Trees,
    woken: mpsc::Receiver<()>,
}

impl Seen {
    fn new() -> Self {
        let (wake, woken) = mpsc::channel();
        let trees = Trees::new(move || {
            let _ = wake.send(());
        });
        Self { trees, woken }
    }

    /// Waits until these were told of; what else was.
    fn expect(&self, expected: &[PathBuf]) -> BTreeSet<PathBuf> {
        let mut seen = BTreeSet::new();
        while !expected.iter().all(|path| seen.contains(path)) {
            self.woken.recv_timeout(Duration::from_secs(5)).unwrap();
            seen.extend(self.trees.take());
        }
        seen
    }
}

#[test]
fn files_that_come_change_and_go_are_told_of_below_new_folders_too() {
    let temp = TempDir::new();
    let path = |name: &str| temp.path().join(name);
    fs::create_dir_all(path("views/node_modules")).unwrap();
    fs::write(path("views/a.html"), "1").unwrap();
    let seen = Seen::new();
    seen.trees.watch(&path("views"));
    fs::write(path("views/a.html"), "22").unwrap();
    seen.expect(&[path("views/a.html")]);
    fs::write(path("views/node_modules/x.html"), "1").unwrap();
    fs::create_dir_all(path("views/deep/er")).unwrap();
    fs::write(path("views/deep/er/b.html"), "1").unwrap();
    let told = seen.expect(&[path("views/deep/er/b.html")]);
    assert!(!told.contains(&path("views/node_modules/x.html")));
    fs::remove_dir_all(path("views/deep")).unwrap();
    seen.expect(&[path("views/deep/er/b.html")]);
    fs::write(path("views/c.html"), "1").unwrap();
    seen.expect(&[path("views/c.html")]);
    fs::remove_file(path("views/c.html")).unwrap();
    seen.expect(&[path("views/c.html")]);
}

#[test]
fn a_folder_that_is_not_there_is_waited_for_and_one_that_goes_as_well() {
    let temp = TempDir::new();
    let path = |name: &str| temp.path().join(name);
    let seen = Seen::new();
    seen.trees.watch(&path("a/b/views"));
    for turn in 0..3 {
        fs::create_dir_all(path("a/b/views/deep")).unwrap();
        fs::write(path("a/b/views/deep/x.html"), turn.to_string()).unwrap();
        seen.expect(&[path("a/b/views/deep/x.html")]);
        fs::write(path("a/b/views/deep/x.html"), "longer").unwrap();
        seen.expect(&[path("a/b/views/deep/x.html")]);
        fs::remove_dir_all(path("a")).unwrap();
        seen.expect(&[path("a/b/views/deep/x.html")]);
    }
}

#[test]
fn a_folder_that_takes_the_place_of_another_one_is_watched_instead() {
    let temp = TempDir::new();
    let path = |name: &str| temp.path().join(name);
    fs::create_dir_all(path("views/deep")).unwrap();
    fs::create_dir_all(path("other/deep")).unwrap();
    fs::write(path("other/deep/b.html"), "1").unwrap();
    let seen = Seen::new();
    seen.trees.watch(&path("views"));
    fs::rename(path("views"), path("old")).unwrap();
    fs::rename(path("other"), path("views")).unwrap();
    seen.expect(&[path("views/deep/b.html")]);
    fs::write(path("views/deep/b.html"), "22").unwrap();
    seen.expect(&[path("views/deep/b.html")]);
}

#[test]
fn the_folder_above_a_missing_one_may_be_replaced_before_its_removal_is_taken() {
    let temp = TempDir::new();
    let path = |name: &str| temp.path().join(name);
    fs::create_dir_all(path("a")).unwrap();
    let seen = Seen::new();
    seen.trees.watch(&path("a/views"));
    fs::remove_dir(path("a")).unwrap();
    fs::create_dir(path("a")).unwrap();
    seen.woken.recv_timeout(Duration::from_secs(5)).unwrap();
    seen.trees.take();
    fs::create_dir(path("a/views")).unwrap();
    fs::write(path("a/views/x.html"), "1").unwrap();
    seen.expect(&[path("a/views/x.html")]);
}

#[test]
fn after_lost_events_everything_is_looked_at() {
    let temp = TempDir::new();
    let path = |name: &str| temp.path().join(name);
    fs::create_dir_all(path("views/deep")).unwrap();
    let fake = Fake::default();
    let trees = Trees::with_backend(&*fake.connect(), || {});
    trees.watch(&path("views"));
    fs::write(path("views/deep/a.html"), "1").unwrap();
    assert_eq!(trees.take(), Vec::<PathBuf>::new());
    fake.tell(Signal::Overflow);
    assert_eq!(trees.take(), [path("views/deep/a.html")]);
}
