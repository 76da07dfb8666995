//! What comes out for what goes in.
mod alone;
mod fuzz;
mod imports;
mod lower;
mod mangle;
mod strip;
mod syntax;

use super::*;

/// Node 24, hot, default options.
fn source(text: &str) -> Source<'_> {
    Source {
        url: "file:///a.ts",
        text,
        language: Language::TypeScript,
        format: Format::Module,
        options: Box::leak(Box::new(TsOptions::default())),
        hot: true,
        node: NodeVersion { major: 24, minor: 0 },
    }
}

/// The body of the compiled code: without what comes before and after it.
fn body(source: &Source<'_>) -> String {
    let compiled = compile(source).unwrap_or_else(|error| panic!("{error:?} in {}", source.text));
    let code = compiled.code;
    let end = code.find("\n//# source").unwrap_or(code.len());
    let code = &code[..end];
    if compiled.kind == Kind::CommonJs {
        return code.to_owned();
    }
    let code = &code[..code.rfind("\n})").unwrap()];
    let start = code.find("yield").unwrap();
    let close = if compiled.has_await { "}];" } else { "};" };
    let start = start + code[start..].find(close).unwrap() + close.len();
    code[start..].trim_start_matches(HIDDEN).to_owned()
}

/// The body of an ES module in JavaScript.
fn js(text: &str) -> String {
    body(&Source {
        language: Language::JavaScript,
        ..source(text)
    })
}

/// The body of an ES module in TypeScript.
fn ts(text: &str) -> String {
    body(&source(text))
}

/// The error that compiling gives.
fn error(source: &Source<'_>) -> CompileError {
    match compile(source) {
        Ok(compiled) => panic!("no error, but {}", compiled.code),
        Err(error) => error,
    }
}
