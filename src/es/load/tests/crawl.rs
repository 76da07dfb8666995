use super::*;
use crate::es::load::Body;

#[test]
fn what_is_reached_is_loaded_dependencies_first_in_source_order() {
    let program = Program::new(&[
        ("package.json", r#"{ "type": "module" }"#),
        (
            "main.ts",
            "import './b.ts'; import './a.ts'; export * from './c.js'; import 'pkg'; import('./lazy.ts')",
        ),
        ("a.ts", "import './c.js'; import './main.ts'; import './a.ts?x#y'"),
        ("b.ts", "import './data.json'"),
        ("c.ts", ""),
        ("data.json", r#"{ "a": 1, "b c": 2 }"#),
        ("node_modules/pkg/index.js", ""),
    ]);
    let loaded = program.load("main.ts");
    // The instance with a query comes from the same file.
    assert_eq!(
        program.names(&loaded),
        ["data.json", "b.ts", "c.ts", "a.ts?x#y", "a.ts", "main.ts"]
    );
    assert!(loaded[3].url.ends_with("a.ts?x#y"), "{}", loaded[3].url);
    assert!(matches!(&loaded[0].body, Ok(Body::Json { .. })));
    assert!(program.load("main.ts").is_empty());
}

#[test]
fn errors_are_per_file() {
    let program = Program::new(&[
        ("package.json", r#"{ "type": "module" }"#),
        (
            "main.ts",
            "import './bad.ts'; import './bad.json'; import './x.css'; import './gone.ts'; import './a.ts'",
        ),
        ("bad.ts", "let = ;"),
        ("bad.json", "{\n  \"a\": }"),
        ("x.css", ""),
        ("a.ts", ""),
    ]);
    let loaded = program.load("main.ts");
    assert_eq!(
        program.names(&loaded),
        ["bad.ts", "bad.json", "x.css", "a.ts", "main.ts"]
    );
    assert!(matches!(loaded[0].body, Err(LoadError::Compile(_))));
    match &loaded[1].body {
        Err(LoadError::Json {
            line: 2,
            column: 8,
            message,
        }) => assert_eq!(message, "Unexpected token '}' in JSON at position 9"),
        other => panic!("{other:?}"),
    }
    match &loaded[2].body {
        Err(LoadError::Format(error)) => assert_eq!(error.code, "ERR_UNKNOWN_FILE_EXTENSION"),
        other => panic!("{other:?}"),
    }
    let failing: Vec<bool> = loaded[4].resolved().iter().map(Result::is_err).collect();
    assert_eq!(failing, [false, false, false, true, false]);
}

#[test]
fn a_file_that_is_gone_is_said_as_node_says_it() {
    let program = Program::new(&[]);
    match &program.load("gone.ts")[0].body {
        Err(LoadError::Read {
            code: "ENOENT",
            message,
        }) => assert!(
            message.starts_with("ENOENT: no such file or directory, open '"),
            "{message}"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_order_is_the_same_each_time() {
    let names: Vec<String> = (0..60).map(|index| format!("m{index}.mts")).collect();
    let texts: Vec<String> = (0..60)
        .map(|index| {
            let imports = [index * 2 + 1, index * 2 + 2, index / 2];
            let import = |other: &usize| format!("import './m{other}.mjs';");
            imports.iter().filter(|other| **other < 60).map(import).collect()
        })
        .collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(texts.iter().map(String::as_str))
        .collect();
    let program = Program::new(&files);
    let first = program.names(&program.load("m0.mts"));
    assert_eq!(first.len(), 60);
    for _ in 0..10 {
        program.loader.retain(|_| false);
        assert_eq!(program.names(&program.load("m0.mts")), first);
    }
}

#[test]
fn several_threads_may_load_at_once() {
    let program = Program::new(&[("a.mts", "import './b.mts'"), ("b.mts", "")]);
    let load = || program.load("a.mts").len();
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(counts.iter().sum::<usize>(), 2);
}

#[test]
fn what_nests_deeply_does_no_harm() {
    let text = format!("export default {}1{}", "(".repeat(3000), ")".repeat(3000));
    let sums = format!("export default {}1", "1+".repeat(20_000));
    let program = Program::new(&[("a.mts", &text), ("b.mts", &sums)]);
    for entry in ["a.mts", "b.mts"] {
        assert_eq!(program.load(entry).len(), 1);
    }
}
