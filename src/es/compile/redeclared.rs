//! Names that are declared twice, where the analysis of symbols does not know it.

use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, ImportDeclarationSpecifier, Program, Statement,
};
use oxc_semantic::Scoping;
use oxc_syntax::symbol::SymbolFlags;
use rustc_hash::FxHashSet;

use super::place::Fault;
use super::types_only;

/// Refuses an import that shares its name with another import or a value of the file. The parser says this of JavaScript alone.
pub fn refuse_import(it: &ImportDeclarationSpecifier<'_>, scoping: &Scoping) -> Result<(), Fault> {
    if types_only::import(it) {
        return Ok(());
    }
    let local = it.local();
    let symbol = local.symbol_id.get();
    let mut all = symbol.iter().flat_map(|it| scoping.symbol_redeclarations(*it));
    let again = all.find(|it| {
        let is_value = it.flags.intersects(SymbolFlags::Value | SymbolFlags::Import);
        is_value && !it.flags.is_ambient() && it.span.start != local.span.start
    });
    again.map_or(Ok(()), |it| Err(declared(it.span.start, &local.name)))
}

/// Refuses a second function, or a `var`, of the name of a function of a TypeScript module. The analysis takes functions for
/// overloads, and in our code they are declared within a function, where V8 allows them.
pub fn refuse_functions(program: &Program<'_>, scoping: &Scoping) -> Result<(), Fault> {
    let mut seen = FxHashSet::default();
    for statement in &program.body {
        let function = match statement {
            Statement::FunctionDeclaration(it) => it,
            Statement::ExportDeclaration(it) => match &it.declaration {
                Declaration::FunctionDeclaration(it) => it,
                _ => continue,
            },
            Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(it) => it,
                _ => continue,
            },
            _ => continue,
        };
        let (Some(id), true) = (&function.id, function.body.is_some()) else {
            continue;
        };
        let Some(symbol) = id.symbol_id.get() else {
            continue;
        };
        if !seen.insert(symbol) {
            return Err(declared(id.span.start, &id.name));
        }
        let mut all = scoping.symbol_redeclarations(symbol).iter();
        let var = all.find(|it| it.flags.is_function_scoped_declaration() && !it.flags.is_ambient());
        if let Some(it) = var {
            return Err(declared(it.span.start, &id.name));
        }
    }
    Ok(())
}

fn declared(at: u32, name: &str) -> Fault {
    Fault::syntax(at, format!("Identifier '{name}' has already been declared"))
}
