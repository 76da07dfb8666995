//! When the OS loses events or refuses to watch. The backend is a fake, the files are real.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::fake::{Fake, Script, bench};
use crate::watch::backend::Scope;
use crate::watch::debouncer::{QUIET, SETTLE};
use crate::watch::file_change::{FileChange, Signal};
use crate::watch::{Due, Notice};

#[test]
fn lost_events() {
    let (mut bench, fake) = bench();
    for name in ["a", "b", "c"] {
        bench.write(name, "0");
    }
    bench.mkdir("folder");
    let [a, _, c, late] = ["a", "b", "c", "folder/late"].map(|name| bench.watch(name));
    bench.rest();
    bench.write("a", "1");
    fs::remove_file(bench.path("c")).unwrap();
    bench.write("folder/late", "1");
    fake.tell(Signal::Overflow);
    let mut loads = Vec::new();
    while loads.len() < 3 {
        loads.extend(bench.next_woken());
    }
    assert_eq!(loads[0].due.key, a);
    assert_eq!(loads[1].due.key, late);
    assert_eq!(
        loads[2].due,
        Due {
            key: c,
            settled: true,
            missing: true
        }
    );
    fake.tell(Signal::Overflow);
    bench.write("b", "2");
    fake.tell_change(&bench.path("b"), FileChange::Written);
    assert_eq!(
        bench.next_woken().len(),
        1,
        "an overflow without a change is nothing"
    );
}

/// Gone, back, and gone again with the events of that still to come: the wait is the last absence's.
#[test]
fn each_absence_is_waited_for() {
    for empties in [false, true] {
        let (mut bench, fake) = bench();
        bench.mkdir("folder");
        bench.write("folder/file", "0");
        let key = bench.watch("folder/file");
        bench.rest();
        let path = bench.path("folder/file");
        let spoil = || {
            if empties {
                fs::write(&path, "")
            } else {
                fs::remove_file(&path)
            }
        };
        spoil().unwrap();
        fake.tell_change(&path, FileChange::Created);
        std::thread::sleep(Duration::from_millis(150));
        bench.write("folder/file", "0");
        let spoilt = Instant::now();
        spoil().unwrap();
        let loads = bench.next_woken();
        assert_eq!((loads[0].due.key, loads[0].due.settled), (key, true));
        // The file system's clock may be some ticks late.
        assert!(
            spoilt.elapsed() + Duration::from_millis(30) > SETTLE,
            "{:?}",
            spoilt.elapsed()
        );
    }
}

#[test]
fn too_many_watches() {
    let (mut bench, fake) = bench();
    bench.mkdir("one");
    bench.mkdir("two");
    bench.write("one/file", "0");
    bench.write("two/file", "0");
    bench.watch("one/file");
    bench.rest();
    let taken = fake.0.lock().watched.len();
    fake.0.lock().room = Some(taken);
    let key = bench.watch("two/file");
    bench.rest();
    let notices = bench.hub.take_notices();
    assert!(matches!(notices[..], [Notice::WatchLimit { .. }]), "{notices:?}");
    bench.write("two/file", "1");
    bench.expect(key, "1");
    bench.write("two/file", "2");
    bench.until(key, "2");
    bench.watch("two/other");
    bench.rest();
    assert_eq!(bench.hub.take_notices(), [], "said once");
}

#[test]
fn too_many_instances() {
    let (mut bench, fake) = bench();
    fake.0.lock().refuses_to_connect = true;
    let key = bench.watch("folder/file");
    bench.rest();
    let notices = bench.hub.take_notices();
    assert!(
        matches!(notices[..], [Notice::InstanceLimit { .. }]),
        "{notices:?}"
    );
    bench.mkdir("folder");
    bench.write("folder/file", "1");
    bench.until(key, "1");
    fs::remove_dir_all(bench.path("folder")).unwrap();
    assert!(bench.next_woken()[0].due.missing);
    bench.mkdir("folder");
    // The same bytes, size and perhaps inode.
    bench.write("folder/file", "1");
    bench.until(key, "1");
}

#[test]
fn a_folder_that_becomes_unreadable_is_polled() {
    let (mut bench, fake) = bench();
    bench.mkdir("folder");
    bench.write("folder/file", "0");
    let key = bench.watch("folder/file");
    bench.rest();
    let folder = bench.path("folder");
    fake.0.lock().unreadable = Some(folder.clone());
    fake.tell_change(&folder, FileChange::Touched);
    while bench.hub.take_notices()
        != [Notice::Unreadable {
            folder: folder.clone(),
        }]
    {
        bench.next_within(Duration::from_secs(1));
    }
    bench.write("folder/file", "1");
    bench.until(key, "1");
    // Readable again, and so told by events.
    fake.0.lock().unreadable = None;
    fs::remove_dir_all(&folder).unwrap();
    assert!(bench.next_woken()[0].due.missing);
    bench.mkdir("folder");
    bench.write("folder/file", "2");
    fake.tell_change(&folder, FileChange::Created);
    bench.until(key, "2");
    // The poll may have seen it before our thread watched the folder.
    bench.rest();
    assert!(fake.0.lock().watched.contains(&(folder, Scope::Entries)));
}

/// Nothing tells that a limit was raised or a permission came back: it is tried from time to time.
#[test]
fn what_could_not_be_watched_is_tried_again() {
    type Refuse = fn(&mut Script, Option<PathBuf>);
    let reasons: [Refuse; 2] = [
        |script, folder| script.room = folder.map(|_| script.watched.len()),
        |script, folder| script.unreadable = folder,
    ];
    let mut benches = Vec::new();
    for refuse in reasons {
        let (mut bench, fake) = bench();
        bench.mkdir("folder");
        bench.write("folder/file", "0");
        let folder = bench.path("folder");
        refuse(&mut fake.0.lock(), Some(folder.clone()));
        let key = bench.watch("folder/file");
        bench.rest();
        assert_eq!(bench.hub.take_notices().len(), 1);
        bench.write("folder/file", "1");
        bench.until(key, "1");
        refuse(&mut fake.0.lock(), None);
        benches.push((bench, fake, folder, key));
    }
    for (bench, fake, folder, key) in benches {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !fake.0.lock().watched.contains(&(folder.clone(), Scope::Entries)) {
            assert!(Instant::now() < deadline, "not tried again");
            std::thread::sleep(Duration::from_millis(10));
        }
        bench.rest();
        let is_polled = bench
            .hub
            .shared
            .state
            .lock()
            .state
            .polls
            .next_deadline()
            .is_some();
        assert!(!is_polled, "told by events again");
        bench.write("folder/file", "2");
        fake.tell_change(&folder.join("file"), FileChange::Written);
        bench.until(key, "2");
    }
}

/// Its own moves would go unseen from then on.
#[test]
fn a_folder_above_that_was_away_when_it_was_to_be_watched() {
    let (mut bench, fake) = bench();
    bench.mkdir("deep/er");
    bench.write("deep/er/file", "0");
    fake.0.lock().misses_one_above = true;
    bench.watch("deep/er/file");
    bench.rest();
    let folder = bench.path("deep/er");
    let script = fake.0.lock();
    let times = script
        .history
        .iter()
        .filter(|watched| **watched == folder)
        .count();
    assert_eq!(times, 2);
}

#[test]
fn a_mount_goes_away_and_comes_back() {
    let (mut bench, fake) = bench();
    bench.mkdir("mount");
    bench.write("mount/file", "0");
    let key = bench.watch("mount/file");
    bench.rest();
    bench.rename("mount", "unmounted");
    bench.mkdir("mount");
    fake.tell_change(&bench.path("mount"), FileChange::Unmounted);
    assert!(bench.next_woken()[0].due.missing);
    // Mounting is told by no event.
    fs::remove_dir(bench.path("mount")).unwrap();
    bench.rename("unmounted", "mount");
    bench.until(key, "0");
}

#[test]
fn without_finished_writes_a_short_quiet_decides() {
    let (mut bench, fake) = bench();
    fake.0.lock().is_silent_about_finished_writes = true;
    bench.write("file", "0");
    let key = bench.watch("file");
    bench.rest();
    let path = bench.path("file");
    // A machine that is too busy to ask within the quiet is asked again.
    for text in 1.. {
        let text = text.to_string();
        bench.write("file", &text);
        let told = Instant::now();
        fake.tell_change(&path, FileChange::Modified);
        let early = bench.hub.take_due().next();
        if told.elapsed() < QUIET {
            assert_eq!(early, None);
            return bench.expect(key, &text);
        }
        if early.is_none() {
            bench.until(key, &text);
        }
    }
}

#[test]
fn watches_are_counted() {
    let (mut bench, fake) = bench();
    let count = |fake: &Fake| {
        let script = fake.0.lock();
        script
            .watched
            .iter()
            .filter(|(_, scope)| *scope == Scope::Entries)
            .count()
    };
    bench.mkdir("a/b");
    let keys = ["a/one", "a/two", "a/b/three", "gone/four", "gone/five"].map(|name| bench.watch(name));
    bench.rest();
    assert_eq!(count(&fake), 3, "a, a/b and the folder above");
    let await_count = |wanted| {
        while count(&fake) != wanted {
            std::thread::yield_now();
        }
    };
    for key in &keys[..4] {
        bench.hub.unwatch(*key);
    }
    await_count(1);
    let other = bench.watch("a/one");
    bench.hub.unwatch(keys[4]);
    await_count(1);
    bench.hub.unwatch(other);
}
