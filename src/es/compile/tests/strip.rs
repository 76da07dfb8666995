use super::*;

#[test]
fn types_become_blanks() {
    for (from, to) in [
        ("let x: number = 1;", "let x         = 1;"),
        ("let x!: number;", "let x         ;"),
        (
            "function f(a?: string, ...b: any[]): void {}",
            "function f(a         , ...b       )       {}",
        ),
        ("function f(this: X, a) {}", "function f(         a) {}"),
        ("const y = x as any;", "const y = x       ;"),
        ("const y = <any>x;", "const y =      x;"),
        ("const y = x!.a!;", "const y = x .a ;"),
        ("f<string>(1);", "f        (1);"),
        ("new F<string>(1);", "new F        (1);"),
        ("type A = 1;", ";          "),
        ("interface A { x: 1 }", ";                   "),
        ("declare const x: 1;", ";                  "),
        ("declare module 'x' { }", ";                     "),
        ("namespace N { type A = 1 }", ";                         "),
        (
            "abstract class A<T> extends B<T> implements C, D {}",
            "         class A    extends B                    {}",
        ),
        ("class A implements B {}", "class A              {}"),
        ("(class implements B {});", "(class              {});"),
        (
            "class A { private x: 1 = 1; static readonly y?: 2; z!: 3 }",
            "class A { ;       x    = 1; static          y    ; z ;   }",
        ),
        (
            "abstract class A { abstract x: 1; declare y: 2; [k: string]: any; m(): void; m() {} }",
            "         class A { ;              ;             ;                 ;          m() {} }",
        ),
        (
            "abstract class A { abstract accessor x: 1; protected abstract accessor y; z = 1 }",
            "         class A { ;                       ;                              z = 1 }",
        ),
        (
            "const f = <T,>(a: T): a is T => a;",
            "const f =     (a   )         => a;",
        ),
        ("try {} catch (e: unknown) {}", "try {} catch (e         ) {}"),
        (
            "function f(): void\nfunction f() {}",
            ";                 \nfunction f() {}",
        ),
        ("let a = b satisfies C;", "let a = b            ;"),
        ("f<string>;", "f        ;"),
    ] {
        assert_eq!(ts(from), to, "{from}");
    }
}

#[test]
fn a_private_name_is_never_only_declared() {
    for text in [
        "class A { declare #x: number }",
        "abstract class A { abstract #x: number }",
    ] {
        assert_eq!(error(&source(text)).kind, ErrorKind::Syntax, "{text}");
    }
    ts("declare class A { #x: number }");
}

#[test]
fn a_statement_that_ended_with_a_type_still_ends_there() {
    assert_eq!(ts("let a = b as c\n(d)"), "let a = b;    \n(d)");
    assert_eq!(ts("type A = 1\n(d)"), ";         \n(d)");
    assert_eq!(
        ts("class A { x\n public [y] = 1 }"),
        "class A { x\n ;      [y] = 1 }"
    );
    assert_eq!(
        ts("const f = () => x as any, g = 1"),
        "const f = () => x       , g = 1"
    );
}

#[test]
fn no_line_break_comes_before_an_arrow() {
    assert_eq!(
        ts("const f = (a): {\n x: 1 } => a"),
        "const f = (a    \n      ) => a"
    );
    assert_eq!(ts("const f = async <\nT>(a) => a"), "const f = async (\na) => a");
    assert_eq!(
        ts("function f() { return <\nT>x }"),
        "function f() { return (\nx) }"
    );
}

#[test]
fn what_a_type_assertion_is_of_stays_an_expression() {
    for (from, to) in [
        ("const f = () => <any>{ a: 1 };", "const f = () => ({ a: 1 });"),
        ("const f = async () => <any>{};", "const f = async () => ({});"),
        ("f(() => <A><unknown>{ a: 1 });", "f(() =>    ({ a: 1 }));"),
        ("f(() => <any>{ a: 1 }!);", "f(() => ({ a: 1 } ));"),
        ("f(() => <any>{ a: 1 }.a as b);", "f(() => ({ a: 1 }.a)     );"),
        ("class A { x = () => <any>{} }", "class A { x = () => ({}) }"),
        ("<any>{ a: 1, b: 2 };", "({ a: 1, b: 2 });"),
        ("<any>function () {};", "(function () {});"),
        ("<any>function () {}();", "(function () {}());"),
        ("<any>async function () {};", "(async function () {});"),
        ("<any>class {};", "(class {});"),
        ("<any>{ a: 1 } + <any>{ b: 1 };", "({ a: 1 }) + ({ b: 1 });"),
        ("let a\n<any>{ a: 1 }\nf()", "let a\n;({ a: 1 })\nf()"),
        ("export default <any>{ a: 1 };", ";const $default= ({ a: 1 });"),
        (
            "export default <any>function () {};",
            ";const $default={default: (function () {})}.default;;",
        ),
        (
            "export default <any>class {}",
            ";const $default={default: (class {})}.default;",
        ),
        ("const a = <any>functional;", "const a =      functional;"),
        ("const a = <any>({});", "const a =      ({});"),
    ] {
        assert_eq!(ts(from), to, "{from}");
    }
    let script = Source {
        format: Format::CommonJs,
        ..source("<any>let[0];")
    };
    assert_eq!(body(&script), "(let[0]);");
}
