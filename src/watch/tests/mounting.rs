//! File systems that go and come back, mounted for real.

use std::process::Command;

use super::alone::is_alone_in_namespace;
use super::bench::Bench;
use super::fake;
use crate::watch::file_change::FileChange;

fn run(bench: &Bench, program: &str, arguments: &[&str]) {
    let status = Command::new(program)
        .args(arguments)
        .arg(bench.path("mount"))
        .status();
    assert!(status.unwrap().success(), "{program}");
}

fn mount(bench: &Bench, version: &str) {
    run(bench, "mount", &["-t", "tmpfs", "none"]);
    bench.mkdir("mount/folder");
    bench.write("mount/folder/file", version);
}

/// The folder is found to be gone before the event of that is read, and the watch that it came from ended.
#[test]
fn an_unmounting_that_no_event_tells() {
    let test = "mounting::an_unmounting_that_no_event_tells";
    if !is_alone_in_namespace(test, "-Urm", "true") {
        return;
    }
    let (mut bench, fake) = fake::bench();
    bench.mkdir("mount");
    mount(&bench, "0");
    let key = bench.watch("mount/folder/file");
    bench.rest();
    run(&bench, "umount", &[]);
    fake.tell_change(&bench.path("mount/folder"), FileChange::Removed);
    assert!(bench.next_woken()[0].due.missing);
    mount(&bench, "1");
    bench.until(key, "1");
}

#[test]
fn a_file_system_is_unmounted_and_mounted_again() {
    let test = "mounting::a_file_system_is_unmounted_and_mounted_again";
    if !is_alone_in_namespace(test, "-Urm", "true") {
        return;
    }
    let mut bench = Bench::new();
    bench.mkdir("mount");
    mount(&bench, "0");
    let key = bench.watch("mount/folder/file");
    bench.rest();
    for round in 0..3 {
        run(&bench, "umount", &[]);
        assert!(bench.next_woken()[0].due.missing);
        // No event tells of this one.
        mount(&bench, &format!("mounted {round}"));
        bench.until(key, &format!("mounted {round}"));
        bench.write("mount/folder/file", &format!("edited {round}"));
        bench.until(key, &format!("edited {round}"));
    }
}
