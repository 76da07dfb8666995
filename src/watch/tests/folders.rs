//! Folders and links that come, go and change places.

use std::fs;

use super::bench::Bench;
use crate::watch::{Due, WatchKey};

fn bench(name: &str) -> (Bench, WatchKey) {
    let mut bench = Bench::new();
    if let Some((folder, _)) = name.rsplit_once('/') {
        bench.mkdir(folder);
    }
    bench.write(name, "0");
    let key = bench.watch(name);
    (bench, key)
}

fn expect_gone(bench: &Bench, key: WatchKey) {
    let loads = bench.next_woken();
    assert_eq!(
        loads[0].due,
        Due {
            key,
            settled: true,
            missing: true
        }
    );
}

#[test]
fn away_and_back_unchanged_is_nothing() {
    let (mut bench, key) = bench("folder/file");
    bench.rename("folder", "elsewhere");
    bench.rename("elsewhere", "folder");
    bench.expect_nothing();
    bench.write("folder/file", "1");
    bench.expect(key, "1");
}

#[test]
fn away_then_back_with_another_version() {
    for parent in ["folder", "top/middle/folder"] {
        let (mut bench, key) = bench(&format!("{parent}/file"));
        let top = parent.split('/').next().unwrap();
        for version in ["1", "2", "3"] {
            bench.rename(top, "elsewhere");
            expect_gone(&bench, key);
            // It must not keep reporting under its old name.
            let hidden = format!("{}/file", parent.replacen(top, "elsewhere", 1));
            bench.write(&hidden, version);
            bench.expect_nothing();
            bench.rename("elsewhere", top);
            bench.until(key, version);
            bench.write(&format!("{parent}/file"), "edited");
            bench.until(key, "edited");
        }
    }
}

#[test]
fn removed_with_all_folders_and_created_again() {
    let (bench, key) = bench("top/middle/folder/file");
    for version in ["1", "2", "3"] {
        fs::remove_dir_all(bench.path("top")).unwrap();
        expect_gone(&bench, key);
        bench.mkdir("top/middle/folder");
        bench.write("top/middle/folder/file", version);
        bench.until(key, version);
    }
}

#[test]
fn a_branch_switch_without_a_pause() {
    let (bench, key) = bench("top/folder/file");
    for version in 1..20 {
        let version = version.to_string();
        fs::remove_dir_all(bench.path("top")).unwrap();
        bench.mkdir("top/folder");
        bench.write("top/folder/file", &version);
        bench.until(key, &version);
    }
}

#[test]
fn declared_before_its_folders_exist() {
    let mut bench = Bench::new();
    let key = bench.watch("a/b/c/file");
    bench.expect_nothing();
    bench.mkdir("a/b");
    bench.expect_nothing();
    bench.mkdir("a/b/c");
    bench.write("a/b/c/file", "1");
    bench.until(key, "1");
    bench.write("a/b/c/file", "2");
    bench.until(key, "2");
}

#[test]
fn a_prepared_folder_moved_into_place() {
    let mut bench = Bench::new();
    let key = bench.watch("place/inner/file");
    bench.mkdir("prepared/inner");
    bench.write("prepared/inner/file", "1");
    bench.rename("prepared", "place");
    bench.until(key, "1");
    bench.write("place/inner/file", "2");
    bench.until(key, "2");
}

#[test]
fn a_file_becomes_a_folder_and_a_file_again() {
    let (bench, key) = bench("thing");
    fs::remove_file(bench.path("thing")).unwrap();
    bench.mkdir("thing");
    expect_gone(&bench, key);
    fs::remove_dir(bench.path("thing")).unwrap();
    bench.write("thing", "1");
    bench.until(key, "1");
}

/// On file systems that tell the case apart, the old name is gone meanwhile; on the others, it never is.
#[test]
fn renamed_by_case_alone() {
    for (old, new, inside) in [("Name.js", "name.js", ""), ("Folder", "folder", "/name.js")] {
        let (from, to) = (format!("{old}{inside}"), format!("{new}{inside}"));
        let (mut bench, key) = bench(&from);
        bench.rename(old, new);
        bench.rename(new, old);
        bench.expect_nothing();
        for version in ["1", "2"] {
            bench.rename(old, new);
            bench.write(&to, version);
            bench.rename(new, old);
            bench.until(key, version);
        }
        bench.rename(old, new);
        if !bench.path(&from).exists() {
            expect_gone(&bench, key);
        }
        bench.write(&to, "3");
        bench.rename(new, old);
        bench.until(key, "3");
        bench.write(&from, "4");
        bench.until(key, "4");
    }
}

#[test]
fn a_folder_becomes_a_file_and_a_folder_again() {
    let (bench, key) = bench("folder/file");
    fs::remove_dir_all(bench.path("folder")).unwrap();
    bench.write("folder", "in the way");
    expect_gone(&bench, key);
    fs::remove_file(bench.path("folder")).unwrap();
    bench.mkdir("folder");
    bench.write("folder/file", "1");
    bench.until(key, "1");
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn target_edited_and_link_retargeted() {
        let mut bench = Bench::new();
        bench.mkdir("real");
        for name in ["one", "two"] {
            bench.write(&format!("real/{name}"), name);
        }
        symlink("real/one", bench.path("link")).unwrap();
        symlink("link", bench.path("link_to_link")).unwrap();
        let key = bench.watch("link_to_link");
        bench.write("real/one", "edited");
        bench.expect(key, "edited");
        symlink("real/two", bench.path("link.tmp")).unwrap();
        bench.rename("link.tmp", "link");
        bench.until(key, "two");
        bench.write("real/one", "not ours any more");
        bench.expect_nothing();
        bench.write("real/two", "edited too");
        bench.until(key, "edited too");
        fs::remove_file(bench.path("link")).unwrap();
        bench.write("link", "a file");
        bench.until(key, "a file");
    }

    #[test]
    fn a_folder_is_replaced_by_a_link_to_one() {
        let (mut bench, key) = bench("folder/inner/file");
        bench.mkdir("other/inner");
        bench.write("other/inner/file", "other");
        bench.rename("folder", "old");
        symlink("other", bench.path("folder")).unwrap();
        bench.until(key, "other");
        bench.write("old/inner/file", "not ours any more");
        bench.expect_nothing();
        bench.write("folder/inner/file", "edited");
        bench.until(key, "edited");
        bench.rename("other", "away");
        expect_gone(&bench, key);
        bench.rename("away", "other");
        bench.until(key, "edited");
    }

    #[test]
    fn a_linked_folder_is_retargeted() {
        let mut bench = Bench::new();
        for release in ["one", "two"] {
            bench.mkdir(release);
            bench.write(&format!("{release}/file"), release);
        }
        symlink("one", bench.path("current")).unwrap();
        let key = bench.watch("current/file");
        for release in ["two", "one", "two"] {
            symlink(release, bench.path("current.tmp")).unwrap();
            bench.rename("current.tmp", "current");
            bench.until(key, release);
        }
        bench.write("one/file", "not ours any more");
        bench.expect_nothing();
        bench.write("two/file", "edited");
        bench.until(key, "edited");
    }

    /// For a moment the folder is still watched, and of no interest to anyone.
    #[test]
    fn a_linked_folder_is_replaced_while_the_link_leads_elsewhere() {
        let mut bench = Bench::new();
        let lead = |bench: &Bench, target: &str| {
            symlink(target, bench.path("current.tmp")).unwrap();
            bench.rename("current.tmp", "current");
        };
        for folder in ["one", "two"] {
            bench.mkdir(folder);
            bench.write(&format!("{folder}/file"), folder);
        }
        lead(&bench, "one");
        let key = bench.watch("current/file");
        bench.rest();
        for round in 0..20 {
            lead(&bench, "two");
            let is_left = || {
                let guarded = bench.hub.shared.state.lock();
                guarded.state.roots.is_root(&bench.path("two")) && !guarded.state.attaching
            };
            while !is_left() {
                std::thread::yield_now();
            }
            bench.rename("one", &format!("old{round}"));
            bench.mkdir("one");
            bench.write("one/file", &format!("new {round}"));
            lead(&bench, "one");
            bench.until(key, &format!("new {round}"));
            bench.write("one/file", &format!("edited {round}"));
            bench.until(key, &format!("edited {round}"));
        }
    }

    #[test]
    fn a_file_is_replaced_by_a_link() {
        let (bench, key) = bench("file");
        bench.mkdir("store");
        bench.write("store/file", "stored");
        symlink("store/file", bench.path("file.tmp")).unwrap();
        bench.rename("file.tmp", "file");
        bench.until(key, "stored");
        bench.write("store/file", "edited");
        bench.until(key, "edited");
    }

    #[test]
    fn a_dangling_link_comes_alive() {
        let mut bench = Bench::new();
        symlink("later/file", bench.path("link")).unwrap();
        let key = bench.watch("link");
        bench.mkdir("later");
        bench.write("later/file", "1");
        bench.until(key, "1");
    }
}

/// notify ends the watches below a folder that moves, for the short time that it watches that folder too, and tells
/// of the folder alone.
#[test]
fn above_a_folder_that_has_just_appeared_away_and_back() {
    let mut bench = Bench::new();
    bench.mkdir("deep");
    bench.write("file", "0");
    bench.watch("file");
    for round in 0..20 {
        // The folder of `file` is watched, and so is `deep`, as the way ends there.
        let key = bench.watch("deep/er/file");
        bench.rest();
        bench.mkdir("deep/er");
        let appeared = format!("appeared {round}");
        bench.write("deep/er/file", &appeared);
        bench.until(key, &appeared);
        bench.rename("deep", "elsewhere");
        bench.rename("elsewhere", "deep");
        bench.rest();
        let edited = format!("edited {round}");
        bench.write("deep/er/file", &edited);
        bench.until(key, &edited);
        bench.hub.unwatch(key);
        fs::remove_dir_all(bench.path("deep/er")).unwrap();
    }
}

/// Until it is let go of, a folder that nobody needs any more counts as watched.
#[test]
fn gone_before_it_is_let_go_of() {
    let (mut bench, key) = bench("folder/file");
    bench.rest();
    bench.hub.unwatch(key);
    for round in 0..20 {
        bench.rename("folder", "elsewhere");
        let key = bench.watch("folder/file");
        bench.mkdir("folder");
        let text = format!("{round}");
        bench.write("folder/file", &text);
        bench.until(key, &text);
        bench.hub.unwatch(key);
        fs::remove_dir_all(bench.path("elsewhere")).unwrap();
    }
}
