use std::os::unix::fs::symlink;

use super::Project;
use crate::es::resolve::Options;

#[test]
fn exact_files_are_found() {
    let project = Project::new(&[
        ("a.ts", ""),
        ("src/b.js", ""),
        ("c d%.ts", ""),
        ("é.ts", ""),
        ("e#f?.ts", ""),
    ]);
    for (specifier, importer, found) in [
        ("./a.ts", "x.ts", "a.ts"),
        ("../a.ts", "src/b.js", "a.ts"),
        ("./src/../a.ts", "x.ts", "a.ts"),
        (".//a.ts", "x.ts", "a.ts"),
        ("./c d%25.ts", "x.ts", "c d%.ts"),
        ("./c%20d%.ts", "x.ts", "c d%.ts"),
        ("./%C3%A9.ts", "x.ts", "é.ts"),
        ("./é.ts", "x.ts", "é.ts"),
        ("./e%23f%3F.ts", "x.ts", "e#f?.ts"),
        ("./src/%2e%2e/a.ts", "x.ts", "a.ts"),
        ("./src\\b.js", "x.ts", "src/b.js"),
    ] {
        assert_eq!(project.import(specifier, importer), found, "{specifier}");
    }
}

#[test]
fn absolute_paths_and_file_urls_are_found() {
    let project = Project::new(&[("a b.ts", "")]);
    let path = project.path("a b.ts");
    assert_eq!(project.import(&path.to_string_lossy(), "x.ts"), "a b.ts");
    let url = super::super::url::file_url(&path, "?v=1#h");
    assert!(url.ends_with("a%20b.ts?v=1#h"), "{url}");
    assert_eq!(project.import(&url, "x.ts"), "a b.ts?v=1#h");
}

#[test]
fn a_query_or_hash_is_kept() {
    let project = Project::new(&[("a.ts", "")]);
    assert_eq!(project.import("./a.ts?a#b", "x.ts"), "a.ts?a#b");
    assert_eq!(project.import("./a.ts#b?c", "x.ts"), "a.ts#b?c");
    assert_eq!(project.import("./a?x y", "x.ts"), "a.ts?x%20y");
    assert_eq!(project.import("./a.ts?", "x.ts"), "a.ts");
}

#[test]
fn builtins_come_before_packages() {
    let project = Project::new(&[("node_modules/fs/index.js", "")]);
    assert_eq!(project.import("fs", "x.ts"), "node:fs");
    assert_eq!(project.import("node:fs/promises", "x.ts"), "node:fs/promises");
    assert_eq!(project.import("node:test", "x.ts"), "node:test");
    assert!(project.import("test", "x.ts").starts_with("ERR_MODULE_NOT_FOUND"));
    assert_eq!(
        project.import("node:nope", "x.ts"),
        "ERR_UNKNOWN_BUILTIN_MODULE: No such built-in module: node:nope"
    );
}

#[test]
fn other_schemes_are_left_to_node() {
    let project = Project::new(&[]);
    for url in ["data:text/javascript,1", "https://example.com/a.js", "virtual:x"] {
        assert_eq!(project.import(url, "x.ts"), format!("other {url}"));
    }
}

#[test]
fn packages_are_found_upwards_by_main_or_index() {
    let project = Project::new(&[
        ("node_modules/a/package.json", r#"{ "main": "lib/a" }"#),
        ("node_modules/a/lib/a.js", ""),
        ("src/node_modules/b/index.js", ""),
        ("node_modules/b/index.js", ""),
        ("node_modules/@s/c/package.json", r#"{ "main": "./dist" }"#),
        ("node_modules/@s/c/dist/index.js", ""),
        ("node_modules/@s/c/sub.js", ""),
    ]);
    assert_eq!(project.import("a", "src/x.ts"), "node_modules/a/lib/a.js (cold)");
    assert_eq!(
        project.import("b", "src/x.ts"),
        "src/node_modules/b/index.js (cold)"
    );
    assert_eq!(project.import("b", "x.ts"), "node_modules/b/index.js (cold)");
    assert_eq!(
        project.import("@s/c", "x.ts"),
        "node_modules/@s/c/dist/index.js (cold)"
    );
    assert_eq!(
        project.import("@s/c/sub.js", "x.ts"),
        "node_modules/@s/c/sub.js (cold)"
    );
}

#[test]
fn files_are_taken_by_their_real_path() {
    let project = Project::new(&[
        (
            "packages/w/package.json",
            r#"{ "name": "w", "main": "src/w.ts" }"#,
        ),
        ("packages/w/src/w.ts", ""),
        ("node_modules/.keep", ""),
        ("real.ts", ""),
    ]);
    symlink(project.path("packages/w"), project.path("node_modules/w")).unwrap();
    symlink(project.path("real.ts"), project.path("link.ts")).unwrap();
    assert_eq!(project.import("w", "x.ts"), "packages/w/src/w.ts");
    assert_eq!(project.import("./link.ts", "x.ts"), "real.ts");
}

#[test]
fn a_workspace_that_is_not_built_is_found_by_its_sources() {
    let project = Project::new(&[
        ("packages/w/package.json", r#"{ "name": "w" }"#),
        ("packages/w/index.ts", ""),
        (
            "packages/v/package.json",
            r#"{ "name": "v", "exports": "./src/v.js" }"#,
        ),
        ("packages/v/src/v.ts", ""),
        ("node_modules/.keep", ""),
    ]);
    for name in ["w", "v"] {
        symlink(
            project.path("packages").join(name),
            project.path("node_modules").join(name),
        )
        .unwrap();
    }
    assert_eq!(project.import("w", "x.ts"), "packages/w/index.ts");
    assert_eq!(project.import("v", "x.ts"), "packages/v/src/v.ts");
}

#[test]
fn ignored_files_are_cold() {
    let project = Project::new(&[("generated/a.ts", ""), ("src/b.gen.ts", ""), ("src/c.ts", "")]);
    assert_eq!(
        project.import("./generated/a.ts", "x.ts"),
        "generated/a.ts (cold)"
    );
    assert_eq!(project.import("./src/b.gen.ts", "x.ts"), "src/b.gen.ts (cold)");
    assert_eq!(project.import("./src/c.ts", "x.ts"), "src/c.ts");
}

#[test]
fn what_changed_is_forgotten() {
    let project = Project::new(&[
        ("package.json", r##"{ "imports": { "#a": "./a.ts" } }"##),
        ("a.ts", ""),
        ("b.ts", ""),
    ]);
    assert_eq!(project.import("#a", "x.ts"), "a.ts");
    project.write("package.json", r##"{ "imports": { "#a": "./b.ts" } }"##);
    project.resolver.forget(&[project.path("package.json")]);
    assert_eq!(project.import("#a", "x.ts"), "b.ts");
    std::fs::remove_file(project.path("b.ts")).unwrap();
    project.resolver.forget(&[project.path("b.ts")]);
    assert!(project.import("#a", "x.ts").starts_with("ERR_MODULE_NOT_FOUND"));
}

#[test]
fn user_conditions_hold() {
    let options = Options {
        conditions: vec!["dev".into()],
        ..Options::default()
    };
    let project = Project::with(
        &[
            (
                "node_modules/a/package.json",
                r#"{ "exports": { "dev": "./d.js", "default": "./a.js" } }"#,
            ),
            ("node_modules/a/d.js", ""),
        ],
        options,
    );
    assert_eq!(project.import("a", "x.ts"), "node_modules/a/d.js (cold)");
}
