//! The ways in which editors and tools save.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::bench::Bench;
use crate::watch::{Due, Stamp, WatchKey, WatchOptions, debouncer};

fn bench(name: &str) -> (Bench, crate::watch::WatchKey) {
    let mut bench = Bench::new();
    bench.write(name, "0");
    let key = bench.watch(name);
    (bench, key)
}

#[test]
fn in_place() {
    let (mut bench, key) = bench("file");
    for version in ["1", "2", "3 is longer"] {
        bench.write("file", version);
        bench.expect(key, version);
    }
    bench.expect_nothing();
}

#[test]
fn renamed_over_many_times() {
    let (mut bench, key) = bench("file");
    for version in 1..100 {
        let version = version.to_string();
        bench.write("file.tmp", &version);
        bench.rename("file.tmp", "file");
        bench.expect(key, &version);
    }
    bench.expect_nothing();
}

#[test]
fn backed_up_and_rewritten() {
    let (mut bench, key) = bench("file");
    for version in ["1", "2", "3"] {
        bench.rename("file", "file~");
        bench.write("file", version);
        bench.until(key, version);
    }
    bench.expect_nothing();
}

#[test]
fn deleted_and_created() {
    let (mut bench, key) = bench("file");
    fs::remove_file(bench.path("file")).unwrap();
    bench.write("file", "1");
    bench.until(key, "1");
    fs::remove_file(bench.path("file")).unwrap();
    let gone = bench.next_woken();
    assert_eq!(
        gone[0].due,
        Due {
            key,
            settled: true,
            missing: true
        }
    );
    bench.write("file", "2");
    bench.until(key, "2");
    bench.expect_nothing();
}

#[test]
fn a_linked_in_file_is_complete() {
    let (bench, key) = bench("file");
    bench.write("file.tmp", "1");
    fs::remove_file(bench.path("file")).unwrap();
    fs::hard_link(bench.path("file.tmp"), bench.path("file")).unwrap();
    bench.until(key, "1");
}

#[test]
fn truncated_then_written_after_a_pause() {
    let (mut bench, key) = bench("file");
    let mut file = File::create(bench.path("file")).unwrap();
    sleep(Duration::from_millis(200));
    file.write_all(b"1").unwrap();
    drop(file);
    bench.expect(key, "1");
    // The same with the truncating handle closed.
    drop(File::create(bench.path("file")).unwrap());
    sleep(Duration::from_millis(200));
    bench.write("file", "2");
    bench.expect(key, "2");
    bench.expect_nothing();
}

#[test]
fn empty_for_good_is_told_as_settled() {
    let (bench, key) = bench("file");
    bench.write("file", "");
    assert_eq!(
        bench.next_woken()[0].due,
        Due {
            key,
            settled: true,
            missing: false
        }
    );
}

#[test]
fn written_in_three_pieces() {
    let (mut bench, key) = bench("file");
    let mut file = File::create(bench.path("file")).unwrap();
    for piece in ["one ", "two ", "three"] {
        file.write_all(piece.as_bytes()).unwrap();
        sleep(Duration::from_millis(25));
    }
    drop(file);
    bench.expect(key, "one two three");
    bench.expect_nothing();
}

#[test]
fn never_closed() {
    let (mut bench, key) = bench("file");
    let mut file = OpenOptions::new().append(true).open(bench.path("file")).unwrap();
    file.write_all(b"1").unwrap();
    bench.expect(key, "01");
    drop(file);
    bench.expect_nothing();
}

#[test]
fn unchanged_saves_and_touches_count_unless_only_content_does() {
    let (mut bench, key) = bench("file");
    let only_content = WatchOptions {
        only_content: true,
        ..WatchOptions::default()
    };
    let content_key = bench.watch_with("file", only_content);
    bench.write("file", "0");
    bench.expect(key, "0");
    File::open(bench.path("file"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    bench.expect(key, "0");
    bench.write("file", "1");
    let loads = bench.next_woken();
    assert_eq!(
        loads.iter().map(|load| load.due.key).collect::<Vec<_>>(),
        [key, content_key]
    );
    bench.expect_nothing();
}

#[cfg(unix)]
#[test]
fn a_mode_is_no_change() {
    use std::os::unix::fs::PermissionsExt;
    let (mut bench, key) = bench("file");
    let chmod = |bench: &Bench, mode| {
        fs::set_permissions(bench.path("file"), fs::Permissions::from_mode(mode)).unwrap();
    };
    chmod(&bench, 0o600);
    bench.expect_nothing();
    bench.write("file", "1");
    bench.expect(key, "1");
    chmod(&bench, 0o644);
    bench.expect_nothing();
}

#[cfg(unix)]
#[test]
fn a_write_that_forges_its_time_is_seen() {
    let (bench, key) = bench("file");
    let times = fs::metadata(bench.path("file")).unwrap().modified().unwrap();
    bench.write("file", "1");
    File::open(bench.path("file"))
        .unwrap()
        .set_modified(times)
        .unwrap();
    bench.until(key, "1");
}

#[test]
fn twenty_saves_five_milliseconds_apart() {
    let (mut bench, key) = bench("file");
    let path = bench.path("file");
    let writer = std::thread::spawn(move || {
        let start = Instant::now();
        for version in 1..=20 {
            fs::write(&path, version.to_string()).unwrap();
            sleep(Duration::from_millis(5));
        }
        start.elapsed()
    });
    let loads = bench.until(key, "20");
    // On a busy machine they are further apart, and each may come by itself.
    let in_time = writer.join().unwrap() < Duration::from_millis(200);
    assert!(loads.len() <= if in_time { 5 } else { 20 }, "{loads:#?}");
    bench.expect_nothing();
}

#[test]
fn many_files_at_once_come_first_at_once_then_together() {
    let mut bench = Bench::new();
    let names: Vec<_> = (0..200).map(|index| format!("file{index}")).collect();
    bench.write_all(&names, "0");
    let keys: Vec<_> = names.iter().map(|name| bench.watch(name)).collect();
    bench.rest();
    let start = Instant::now();
    bench.write_all(&names, "1");
    let mut deliveries = Vec::new();
    let mut seen = Vec::new();
    while seen.len() < keys.len() {
        let delivery = bench.next_woken();
        assert!(delivery.is_sorted_by_key(|load| load.due.key));
        deliveries.push(delivery.len());
        seen.extend(delivery.into_iter().map(|load| load.due.key));
    }
    seen.sort();
    assert_eq!(seen, keys);
    // On a busy machine the events come in pieces, and each pause may end a burst.
    let pauses = match start.elapsed() {
        short if short < Duration::from_millis(150) => 0,
        long => (long.as_millis() / debouncer::QUIET.as_millis()) as usize,
    };
    assert!(deliveries.len() <= 4 + pauses, "{deliveries:?}");
    bench.expect_nothing();
}

#[test]
fn a_pending_change_is_merged_into_the_delivery() {
    let mut bench = Bench::new();
    bench.write("a", "0");
    bench.write("b", "0");
    let keys = [bench.watch("a"), bench.watch("b")];
    bench.write("b", "1");
    bench.write("a", "1");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(bench.next().into_iter().map(|load| load.due.key));
    }
    seen.sort();
    assert_eq!(seen, keys);
    bench.expect_nothing();
}

#[test]
fn a_debounce_waits_for_quiet() {
    let mut bench = Bench::new();
    bench.write("file", "0");
    let debounce = Some(Duration::from_millis(80));
    let key = bench.watch_with(
        "file",
        WatchOptions {
            debounce,
            ..WatchOptions::default()
        },
    );
    for version in ["1", "2", "3"] {
        bench.write("file", version);
        sleep(Duration::from_millis(10));
    }
    bench.expect(key, "3");
    bench.expect_nothing();
}

#[test]
fn nothing_comes_after_unwatch() {
    let (mut bench, key) = bench("file");
    bench.write("file", "1");
    bench.hub.unwatch(key);
    bench.expect_nothing();
    let again = bench.watch("file");
    bench.write("file", "2");
    bench.expect(again, "2");
    bench.write("file", "3");
    while bench.hub.take_due().count() == 0 {
        std::thread::yield_now();
    }
    bench.hub.unwatch(again);
    assert_eq!(bench.hub.take_due().next(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn any_name_will_do() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut bench = Bench::new();
    for name in [
        &b"with space"[..],
        b"new\nline",
        "\u{fc}\u{4e16} \u{1f980}".as_bytes(),
        b"inv\xff\xfelid",
    ] {
        let folder = bench.path("").join(OsStr::from_bytes(name));
        fs::create_dir(&folder).unwrap();
        let path = folder.join(OsStr::from_bytes(name));
        fs::write(&path, "0").unwrap();
        let key = bench.watch_path(&path, WatchOptions::default());
        fs::write(&path, "1").unwrap();
        bench.expect(key, "1");
    }
}

#[test]
fn two_watches_of_one_file_are_due_together() {
    let (mut bench, key) = bench("file");
    let second = bench.watch("file");
    bench.write("file", "1");
    let keys: Vec<_> = bench.next_woken().iter().map(|load| load.due.key).collect();
    assert_eq!(keys, [key, second]);
    bench.hub.unwatch(key);
    bench.write("file", "2");
    bench.expect(second, "2");
}

#[test]
fn loaded_before_they_are_watched() {
    let mut bench = Bench::new();
    for name in ["saved", "same", "deleted"] {
        bench.write(name, "0");
    }
    for only_content in [false, true] {
        let options = WatchOptions {
            only_content,
            ..WatchOptions::default()
        };
        let files = ["saved", "same", "created", "deleted"].map(|name| {
            let path = bench.path(name);
            let seen = Stamp::at_first_sight(&path);
            (path, Some(seen))
        });
        bench.write("saved", "1");
        bench.write("created", "1");
        fs::remove_file(bench.path("deleted")).unwrap();
        let keys = bench.watch_loaded(&files, &options);
        let mut due: Vec<WatchKey> = Vec::new();
        while due.len() < 3 {
            due.extend(bench.next().iter().map(|load| load.due.key));
        }
        due.sort_unstable();
        assert_eq!(due, [keys[0], keys[2], keys[3]], "only_content: {only_content}");
        for key in keys {
            bench.hub.unwatch(key);
        }
        bench.write("saved", "0");
        bench.write("deleted", "0");
        fs::remove_file(bench.path("created")).unwrap();
    }
}

#[test]
fn loaded_as_they_are_now() {
    let mut bench = Bench::new();
    bench.write("file", "0");
    let keys = bench.watch_loaded(&[(bench.path("file"), None)], &WatchOptions::default());
    bench.write("file", "1");
    assert_eq!(bench.next()[0].due.key, keys[0]);
}

#[test]
fn one_taken_along_is_due_only_for_what_came_after() {
    let (mut bench, first) = bench("file");
    bench.write("other", "0");
    let (along, other) = (bench.watch("file"), bench.watch("other"));
    bench.rest();
    let look = || {
        sleep(Duration::from_millis(1));
        bench.hub.take_due().map(|due| due.key)
    };
    let mut due = std::iter::repeat_with(look).take(5_000).flatten();
    bench.write("file", "1");
    assert_eq!(due.next(), Some(first));
    bench.hub.take_along(along, first);
    bench.hub.take_along(other, first);
    bench.write("other", "1");
    assert_eq!(due.next(), Some(other), "another file, however alike");
    bench.write("file", "2");
    assert_eq!(due.next(), Some(first));
    bench.write("file", "3");
    bench.hub.take_along(along, first);
    assert_eq!(due.next(), Some(along));
    assert_eq!(due.next(), Some(first));
}
