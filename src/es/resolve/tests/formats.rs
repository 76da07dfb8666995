use super::Project;
use crate::es::compile::{Format, Language};
use crate::es::resolve::FileFormat;

fn format(project: &Project, path: &str) -> FileFormat {
    project.resolver.format(&project.path(path)).unwrap()
}

#[test]
fn extension_and_type_decide() {
    use Format::{CommonJs, Detect, Module, TypeScriptLoose};
    use Language::{JavaScript, Jsx, Tsx, TypeScript};

    let project = Project::new(&[
        ("esm/package.json", r#"{ "type": "module" }"#),
        ("cjs/package.json", r#"{ "type": "commonjs" }"#),
        ("none/package.json", "{}"),
    ]);
    for (path, language, format_wanted) in [
        ("esm/a.js", JavaScript, Module),
        ("esm/deep/a.ts", TypeScript, Module),
        ("esm/a.tsx", Tsx, Module),
        ("esm/a.cjs", JavaScript, CommonJs),
        ("esm/a.cts", TypeScript, TypeScriptLoose),
        ("cjs/a.js", JavaScript, CommonJs),
        ("cjs/a.mjs", JavaScript, Module),
        ("cjs/a.mts", TypeScript, Module),
        ("cjs/a.ts", TypeScript, TypeScriptLoose),
        ("none/a.js", JavaScript, Detect),
        ("none/a.jsx", Jsx, Detect),
        ("none/a.ts", TypeScript, TypeScriptLoose),
        ("none/a", JavaScript, Detect),
    ] {
        let wanted = FileFormat::Code {
            language,
            format: format_wanted,
        };
        assert_eq!(format(&project, path), wanted, "{path}");
    }
    assert_eq!(format(&project, "a.json"), FileFormat::Json);
    assert_eq!(format(&project, "a.node"), FileFormat::Addon);
    assert_eq!(format(&project, "a.wasm"), FileFormat::Wasm);
}

#[test]
fn another_extension_is_nodes_error() {
    let project = Project::new(&[]);
    let error = project.resolver.format(&project.path("a.css")).unwrap_err();
    assert_eq!(error.code, "ERR_UNKNOWN_FILE_EXTENSION");
    assert!(
        error.message.starts_with("Unknown file extension \".css\" for "),
        "{}",
        error.message
    );
}
