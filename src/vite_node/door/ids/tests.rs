//! The spellings of ids, as tables.

use super::*;

#[test]
fn a_server_names_modules_relative_to_its_root() {
    let roots = Roots::new(Some("/app"), None);
    let table = [
        ("/app/src/a.ts?raw", "/src/a.ts?raw"),
        ("/lib/a.ts", "/@fs/lib/a.ts"),
        ("/application/a.ts", "/@fs/application/a.ts"),
        ("/@fs/lib/a.ts", "/@fs/lib/a.ts"),
        ("\0virtual:x", "\0virtual:x"),
        ("virtual:x", "virtual:x"),
    ];
    for (id, url) in table {
        assert_eq!(roots.url(id), url, "{id}");
    }
    let windows = Roots::new(Some("C:/app"), None);
    assert_eq!(windows.url("C:/app/a.ts"), "/a.ts");
    assert_eq!(windows.url("D:/a.ts"), "/@fs/D:/a.ts");
}

#[test]
fn every_spelling_of_one_file_is_the_same_module() {
    let roots = Roots::new(Some("/app"), Some("/base/"));
    let windows = Roots::new(Some("c:\\app"), Some("/"));
    let table = [
        (&roots, "/app/src/a.ts", "/src/a.ts"),
        (&roots, "/app/src/a.ts", "/base/src/a.ts"),
        (&roots, "/app/src/a.ts", "/@fs/app/src/a.ts"),
        (&roots, "/app/src/a.ts", "/base/@fs/app/src/a.ts"),
        (&roots, "/app/src/a.ts", "/@fs//app/src/a.ts"),
        (&roots, "/app/src/a.ts", "//app/src/a.ts"),
        (&roots, "/app/src/a.ts", "/@id//app/src/a.ts"),
        (&roots, "/app/src/a.ts", "file:///app/src/a.ts"),
        (&roots, "/app/src/a.ts", "file://localhost/app/src/a.ts"),
        (&roots, "/app/src/a b.ts", "file:///app/src/a%20b.ts"),
        (&roots, "/app/src/a.ts", "/src/a.ts?t=17&v=3f&import"),
        (&roots, "/app/src/a.ts?raw", "/src/a.ts?t=17&raw"),
        (&roots, "/app/src/a.ts?raw&x=1", "/src/a.ts?raw&import&x=1"),
        (&roots, "/lib/b.ts", "/@fs/lib/b.ts"),
        (&roots, "\0virtual:x", "/@id/__x00__virtual:x"),
        (&roots, "\0virtual:x", "/base/@id/__x00__virtual:x?t=1"),
        (&roots, "virtual:x", "/@id/virtual:x"),
        (&windows, "C:/app/src/a.ts", "/src/a.ts"),
        (&windows, "C:/app/src/a.ts", "/@fs/c:/app/src/a.ts"),
        (&windows, "C:/app/src/a.ts", "c:\\app\\src\\a.ts"),
        (&windows, "C:/app/src/a.ts", "/C:/app/src/a.ts"),
        (&windows, "C:/app/src/a.ts", "file:///c:/app/src/a.ts?t=1"),
        (&roots, "/app/app/a.ts", "/app/a.ts"),
        (&roots, "/app/app/a.ts", "/base/app/a.ts?t=1"),
    ];
    for (roots, one, other) in table {
        assert!(
            roots.same(one, other),
            "{one} {other} {:?} {:?}",
            roots.readings(one),
            roots.readings(other)
        );
    }
}

#[test]
fn other_files_and_other_queries_are_other_modules() {
    let roots = Roots::new(Some("/app"), Some("/base/"));
    let table = [
        ("/app/src/a.ts", "/src/b.ts"),
        ("/app/src/a.ts", "/app/src/a.tsx"),
        ("/app/src/a.ts", "/app/src/a.ts?raw"),
        ("/app/src/a.ts?raw", "/app/src/a.ts?url"),
        ("/app/src/a.ts?tab=1", "/app/src/a.ts"),
        ("/app/src/a.ts", "/@fs/src/a.ts"),
        ("/app/src/a.ts", "file:///src/a.ts"),
        ("/app/a.ts", "/based/a.ts"),
        ("/app/src/a.ts", "/other/app/src/a.ts"),
    ];
    for (one, other) in table {
        assert!(!roots.same(one, other), "{one} {other}");
    }
}

#[test]
fn a_loaded_module_below_the_root_is_named_by_its_path() {
    let roots = Roots::new(Some("/app"), None);
    assert!(roots.is_named("/app/app/a.ts", "/app/a.ts"));
    assert!(roots.is_named("/app/a.ts", "/app/a.ts"));
    assert!(roots.is_named("/src/a.ts", "/app/src/a.ts"));
    assert!(!roots.is_named("/app/a.ts", "/app/app/a.ts"));
    assert!(!roots.is_of_file("/app/a.ts", "/app/app/a.ts"));
}

#[test]
fn a_path_below_the_root_is_ambiguous() {
    let roots = Roots::new(Some("/app"), None);
    assert!(roots.is_ambiguous("/app/a.ts?t=1"));
    assert!(!roots.is_ambiguous("/@fs/app/a.ts"));
    assert!(!roots.is_ambiguous("/src/a.ts"));
    assert!(!Roots::default().is_ambiguous("/app/a.ts"));
}

#[test]
fn a_file_owns_its_module_with_every_query() {
    let roots = Roots::new(Some("/app"), None);
    assert!(roots.is_of_file("/src/a.ts?raw", "/app/src/a.ts"));
    assert!(roots.is_of_file("/app/src/a.ts", "/app/src/a.ts"));
    assert!(!roots.is_of_file("/app/src/a.tsx", "/app/src/a.ts"));
}

#[test]
fn entries_are_relative_to_the_root() {
    let disk = ["/elsewhere/main.ts", "/both.ts", "/app/both.ts"];
    let exists = |path: &str| disk.contains(&path);
    let table = [
        (Some("/app"), "src/main.ts", Some("/app/src/main.ts")),
        (Some("/app/"), "./src/main.ts", Some("/app/src/main.ts")),
        (Some("/app"), "../lib/main.ts", Some("/lib/main.ts")),
        (Some("/app"), "/src/main.ts", Some("/app/src/main.ts")),
        (Some("/app"), "/src/main.ts?x", Some("/app/src/main.ts?x")),
        (Some("/app"), "/both.ts", Some("/app/both.ts")),
        (Some("/app"), "/app/src/main.ts", None),
        (Some("/app"), "/elsewhere/main.ts", None),
        (Some("/app"), "/@fs/elsewhere/main.ts", None),
        (Some("/app"), "virtual:main", None),
        (Some("/app"), "\0main", None),
        (Some("C:/app"), "C:/app/main.ts", None),
        (Some("C:/app"), "src\\main.ts", Some("C:/app/src/main.ts")),
        (None, "src/main.ts", None),
        (None, "/main.ts", None),
    ];
    for (root, file, expected) in table {
        let entry = Roots::new(root, None).entry(file, exists);
        assert_eq!(entry.as_deref(), expected, "{root:?} {file}");
    }
}

#[test]
fn users_see_the_id_as_it_came_without_marks() {
    let table = [
        ("/src/a.ts?t=1", "/src/a.ts"),
        ("/src/a.ts?raw&t=1", "/src/a.ts?raw"),
        ("/@id/__x00__virtual:x", "\\0virtual:x"),
        ("/@fs/app/a.ts", "/@fs/app/a.ts"),
        ("file:///app/a.ts", "/app/a.ts"),
    ];
    for (id, expected) in table {
        assert_eq!(shown(id), expected);
    }
}
