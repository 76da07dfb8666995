//! What thousands of files cost, as far as it can be counted; `npm run profile -- cost` measures the rest.

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::alone::is_alone;
use super::bench::Bench;
use super::event_loop::is_on_loop;
use super::fake;
use super::lifetime::{Counts, counts, wake_ups};
use crate::watch::stamp::LOOKS;
use crate::watch::{Polling, WatchOptions};

const FOLDERS: usize = 500;
const FILES: usize = 20;

fn resident_bytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn ten_thousand_files() {
    if !is_alone("cost::ten_thousand_files", |_| {}) {
        return;
    }
    let mut bench = Bench::new();
    let mut paths = Vec::new();
    for folder in 0..FOLDERS {
        let folder = bench.path(&format!("project/part{folder}"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..FILES {
            let path = folder.join(format!("module{file}.js"));
            fs::write(&path, "export {}").unwrap();
            paths.push(path);
        }
    }
    // What the first watch starts is there once.
    bench.write("first", "0");
    bench.watch("first");
    bench.rest();
    let before = (counts(), resident_bytes());
    let keys: Vec<_> = paths
        .iter()
        .map(|path| bench.hub.watch(path, &WatchOptions::default()).unwrap())
        .collect();
    bench.rest();
    let after = (counts(), resident_bytes());

    let Counts {
        threads, descriptors, ..
    } = before.0;
    assert_eq!((after.0.threads, after.0.descriptors), (threads, descriptors));
    // And the one above; also for its own moves, for which notify has a second instance.
    let above = if is_on_loop() { 1 } else { 2 };
    assert_eq!(after.0.watches - before.0.watches, FOLDERS + above);
    let bytes = after.1 - before.1;
    // With what a watcher adds per file (an id, a function that ends it) it must stay below 8 MiB.
    assert!(bytes <= 6656 << 10, "{} KiB", bytes / 1024);

    let woken = wake_ups();
    for path in &paths {
        fs::read(path).unwrap();
        fs::metadata(path).unwrap();
    }
    assert_eq!(wake_ups(), woken, "nothing to do");
    for key in keys {
        bench.hub.unwatch(key);
    }
}

#[test]
fn a_polled_file_is_looked_at_once_per_interval() {
    const INTERVAL: Duration = Duration::from_millis(20);
    if !is_alone("cost::a_polled_file_is_looked_at_once_per_interval", |_| {}) {
        return;
    }
    let (mut bench, fake) = fake::bench();
    let options = WatchOptions {
        polling: Polling::Every(INTERVAL),
        ..WatchOptions::default()
    };
    for index in 0..FILES {
        let name = format!("file{index}");
        bench.write(&name, "0");
        let file = fs::File::open(bench.path(&name)).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        bench.watch_with(&name, options);
    }
    let until = |count| {
        while LOOKS.load(Ordering::Relaxed) < count {
            thread::yield_now();
        }
        (LOOKS.load(Ordering::Relaxed), Instant::now())
    };
    // The first looks also compare.
    let (before, start) = until(LOOKS.load(Ordering::Relaxed) + 3 * FILES);
    let (after, end) = until(before + 20 * FILES);
    // What is due within an eighth is taken along; a round may be under way at either end.
    let rounds = (end - start).as_micros() / (INTERVAL * 7 / 8).as_micros() + 2;
    let looked = ((after - before) / FILES) as u128;
    assert!(
        looked <= rounds,
        "{looked} looks at each file in {rounds} intervals"
    );
    assert!(fake.0.lock().sink.is_none(), "no backend is needed");
    assert_eq!(bench.next_within(INTERVAL), [], "nobody is woken");
}
