//! The caller is called when a save begins, to be awake when there is something to take.

use std::time::Duration;

use super::bench::Bench;
use super::fake::{self, Fake};
use crate::watch::debouncer::QUIET;
use crate::watch::file_change::FileChange;
use crate::watch::{WatchKey, WatchOptions};

/// Long enough for a call that was made already: the fake tells from this thread.
const NO_TIME: Duration = Duration::ZERO;

fn bench() -> (Bench, Fake, WatchKey) {
    let (mut bench, fake) = fake::bench();
    bench.write("file", "0");
    let key = bench.watch("file");
    bench.rest();
    (bench, fake, key)
}

/// The last sign was so long ago that the next one is that of another save.
fn pause() {
    std::thread::sleep(QUIET);
}

#[test]
fn by_what_a_save_may_begin_with() {
    let (bench, fake, _) = bench();
    let rows = [
        ("file~", FileChange::Created, true),
        ("file", FileChange::Created, true),
        // Of others' files only that they are new.
        ("log", FileChange::Modified, false),
        ("log", FileChange::Written, false),
        ("file~", FileChange::Touched, false),
        ("file~", FileChange::Removed, false),
        ("elsewhere/new", FileChange::Created, false),
        ("file", FileChange::Modified, true),
    ];
    for (name, change, calls) in rows {
        pause();
        fake.tell_change(&bench.path(name), change);
        assert_eq!(bench.is_called(), calls, "{name} {change:?}");
        assert_eq!(bench.next_within(NO_TIME), [], "nothing is due yet");
    }
}

#[test]
fn a_burst_that_is_under_way_is_left() {
    let (bench, fake, key) = bench();
    let save = |text: &str| {
        bench.write("file", text);
        fake.tell_change(&bench.path("file"), FileChange::Written);
    };
    save("1");
    bench.expect(key, "1");
    // Before the pause that ends the burst, whose rest comes in one.
    save("2");
    assert_eq!(bench.load_early(), []);
    save("3");
    bench.expect(key, "3");
}

#[test]
fn not_where_the_os_tells_no_finished_write() {
    let (mut bench, fake) = fake::bench();
    fake.0.lock().is_silent_about_finished_writes = true;
    bench.write("file", "0");
    bench.watch_with("file", WatchOptions::default());
    bench.rest();
    fake.tell_change(&bench.path("file~"), FileChange::Created);
    assert!(!bench.is_called());
}

#[test]
fn our_thread_sleeps_although_the_caller_has_not_come_yet() {
    let (mut bench, fake, key) = bench();
    bench.write("file", "1");
    fake.tell_change(&bench.path("file"), FileChange::Written);
    // Work, so that the thread looks for more.
    bench.watch("other");
    bench.rest();
    bench.expect(key, "1");
}
