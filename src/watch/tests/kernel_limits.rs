//! The kernel's limits, provoked for real.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::alone::{in_shell, is_alone, is_alone_in_namespace};
use super::bench::Bench;
use crate::watch::Notice;
use crate::watch::file_change::Signal;

#[test]
fn the_event_queue_overflows() {
    let overflows = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&overflows);
    let mut bench = Bench::listening(move |signal| {
        counted.fetch_add(u32::from(*signal == Signal::Overflow), Ordering::SeqCst);
    });
    bench.mkdir("folder");
    bench.write("folder/file", "0");
    let key = bench.watch("folder/file");
    bench.rest();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: u32 = limit.trim().parse().unwrap();
    // Whoever reads the events cannot deliver them meanwhile, and so does not read.
    let guarded = bench.hub.shared.state.lock();
    for index in 0..limit {
        let name = format!("folder/other{}", index % 4);
        bench.write(&name, "");
        fs::remove_file(bench.path(&name)).unwrap();
    }
    bench.write("folder/file", "1");
    drop(guarded);
    bench.expect(key, "1");
    assert_eq!(overflows.load(Ordering::SeqCst), 1);
    bench.write("folder/file", "2");
    bench.until(key, "2");
}

/// A user namespace has limits of its own.
fn with_limit(test: &str, limit: &str) -> bool {
    is_alone_in_namespace(test, "-Ur", &format!("echo {limit}"))
}

#[test]
fn no_watches_are_left() {
    if !with_limit(
        "kernel_limits::no_watches_are_left",
        "6 > /proc/sys/user/max_inotify_watches",
    ) {
        return;
    }
    let mut bench = Bench::new();
    let names: Vec<_> = (0..10).map(|index| format!("folder{index}/file")).collect();
    let mut keys = Vec::new();
    for name in &names {
        bench.mkdir(name.split_once('/').unwrap().0);
        bench.write(name, "0");
        keys.push(bench.watch(name));
    }
    bench.rest();
    let notices = bench.hub.take_notices();
    assert!(
        matches!(notices[..], [Notice::WatchLimit { limit: Some(_) }]),
        "{notices:?}"
    );
    for (name, key) in names.iter().zip(keys) {
        bench.write(name, "1");
        bench.until(key, "1");
    }
}

#[test]
fn no_instances_are_left() {
    if !with_limit(
        "kernel_limits::no_instances_are_left",
        "0 > /proc/sys/user/max_inotify_instances",
    ) {
        return;
    }
    let mut bench = Bench::new();
    bench.write("file", "0");
    let key = bench.watch("file");
    bench.rest();
    let notices = bench.hub.take_notices();
    assert!(
        matches!(notices[..], [Notice::InstanceLimit { limit: Some(_) }]),
        "{notices:?}"
    );
    for version in ["1", "2"] {
        bench.write("file", version);
        bench.until(key, version);
    }
}

#[test]
fn no_descriptors_are_left() {
    let with_few = |command: &mut Command| {
        let mut wrapped = Command::new("env");
        in_shell(&mut wrapped, command, "ulimit -n 40");
        *command = wrapped;
    };
    if !is_alone("kernel_limits::no_descriptors_are_left", with_few) {
        return;
    }
    let mut bench = Bench::new();
    bench.write("file", "0");
    let taken: Vec<_> = std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect();
    let key = bench.watch("file");
    bench.rest();
    assert_eq!(bench.hub.take_notices(), [Notice::OpenFileLimit]);
    drop(taken);
    for version in ["1", "2"] {
        bench.write("file", version);
        bench.until(key, version);
    }
}
