//! What thousands of files cost: `cargo test --release -- --ignored --nocapture cost`

use std::fs;
use std::time::{Duration, Instant};

use super::temp::TempDir;
use crate::watch::{Hub, WatchOptions};

const FOLDERS: usize = 500;
const FILES: usize = 20;

fn resident_bytes() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_files() {
    let temp = TempDir::new();
    let mut paths = Vec::new();
    let old = std::time::SystemTime::now() - Duration::from_secs(3600);
    for folder in 0..FOLDERS {
        let folder = temp.path().join(format!("packages/package{folder}/source"));
        fs::create_dir_all(&folder).unwrap();
        for file in 0..FILES {
            let path = folder.join(format!("module{file}.js"));
            fs::write(&path, "export {}").unwrap();
            fs::File::open(&path).unwrap().set_modified(old).unwrap();
            paths.push(path);
        }
    }
    let (wake, woken) = std::sync::mpsc::channel();
    let hub = Hub::new(Box::new(move || {
        let _ = wake.send(());
    }));
    let before = resident_bytes();
    let start = Instant::now();
    let keys: Vec<_> = paths
        .iter()
        .map(|path| hub.watch(path, &WatchOptions::default()).unwrap())
        .collect();
    let added = start.elapsed();
    while !hub.shared.state.lock().is_at_rest() {
        std::thread::yield_now();
    }
    let armed = start.elapsed();
    let bytes = resident_bytes() - before;

    let mut delays: Vec<_> = (0..200)
        .map(|index| {
            std::thread::sleep(Duration::from_millis(25));
            let start = Instant::now();
            fs::write(&paths[index * 37], "export default 1").unwrap();
            woken.recv().unwrap();
            let delay = start.elapsed();
            assert_eq!(hub.take_due().count(), 1);
            delay
        })
        .collect();
    delays.sort();

    let start = Instant::now();
    for key in keys {
        hub.unwatch(key);
    }
    let removed = start.elapsed();
    #[expect(clippy::print_stdout, reason = "the measurement")]
    {
        println!(
            "add {added:?}, all armed after {armed:?}, {} KiB, remove {removed:?}, write to wake p50 {:?} p95 {:?}",
            bytes / 1024,
            delays[100],
            delays[190]
        );
    }
}
