use super::Project;

const EXPORTS: &str = r#"{
    "name": "p",
    "exports": {
        ".": { "import": "./i.js", "require": "./r.cjs" },
        "./sync": { "module-sync": "./i.js", "default": "./r.cjs" },
        "./null": null,
        "./none": { "browser": "./i.js" },
        "./list": ["nope", "./i.js"],
        "./deep/*": "./lib/*.js",
        "./deep/private/*": null,
        "./deep/*.css": "./css/*.css",
        "./bad": "i.js",
        "./up": "./../i.js",
        "./number": 1,
        "./gone": "./gone.js"
    }
}"#;

fn project() -> Project {
    Project::new(&[
        ("node_modules/p/package.json", EXPORTS),
        ("node_modules/p/i.js", ""),
        ("node_modules/p/r.cjs", ""),
        ("node_modules/p/lib/a/b.js", ""),
        ("node_modules/p/css/x.css", ""),
    ])
}

#[test]
fn conditions_patterns_and_lists() {
    let project = project();
    for (specifier, found) in [
        ("p", "i.js"),
        ("p/sync", "i.js"),
        ("p/list", "i.js"),
        ("p/deep/a/b", "lib/a/b.js"),
        ("p/deep/x.css", "css/x.css"),
    ] {
        assert_eq!(
            project.import(specifier, "x.ts"),
            format!("node_modules/p/{found} (cold)"),
            "{specifier}"
        );
    }
    assert_eq!(project.require("p", "x.cjs"), "node_modules/p/r.cjs (cold)");
}

#[test]
fn failures_are_nodes() {
    let project = project();
    let package = "~/node_modules/p/package.json";
    let from = "imported from ~/x.ts";
    for (specifier, error) in [
        (
            "p/null",
            format!(
                "ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './null' is not defined by \"exports\" in {package} {from}"
            ),
        ),
        (
            "p/none",
            format!(
                "ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './none' is not defined by \"exports\" in {package} {from}"
            ),
        ),
        (
            "p/deep/private/x",
            format!(
                "ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './deep/private/x' is not defined by \"exports\" in {package} {from}"
            ),
        ),
        (
            "p/deep/../x",
            format!(
                "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"./deep/../x\" request is not a valid match in pattern \"./deep/*\" for the \"exports\" resolution of {package} {from}"
            ),
        ),
        (
            "p/bad",
            format!(
                "ERR_INVALID_PACKAGE_TARGET: Invalid \"exports\" target \"i.js\" defined for './bad' in the package config {package} {from}; targets must start with \"./\""
            ),
        ),
        (
            "p/up",
            format!(
                "ERR_INVALID_PACKAGE_TARGET: Invalid \"exports\" target \"./../i.js\" defined for './up' in the package config {package} {from}"
            ),
        ),
        (
            "p/number",
            format!(
                "ERR_INVALID_PACKAGE_TARGET: Invalid \"exports\" target \"1\" defined for './number' in the package config {package} {from}; targets must start with \"./\""
            ),
        ),
        (
            "p/gone",
            format!("ERR_MODULE_NOT_FOUND: Cannot find module '~/node_modules/p/gone.js' {from}"),
        ),
    ] {
        assert_eq!(project.import(specifier, "x.ts"), error, "{specifier}");
    }
}

#[test]
fn keys_of_two_kinds_are_no_config() {
    let project = Project::new(&[(
        "node_modules/p/package.json",
        r#"{ "exports": { ".": "./a.js", "import": "./a.js" } }"#,
    )]);
    let error = project.import("p", "x.ts");
    assert!(
        error.starts_with("ERR_INVALID_PACKAGE_CONFIG: Invalid package config ~/node_modules/p/package.json"),
        "{error}"
    );
}

#[test]
fn a_package_finds_itself_and_its_own_imports() {
    let project = Project::new(&[
        (
            "package.json",
            r##"{ "name": "self", "exports": { "./*": "./src/*.ts" },
                "imports": { "#a": "./src/a.ts", "#lib/*": "./src/*.ts", "#dep": "dep", "#fs": "fs", "#null": null } }"##,
        ),
        ("src/a.ts", ""),
        ("src/deep/x.ts", ""),
        ("node_modules/dep/index.js", ""),
    ]);
    let from = "src/x.ts";
    assert_eq!(project.import("self/a", from), "src/a.ts");
    assert_eq!(project.import("#a", from), "src/a.ts");
    assert_eq!(project.import("#lib/deep/x", from), "src/deep/x.ts");
    assert_eq!(project.import("#dep", from), "node_modules/dep/index.js (cold)");
    assert_eq!(project.import("#fs", from), "node:fs");
    for name in ["#null", "#nope"] {
        assert_eq!(
            project.import(name, from),
            format!(
                "ERR_PACKAGE_IMPORT_NOT_DEFINED: Package import specifier \"{name}\" is not defined in package ~/package.json imported from ~/src/x.ts"
            )
        );
    }
    assert_eq!(
        project.import("#/a", from),
        "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"#/a\" is not a valid internal imports specifier name imported from ~/src/x.ts"
    );
}
