//! What is left behind: nothing. The counts in `/proc` belong to the whole process, so this runs in
//! a process of its own.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::temp::TempDir;
use crate::watch::{Hub, WatchError, WatchOptions};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    threads: usize,
    descriptors: usize,
    watches: usize,
}

fn counts() -> Counts {
    let entries = |path: &str| fs::read_dir(path).unwrap().count();
    let infos = fs::read_dir("/proc/self/fdinfo").unwrap();
    let texts = infos.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    Counts {
        threads: entries("/proc/self/task"),
        descriptors: entries("/proc/self/fd"),
        watches: texts.map(|text| text.matches("inotify wd:").count()).sum(),
    }
}

#[track_caller]
fn await_counts(wanted: Counts) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while counts() != wanted {
        assert!(Instant::now() < deadline, "{:?} instead of {wanted:?}", counts());
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_descriptor_or_watch_is_left() {
    const ALONE: &str = "NODE_HMR_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let name = "watch::tests::lifetime::no_thread_descriptor_or_watch_is_left";
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command
            .args(["--exact", name, "--test-threads=1"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        return;
    }
    let temp = TempDir::new();
    let before = counts();
    let hub = Hub::new(Box::new(|| {}));
    assert_eq!(counts(), before, "a hub alone has nothing");
    let paths: Vec<_> = (0..20)
        .map(|index| temp.path().join(format!("folder{index}/file")))
        .collect();
    for path in &paths {
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(path, "0").unwrap();
    }
    for _ in 0..50 {
        let keys: Vec<_> = paths
            .iter()
            .map(|path| hub.watch(path, &WatchOptions::default()).unwrap())
            .collect();
        assert!(counts().watches >= before.watches + 20);
        fs::write(&paths[0], "1").unwrap();
        for key in keys {
            hub.unwatch(key);
        }
    }
    await_counts(before);
    for round in 0..50 {
        let hub = Hub::new(Box::new(|| {}));
        for path in &paths[..5] {
            hub.watch(path, &WatchOptions::default()).unwrap();
            fs::write(path, "1").unwrap();
        }
        if round % 2 == 0 {
            hub.shutdown();
        }
    }
    await_counts(before);
}

#[test]
fn a_hub_that_was_shut_down_is_quiet() {
    let temp = TempDir::new();
    let wakes = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&wakes);
    let hub = Hub::new(Box::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    }));
    let path = temp.path().join("file");
    let key = hub.watch(&path, &WatchOptions::default()).unwrap();
    fs::write(&path, "1").unwrap();
    hub.shutdown();
    let before = wakes.load(Ordering::SeqCst);
    fs::write(&path, "2").unwrap();
    hub.shutdown();
    hub.unwatch(key);
    assert_eq!(hub.take_due(), []);
    assert!(matches!(
        hub.watch(&path, &WatchOptions::default()),
        Err(WatchError::ShutDown)
    ));
    assert_eq!(wakes.load(Ordering::SeqCst), before);
}

#[test]
fn hubs_come_and_go_while_files_change() {
    let temp = TempDir::new();
    let path = temp.path().join("file");
    let written = path.clone();
    let stop = Arc::new(AtomicU32::new(0));
    let stopped = Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        while stopped.load(Ordering::SeqCst) == 0 {
            fs::write(&written, "text").unwrap();
        }
    });
    for _ in 0..100 {
        let hub = Hub::new(Box::new(|| {}));
        hub.watch(&path, &WatchOptions::default()).unwrap();
        hub.take_due();
    }
    stop.store(1, Ordering::SeqCst);
    writer.join().unwrap();
}
