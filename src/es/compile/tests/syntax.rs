use super::*;

fn javascript(text: &str, format: Format) -> Source<'_> {
    Source {
        language: Language::JavaScript,
        format,
        ..source(text)
    }
}

#[test]
fn early_errors_are_errors() {
    for text in [
        "return 1",
        "export { x }",
        "export let a; export { a }",
        "let a; let a;",
        "await = 1",
        "yield = 1",
        "with (a) {}",
        "import defer * as a from 'a'",
        "import source a from 'a'",
        "010",
        "a\n<!-- b",
        "let a, b; a <!-- b",
        "import.defer('x')",
        "let x = ;",
        "new.target",
        "super()",
        "break",
        "import { a } from 'a'; let a",
        "delete a",
        "arguments = 1",
        "class A { private x = 1 }",
        "class A { readonly x }",
        "class A { declare x }",
        "class A { x? }",
        "class A { m?() {} }",
        "class A { public m() {} }",
        "class A { override m() {} }",
        "export default interface A {}",
        "for (;;) export const a = 1",
        "if (a) export {}",
        "{ import 'a' }",
        "export default abstract class A {}",
        "import a from 'a' assert { type: 'json' }",
        "eval = 1",
    ] {
        let error = error(&javascript(text, Format::Module));
        assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
    }
}

#[test]
fn early_errors_of_imports_and_exports_are_errors_in_typescript() {
    for (text, message) in [
        ("export { x }", "Export 'x' is not defined in module"),
        ("export { x as default }", "Export 'x' is not defined in module"),
        ("export let a; export { a }", "Duplicate export of 'a'"),
        ("export { a }; export function a() {}", "Duplicate export of 'a'"),
        ("export var a; export var a", "Duplicate export of 'a'"),
        ("let a, b; export { a, b as a }", "Duplicate export of 'a'"),
        (
            "export * as a from 'x'; export const a = 1",
            "Duplicate export of 'a'",
        ),
        (
            "export { a } from 'x'; export { a } from 'y'",
            "Duplicate export of 'a'",
        ),
        (
            "export default 1; let a; export { a as default }",
            "Duplicate export of 'default'",
        ),
    ] {
        let error = error(&source(text));
        assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
        assert_eq!(error.message, message, "{text}");
    }
    for text in [
        "export function f(): void; export function f(a?: 1) {}",
        "export default function f(): void; export default function f(a?: 1) {}",
        "export enum E { A } export enum E { B = 1 } export namespace E { export const c = 1 }",
        "export class C {} export interface C {} export namespace C { export const c = 1 }",
        "export const T = 1; export type T = 1",
        "type T = 1; export { T }; export { type T as U }",
        "import { a } from 'x'; export { a }; export { a as b }",
        "export * from 'x'; export * from 'y'; export const a = 1",
        "import { type a } from 'x'; const a = 1",
        "import type { a } from 'x'; const a = 1",
        "import { a } from 'x'; type b = a; interface a {}",
        "import { a } from 'x'; { let a = 1 } function f(a) {}",
        "import a = require('x'); namespace a { export type b = 1 }",
    ] {
        compile(&source(text)).unwrap();
    }
}

#[test]
fn a_function_of_a_function_may_be_declared_again() {
    for text in [
        "function f() { function a() {} { var a } }",
        "function f() { async function a() {} for (var a of []); }",
        "class A { static { function a() {} var a } }",
    ] {
        compile(&javascript(text, Format::Module)).unwrap();
        compile(&javascript(text, Format::CommonJs)).unwrap();
    }
    compile(&javascript("function a() {} { var a }", Format::CommonJs)).unwrap();
    for text in [
        "function a() {} { var a }",
        "function f() { { function a() {} var a } }",
        "function f() { function a() {} let a }",
    ] {
        error(&javascript(text, Format::Module));
    }
}

#[test]
fn a_function_of_a_typescript_module_is_declared_once() {
    for text in [
        "function f() {} function f() {}",
        "async function f() {} async function f() {}",
        "function* f() {} function* f() {}",
        "export function f() {} function f() {}",
        "function f() {} export function f() {}",
        "export default function f() {} function f() {}",
        "function f() {} var f;",
        "function f() {} { var f }",
        "var f; function f() {}",
        "{ var f } function f() {}",
        "function f(): void; function f() {} function f() {}",
    ] {
        for format in [Format::Module, Format::TypeScriptLoose] {
            let error = error(&Source {
                format,
                ..source(&format!("{text}; export const x = 1"))
            });
            assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
            let message = error.message.replace('`', "'");
            assert_eq!(message, "Identifier 'f' has already been declared", "{text}");
        }
    }
    for text in [
        "function f(): void; function f(a?: 1) {}",
        "export function f(): void; export function f(a?: 1) {}",
        "export default function f(): void; export default function f(a?: 1) {}",
        "declare function f(): void; function f() {}",
        "function f() {} declare var f: 1",
        "function f() {} namespace f { export const a = 1 } interface f {}",
        "function f() { function g() {} function g() {} } { let f }",
    ] {
        compile(&source(text)).unwrap();
    }
    compile(&Source {
        format: Format::CommonJs,
        ..source("function f() {} function f() {} var f")
    })
    .unwrap();
}

#[test]
fn what_javascript_allows_to_be_declared_again_is_allowed_in_typescript() {
    for text in [
        "function g(a: number) { function a() {} }",
        "function g({ a }: any, ...b: any[]) { function a() {} function b() {} }",
        "const g = (a: number) => { function a() {} }",
        "function g() { var h = 1; function h() {} }",
        "function g() { var { h } = f; function h() {} }",
        "class A { static { var h; function h() {} } }",
        "namespace N { var h; function h() {} h() }",
        "class A { x = 1; x() {} }",
        "class A { x = 1; x = 2 }",
        "class A { static x; static x }",
        "class A { get x() { return 1 } get x() { return 2 } }",
        "class A { 'x' = 1; 'x' = 2 }",
        "class A { ['constructor']() {} ['constructor']() {} }",
        "class A { declare x: number; x = 1 }",
        "class A { set x(v = 1) {} }",
        "({ set x(v = 1) {} })",
        "import type { a } from 'x'; import { b as a } from 'y'; a()",
        "import { b as a } from 'y'; import { type a } from 'x'; a()",
        "declare const x: 1; let x = 1",
        "declare function x(): void; const x = 1",
        "declare class x {} class x {}",
        "declare namespace x { const a: 1 } const x = 1",
        "import { x } from 'x'; declare const x: 1; x()",
        "type x = 1; type x = 2",
        "type x<a, a> = (b: a, b: a) => void",
        "declare function f(a: 1, a: 2): void",
        "enum E { a, a }",
    ] {
        compile(&source(text)).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    }
    let script = |text| Source {
        url: "file:///a.cts",
        format: Format::CommonJs,
        ..source(text)
    };
    compile(&script("var f; function f() {}")).unwrap();
    for text in [
        "let a; let a",
        "let a; var a",
        "const a = 1; function a() {}",
        "function g(a, a) {}",
        "(a, a) => 1",
        "function g(a) { let a }",
        "function g() { { var a; function a() {} } }",
        "function g() { function a() {} let a }",
        "class A {} let A",
        "let E; enum E { a }",
        "try {} catch ({ a }) { var a }",
        "class A { #a; #a }",
        "class A { #a; static #a() {} }",
        "class A { constructor() {} constructor() {} }",
        "import { a } from 'x'; import { a } from 'y'; a()",
        "import type { a } from 'z'; import { a } from 'x'; import { a } from 'y'; a()",
        "import { a } from 'x'; let a",
    ] {
        let error = error(&source(text));
        assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
    }
    error(&script("let f; function f() {}"));
}

#[test]
fn a_file_that_is_commonjs_by_its_name_has_no_top_level_await() {
    let file = |text| Source {
        url: "file:///a.cts",
        format: Format::TypeScriptLoose,
        ..source(text)
    };
    for text in ["await 1", "export {}\nawait 1", "for await (const a of b);"] {
        let error = error(&file(text));
        assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
    }
    compile(&file("export const f = async () => await 1")).unwrap();
    compile(&Source {
        url: "file:///a.ts",
        ..file("await 1")
    })
    .unwrap();
}

#[test]
fn a_file_that_is_commonjs_by_its_name_has_no_import_meta() {
    let file = |text| Source {
        url: "file:///a.cts?b",
        format: Format::TypeScriptLoose,
        ..source(text)
    };
    for text in [
        "import.meta",
        "const a = 1; () => import.meta.url",
        "const b: import('c').D = import.meta",
    ] {
        assert_eq!(error(&file(text)).kind, ErrorKind::Syntax, "{text}");
    }
    compile(&file("import 'a'; import.meta.url")).unwrap();
}

#[test]
fn an_error_has_its_place() {
    let error = error(&javascript("let a\n  'é' let b", Format::Module));
    assert_eq!((error.line, error.column), (2, 6), "{error:?}");
}

#[test]
fn syntax_decides_about_the_kind() {
    for (text, kind) in [
        ("import 'a'", Kind::Module),
        ("export {}", Kind::Module),
        ("import.meta", Kind::Module),
        ("await 1", Kind::Module),
        ("module.exports = 1", Kind::CommonJs),
        ("return 1", Kind::CommonJs),
        ("import('a')", Kind::CommonJs),
        ("for await (const a of b);", Kind::Module),
        ("const __dirname = process.cwd()", Kind::Module),
        ("let { a: [require = 1], ...module } = b", Kind::Module),
        ("class exports {}", Kind::Module),
        (
            "var require; function module() {} { let exports }",
            Kind::CommonJs,
        ),
        ("const { exports: a } = module", Kind::CommonJs),
    ] {
        assert_eq!(
            compile(&javascript(text, Format::Detect)).unwrap().kind,
            kind,
            "{text}"
        );
    }
    for (text, kind) in [
        ("import 'a'", Kind::LooseModule),
        ("import a = require('a'); a()", Kind::CommonJs),
        ("export = 1", Kind::CommonJs),
        ("import type { a } from 'a'", Kind::LooseModule),
        ("const require: number = 5", Kind::LooseModule),
        (
            "declare const require: any; declare class module {}; type exports = 1",
            Kind::CommonJs,
        ),
    ] {
        let source = Source {
            format: Format::TypeScriptLoose,
            ..source(text)
        };
        assert_eq!(compile(&source).unwrap().kind, kind, "{text}");
    }
}

#[test]
fn texts_of_every_shape_work() {
    assert_eq!(
        js("\u{feff}#!/usr/bin/env node\r\nlet a\u{2028}let b"),
        "///usr/bin/env node\r\nlet a\u{2028}let b"
    );
    let many: String = (0..5_000)
        .map(|n| format!("import {{ a as a{n} }} from './{n}';\n"))
        .collect();
    let compiled = compile(&javascript(&many, Format::Module)).unwrap();
    assert_eq!(compiled.requests.len(), 5_000);
    assert_eq!(
        (compiled.requests[4_999].line, compiled.requests[4_999].column),
        (5_000, 28)
    );
    let long = format!("let a = '';\na{};", " + 'b'".repeat(20_000));
    compile(&javascript(&long, Format::Module)).unwrap();
}

#[test]
fn the_environment_has_a_name_of_its_own() {
    let code = compile(&javascript(
        "import { a } from 'a'; let $ = a, $h1_",
        Format::Module,
    ))
    .unwrap()
    .code;
    assert!(code.starts_with("return(function*($h2_){"), "{code}");
    assert!(code.contains("let $ = $h2_[0].a"), "{code}");
}

#[test]
fn commonjs_stays_what_it_is() {
    let compiled = compile(&Source {
        hot: false,
        ..javascript(
            "'use strict'; require('a'); require(b); require('a')",
            Format::CommonJs,
        )
    })
    .unwrap();
    assert_eq!(
        compiled.code,
        "'use strict'; require('a'); require(b); require('a')"
    );
    assert_eq!(compiled.dynamic, ["a"]);
    assert_eq!(
        body(&javascript(
            "'use strict'; import('a'); setTimeout(f)",
            Format::CommonJs
        )),
        "\"use strict\";const $=module.__hmr__;'use strict'; $.import('a'); (0,$.setTimeout)(f)"
    );
}

#[test]
fn the_map_has_an_entry_for_each_line_and_word() {
    // cspell:disable
    let compiled = compile(&javascript("import { a } from 'a'\na()\nlet b", Format::Module)).unwrap();
    assert_eq!(
        compiled.map.as_deref(),
        Some("kEAAA,SAAS,IAAI,MAAM;AACnB,WAAA,CAAE;AACF,IAAI")
    );
    // cspell:enable
}
