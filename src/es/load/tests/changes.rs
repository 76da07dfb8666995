use super::*;

#[test]
fn the_same_bytes_are_no_change() {
    let program = Program::new(&[("a.mts", "import './b.mts'"), ("b.mts", "1")]);
    program.load("a.mts");
    let before = program.get("b.mts");
    program.project.write("b.mts", "1");
    let loaded = program.change(&["b.mts"]);
    assert_eq!(program.names(&loaded), ["b.mts"]);
    assert!(Arc::ptr_eq(&loaded[0], &before));
    program.project.write("b.mts", "2");
    let loaded = program.change(&["b.mts"]);
    assert_eq!(program.names(&loaded), ["b.mts"]);
    assert!(!Arc::ptr_eq(&loaded[0], &before));
    assert!(Arc::ptr_eq(&loaded[0], &program.get("b.mts")));
}

#[test]
fn what_a_change_reaches_is_loaded_too() {
    let program = Program::new(&[("a.mts", ""), ("b.mts", "import './c.mts'"), ("c.mts", "")]);
    program.load("a.mts");
    program.project.write("a.mts", "import './b.mts'");
    assert_eq!(
        program.names(&program.change(&["a.mts"])),
        ["c.mts", "b.mts", "a.mts"]
    );
}

#[test]
fn a_file_that_appears_mends_its_importers() {
    let program = Program::new(&[("a.mts", "import './b.mjs'"), ("x.mts", "")]);
    program.load("a.mts");
    program.load("x.mts");
    assert!(program.get("a.mts").has_unresolved());
    program.project.write("b.mts", "");
    assert_eq!(program.names(&program.change(&["b.mts"])), ["b.mts", "a.mts"]);
    assert!(!program.get("a.mts").has_unresolved());
}

#[test]
fn an_exact_file_that_appears_wins() {
    let program = Program::new(&[
        ("a.mts", "import './b.mjs'"),
        ("b.mts", ""),
        ("c.mts", "import './d'"),
        ("d/index.ts", ""),
    ]);
    program.load("a.mts");
    program.load("c.mts");
    program.project.write("b.mjs", "");
    assert_eq!(program.names(&program.change(&["b.mjs"])), ["b.mjs", "a.mts"]);
    program.project.write("d.ts", "");
    assert_eq!(program.names(&program.change(&["d.ts"])), ["d.ts", "c.mts"]);
}

#[test]
fn a_file_that_goes_is_missed_or_replaced() {
    let program = Program::new(&[
        ("a.mts", "import './b.mjs'; import './c.mjs'"),
        ("b.mjs", ""),
        ("b.mts", ""),
        ("c.mjs", ""),
    ]);
    program.load("a.mts");
    std::fs::remove_file(program.project.path("b.mjs")).unwrap();
    std::fs::remove_file(program.project.path("c.mjs")).unwrap();
    let loaded = program.change(&["b.mjs", "c.mjs"]);
    assert_eq!(program.names(&loaded), ["b.mjs", "c.mjs", "b.mts", "a.mts"]);
    assert!(loaded[0].body.is_err());
    let failing: Vec<bool> = program
        .get("a.mts")
        .resolved()
        .iter()
        .map(Result::is_err)
        .collect();
    assert_eq!(failing, [false, true]);
}

#[test]
fn settings_concern_all_files() {
    let program = Program::new(&[
        ("package.json", "{}"),
        ("a.js", "import './b.js'"),
        ("b.js", "1"),
        ("tsconfig.json", "{}"),
        ("c.ts", "class A { x; }"),
    ]);
    program.load("a.js");
    program.load("c.ts");
    program.project.write("package.json", r#"{ "type": "module" }"#);
    let loaded = program.change(&["package.json"]);
    assert_eq!(loaded.len(), 3);
    program.project.write(
        "tsconfig.json",
        r#"{ "compilerOptions": { "useDefineForClassFields": false } }"#,
    );
    assert!(
        program
            .names(&program.change(&["tsconfig.json"]))
            .contains(&"c.ts".to_owned())
    );
    program
        .project
        .write("tsconfig.json", r#"{ "extends": "./base" }"#);
    program.project.write("base.json", "{}");
    program.change(&["tsconfig.json", "base.json"]);
    program.project.write(
        "base.json",
        r#"{ "compilerOptions": { "useDefineForClassFields": false } }"#,
    );
    assert!(
        program
            .names(&program.change(&["base.json"]))
            .contains(&"c.ts".to_owned())
    );
    // As they were: nothing is news.
    assert!(program.change(&["tsconfig.json"]).is_empty());
}

#[test]
fn the_stamp_is_what_was_read() {
    let program = Program::new(&[("a.mts", "1")]);
    let loaded = program.load("a.mts");
    let path = program.project.path("a.mts");
    assert!(!loaded[0].stamp.is_outdated(&path));
    program.project.write("a.mts", "2");
    assert!(loaded[0].stamp.is_outdated(&path));
}

#[test]
fn what_was_dropped_is_read_again() {
    let program = Program::new(&[("a.mts", "import './b.mts'"), ("b.mts", "1")]);
    program.load("a.mts");
    let url = program.place("b.mts").url();
    program.loader.retain(|other| other != &*url);
    assert!(program.loader.get(&url).is_none());
    // Also because an importer still needs it.
    assert_eq!(program.names(&program.change(&["b.mts"])), ["b.mts"]);
    program.loader.retain(|other| other != &*url);
    assert_eq!(program.names(&program.load("b.mts")), ["b.mts"]);
}

#[test]
fn what_was_emptied_a_moment_ago_is_half_of_a_save() {
    let program = Program::new(&[("a.cjs", "exports.n = 1")]);
    let before = Arc::clone(&program.load("a.cjs")[0]);
    program.project.write("a.cjs", "");
    assert!(Arc::ptr_eq(&program.change(&["a.cjs"])[0], &before));
    let file = std::fs::File::options()
        .write(true)
        .open(program.project.path("a.cjs"))
        .unwrap();
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(1);
    file.set_modified(earlier).unwrap();
    assert!(!Arc::ptr_eq(&program.change(&["a.cjs"])[0], &before));
}
