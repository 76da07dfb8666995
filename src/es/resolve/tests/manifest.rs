use serde_json::{Value, json};

use super::Project;
use crate::es::resolve::Options;

const DEP: &str = ".yarn/unplugged/dep/node_modules/dep";

/// What a manifest says of a project with a workspace, `w`, and an unplugged package, `dep`.
pub fn state() -> Value {
    let own = json!({
        "packageLocation": "./",
        "packageDependencies": [
            ["dep", "npm:1.0.0"], ["w", "workspace:w"], ["other-name", ["dep", "npm:1.0.0"]], ["peer", null], ["gone", "npm:2.0.0"],
        ],
        "linkType": "SOFT",
    });
    json!({
        "__info": ["Don't edit"],
        "dependencyTreeRoots": [{ "name": "root", "reference": "workspace:." }, { "name": "w", "reference": "workspace:w" }],
        "enableTopLevelFallback": false,
        "ignorePatternData": null,
        "fallbackExclusionList": [],
        "fallbackPool": [],
        "packageRegistryData": [
            [null, [[null, own]]],
            ["root", [["workspace:.", own]]],
            ["w", [["workspace:w", { "packageLocation": "./packages/w/", "packageDependencies": [], "linkType": "SOFT" }]]],
            ["dep", [["npm:1.0.0", {
                "packageLocation": format!("./{DEP}/"),
                "packageDependencies": [["dep", "npm:1.0.0"], ["peer", null]],
                "linkType": "HARD",
            }]]],
        ],
    })
}

/// Adds a package.
pub fn register(state: &mut Value, name: &str, reference: &str, location: &str, dependencies: &Value) {
    let package = json!({ "packageLocation": location, "packageDependencies": dependencies });
    let registry = state["packageRegistryData"].as_array_mut().unwrap();
    registry.push(json!([name, [[reference, package]]]));
}

/// Makes a package a dependency of the project.
pub fn depend(state: &mut Value, name: &str, reference: &str) {
    for at in [0, 1] {
        let own = &mut state["packageRegistryData"][at][1][0][1]["packageDependencies"];
        own.as_array_mut().unwrap().push(json!([name, reference]));
    }
}

/// `.pnp.cjs` as Yarn writes it, but for the code around.
pub fn manifest(state: &Value) -> String {
    let text = serde_json::to_string_pretty(state).unwrap();
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("const RAW_RUNTIME_STATE =\n'{}';\n", text.replace('\n', "\\\n"))
}

/// A project with these files, those of `state`'s packages and a manifest.
pub fn project(state: &Value, files: &[(&str, &str)]) -> Project {
    let options = Options {
        with_manifest: true,
        ..Options::default()
    };
    let text = manifest(state);
    let (main, sub) = (format!("{DEP}/d.js"), format!("{DEP}/s.js"));
    let package = format!("{DEP}/package.json");
    let own = [
        (".pnp.cjs", text.as_str()),
        ("package.json", r#"{ "name": "root" }"#),
        (&package, r#"{ "exports": { ".": "./d.js", "./sub": "./s.js" } }"#),
        (&main, ""),
        (&sub, ""),
        (
            "packages/w/package.json",
            r#"{ "name": "w", "main": "src/w.ts" }"#,
        ),
        ("packages/w/src/w.ts", ""),
        ("src/a.ts", ""),
    ];
    Project::with(&[&own, files].concat(), options)
}

#[test]
fn packages_are_where_the_manifest_says() {
    let project = project(&state(), &[]);
    let main = format!("{DEP}/d.js (cold)");
    assert_eq!(project.import("dep", "src/a.ts"), main);
    assert_eq!(project.require("dep", "src/a.ts"), main);
    assert_eq!(project.import("other-name", "src/a.ts"), main);
    assert_eq!(
        project.import("dep/sub", "src/a.ts"),
        format!("{DEP}/s.js (cold)")
    );
    assert_eq!(project.import("w", "src/a.ts"), "packages/w/src/w.ts");
}

#[test]
fn a_package_that_the_manifest_does_not_give_is_an_error_that_says_what_to_do() {
    let mut state = state();
    register(
        &mut state,
        "far",
        "virtual:0f0f#npm:1.0.0",
        "./far/",
        &json!([["peer", null]]),
    );
    let project = project(&state, &[("far/package.json", "{}"), ("far/f.js", "")]);
    let dep = format!("{DEP}/d.js");
    for (name, importer, said) in [
        (
            "nope/deep",
            "src/a.ts",
            "root@workspace:. does not have it among its dependencies: `yarn add nope` adds it.",
        ),
        (
            "@a/nope",
            "packages/w/src/w.ts",
            "w@workspace:w does not have it among its dependencies: `yarn add @a/nope` adds it.",
        ),
        (
            "w",
            &dep,
            "dep@npm:1.0.0 does not have it among its dependencies: `packageExtensions` in .yarnrc.yml can add it.",
        ),
        (
            "peer",
            "src/a.ts",
            "it is a peer dependency of root@workspace:. that is not provided: `yarn add --dev peer` adds it.",
        ),
        (
            "peer",
            "far/f.js",
            "it is a peer dependency of far@npm:1.0.0 that is not provided: the packages that depend on far have to depend on peer.",
        ),
        (
            "gone",
            "src/a.ts",
            "it is a dependency of root@workspace:., but ~/.pnp.cjs does not say where it lies: `yarn install` writes it anew.",
        ),
    ] {
        let package = name.strip_suffix("/deep").unwrap_or(name);
        assert_eq!(
            project.import(name, importer),
            format!("MODULE_NOT_FOUND: Cannot find package '{package}' imported from ~/{importer}: {said}")
        );
    }
}

#[test]
fn a_package_falls_back_to_what_the_project_has() {
    let mut state = state();
    state["enableTopLevelFallback"] = true.into();
    state["fallbackPool"] = json!([["pooled", "workspace:p"], ["dep", "npm:9.9.9"]]);
    state["fallbackExclusionList"] = json!([["w", ["workspace:w"]]]);
    register(&mut state, "pooled", "workspace:p", "./packages/p/", &json!([]));
    let project = project(
        &state,
        &[("packages/p/package.json", "{}"), ("packages/p/index.js", "")],
    );
    let dep = format!("{DEP}/d.js");
    assert_eq!(project.import("w", &dep), "packages/w/src/w.ts");
    assert_eq!(project.import("pooled", &dep), "packages/p/index.js");
    // Of what both have, the project's own counts.
    assert_eq!(
        project.import("dep", "packages/p/index.js"),
        format!("{DEP}/d.js (cold)")
    );
    // A peer dependency that nobody provides, and neither has the project.
    let error = project.import("peer", &dep);
    assert!(error.contains("is not provided"), "{error}");
    // A workspace is excluded, and so is what the manifest takes for the project as a whole.
    for importer in ["packages/w/src/w.ts", "src/a.ts"] {
        let error = project.import("nope", importer);
        assert!(error.starts_with("MODULE_NOT_FOUND: "), "{error}");
    }
    let error = project.import("pooled", "packages/w/src/w.ts");
    assert!(error.contains("yarn add pooled"), "{error}");
}

#[test]
fn the_longest_location_that_is_looked_up_owns_the_importing_file() {
    let mut state = state();
    register(
        &mut state,
        "inner",
        "workspace:i",
        "./packages/w/inner/",
        &json!([["dep", "npm:1.0.0"]]),
    );
    register(
        &mut state,
        "hidden",
        "workspace:h",
        "./packages/w/inner/deep/",
        &json!([]),
    );
    let last = state["packageRegistryData"].as_array_mut().unwrap().last_mut();
    last.unwrap()[1][0][1]["discardFromLookup"] = true.into();
    let project = project(&state, &[]);
    for importer in ["packages/w/inner/a.ts", "packages/w/inner/deep/a.ts"] {
        assert_eq!(project.import("dep", importer), format!("{DEP}/d.js (cold)"));
    }
    for importer in ["packages/w/a.ts", "packages/w/inner-not/a.ts"] {
        let error = project.import("dep", importer);
        assert!(error.contains("w@workspace:w does not have it"), "{error}");
    }
}

#[test]
fn a_workspace_with_peer_dependencies_is_where_its_virtual_path_leads() {
    let mut state = state();
    let peer = json!([["dep", null], ["none", null]]);
    register(&mut state, "ui", "workspace:ui", "./packages/ui/", &peer);
    let reference = "virtual:0f0f#workspace:ui";
    let location = "./.yarn/__virtual__/ui-virtual-0f0f/1/packages/ui/";
    let provided = json!([["dep", "npm:1.0.0"], ["none", null]]);
    register(&mut state, "ui", reference, location, &provided);
    depend(&mut state, "ui", reference);
    let files = [
        ("packages/ui/package.json", r#"{ "main": "lib" }"#),
        ("packages/ui/lib/index.ts", ""),
    ];
    let project = project(&state, &files);
    let main = "packages/ui/lib/index.ts";
    assert_eq!(project.require("ui", "src/a.ts"), main);
    assert_eq!(project.import("ui/lib/index.ts", "src/a.ts"), main);
    // There it has what those who depend on it provide.
    assert_eq!(project.import("dep", main), format!("{DEP}/d.js (cold)"));
    let error = project.import("none", main);
    assert!(error.contains("that is not provided"), "{error}");
}

#[test]
fn the_state_may_lie_beside_the_manifest() {
    let project = project(&state(), &[]);
    project.write(".pnp.data.json", &state().to_string());
    project.write(
        ".pnp.cjs",
        "hydrateRuntimeState(JSON.parse(fs.readFileSync(file)))",
    );
    assert_eq!(project.import("dep", "src/a.ts"), format!("{DEP}/d.js (cold)"));
    let error = project.import("nope", "src/a.ts");
    assert!(error.starts_with("MODULE_NOT_FOUND: "), "{error}");
}

#[test]
fn the_state_may_be_an_argument_as_in_yarn_3() {
    let project = project(&state(), &[]);
    let text = manifest(&state()).replace("const RAW_RUNTIME_STATE =\n", "hydrateRuntimeState(JSON.parse(");
    project.write(".pnp.cjs", &text.replace("';\n", "'), {})"));
    assert_eq!(project.import("dep", "src/a.ts"), format!("{DEP}/d.js (cold)"));
}

#[test]
fn with_ignored_files_a_name_that_the_manifest_lacks_is_looked_for_in_node_modules() {
    let mut state = state();
    state["ignorePatternData"] = "(^legacy\\/.*$)".into();
    let project = project(
        &state,
        &[("legacy/a.ts", ""), ("legacy/node_modules/old/index.js", "")],
    );
    assert_eq!(
        project.import("old", "legacy/a.ts"),
        "legacy/node_modules/old/index.js (cold)"
    );
    assert_eq!(project.import("dep", "src/a.ts"), format!("{DEP}/d.js (cold)"));
    assert_eq!(
        project.import("nope", "src/a.ts"),
        "ERR_MODULE_NOT_FOUND: Cannot find package 'nope' imported from ~/src/a.ts"
    );
}

#[test]
fn an_install_makes_the_manifest_be_read_anew() {
    let mut state = state();
    let project = project(&state, &[]);
    assert!(project.import("new", "src/a.ts").starts_with("MODULE_NOT_FOUND"));
    register(&mut state, "new", "workspace:n", "./packages/n/", &json!([]));
    depend(&mut state, "new", "workspace:n");
    project.write("packages/n/index.js", "");
    project.write(".pnp.cjs", &manifest(&state));
    project.resolver.forget(&[project.path(".pnp.cjs")]);
    assert_eq!(project.import("new", "src/a.ts"), "packages/n/index.js");
}
