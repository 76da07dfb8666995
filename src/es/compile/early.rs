//! Early errors of imports and exports that the parser does not report: those of TypeScript files, and syntax that Node or the
//! compiler does not know.

use oxc_ast::ast::{ImportDeclarationSpecifier, ImportPhase, Statement, WithClauseKeyword};
use oxc_semantic::Scoping;
use oxc_syntax::symbol::SymbolFlags;

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

/// Whether an import is `type x` of `import { type x }`.
pub fn is_type(it: &ImportDeclarationSpecifier<'_>) -> bool {
    matches!(it, ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type())
}

/// Refuses an import that shares its name with a value of the file. The parser says this of JavaScript alone.
pub fn refuse_redeclared(it: &ImportDeclarationSpecifier<'_>, scoping: &Scoping) -> Result<(), Fault> {
    if is_type(it) {
        return Ok(());
    }
    let local = it.local();
    let is_value = |symbol| scoping.symbol_flags(symbol).intersects(SymbolFlags::Value);
    match local.symbol_id.get() {
        Some(symbol) if is_value(symbol) => {
            let again = scoping.symbol_redeclarations(symbol).iter();
            let at = again.map(|it| it.span.start).find(|at| *at != local.span.start);
            Err(Fault::syntax(
                at.unwrap_or(local.span.start),
                format!("Identifier '{}' has already been declared", local.name),
            ))
        }
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
