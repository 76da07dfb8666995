//! What is left behind: nothing. The counts in `/proc` belong to the whole process, so this runs in
//! a process of its own.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::alone::is_alone;
use super::bench::{Bench, on_loop};
use super::temp::TempDir;
use crate::watch::{Hub, Polling, WatchError, WatchOptions};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub threads: usize,
    pub descriptors: usize,
    pub watches: usize,
}

pub fn counts() -> Counts {
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
fn await_that(wanted: impl Fn(Counts) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !wanted(counts()) {
        assert!(Instant::now() < deadline, "{:?}", counts());
        std::thread::yield_now();
    }
}

#[test]
fn no_thread_descriptor_or_watch_is_left() {
    if !is_alone("lifetime::no_thread_descriptor_or_watch_is_left", |_| {}) {
        return;
    }
    let temp = TempDir::new();
    let before = counts();
    let hub = Hub::new(Box::new(|| {}), on_loop());
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
        await_that(|counts| counts.watches >= before.watches + 20);
        fs::write(&paths[0], "1").unwrap();
        for key in keys {
            hub.unwatch(key);
        }
    }
    await_that(|counts| counts == before);
    for round in 0..50 {
        let hub = Hub::new(Box::new(|| {}), on_loop());
        for path in &paths[..5] {
            hub.watch(path, &WatchOptions::default()).unwrap();
            fs::write(path, "1").unwrap();
        }
        if round % 2 == 0 {
            hub.shutdown();
        }
    }
    await_that(|counts| counts == before);
}

/// How often our threads and notify's have been woken, once all of them sleep.
pub fn wake_ups() -> u64 {
    loop {
        let tasks = fs::read_dir("/proc/self/task")
            .unwrap()
            .map(|task| task.unwrap().path());
        let ours = tasks.filter(|task| {
            let name = fs::read_to_string(task.join("comm")).unwrap();
            name.starts_with("hmr watch") || name.starts_with("notify-rs")
        });
        let counts: Option<Vec<u64>> = ours
            .map(|task| {
                let status = fs::read_to_string(task.join("status")).unwrap();
                let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                let sleeps = field("State:").trim().starts_with('S');
                sleeps.then(|| field("voluntary_ctxt_switches:").trim().parse().unwrap())
            })
            .collect();
        if let Some(counts) = counts {
            return counts.iter().sum();
        }
        std::thread::yield_now();
    }
}

#[test]
fn reads_and_writes_elsewhere_wake_nobody() {
    if !is_alone("lifetime::reads_and_writes_elsewhere_wake_nobody", |_| {}) {
        return;
    }
    let mut bench = Bench::new();
    bench.mkdir("project/source");
    bench.write("project/source/file", "0");
    bench.write("project/source/sibling", "0");
    bench.watch("project/source/file");
    bench.rest();
    let before = wake_ups();
    for _ in 0..100 {
        fs::read(bench.path("project/source/sibling")).unwrap();
        fs::read_dir(bench.path("project/source")).unwrap().count();
        bench.write("project/log", "in a folder above");
    }
    assert_eq!(wake_ups(), before);
}

#[test]
fn out_of_bounds_options_do_no_harm() {
    let mut bench = Bench::new();
    let debounce = Some(Duration::MAX);
    bench.watch_with(
        "file",
        WatchOptions {
            debounce,
            ..WatchOptions::default()
        },
    );
    for interval in [Duration::ZERO, Duration::MAX] {
        let polling = Polling::Every(interval);
        bench.watch_with(
            "file",
            WatchOptions {
                polling,
                ..WatchOptions::default()
            },
        );
    }
    bench.write("file", "1");
    assert_eq!(bench.next_woken().len(), 1);
}

#[test]
fn a_hub_that_was_shut_down_is_quiet() {
    let temp = TempDir::new();
    let wakes = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&wakes);
    let wake = move || {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let hub = Hub::new(Box::new(wake), on_loop());
    let path = temp.path().join("file");
    let key = hub.watch(&path, &WatchOptions::default()).unwrap();
    fs::write(&path, "1").unwrap();
    hub.shutdown();
    let before = wakes.load(Ordering::SeqCst);
    fs::write(&path, "2").unwrap();
    hub.shutdown();
    hub.unwatch(key);
    assert_eq!(hub.take_due().next(), None);
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
        let hub = Hub::new(Box::new(|| {}), on_loop());
        hub.watch(&path, &WatchOptions::default()).unwrap();
        hub.take_due().for_each(drop);
    }
    stop.store(1, Ordering::SeqCst);
    writer.join().unwrap();
}
