//! Declarations that leave nothing behind once the types are taken out.

use oxc_ast::ast::{
    Declaration, Statement, TSModuleReference, TSNamespaceDeclaration, TSNamespaceDeclarationBody,
};

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
