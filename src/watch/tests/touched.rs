//! Modes, owners, times and further links: what is no save, and what is one although it looks like none.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant, SystemTime};

use super::bench::Bench;
use super::temp::TempDir;
use crate::watch::file_change::FileChange;
use crate::watch::state::State;
use crate::watch::{Polling, Stamp, WatchKey, WatchOptions};

/// Saved so long ago that its time tells any later write, so that nobody has to read it.
fn write_old(bench: &Bench, name: &str, text: &str) {
    bench.write(name, text);
    make_old(&bench.path(name));
}

fn make_old(path: &std::path::Path) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
}

fn set_mode(bench: &Bench, name: &str, mode: u32) {
    fs::set_permissions(bench.path(name), Permissions::from_mode(mode)).unwrap();
}

/// Waits until all that was told so far is worked off; only the marker is due.
fn settle(bench: &mut Bench) {
    bench.expect_nothing();
    bench.rest();
    bench.expect_nothing();
}

#[test]
fn modes_of_a_whole_tree_are_no_update() {
    let mut bench = Bench::new();
    bench.mkdir("tree/deep");
    for name in ["tree/one", "tree/deep/two"] {
        write_old(&bench, name, "0");
        bench.watch(name);
    }
    bench.rest();
    let top_down = ["tree", "tree/one", "tree/deep", "tree/deep/two"];
    let bottom_up = ["tree/deep/two", "tree/deep", "tree/one", "tree"];
    for (names, mode) in [(top_down, 0o700), (bottom_up, 0o755), (top_down, 0o755)] {
        for name in names {
            set_mode(&bench, name, mode);
        }
        settle(&mut bench);
    }
}

#[test]
fn a_changed_mode_is_no_update_either_when_the_folder_is_looked_at_for_another_cause() {
    let mut bench = Bench::new();
    bench.mkdir("tree");
    write_old(&bench, "tree/file", "0");
    let key = bench.watch("tree/file");
    bench.rest();
    set_mode(&bench, "tree/file", 0o600);
    settle(&mut bench);
    bench.rename("tree", "away");
    bench.rename("away", "tree");
    settle(&mut bench);
    bench.write("tree/file", "1");
    bench.expect(key, "1");
}

#[test]
fn a_save_is_seen_in_a_folder_that_was_touched() {
    let mut bench = Bench::new();
    bench.mkdir("tree");
    write_old(&bench, "tree/file", "0");
    let key = bench.watch("tree/file");
    bench.rest();
    for version in ["1", "2", "3"] {
        set_mode(&bench, "tree", 0o700);
        bench.write("tree/file", version);
        set_mode(&bench, "tree", 0o755);
        bench.until(key, version);
    }
    bench.expect_nothing();
}

#[test]
fn a_polled_file_that_was_only_touched_is_no_update() {
    let mut bench = Bench::new();
    let polling = Polling::Every(Duration::from_millis(10));
    let options = WatchOptions {
        polling,
        ..WatchOptions::default()
    };
    write_old(&bench, "file", "0");
    let key = bench.watch_with("file", options);
    let marker = bench.watch_with("marker", options);
    // Both are looked at in one go, so by then the file has been.
    bench.write("marker", "1");
    bench.expect(marker, "1");
    set_mode(&bench, "file", 0o600);
    fs::hard_link(bench.path("file"), bench.path("backup")).unwrap();
    for version in ["2", "3"] {
        bench.write("marker", version);
        bench.expect(marker, version);
    }
    write_old(&bench, "file", "1");
    bench.until(key, "1");
}

#[test]
fn a_save_whose_time_is_set_back_stays_due() {
    let temp = TempDir::new();
    let path = temp.path().join("file");
    fs::write(&path, "0").unwrap();
    make_old(&path);
    let mut state = State::default();
    let (now, stamp) = (Instant::now(), Stamp::at_first_sight(&path));
    let key: WatchKey = state.add(now, &path, WatchOptions::default(), stamp);
    // The inode's time is as coarse as the kernel's clock.
    while Stamp::at_first_sight(&path) == stamp {
        fs::write(&path, "1").unwrap();
        make_old(&path);
    }
    for change in [FileChange::Written, FileChange::Touched] {
        state.compare(now, [key], change);
    }
    let due = state.debouncer.take(now);
    assert!(matches!(due[..], [(taken, false)] if taken == key), "{due:?}");
    assert!(state.due(now, key, false).is_some());
}
