//! Nothing panics, and what comes out parses again.
use oxc_parser::Parser;
use oxc_span::SourceType;

use super::*;

const PIECES: &[&str] = &[
    "import a, { b as c } from './x';",
    "import * as ns from './y' with { type: 'json' };",
    "import type { T } from './t';",
    "export default function () {}",
    "export default class {}",
    "export default () => a;",
    "export { c as 'x y' };",
    "export * from './z';",
    "export const d = c(), [e, { f = c }] = [1, {}];",
    "c = 1; c++; [c] = [1]; ({ c, x: [c] = a } = ns);",
    "for (c of []) ns.x();",
    "ns.a`x${c}`; c?.(); new c(ns.y); c ||= a;",
    "class K<T> extends c<T> implements I { private x?: number = 1; static y!: T; [k: string]: any; }",
    "enum E { A, B = A << 1, C = 'x' }",
    "namespace N { export const x = 1; export let { y, ...z } = c; export function g() { return x } }",
    "namespace N { export const w = x; }",
    "abstract class P { constructor(private readonly q: T, public r = 1) { c() } abstract m(): void; }",
    "@dec() class D { @dec p: T; @dec(c) m(@dec() a: K<T>, b?: string): Promise<void> { return D.z } static z = 1; constructor(@dec x: N) {} }",
    "type U<X> = X extends string ? 1 : 2;",
    "interface I { a: 1 }",
    "declare const q: number;",
    "let v = <any>c as unknown as T;",
    "const w = <T,>(a: T): a is T => a!;",
    "function o(this: K, a?: number, ...r: T[]): asserts a {}",
    "try { c() } catch (e: unknown) {}",
    "using u = c(); await using t = a;",
    "await c; import('./lazy'); import.meta.url; arguments;",
    "label: for (;;) { break label }",
    "const j = <div a='1' {...c} key={c}>x {c} <K.L/> <>t</></div>;",
    "import r = require('r');",
    "if (a) c(); else c()",
    "setTimeout(c, 1)",
    "`a${`b${c}`}`",
    "a < !--c",
    "var \u{1F600}x = 'é\u{2028}'; // c\r\n",
    "({ c, get c() { return c }, async *[c]() {} })",
    "x satisfies Y\n(c)",
    "const y = class { #p = c; static { c() } accessor = 1 };",
    "'use strict'",
    "#!/usr/bin/env node",
    "export = c;",
    "export as namespace Q;",
    "import { c as default } from",
    "}",
    "{",
    "(",
    ")",
    "=>",
    "<",
    ">",
    ":",
    "?",
    "!",
    "@",
    "\n",
    "\r\n",
    ";",
    "export",
    "import",
    "async",
    "declare",
];

/// A fixed sequence of numbers.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

fn snippet(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for _ in 0..=numbers.below(6) {
        text.push_str(PIECES[numbers.below(PIECES.len())]);
        text.push_str(["\n", " ", ";"][numbers.below(3)]);
    }
    for _ in 0..numbers.below(3) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = numbers.below(chars.len());
        match numbers.below(3) {
            0 => drop(chars.remove(at)),
            1 => chars.truncate(at.max(1)),
            _ => chars.insert(
                at,
                ['(', '\n', '<', 'x', '@', '"', '/', '\u{2028}'][numbers.below(8)],
            ),
        }
        text = chars.into_iter().collect();
    }
    text
}

/// The code has to be a script, or the body of a function that returns one.
pub fn assert_parses(code: &str, from: &str) {
    let allocator = Allocator::default();
    let code = code
        .strip_prefix("return")
        .filter(|rest| rest.starts_with('('))
        .unwrap_or(code);
    let parsed = Parser::new(&allocator, code, SourceType::script()).parse();
    let error = parsed.diagnostics.errors().next();
    assert!(error.is_none(), "{error:?}\n--- from\n{from}\n--- to\n{code}");
}

/// The lines of the code are those of the text.
fn assert_lines(code: &str, from: &str) {
    let count = |text: &str| map::LineBreaks::new(text).count();
    let end = code.rfind("\n//# sourceURL").unwrap_or(code.len());
    let body = code[..end].rfind("\n})").map_or(end, |at| at.min(end));
    assert_eq!(count(&code[..body]), count(from), "{from}\n---\n{code}");
}

/// Whether a text can be compiled. If so, what comes out has to parse.
pub fn is_compiled(source: &Source<'_>) -> bool {
    let Ok(done) = compile(source) else {
        return false;
    };
    if done.kind == Kind::CommonJs {
        let code = done.code.replace("\n//# source", " //# source");
        assert_parses(&format!("(function(){{{code}\n}})"), source.text);
    } else {
        assert_parses(&done.code, source.text);
        if let Some(code) = done.code_alone() {
            assert_parses(&code, source.text);
        }
        // What `using` is lowered to may close its block on a line of its own.
        if !source.text.contains("using") {
            assert_lines(&done.code, source.text);
        }
    }
    true
}

#[test]
fn whatever_comes_in_what_comes_out_parses() {
    let mut numbers = Numbers(7);
    let mut compiled = 0;
    for round in 0..6_000 {
        let text = snippet(&mut numbers);
        let options = TsOptions {
            experimental_decorators: round % 3 > 0,
            emit_decorator_metadata: round % 2 > 0,
            use_define_for_class_fields: Some(round % 5 > 1),
            verbatim_module_syntax: round % 7 == 0,
            jsx: [Jsx::Automatic, Jsx::Classic, Jsx::Development][round % 3],
            ..TsOptions::default()
        };
        let language = [
            Language::TypeScript,
            Language::Tsx,
            Language::JavaScript,
            Language::Jsx,
        ][numbers.below(4)];
        let format = [
            Format::Module,
            Format::CommonJs,
            Format::Detect,
            Format::TypeScriptLoose,
        ][numbers.below(4)];
        let source = Source {
            language,
            format,
            options: &options,
            node: NodeVersion {
                major: if round % 2 == 0 { 20 } else { 24 },
                minor: 0,
            },
            ..source(&text)
        };
        compiled += usize::from(is_compiled(&source));
    }
    assert!(compiled > 500, "{compiled}");
}
