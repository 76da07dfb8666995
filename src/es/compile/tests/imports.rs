use super::*;

#[test]
fn imports_are_read_from_the_environment() {
    let head = "import { f, g as h } from './a'; import d, * as ns from './b';";
    for (from, to) in [
        ("f;", "$[0].f;"),
        ("h();", "(h=$[0].g)();"),
        ("f?.();", "(f=$[0].f)?.();"),
        ("f`x`;", "(f=$[0].f)`x`;"),
        ("new f(d);", "new (f=$[0].f)($[1].default);"),
        (
            "f.a.b(); new f.A; const { a } = f; for (const b of f.c);",
            "(f=$[0].f).a.b(); new (f=$[0].f).A; const { a } = (f=$[0].f); for (const b of (f=$[0].f).c);",
        ),
        ("f(); eval('f');", "(0,$[0].f)(); eval('f');"),
        (
            "ns; ns.x; ns.x(); ns.x``; delete ns.x; ns.x.y();",
            "$[2]; $[1].x; (ns=$[2]).x(); (ns=$[2]).x``; delete $[2].x; (ns=$[1]).x.y();",
        ),
        (
            "({ f, x: f, f: 1, [f]: 1, f() {} });",
            "({ f:$[0].f, x: $[0].f, f: 1, [$[0].f]: 1, f() {} });",
        ),
        (
            "f = 1; f++; [f] = 1; ({ f } = 1); ({ f = 2, x: f } = 1);",
            "$.k.v = 1; $.k[$[0].f,\"v\"]++; [$.k.v] = 1; ({ f:$.k.v } = 1); ({ f:$.k.v = 2, x: $.k.v } = 1);",
        ),
        (
            "for (f of []); for (f in {});",
            "for ($.k.v of []); for ($.k.v in {});",
        ),
        ("f ??= 1;", "$[0].f ??($.k.v= 1);"),
        (
            "f += 1; --f; delete ns?.x; delete ns?.x.y;",
            "$.k[$[0].f,\"v\"] += 1; --$.k[$[0].f,\"v\"]; delete $[2]?.x; delete $[1]?.x.y;",
        ),
        ("typeof f;", "typeof $[0].f;"),
        ("(f)();", "((f=$[0].f))();"),
        (
            "class A extends f { f = f; static f = 1 }",
            "class A extends $[0].f { f = $[0].f; static f = 1 }",
        ),
        ("((f) => f)(f); { let f; f }", "((f) => f)($[0].f); { let f; f }"),
        ("f: for (;;) break f;", "f: for (;;) break f;"),
        ("export default f;", ";const $default= $[0].f;"),
        ("(x = f) => { var f };", "(x = $[0].f) => { var f };"),
    ] {
        let text = format!("{head}\n{from}");
        let out = js(&text);
        assert_eq!(out.split_once('\n').unwrap().1, to, "{from}");
    }
}

#[test]
fn a_call_at_the_start_of_a_statement_does_not_go_on_with_the_one_before() {
    let out = js("import { f } from 'a'\nlet a = 1\nf()\nif (a) f()\nelse f()");
    assert_eq!(
        out,
        ";                    \nlet a = 1\n;(f=$[0].f)()\nif (a) (f=$[0].f)()\nelse (f=$[0].f)()"
    );
}

#[test]
fn a_call_after_a_directive_does_not_call_it() {
    assert_eq!(
        js("import { f } from 'a';\nfunction g() { 'use strict'\nf() }"),
        ";                     \nfunction g() { 'use strict'\n;(f=$[0].f)() }"
    );
    assert_eq!(
        js("'use strict'\nf()\nimport { f } from 'a';"),
        "'use strict'\n;(f=$[0].f)()\n;                     "
    );
}

#[test]
fn defaults_are_called_default() {
    for (from, to) in [
        (
            "export default function () {}",
            ";              function $default () {}",
        ),
        (
            "export default async function* () {}",
            ";              async function* $default () {}",
        ),
        (
            "export default class {}",
            ";const $default={default: class {}}.default;",
        ),
        (
            "export default () => 1;",
            ";const $default={default: () => 1}.default;;",
        ),
        (
            "export default (class {});",
            ";const $default={default: (class {})}.default;;",
        ),
        ("export default function f() {}", ";              function f() {}"),
        ("export default 1", ";const $default= 1"),
    ] {
        assert_eq!(js(from), to, "{from}");
    }
}

#[test]
fn the_code_is_a_generator_that_yields_getters() {
    let compiled = compile(&source(
        "export let a = 1; let b; export { b as 'x y', b as default }",
    ))
    .unwrap();
    assert_eq!(
        compiled.code.lines().next().unwrap(),
        "return(function*($){\"use strict\";yield{get a(){return a},get \"x y\"(){return b},get default(){return b}};       let a = 1; let b; ;                                  "
    );
}

#[test]
fn timers_are_those_of_the_environment_also_as_members_of_the_global_object() {
    for (from, to) in [
        ("setTimeout(f, 1);", "(0,$.setTimeout)(f, 1);"),
        ("globalThis.setTimeout(f, 1);", "$.setTimeout(f, 1);"),
        ("global.setInterval(f);", "$.setInterval(f);"),
        ("globalThis.setImmediate?.(f);", "$.setImmediate?.(f);"),
        ("queueMicrotask(f);", "(0,$.queueMicrotask)(f);"),
        ("globalThis.queueMicrotask(f);", "$.queueMicrotask(f);"),
        ("globalThis.setTimeout = f;", "globalThis.setTimeout = f;"),
        (
            "const { setInterval: every, URL } = globalThis;",
            "const { setInterval: every, URL } = $.world;",
        ),
        (
            "let t; ({ setTimeout: t } = global);",
            "let t; ({ setTimeout: t } = $.world);",
        ),
        ("const { URL } = globalThis;", "const { URL } = globalThis;"),
        ("globalThis.clearTimeout(f);", "globalThis.clearTimeout(f);"),
        (
            "{ let globalThis; globalThis.setTimeout(f); }",
            "{ let globalThis; globalThis.setTimeout(f); }",
        ),
    ] {
        assert_eq!(js(from).trim(), to, "{from}");
    }
}

#[test]
fn what_is_no_value_is_not_exported() {
    let names = |text: &str| -> Vec<String> {
        let compiled = compile(&source(text)).unwrap();
        let names = compiled.exports.iter().map(|it| format!("{:?}", it.kind));
        names.collect()
    };
    for text in [
        "interface P {} export default P",
        "type P = 1; export default P",
        "declare namespace P { type a = 1 } export default P",
        "namespace P { export type a = 1 } export default P",
        "import type { P } from './t'; export default P",
        "import { type P } from './t'; export default P",
        "import type P from './t'; export default P",
        "import type * as P from './t'; export default P",
        "import type P = require('./t'); export default P",
        "export default P; interface P {}",
        "import type { P } from './t'; export { P }",
        "import { type P } from './t'; export { P }",
        "import type P from './t'; export { P }",
        "import type * as P from './t'; export { P }",
        "import type P = require('./t'); export { P as Q }",
        "declare const d: 1; export { d }",
        "declare var d: 1; export { d }",
        "declare function d(): void; export { d }",
        "declare class d {} export { d }",
        "declare enum d { a } export { d }",
        "declare namespace d { const a: 1 } export { d }",
        "function d(): void; function d(a: 1): void; export { d }",
        "declare const { d, e }: any; export { d, e }",
        "declare const d: 1; interface d {} export { d }",
    ] {
        let text = format!("{text};\nexport const other = 1");
        assert_eq!(names(&text), names("\nexport const other = 1"), "{text}");
        assert!(!ts(&text).contains("default"), "{text}");
    }
    for text in [
        "interface P {} const P = 1; export default P",
        "interface P {} class P {} export { P }",
        "namespace P { export type a = 1 } function P() {} export default P",
        "import { P } from './t'; export default P",
        "import { P } from './t'; export { P }",
        "import type { P } from './t'; const P = 1; export { P }",
        "declare const d: 1; export default d",
        "function d(): void; function d(a?: 1) {} export { d }",
        "declare namespace d { const a: 1 } class d {} export { d }",
        "interface P {} export default (P)",
    ] {
        assert_eq!(names(text).len(), 1, "{text}");
    }
    let file = |text| Source {
        format: Format::TypeScriptLoose,
        ..source(text)
    };
    assert_eq!(
        body(&file("interface P {} export = P")),
        ";              ;         "
    );
    let compiled = compile(&file("import type { P } from './t'; export = P")).unwrap();
    assert!(compiled.exports.is_empty());
}
