use super::Project;

#[test]
fn paths_come_before_packages_and_fall_back_to_them() {
    let project = Project::new(&[
        (
            "tsconfig.json",
            r##"{ // comment
                "compilerOptions": { "paths": { "@/*": ["./src/*"], "@scope/*": ["./src/*"], "lib": ["./gone.ts", "./src/lib.ts"],
                    "typed": ["./types/typed.d.ts"], "#/*": ["./src/*"], "folder": ["./packages/folder"], }, },
            }"##,
        ),
        ("src/a.ts", ""),
        ("src/lib.ts", ""),
        ("src/deep/index.tsx", ""),
        ("types/typed.d.ts", ""),
        ("packages/folder/package.json", r#"{ "main": "lib/main.js" }"#),
        ("packages/folder/lib/main.ts", ""),
        ("node_modules/lib/index.js", ""),
        ("node_modules/typed/index.js", ""),
        ("node_modules/@scope/b/index.js", ""),
    ]);
    for (specifier, found) in [
        ("@/a", "src/a.ts"),
        ("@/a.js", "src/a.ts"),
        ("@/a?q", "src/a.ts?q"),
        ("@/deep", "src/deep/index.tsx"),
        ("#/a", "src/a.ts"),
        ("lib", "src/lib.ts"),
        ("folder", "packages/folder/lib/main.ts"),
        ("typed", "node_modules/typed/index.js (cold)"),
    ] {
        assert_eq!(project.import(specifier, "src/x.ts"), found, "{specifier}");
    }
    assert_eq!(project.require("@/a", "src/x.cts"), "src/a.ts");
    assert_eq!(
        project.import("@scope/b", "src/x.ts"),
        "node_modules/@scope/b/index.js (cold)"
    );
}

#[test]
fn the_base_url_is_a_place_for_bare_names() {
    let project = Project::new(&[
        (
            "tsconfig.json",
            r#"{ "compilerOptions": { "baseUrl": "./src", "paths": { "x/*": ["y/*"] } } }"#,
        ),
        ("src/app/a.ts", ""),
        ("src/y/z.ts", ""),
        ("src/fs.ts", ""),
    ]);
    assert_eq!(project.import("app/a", "src/app/b.ts"), "src/app/a.ts");
    assert_eq!(project.import("x/z", "src/app/b.ts"), "src/y/z.ts");
    assert_eq!(project.import("fs", "src/app/b.ts"), "node:fs");
}

#[test]
fn the_nearest_tsconfig_governs() {
    let project = Project::new(&[
        (
            "tsconfig.json",
            r#"{ "compilerOptions": { "paths": { "a": ["./outer.ts"] } } }"#,
        ),
        (
            "inner/tsconfig.json",
            r#"{ "compilerOptions": { "paths": { "a": ["./inner.ts"] } }, "include": ["src"] }"#,
        ),
        ("outer.ts", ""),
        ("inner/inner.ts", ""),
    ]);
    assert_eq!(project.import("a", "x.ts"), "outer.ts");
    assert_eq!(project.import("a", "inner/src/x.ts"), "inner/inner.ts");
    assert_eq!(project.import("a", "inner/test/x.ts"), "inner/inner.ts");
}

#[test]
fn extends_of_files_packages_and_lists() {
    let project = Project::new(&[
        (
            "tsconfig.json",
            r#"{ "extends": ["./base", "@tsconfig/strict/tsconfig.json", "conf"] }"#,
        ),
        (
            "base.json",
            r#"{ "compilerOptions": { "paths": { "a": ["./src/a.ts"] }, "target": "es5", "strict": false } }"#,
        ),
        (
            "node_modules/@tsconfig/strict/tsconfig.json",
            r#"{ "compilerOptions": { "strict": true } }"#,
        ),
        (
            "node_modules/conf/tsconfig.json",
            r#"{ "compilerOptions": { "target": "ES2020", "jsx": "react" } }"#,
        ),
        ("src/a.ts", ""),
    ]);
    assert_eq!(project.import("a", "src/x.ts"), "src/a.ts");
    let options = project.resolver.ts_options(&project.path("src/x.ts"));
    assert_eq!(options.target, Some(2020));
    assert!(options.strict_null_checks);
    assert_eq!(options.jsx, crate::es::compile::Jsx::Classic);
}

#[test]
fn extends_that_is_not_installed_leaves_the_rest() {
    let project = Project::new(&[(
        "tsconfig.json",
        r#"{ "extends": "@tsconfig/gone", "compilerOptions": { "experimentalDecorators": true } }"#,
    )]);
    assert!(
        project
            .resolver
            .ts_options(&project.path("x.ts"))
            .experimental_decorators
    );
}

#[test]
fn references_own_their_files() {
    let project = Project::new(&[
        (
            "tsconfig.json",
            r#"{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.test.json" }] }"#,
        ),
        (
            "tsconfig.app.json",
            r#"{ "include": ["src"], "exclude": ["src/**/*.test.ts"], "compilerOptions": { "paths": { "a": ["./src/app.ts"] } } }"#,
        ),
        (
            "tsconfig.test.json",
            r#"{ "include": ["src/**/*.test.ts"], "compilerOptions": { "paths": { "a": ["./src/test.ts"] } } }"#,
        ),
        ("src/app.ts", ""),
        ("src/test.ts", ""),
    ]);
    assert_eq!(project.import("a", "src/deep/x.ts"), "src/app.ts");
    assert_eq!(project.import("a", "src/deep/x.test.ts"), "src/test.ts");
}

#[test]
fn a_change_of_what_is_extended_counts() {
    let project = Project::new(&[
        ("tsconfig.json", r#"{ "extends": "./base.json" }"#),
        ("base.json", "{}"),
    ]);
    let decorators = || {
        project
            .resolver
            .ts_options(&project.path("x.ts"))
            .experimental_decorators
    };
    assert!(!decorators());
    project.write(
        "base.json",
        r#"{ "compilerOptions": { "experimentalDecorators": true } }"#,
    );
    project.resolver.forget(&[project.path("base.json")]);
    assert!(decorators());
}

#[test]
fn config_dir_stands_for_the_folder_of_the_last() {
    let project = Project::new(&[
        ("app/tsconfig.json", r#"{ "extends": "../base/tsconfig.json" }"#),
        (
            "base/tsconfig.json",
            r#"{ "compilerOptions": { "paths": { "a": ["${configDir}/a.ts"] } } }"#,
        ),
        ("app/a.ts", ""),
    ]);
    assert_eq!(project.import("a", "app/x.ts"), "app/a.ts");
}
