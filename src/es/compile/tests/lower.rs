use super::*;

/// The body with TypeScript's old decorators, their metadata, and fields that are defined or assigned.
fn decorated(text: &str, defines: bool) -> String {
    let options = TsOptions {
        experimental_decorators: true,
        emit_decorator_metadata: true,
        use_define_for_class_fields: Some(defines),
        ..TsOptions::default()
    };
    body(&Source {
        options: &options,
        ..source(text)
    })
}

#[test]
fn enums_are_objects() {
    for (from, to) in [
        (
            "enum E { A, B = 5, C, D = 's', E = B | C, F }",
            "var E;(function($1){ $1[$1[\"A\"]=0]=\"A\"; $1[$1[\"B\"] = 5]=\"B\"; $1[$1[\"C\"]=6]=\"C\"; $1[\"D\"] = 's'; \
             $1[$1[\"E\"] = $1.B | $1.C]=\"E\"; $1[$1[\"F\"]=$1[\"E\"]+1]=\"F\"; })(E||(E={}));",
        ),
        (
            "enum E { A = 'a' as any, B = <any>'b', C = ('c'), D = 'd' satisfies string }",
            "var E;(function($1){ $1[$1[\"A\"] = 'a'       ]=\"A\"; $1[$1[\"B\"] =      'b']=\"B\"; $1[\"C\"] = ('c'); \
             $1[$1[\"D\"] = 'd'                 ]=\"D\"; })(E||(E={}));",
        ),
        ("declare enum E { A }", ";                   "),
        (
            "declare const enum E { A }",
            "var E;(function($1){ $1[$1[\"A\"]=0]=\"A\"; })(E||(E={}));",
        ),
        (
            "enum E { A }\nenum E { B = A }",
            "var E;(function($1){ $1[$1[\"A\"]=0]=\"A\"; })(E||(E={}));\n;(function($2){ $2[$2[\"B\"] = $2.A]=\"B\"; })(E||(E={}));",
        ),
    ] {
        assert_eq!(ts(from), to, "{from}");
    }
}

#[test]
fn blocks_of_one_namespace_see_each_other() {
    assert_eq!(
        ts("namespace N { export let a = 1 }\nnamespace N { a++; export const b = a }"),
        "var N;(function($1){ ;          $1.a = 1 })(N||(N={}));\n;(function($2){ $2.a++; ;            $2.b = $2.a })(N||(N={}));"
    );
    assert_eq!(
        ts("namespace A.B { export function f() {} }"),
        "var A;(function($1){let B;(function($2){ ;      function f() {};$2.f=f; })(B=$1.B||($1.B={}));})(A||(A={}));"
    );
}

#[test]
fn parameter_properties_are_assigned() {
    assert_eq!(
        ts("class A { constructor(private a: 1, public readonly b = 2, c) { c } }"),
        "class A {a;b; constructor(        a   ,                 b = 2, c) {;this.a=a;this.b=b; c } }"
    );
    assert_eq!(
        ts("class A extends B { constructor(private a) { super(a) } }"),
        "class A extends B {a; constructor(        a) { (super(a),this.a=a,this) } }"
    );
    assert_eq!(
        decorated(
            "class A { x = this.a; static y = 1; z; constructor(private a) {} }",
            false
        ),
        "class A { ;#$1(){this.x = this.a};; ;static{this.y = 1};; ;  constructor(        a) {;this.a=a;this.#$1();} }"
    );
    assert_eq!(
        decorated("class A { x = 1 }", false),
        "class A { ;#$1=void(this.x = 1); }"
    );
}

#[test]
fn decorators_run_after_the_class() {
    assert_eq!(
        decorated(
            "@a @b() class C { @p x: string; @m() f(@q y: number) { C } }",
            true
        ),
        "const $1=()=>[a ,b()]; let $2;let C=class C {static{$2=this;} ;static #$3(){return[p,$Meta(\"design:type\",String)]} \
         x        ; ;static #$4(){return[m(),$Param(0,q),$Meta(\"design:type\",Function),$Meta(\"design:paramtypes\",[Number]),\
         $Meta(\"design:returntype\",void 0)]} f( y        ) { $2 } ;static{$Decorate(this.#$3(),this.prototype,\"x\",void 0);\
         $Decorate(this.#$4(),this.prototype,\"f\",null);}};C=$2=$Decorate([...$1()],C);"
    );
}

#[test]
fn the_decorators_of_a_pair_of_accessors_are_one_list() {
    let metadata = "$Meta(\"design:type\",Number),$Meta(\"design:paramtypes\",[Number])";
    let block = ";static{$Decorate(this.#$1(),this.prototype,\"x\",null);}";
    for (from, to) in [
        (
            "class A { @a get x() {} set x(@p v: number) {} }",
            format!(
                " ;static #$1(){{return[a,$Param(0,p),{metadata}]}} get x() {{}} set x( v        ) {{}} {block}"
            ),
        ),
        (
            "class A { set x(@p @q v: number) {} @a get x() {} }",
            format!(
                " set x( v        ) {{}} ;static #$1(){{return[a,$Param(0,p),$Param(0,q),{metadata}]}} get x() {{}} {block}"
            ),
        ),
        // Nothing runs them in tsc, either.
        (
            "class A { get x() {} set x(@p v: number) {} }",
            String::from(" get x() {} set x( v        ) {} "),
        ),
    ] {
        assert_eq!(decorated(from, true), format!("class A {{{to}}}"), "{from}");
    }
}

#[test]
fn an_import_that_only_metadata_names_is_weak() {
    let options = TsOptions {
        experimental_decorators: true,
        emit_decorator_metadata: true,
        ..TsOptions::default()
    };
    let compiled = compile(&Source {
        options: &options,
        ..source(
            "import { A } from './a'; import { B, C } from './b'; @C class D { constructor(a: A, b: B) {} }",
        )
    })
    .unwrap();
    let weak: Vec<_> = compiled.imports.iter().map(|import| import.weak).collect();
    assert_eq!(weak, [true, true, false]);
    let weak: Vec<_> = compiled.requests.iter().map(|request| request.weak).collect();
    assert_eq!(weak, [true, false]);
}

#[test]
fn what_neither_node_nor_the_compiler_can_run_is_one_error() {
    for text in [
        "@d class A {}",
        "class A { @d x }",
        "class A { accessor x = 1 }",
        "class A { m(@d x) {} }",
    ] {
        let error = error(&source(text));
        assert_eq!(error.kind, ErrorKind::Unsupported, "{text}");
        assert!(error.help.is_some(), "{text}");
    }
}
