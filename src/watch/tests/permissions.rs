//! Folders that may not be read. Root may read any, so these run as another user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::alone::is_alone;
use super::bench::Bench;
use crate::watch::{WatchError, WatchOptions};

const NOBODY: u32 = 65534;

fn as_nobody(command: &mut Command) {
    let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
}

fn chmod(bench: &Bench, name: &str, mode: u32) {
    fs::set_permissions(bench.path(name), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_unreadable_folder_fails_alone() {
    if !is_alone("permissions::an_unreadable_folder_fails_alone", as_nobody) {
        return;
    }
    let mut bench = Bench::new();
    bench.mkdir("secret");
    bench.write("secret/file", "0");
    bench.write("file", "0");
    chmod(&bench, "secret", 0o300);
    let secret = bench.path("secret");
    let error = bench
        .hub
        .watch(&secret.join("file"), &WatchOptions::default())
        .unwrap_err();
    assert!(
        matches!(&error, WatchError::Unreadable { folder, .. } if *folder == secret),
        "{error}"
    );
    let key = bench.watch("file");
    bench.write("file", "1");
    bench.expect(key, "1");
    chmod(&bench, "secret", 0o700);
    let key = bench.watch("secret/file");
    bench.write("secret/file", "1");
    bench.expect(key, "1");
}

#[test]
fn a_permission_that_goes_and_comes_back() {
    if !is_alone("permissions::a_permission_that_goes_and_comes_back", as_nobody) {
        return;
    }
    let mut bench = Bench::new();
    bench.mkdir("folder");
    bench.write("folder/file", "0");
    let key = bench.watch("folder/file");
    bench.rest();
    chmod(&bench, "folder", 0);
    assert!(bench.next_woken()[0].due.missing);
    chmod(&bench, "folder", 0o700);
    bench.until(key, "0");
    bench.write("folder/file", "1");
    bench.until(key, "1");
    chmod(&bench, "folder/file", 0);
    bench.expect_nothing();
    chmod(&bench, "folder/file", 0o600);
    bench.write("folder/file", "2");
    bench.until(key, "2");
}
