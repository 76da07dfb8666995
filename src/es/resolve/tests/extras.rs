use super::Project;

#[test]
fn output_names_lead_to_sources() {
    let project = Project::new(&[
        ("a.ts", ""),
        ("b.tsx", ""),
        ("c.mts", ""),
        ("d.cts", ""),
        ("e.tsx", ""),
        ("f.js", ""),
        ("f.ts", ""),
    ]);
    for (specifier, found) in [
        ("./a.js", "a.ts"),
        ("./b.js", "b.tsx"),
        ("./c.mjs", "c.mts"),
        ("./d.cjs", "d.cts"),
        ("./e.jsx", "e.tsx"),
        ("./f.js", "f.js"),
    ] {
        assert_eq!(project.import(specifier, "x.ts"), found);
        assert_eq!(project.require(specifier, "x.ts"), found);
    }
}

#[test]
fn extensions_are_tried_in_order_then_the_index() {
    let order = ["ts", "tsx", "js", "jsx", "mjs", "mts", "json"];
    let mut names: Vec<String> = order.iter().map(|extension| format!("a.{extension}")).collect();
    names.extend(order.iter().map(|extension| format!("a/index.{extension}")));
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let project = Project::new(&files);
    for name in &names {
        assert_eq!(&project.import("./a", "x.ts"), name);
        std::fs::remove_file(project.path(name)).unwrap();
        project.resolver.forget(&[project.path(name)]);
    }
    assert!(
        project
            .import("./a", "x.ts")
            .starts_with("ERR_UNSUPPORTED_DIR_IMPORT")
    );
}

#[test]
fn an_exact_file_wins_and_dots_in_names_are_no_extension() {
    let project = Project::new(&[
        ("a", ""),
        ("a.ts", ""),
        ("users.service.ts", ""),
        ("lib/index.ts", ""),
        ("lib.ts", ""),
    ]);
    assert_eq!(project.import("./a", "x.ts"), "a");
    assert_eq!(project.import("./users.service", "x.ts"), "users.service.ts");
    assert_eq!(project.import("./lib", "x.ts"), "lib.ts");
    assert_eq!(project.import("./lib/", "x.ts"), "lib/index.ts");
    assert_eq!(project.import(".", "lib/x.ts"), "lib/index.ts");
    assert_eq!(project.import("..", "lib/sub/x.ts"), "lib/index.ts");
}

#[test]
fn in_packages_only_what_node_can_load_is_found() {
    let project = Project::new(&[
        ("node_modules/p/sub.ts", ""),
        ("node_modules/p/fp.js", ""),
        ("node_modules/p/fp.ts", ""),
    ]);
    assert_eq!(project.import("p/fp", "x.ts"), "node_modules/p/fp.js (cold)");
    assert!(
        project
            .import("p/sub", "x.ts")
            .starts_with("ERR_MODULE_NOT_FOUND")
    );
}

#[test]
fn internal_imports_lead_to_sources() {
    let project = Project::new(&[
        ("package.json", r##"{ "imports": { "#*": "./src/*.js" } }"##),
        ("src/a.ts", ""),
    ]);
    assert_eq!(project.import("#a", "x.ts"), "src/a.ts");
}
