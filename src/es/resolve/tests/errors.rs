use super::Project;

#[test]
fn failures_are_nodes() {
    let project = Project::new(&[
        ("dir/.keep", ""),
        ("node_modules/empty/.keep", ""),
        ("node_modules/broken/package.json", "{"),
    ]);
    for (specifier, error) in [
        (
            "./nope.ts",
            "ERR_MODULE_NOT_FOUND: Cannot find module '~/nope.ts' imported from ~/x.ts",
        ),
        (
            "./nope.ts?a",
            "ERR_MODULE_NOT_FOUND: Cannot find module '~/nope.ts' imported from ~/x.ts",
        ),
        (
            "nope/sub",
            "ERR_MODULE_NOT_FOUND: Cannot find package 'nope' imported from ~/x.ts",
        ),
        (
            "@a/b/c",
            "ERR_MODULE_NOT_FOUND: Cannot find package '@a/b' imported from ~/x.ts",
        ),
        (
            "empty",
            "ERR_MODULE_NOT_FOUND: Cannot find package '~/node_modules/empty/index.js' imported from ~/x.ts",
        ),
        (
            "./dir",
            "ERR_UNSUPPORTED_DIR_IMPORT: Directory import '~/dir' is not supported resolving ES modules imported from ~/x.ts",
        ),
        (
            "@a",
            "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"@a\" is not a valid package name imported from ~/x.ts",
        ),
        (
            ".a",
            "ERR_INVALID_MODULE_SPECIFIER: Invalid module \".a\" is not a valid package name imported from ~/x.ts",
        ),
        (
            "a%2fb",
            "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"a%2fb\" is not a valid package name imported from ~/x.ts",
        ),
        (
            "./a%2Fb é.ts",
            "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"~/a%2Fb%20%C3%A9.ts\" must not include encoded \"/\" or \"\\\" characters imported from ~/x.ts",
        ),
        (
            "broken",
            "ERR_INVALID_PACKAGE_CONFIG: Invalid package config ~/node_modules/broken/package.json.",
        ),
    ] {
        assert_eq!(project.import(specifier, "x.ts"), error, "{specifier}");
    }
}

#[test]
fn what_was_sought_is_told() {
    let project = Project::new(&[
        ("package.json", "{}"),
        (
            "tsconfig.json",
            r#"{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }"#,
        ),
        ("src/x.ts", ""),
    ]);
    let sought = project.sought("./a.js", "src/x.ts");
    for path in ["~/src/a.js", "~/src/a.ts", "~/src/a.tsx"] {
        assert!(sought.iter().any(|sought| sought == path), "{path}: {sought:?}");
    }
    let sought = project.sought("@/b", "src/x.ts");
    for path in [
        "~/src/b.ts",
        "~/src/b/index.ts",
        "~/tsconfig.json",
        "~/node_modules/@/b",
    ] {
        assert!(sought.iter().any(|sought| sought == path), "{path}: {sought:?}");
    }
    assert!(
        project
            .sought("#nope", "src/x.ts")
            .contains(&"~/package.json".to_owned())
    );
}
