use super::Project;
use crate::es::resolve::Options;

#[test]
fn nodes_own_order_comes_first() {
    let project = Project::new(&[
        ("a.js", ""),
        ("a.ts", ""),
        ("b.json", ""),
        ("b.ts", ""),
        ("c/package.json", r#"{ "main": "m" }"#),
        ("c/m.js", ""),
        ("d/index.ts", ""),
        ("e?f.js", ""),
    ]);
    for (specifier, found) in [
        ("./a", "a.js"),
        ("./b", "b.json"),
        ("./c", "c/m.js"),
        ("./d", "d/index.ts"),
        ("./e?f", "e?f.js"),
    ] {
        assert_eq!(project.require(specifier, "x.cjs"), found);
    }
}

#[test]
fn failures_are_nodes() {
    let project = Project::new(&[
        (
            "node_modules/p/package.json",
            r#"{ "exports": { "./gone": "./gone.js" } }"#,
        ),
        ("package.json", r##"{ "imports": { "#gone": "gone" } }"##),
    ]);
    assert_eq!(
        project.require("./nope", "x.cjs"),
        "MODULE_NOT_FOUND: Cannot find module './nope'\nRequire stack:\n- ~/x.cjs"
    );
    assert_eq!(
        project.require("nope", "x.cjs"),
        "MODULE_NOT_FOUND: Cannot find module 'nope'\nRequire stack:\n- ~/x.cjs"
    );
    assert_eq!(
        project.require("p", "x.cjs"),
        "ERR_PACKAGE_PATH_NOT_EXPORTED: No \"exports\" main defined in ~/node_modules/p/package.json"
    );
    assert_eq!(
        project.require("p/gone", "x.cjs"),
        "MODULE_NOT_FOUND: Cannot find module '~/node_modules/p/gone.js'"
    );
    assert_eq!(
        project.require("#gone", "x.cjs"),
        "MODULE_NOT_FOUND: Cannot find module '#gone'"
    );
}

#[test]
fn node_path_is_for_require_alone() {
    let outer = Project::new(&[("global/index.js", "")]);
    let options = Options {
        node_path: vec![outer.path("")],
        ..Options::default()
    };
    let project = Project::with(&[], options);
    assert!(project.require("global", "x.cjs").ends_with("global/index.js"));
    assert!(
        project
            .import("global", "x.cjs")
            .starts_with("ERR_MODULE_NOT_FOUND")
    );
}
