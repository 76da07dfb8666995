//! The code of a module that is evaluated by itself.

use super::*;

/// The code after the text, up to the end of the function; `None` if the module needs its generator.
fn end(source: &Source<'_>) -> Option<String> {
    let compiled = compile(source).unwrap_or_else(|error| panic!("{error:?} in {}", source.text));
    let code = compiled.code_alone()?;
    let (ours, theirs) = (code.find("\nreturn{")?, compiled.code.find("\n})")?);
    let (text, generator) = (&code[..ours], &compiled.code[..theirs]);
    let start = text.find("\"use strict\";")? + "\"use strict\";".len();
    let place = |code: &str, byte: usize| code[..byte].encode_utf16().count();
    let tail = &text[start..];
    assert!(generator.ends_with(tail), "{generator} does not end with {tail}");
    let in_generator = place(generator, generator.len() - tail.len());
    assert_eq!(
        place(text, start),
        in_generator,
        "the text is in another place: {code}"
    );
    let (end, rest) = code[ours + 1..].split_once("\n})")?;
    assert_eq!(rest, &compiled.code[theirs + 3..]);
    Some(end.to_owned())
}

#[test]
fn it_returns_the_values_of_its_exports() {
    let rows = [
        ("", "return{}"),
        ("export const a = 1, { b } = {}", "return{a:a,b:b}"),
        ("export default () => 1", "return{default:$default}"),
        ("export default function f() {}", "return{default:f}"),
        (
            "const a = '$'; export { a as 'é \"', a as b }",
            "return{\"é \\\"\":a,b:a}",
        ),
        (
            "export enum E { a }; export namespace N { export const a = 1 }",
            "return{E:E,N:N}",
        ),
        ("export type A = 1; interface B {}; export { B }", "return{}"),
        // What a function may assign to is read when it is wanted.
        (
            "export let a = 1; export const b = () => a++",
            "return{get a(){return a},b:b}",
        ),
        ("export let a = 1; a = 2", "return{get a(){return a}}"),
        // As a value, this would be the prototype of the object.
        (
            "const a = 1; export { a as __proto__ }",
            "return{get __proto__(){return a}}",
        ),
        ("setTimeout(() => import.meta.hot)", "return{}"),
    ];
    for (text, expected) in rows {
        assert_eq!(end(&source(text)).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_others_may_read_early_keeps_its_generator() {
    let texts = [
        "import './b.ts'",
        "export * from './b.ts'",
        "await null",
        "import('./b.ts')",
        "export let a = 1; eval('a = 2')",
        "using a = null",
    ];
    for text in texts {
        let node = NodeVersion { major: 20, minor: 16 };
        assert_eq!(end(&Source { node, ..source(text) }), None, "{text}");
    }
    let loose = Source {
        format: Format::TypeScriptLoose,
        ..source("export const a = 1")
    };
    assert_eq!(end(&loose), None);
}
