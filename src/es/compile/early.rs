//! Refuses syntax of imports and exports that Node or the compiler does not know.

use oxc_ast::ast::{ImportPhase, Statement, WithClauseKeyword};

use super::compiled::NodeVersion;
use super::place::Fault;

/// `import x from "x" assert { type: "json" }`: Node knows that until 20 only.
pub fn refuse_assert(it: &Statement<'_>, node: NodeVersion) -> Result<(), Fault> {
    let with = match it {
        Statement::ImportDeclaration(it) => &it.with_clause,
        Statement::ExportAllDeclaration(it) => &it.with_clause,
        Statement::ExportFromDeclaration(it) => &it.with_clause,
        _ => return Ok(()),
    };
    match with {
        Some(with) if with.keyword == WithClauseKeyword::Assert && node.major > 20 => Err(Fault {
            help: Some("write `with`".to_owned()),
            ..Fault::syntax(with.span.start, "Unexpected identifier 'assert'")
        }),
        _ => Ok(()),
    }
}

/// Refuses `import defer x from`, `import source x from`, `import.defer(x)` and `import.source(x)`.
pub fn refuse_phase(phase: Option<ImportPhase>, at: u32) -> Result<(), Fault> {
    let word = match phase {
        None => return Ok(()),
        Some(ImportPhase::Defer) => "defer",
        Some(ImportPhase::Source) => "source",
    };
    let message = format!("`import {word}` is not supported here");
    Err(Fault::syntax(at, message))
}
