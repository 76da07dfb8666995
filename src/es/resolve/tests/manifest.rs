use super::Project;
use crate::es::resolve::Options;

/// As Yarn writes it, but for the code around.
const MANIFEST: &str = r#"const RAW_RUNTIME_STATE =
'{\
  "__info": [],\
  "dependencyTreeRoots": [{ "name": "root", "reference": "workspace:." }],\
  "enableTopLevelFallback": false,\
  "ignorePatternData": null,\
  "fallbackExclusionList": [],\
  "fallbackPool": [],\
  "packageRegistryData": [\
    [null, [[null, { "packageLocation": "./", "packageDependencies": [["dep", "npm:1.0.0"], ["w", "workspace:w"]], "linkType": "SOFT" }]]],\
    ["root", [["workspace:.", { "packageLocation": "./", "packageDependencies": [["dep", "npm:1.0.0"], ["w", "workspace:w"]], "linkType": "SOFT" }]]],\
    ["w", [["workspace:w", { "packageLocation": "./packages/w/", "packageDependencies": [], "linkType": "SOFT" }]]],\
    ["dep", [["npm:1.0.0", { "packageLocation": "./.yarn/unplugged/dep/node_modules/dep/", "packageDependencies": [["dep", "npm:1.0.0"]], "linkType": "HARD" }]]]\
  ]\
}';
"#;

#[test]
fn packages_are_where_the_manifest_says() {
    let options = Options {
        with_manifest: true,
        ..Options::default()
    };
    let files = [
        (".pnp.cjs", MANIFEST),
        ("package.json", r#"{ "name": "root" }"#),
        (
            ".yarn/unplugged/dep/node_modules/dep/package.json",
            r#"{ "exports": { ".": "./d.js", "./sub": "./s.js" } }"#,
        ),
        (".yarn/unplugged/dep/node_modules/dep/d.js", ""),
        (".yarn/unplugged/dep/node_modules/dep/s.js", ""),
        (
            "packages/w/package.json",
            r#"{ "name": "w", "main": "src/w.ts" }"#,
        ),
        ("packages/w/src/w.ts", ""),
        ("src/a.ts", ""),
    ];
    let project = Project::with(&files, options);
    let dep = ".yarn/unplugged/dep/node_modules/dep";
    assert_eq!(project.import("dep", "src/a.ts"), format!("{dep}/d.js (cold)"));
    assert_eq!(
        project.import("dep/sub", "src/a.ts"),
        format!("{dep}/s.js (cold)")
    );
    assert_eq!(project.import("w", "src/a.ts"), "packages/w/src/w.ts");
    let error = project.import("nope", "src/a.ts");
    assert!(error.starts_with("MODULE_NOT_FOUND: "), "{error}");
}
