//! Files that are looked at from time to time.

use std::fs;
use std::time::Duration;

use super::bench::Bench;
use super::fake::bench;
use crate::watch::{Polling, WatchOptions};

#[test]
fn polled_on_request() {
    let (mut bench, fake) = bench();
    let polling = Polling::Every(Duration::from_millis(30));
    let key = bench.watch_with(
        "folder/file",
        WatchOptions {
            polling,
            ..WatchOptions::default()
        },
    );
    assert!(fake.0.lock().sink.is_none(), "no backend is needed");
    bench.mkdir("folder");
    for version in ["1", "2", "3", "same size"] {
        bench.write("folder/file", version);
        bench.until(key, version);
    }
    bench.rename("folder", "away");
    assert!(bench.next_woken()[0].due.missing);
    bench.hub.unwatch(key);
}

/// A file that is replaced by an old one can be told only once: a second look finds nothing new.
#[cfg(unix)]
#[test]
fn a_polled_change_right_after_a_load_is_seen() {
    let (mut bench, _) = bench();
    let polling = Polling::Every(Duration::from_millis(1));
    let options = WatchOptions {
        polling,
        ..WatchOptions::default()
    };
    for name in ["a", "b"] {
        bench.write(name, name);
        let file = fs::File::open(bench.path(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    // Looks at others take time, in which the last one is loaded.
    for index in 0..500 {
        bench.watch_with(&format!("other{index}"), options);
    }
    let lead = |bench: &Bench, to: &str| {
        std::os::unix::fs::symlink(to, bench.path("new")).unwrap();
        bench.rename("new", "link");
    };
    lead(&bench, "a");
    let key = bench.watch_with("link", options);
    for round in 0..200 {
        let to = ["b", "a"][round % 2];
        lead(&bench, to);
        bench.until(key, to);
    }
}

#[test]
fn polling_only_for_content() {
    let (mut bench, _) = bench();
    bench.write("file", "0");
    let polling = Polling::Every(Duration::from_millis(30));
    let key = bench.watch_with(
        "file",
        WatchOptions {
            polling,
            only_content: true,
            ..WatchOptions::default()
        },
    );
    bench.write("file", "0");
    assert_eq!(bench.next_within(Duration::from_millis(200)), []);
    bench.write("file", "1");
    bench.expect(key, "1");
}
