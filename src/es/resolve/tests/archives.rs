use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde_json::json;

use super::Project;
use super::manifest::{depend, project, register, state};

const ARCHIVE: &str = ".yarn/cache/packed-npm-1.0.0-0f0f.zip";

/// Writes a zip archive; files with more than 40 bytes are deflated.
fn archive(project: &Project, path: &str, files: &[(&str, &str)]) {
    let mut bytes = Vec::new();
    let mut writer = ZipArchiveWriter::new(&mut bytes);
    for (name, text) in files {
        let is_deflated = text.len() > 40;
        let method = if is_deflated {
            CompressionMethod::DEFLATE
        } else {
            CompressionMethod::STORE
        };
        let (mut entry, config) = writer.new_file(name).compression_method(method).start().unwrap();
        // The sum is of what the file holds, and the bytes after it are what the archive holds.
        let mut plain = config.wrap(Vec::new());
        plain.write_all(text.as_bytes()).unwrap();
        let (plain, descriptor) = plain.finish().unwrap();
        let held = if is_deflated {
            miniz_oxide::deflate::compress_to_vec(&plain, 6)
        } else {
            plain
        };
        entry.write_all(&held).unwrap();
        entry.finish(descriptor).unwrap();
    }
    writer.finish().unwrap();
    let path = project.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A project with the package `packed` in an archive, and these files.
fn with_packed(files: &[(&str, &str)], packed: &[(&str, &str)]) -> Project {
    let mut state = state();
    let location = format!("./{ARCHIVE}/node_modules/packed/");
    register(&mut state, "packed", "npm:1.0.0", &location, &json!([]));
    depend(&mut state, "packed", "npm:1.0.0");
    let project = project(&state, files);
    let packed: Vec<(String, &str)> = packed
        .iter()
        .map(|(name, text)| (format!("node_modules/packed/{name}"), *text))
        .collect();
    let packed: Vec<(&str, &str)> = packed.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    archive(&project, ARCHIVE, &packed);
    project
}

#[test]
fn a_package_may_lie_in_an_archive() {
    let exports = r#"{ "name": "packed", "exports": { ".": "./lib/p.js", "./*": "./lib/*.js" } }"#;
    let project = with_packed(
        &[],
        &[("package.json", exports), ("lib/p.js", ""), ("lib/q.js", "")],
    );
    let lib = format!("{ARCHIVE}/node_modules/packed/lib");
    assert_eq!(project.import("packed", "src/a.ts"), format!("{lib}/p.js (cold)"));
    assert_eq!(
        project.require("packed/q", "src/a.ts"),
        format!("{lib}/q.js (cold)")
    );
    let error = project.import("packed/none", "src/a.ts");
    assert!(error.starts_with("ERR_MODULE_NOT_FOUND: "), "{error}");
    // A file of the archive imports another.
    assert_eq!(
        project.import("./q.js", &format!("{lib}/p.js")),
        format!("{lib}/q.js (cold)")
    );
}

#[test]
fn a_package_in_an_archive_may_have_a_folder_as_its_main_file() {
    let project = with_packed(
        &[],
        &[("package.json", r#"{ "main": "lib" }"#), ("lib/index.js", "")],
    );
    assert_eq!(
        project.require("packed", "src/a.ts"),
        format!("{ARCHIVE}/node_modules/packed/lib/index.js (cold)")
    );
}

#[test]
fn a_virtual_path_may_lead_into_an_archive() {
    let mut state = state();
    let location =
        "./.yarn/__virtual__/packed-virtual-0f0f/0/cache/packed-npm-1.0.0-0f0f.zip/node_modules/packed/";
    register(
        &mut state,
        "packed",
        "virtual:0f0f#npm:1.0.0",
        location,
        &json!([]),
    );
    depend(&mut state, "packed", "virtual:0f0f#npm:1.0.0");
    let project = project(&state, &[]);
    archive(&project, ARCHIVE, &[("node_modules/packed/index.js", "")]);
    let found = format!("{}index.js (cold)", location.trim_start_matches("./"));
    assert_eq!(project.import("packed", "src/a.ts"), found);
}

#[test]
fn what_is_no_archive_holds_nothing() {
    let project = with_packed(&[], &[("index.js", "")]);
    project.write(ARCHIVE, "no archive");
    let error = project.import("packed", "src/a.ts");
    assert!(error.starts_with("ERR_MODULE_NOT_FOUND: "), "{error}");
}

#[test]
fn an_archive_that_is_written_anew_is_opened_anew() {
    let project = with_packed(&[], &[("index.js", "")]);
    assert_eq!(
        project.require("packed", "src/a.ts"),
        format!("{ARCHIVE}/node_modules/packed/index.js (cold)")
    );
    let main = r#"{ "name": "packed", "main": "other.js", "version": "1.0.1" }"#;
    let files = [
        ("node_modules/packed/package.json", main),
        ("node_modules/packed/other.js", ""),
    ];
    archive(&project, ARCHIVE, &files);
    project.resolver.forget(&[project.path(".pnp.cjs")]);
    assert_eq!(
        project.require("packed", "src/a.ts"),
        format!("{ARCHIVE}/node_modules/packed/other.js (cold)")
    );
}

#[test]
fn a_tsconfig_may_extend_one_in_an_archive() {
    let strict = r#"{ "compilerOptions": { "experimentalDecorators": true, "jsx": "react" } }"#;
    let base = r#"{ "extends": "./strict.json", "compilerOptions": { "jsxFactory": "h" } }"#;
    for (extends, name) in [
        ("packed", "tsconfig.json"),
        ("packed/base", "base.json"),
        ("packed/base.json", "base.json"),
    ] {
        let own = format!(r#"{{ "extends": "{extends}" }}"#);
        let project = with_packed(
            &[("tsconfig.json", &own)],
            &[("strict.json", strict), (name, base)],
        );
        let options = project.resolver.ts_options(&project.path("src/a.ts"));
        assert!(options.experimental_decorators, "{extends}");
        assert_eq!(options.jsx_factory.as_deref(), Some("h"), "{extends}");
    }
}

#[test]
fn a_tsconfig_of_a_package_extends_one_of_its_own_dependencies() {
    let mut state = state();
    let inner = format!("./{ARCHIVE}/node_modules/@c/inner/");
    register(&mut state, "@c/inner", "npm:1.0.0", &inner, &json!([]));
    register(
        &mut state,
        "@c/outer",
        "workspace:o",
        "./packages/outer/",
        &json!([["@c/inner", "npm:1.0.0"]]),
    );
    depend(&mut state, "@c/outer", "workspace:o");
    let project = project(
        &state,
        &[
            ("tsconfig.json", r#"{ "extends": ["@c/outer/tsconfig.json"] }"#),
            (
                "packages/outer/tsconfig.json",
                r#"{ "extends": "@c/inner/shared", "compilerOptions": { "paths": { "~/*": ["./src/*"] } } }"#,
            ),
            (
                "packages/outer/package.json",
                r#"{ "exports": { "./*": "./*" } }"#,
            ),
            ("packages/outer/src/o.ts", ""),
        ],
    );
    let shared = r#"{ "compilerOptions": { "experimentalDecorators": true } }"#;
    archive(
        &project,
        ARCHIVE,
        &[("node_modules/@c/inner/shared.json", shared)],
    );
    let options = project.resolver.ts_options(&project.path("src/a.ts"));
    assert!(options.experimental_decorators);
    // Paths are relative to the file that names them.
    assert_eq!(project.import("~/o", "src/a.ts"), "packages/outer/src/o.ts");
}
