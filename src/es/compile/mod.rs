//! Compile: the text of one file in, code for V8 and facts for the linker out. Pure: no file, no JavaScript.
//!
//! The original text is edited in one pass; nothing is printed anew. Lines stay what they are, types become blanks, and the
//! source map has entries where columns moved.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | the order of the steps; the name of `$`; the code before and after the text |
//! | `alone.rs` | the code of a module that is evaluated by itself |
//! | `compiled.rs`, `options.rs` | what is given and what comes out; options of a tsconfig.json |
//! | `parse.rs` | the syntax tree, the kind of module by its syntax, early errors |
//! | `early.rs` | syntax of imports and exports that is refused: `assert`, import phases |
//! | `redeclared.rs` | names that are declared twice: which of the analysis's errors are none, and what it does not report |
//! | `facts.rs` | requests and imports: which identifiers are imports, by symbol; imports of types alone |
//! | `exports.rs` | the exports |
//! | `rewriter.rs`, `walk.rs` | the state of the edits; the walk over the tree, which calls the files below |
//! | `read.rs` | reads and calls of imports and of CommonJS's names, names that hide them, `this` of a call, `{ x }` |
//! | `naming.rs` | imports' names in V8's errors |
//! | `write.rs`, `assigned.rs` | assignments to imports; assignments to exports, of which facades are told |
//! | `items.rs` | import and export declarations, `import x = require()`, `export =` |
//! | `specifiers.rs` | `import()` and `require()` |
//! | `timers.rs` | timers that are read from `globalThis` |
//! | `strip.rs` | types and modifiers, taken out; semicolons |
//! | `class.rs` | classes: fields, parameter properties, modifiers of members |
//! | `types_only.rs` | declarations that are nothing but types; names without a value, whose exports vanish |
//! | `decorators.rs` | TypeScript's old decorators; the standard ones are refused |
//! | `accessors.rs` | the getter and the setter of one name, which have one list of decorators |
//! | `metadata.rs` | decorators' metadata; imports that nothing else names are weak |
//! | `enums.rs`, `namespaces.rs` | `enum` and `namespace`, as objects |
//! | `using.rs` | `using` for a Node that does not know it |
//! | `jsx.rs`, `jsx_calls.rs` | elements as calls; which functions they call |
//! | `jsx_text.rs` | text between elements |
//! | `helpers.rs` | functions that lowered code calls: for an ES module outside of its function, where no user's name hides a global |
//! | `edit.rs`, `map.rs` | edits of a text; the source map |
//! | `place.rs` | lines, columns and errors |
//! | `tokens.rs`, `quote.rs` | tokens that the tree does not have; strings as JavaScript text |
//!
//! [`Compiled::code`] of an ES module is the body of a function that returns a function `F`. `maps.js` makes it, so that V8
//! and Node know it by the file's address. `$` is a name that occurs nowhere in the text.
//!
//! - `F($)` gives a generator, an async one if [`Compiled::has_await`]. Its first `next()` hoists functions and yields an
//!   object with a getter for each [`ExportKind::Local`]; an async generator also sets it as `$.local`, at once, and yields
//!   an array with it, since what it yields is awaited and may have an export `then`. The second `next()` evaluates the body.
//! - `(f=$[0].f)()` is a call of an import: V8 prints the variable when it cannot be called, and `$.z()` empties it.
//! - `$[k].name` reads an import, `k` is the index of its request; `$[slot]` is a namespace. `$.k.v = x` writes one: the
//!   setter throws. `$.meta`, `$.import(a, b)`; `$.named(f)` names an anonymous default function `default`; `$.u(n++)` tells of
//!   an export that a function assigns to.
//! - `$.arguments` throws a `ReferenceError`, and so do `$.free.require` and CommonJS's other names in a [`Kind::Module`];
//!   `typeof require` reads `$.global.require`; `$.setTimeout`, `$.setInterval`, `$.setImmediate`, `$.queueMicrotask` if the program is hot,
//!   and `$.world` for a `globalThis` that these are taken out of.
//! - In a [`Kind::LooseModule`], and for `import x = require()`: `$.require`, `$.module`, `$.exports`, `$.__filename`,
//!   `$.__dirname`. `export = x` is `$.module.exports = x`, and the exports `default` and `module.exports`.
//! - CommonJS that needs `$` begins with `const $=module.__hmr__;`: a property that the engine defines and takes away when it
//!   is read.

#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::struct_excessive_bools,
    reason = "code is put together from a few short pieces"
)]

mod accessors;
mod alone;
mod assigned;
mod class;
mod compiled;
mod decorators;
mod early;
mod edit;
mod enums;
mod exports;
mod facts;
mod helpers;
mod items;
mod jsx;
mod jsx_calls;
mod jsx_text;
mod map;
mod metadata;
mod namespaces;
mod naming;
mod options;
mod parse;
mod place;
pub mod quote;
mod read;
mod redeclared;
mod rewriter;
mod specifiers;
mod strip;
mod timers;
mod tokens;
mod types_only;
mod using;
mod walk;
mod write;

#[cfg(test)]
mod tests;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_semantic::Scoping;
use rustc_hash::FxHashSet;

pub use compiled::{
    Alone, CompileError, Compiled, ErrorKind, Export, ExportKind, Format, Import, ImportName, Kind, Language,
    NodeVersion, Request, Source,
};
pub use map::comment as map_comment;
pub use options::{Jsx, TsOptions};

use facts::{Facts, Reader};
use place::{Fault, Places};
use rewriter::Rewriter;

/// Bytes above which a text may nest deeper than a thread's stack allows.
const LARGE: usize = 16 * 1024;

/// Stack for large texts, in bytes. Only the used part costs memory.
const STACK: usize = 128 * 1024 * 1024;

/// Compiles one file.
pub fn compile(source: &Source<'_>) -> Result<Compiled, CompileError> {
    if source.text.len() < LARGE {
        return compile_here(source);
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || compile_here(source))
            .ok()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_else(|| compile_here(source))
    })
}

fn compile_here(source: &Source<'_>) -> Result<Compiled, CompileError> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
    let allocator = Allocator::default();
    parse::parse(&allocator, source, text)
        .and_then(|parsed| compile_parsed(&allocator, source, text, parsed))
        .map_err(|fault| fault.placed(text))
}

fn compile_parsed<'a>(
    allocator: &'a Allocator,
    source: &Source<'_>,
    text: &'a str,
    parsed: parse::Parsed<'a>,
) -> Result<Compiled, Fault> {
    let kind = parsed.kind;
    let program = &*allocator.alloc(parsed.program);
    let scoping = parse::symbols(program)?;
    if kind != Kind::CommonJs && source.language.is_typescript() {
        redeclared::refuse_functions(program, &scoping)?;
    }
    let env = unused_name(text);
    let places = Places::new(text);
    let setting = jsx_calls::setting(source, program);
    let facts = facts(
        source,
        kind,
        &places,
        program,
        &scoping,
        &env,
        setting.as_ref().filter(|_| kind != Kind::CommonJs),
    )?;
    let (prelude, dynamic) = match &setting {
        Some(setting) if kind == Kind::CommonJs => setting.required(&env),
        _ => (String::new(), Vec::new()),
    };
    let jsx = setting
        .map(|setting| setting.calls(&facts, &scoping, &env, kind))
        .unwrap_or_default();
    let mut rewriter = Rewriter {
        dynamic,
        prelude,
        kinds: if uses_metadata(source) {
            metadata::kinds(program, &scoping)
        } else {
            rewriter::Kinds::default()
        },
        jsx,
        exported: exported(source, program),
        exposed: assigned::exposed(&facts, &scoping),
        ..Rewriter::new(text, source, kind, &places, &scoping, &env, facts)
    };
    rewriter.program(program);
    if kind == Kind::CommonJs && rewriter.has_await {
        let parsed = parse::awaiting(allocator, source, text)?;
        return compile_parsed(allocator, source, text, parsed);
    }
    match rewriter.fault.take() {
        Some(fault) => Err(fault),
        None => Ok(finish(rewriter, program.has_use_strict_directive())),
    }
}

fn facts(
    source: &Source<'_>,
    kind: Kind,
    places: &Places<'_>,
    program: &Program<'_>,
    scoping: &Scoping,
    env: &str,
    jsx: Option<&jsx_calls::Setting>,
) -> Result<Facts, Fault> {
    let metadata = if uses_metadata(source) {
        metadata::used(program, scoping)
    } else {
        FxHashSet::default()
    };
    Reader {
        source,
        kind,
        scoping,
        env,
        metadata: &metadata,
        jsx,
        implied: jsx.map(|jsx| jsx.implied(scoping)).unwrap_or_default(),
        places,
    }
    .read(program)
}

/// Whether the file's annotations are there at run time, as metadata of decorated members.
fn uses_metadata(source: &Source<'_>) -> bool {
    source.language.is_typescript()
        && source.options.experimental_decorators
        && source.options.emit_decorator_metadata
        && source.text.contains('@')
}

/// The exports of namespaces and enums that have several blocks.
fn exported(source: &Source<'_>, program: &Program<'_>) -> rewriter::Exported {
    if source.language.is_typescript() {
        namespaces::exported(&program.body)
    } else {
        rewriter::Exported::default()
    }
}

/// A name that occurs nowhere in the text, also not as a part of another.
fn unused_name(text: &str) -> String {
    let mut name = "$".to_owned();
    let mut count = 0_u32;
    while text.contains(&name) {
        count += 1;
        name = format!("$h{count}_");
    }
    name
}

/// Puts the code together.
fn finish(rewriter: Rewriter<'_, '_>, is_strict: bool) -> Compiled {
    let exports_alone = alone::exports(&rewriter);
    let Rewriter {
        text,
        source,
        kind,
        env,
        edits,
        facts,
        has_await,
        uses_env,
        dynamic,
        prelude,
        helpers,
        called,
        ..
    } = rewriter;
    let (prefix, suffix) = if kind == Kind::CommonJs {
        let helpers = helpers.declarations(env);
        (
            common_js_prefix(env, uses_env, &(helpers + &prelude), is_strict),
            String::new(),
        )
    } else {
        let prelude = naming::variables(env, &called) + &prelude;
        let mut prefix = module_prefix(env, &facts, has_await, &prelude);
        if !facts.getters.is_empty() && is_quiet(text) {
            prefix.push_str(HIDDEN);
        }
        if helpers.is_empty() {
            (format!("return{prefix}"), alone::END.to_owned())
        } else {
            let prefix = format!("return({}{prefix}", helpers.parameters(env));
            (prefix, format!("\n}}))\n{}", helpers.arguments()))
        }
    };
    let (mut code, map) = edits.apply(text, &prefix, &suffix);
    let text = prefix.len()..code.len() - suffix.len();
    let alone = exports_alone.map(|exports| Alone { text, exports });
    let mut map = map.mappings();
    if kind == Kind::CommonJs {
        // As under node, the file is known by its path.
        if let Some(mappings) = map.take() {
            code.push_str(&map_comment(source.url, &mappings));
        }
    } else {
        code.push_str("\n//# sourceURL=");
        code.push_str(source.url);
        if map.is_some() {
            code.push_str(map::PLACEHOLDER);
        }
    }
    Compiled {
        kind,
        code,
        map,
        requests: facts.requests,
        imports: facts.imports,
        exports: facts.exports,
        has_await,
        dynamic,
        alone,
    }
}

/// A comment for lines of ours that may throw, such as a getter before its variable is initialized: Node does not show a line
/// with it.
const HIDDEN: &str = "/*node-do-not-add-exception-line*/";

/// Whether nothing on the first line of a text can throw, so that Node never has to show it.
fn is_quiet(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default().trim();
    let starts = ["import ", "//", "/*", "#!", "\"use ", "'use "];
    line.is_empty() || starts.iter().any(|start| line.starts_with(start))
}

/// The code before a CommonJS text: `needed`, and a variable for the environment.
fn common_js_prefix(env: &str, uses_env: bool, needed: &str, is_strict: bool) -> String {
    let door = if uses_env {
        format!("const {env}=module.__hmr__;")
    } else {
        String::new()
    };
    let prefix = format!("{door}{needed}");
    // Code before a directive would make it a mere string.
    let strict = if !prefix.is_empty() && is_strict {
        "\"use strict\";"
    } else {
        ""
    };
    format!("{strict}{prefix}")
}

/// The code before the text of an ES module: the head of its function, and the getters of its exports.
fn module_prefix(env: &str, facts: &Facts, has_await: bool, prelude: &str) -> String {
    let mut prefix = String::with_capacity(64);
    let (keyword, open, close) = if has_await {
        ("async function", format!("[{env}.local={{"), "}]")
    } else {
        ("function", "{".to_owned(), "}")
    };
    prefix.push_str(&format!(
        "({keyword}*({env}){{\"use strict\";{prelude}yield{open}"
    ));
    for (index, (name, local)) in facts.getters.iter().enumerate() {
        if index > 0 {
            prefix.push(',');
        }
        prefix.push_str(&quote::getter(name, local));
    }
    prefix.push_str(close);
    prefix.push(';');
    prefix
}
