//! Declarations that leave nothing behind once the types are taken out.

use oxc_ast::ast::{
    BindingIdentifier, Declaration, ExportDefaultDeclarationKind, Expression, ImportDeclarationSpecifier,
    Program, Statement, TSModuleReference, TSNamespaceDeclaration, TSNamespaceDeclarationBody,
};
use oxc_semantic::Scoping;
use oxc_syntax::symbol::{SymbolFlags, SymbolId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Whether a declaration exists for types alone.
pub fn declaration(it: &Declaration<'_>) -> bool {
    match it {
        Declaration::TSTypeAliasDeclaration(_)
        | Declaration::TSInterfaceDeclaration(_)
        | Declaration::TSExternalModuleDeclaration(_)
        | Declaration::TSGlobalDeclaration(_) => true,
        Declaration::VariableDeclaration(it) => it.declare,
        Declaration::FunctionDeclaration(it) => it.declare || it.body.is_none(),
        Declaration::ClassDeclaration(it) => it.declare,
        // TypeScript would inline a `declare const enum`. We make its object all the same.
        Declaration::TSEnumDeclaration(it) => it.declare && !it.r#const,
        Declaration::TSNamespaceDeclaration(it) => namespace(it),
        Declaration::TSImportEqualsDeclaration(it) => it.import_kind.is_type(),
    }
}

/// Whether an import is `type x` of `import { type x }`.
pub fn import(it: &ImportDeclarationSpecifier<'_>) -> bool {
    matches!(it, ImportDeclarationSpecifier::ImportSpecifier(it) if it.import_kind.is_type())
}

/// Whether a namespace holds nothing but types.
pub fn namespace(it: &TSNamespaceDeclaration<'_>) -> bool {
    it.declare
        || match &it.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => namespace(inner),
            TSNamespaceDeclarationBody::TSModuleBlock(block) => block.body.iter().all(statement),
        }
}

fn statement(it: &Statement<'_>) -> bool {
    match it {
        Statement::ExportDeclaration(it) => within(&it.declaration),
        Statement::ExportNamedDeclaration(it) => it.export_kind.is_type(),
        Statement::EmptyStatement(_) => true,
        _ => it.as_declaration().is_some_and(within),
    }
}

/// Whether a declaration in a namespace is for types alone. An alias (`import x = N.x`) makes no namespace by itself.
fn within(it: &Declaration<'_>) -> bool {
    match it {
        Declaration::TSImportEqualsDeclaration(it) => {
            !matches!(it.module_reference, TSModuleReference::ExternalModuleReference(_))
        }
        _ => declaration(it),
    }
}

/// The symbols of the top level that no declaration gives a value: types, imports of types, and what is declared elsewhere.
pub fn symbols(program: &Program<'_>, scoping: &Scoping) -> FxHashSet<SymbolId> {
    let mut counts: FxHashMap<SymbolId, usize> = FxHashMap::default();
    let mut count = |id: &BindingIdentifier<'_>| {
        if let Some(symbol) = id.symbol_id.get() {
            *counts.entry(symbol).or_insert(0) += 1;
        }
    };
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(it) => {
                for specifier in it.specifiers.iter().flatten() {
                    if it.import_kind.is_type() || import(specifier) {
                        count(specifier.local());
                    }
                }
            }
            Statement::ExportDeclaration(it) if declaration(&it.declaration) => {
                names(&it.declaration, &mut count);
            }
            Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(it) => count(&it.id),
                ExportDefaultDeclarationKind::FunctionDeclaration(it) if it.body.is_none() => {
                    it.id.iter().for_each(&mut count);
                }
                _ => {}
            },
            _ => {
                if let Some(it) = statement.as_declaration().filter(|it| declaration(it)) {
                    names(it, &mut count);
                }
            }
        }
    }
    let is_all = |(symbol, count): &(SymbolId, usize)| {
        // A symbol with one declaration has no list of them.
        *count >= scoping.symbol_redeclarations(*symbol).len().max(1)
    };
    counts
        .into_iter()
        .filter(is_all)
        .map(|(symbol, _)| symbol)
        .collect()
}

fn names(it: &Declaration<'_>, count: &mut impl FnMut(&BindingIdentifier<'_>)) {
    match it {
        Declaration::VariableDeclaration(it) => {
            let ids = it
                .declarations
                .iter()
                .flat_map(|it| it.id.get_binding_identifiers());
            ids.for_each(count);
        }
        Declaration::FunctionDeclaration(it) => it.id.iter().for_each(count),
        Declaration::ClassDeclaration(it) => it.id.iter().for_each(count),
        Declaration::TSTypeAliasDeclaration(it) => count(&it.id),
        Declaration::TSInterfaceDeclaration(it) => count(&it.id),
        Declaration::TSEnumDeclaration(it) => count(&it.id),
        Declaration::TSNamespaceDeclaration(it) => count(&it.id),
        Declaration::TSImportEqualsDeclaration(it) => count(&it.id),
        Declaration::TSExternalModuleDeclaration(_) | Declaration::TSGlobalDeclaration(_) => {}
    }
}

/// Whether an exported expression is nothing but the name of a type, of those that [`symbols`] gives. What `declare const` says
/// may be a global value.
pub fn is_type(it: &Expression<'_>, types: &FxHashSet<SymbolId>, scoping: &Scoping) -> bool {
    let Expression::Identifier(it) = it else {
        return false;
    };
    let reference = it.reference_id.get().map(|id| scoping.get_reference(id));
    reference
        .and_then(oxc_semantic::Reference::symbol_id)
        .is_some_and(|symbol| {
            types.contains(&symbol) && !scoping.symbol_flags(symbol).intersects(SymbolFlags::Value)
        })
}
