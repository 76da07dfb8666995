//! The exports of a module: by declarations, by lists, and from other modules.

use oxc_ast::ast::{
    BindingIdentifier, Declaration, ExportDefaultDeclarationKind, ExportSpecifier, ModuleExportName,
    Statement,
};
use oxc_ast_visit::Visit;
use oxc_span::GetSpan;
use oxc_syntax::symbol::SymbolId;

use super::compiled::{Export, ExportKind, Kind};
use super::facts::{Bound, Facts, Reader};
use super::types_only;

impl Reader<'_> {
    /// `export … from`.
    pub fn re_export(&self, facts: &mut Facts, statement: &Statement<'_>) {
        match statement {
            Statement::ExportAllDeclaration(it) if !it.export_kind.is_type() => {
                let request = self.request(facts, &it.source, it.with_clause.as_deref(), false);
                let kind = match &it.exported {
                    Some(name) => ExportKind::Namespace {
                        name: name.name().to_string(),
                        request,
                    },
                    None => ExportKind::Star { request },
                };
                self.add(
                    facts,
                    kind,
                    it.exported
                        .as_ref()
                        .map_or(it.span.start, |name| name.span().start),
                );
            }
            Statement::ExportFromDeclaration(it) if !it.export_kind.is_type() => {
                let values = || it.specifiers.iter().filter(|it| !it.export_kind.is_type());
                if values().next().is_none() && !it.specifiers.is_empty() && !self.keeps_unused() {
                    return;
                }
                let request = self.request(facts, &it.source, it.with_clause.as_deref(), false);
                for specifier in values() {
                    let kind = ExportKind::Indirect {
                        name: specifier.exported.name().to_string(),
                        request,
                        imported: specifier.local.name().to_string(),
                    };
                    self.add(facts, kind, specifier.span.start);
                }
            }
            _ => {}
        }
    }

    /// An export of the module itself.
    pub fn export(&self, facts: &mut Facts, statement: &Statement<'_>) {
        match statement {
            Statement::ExportNamedDeclaration(it) if !it.export_kind.is_type() => {
                for specifier in it.specifiers.iter().filter(|it| !it.export_kind.is_type()) {
                    self.export_binding(facts, specifier);
                }
            }
            Statement::ExportDeclaration(it) => self.export_declaration(facts, &it.declaration),
            Statement::ExportDefaultDeclaration(it) => {
                let local = match &it.declaration {
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => return,
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        if function.body.is_none() {
                            return;
                        }
                        function.id.as_ref()
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                    other => match other.as_expression() {
                        Some(value) if types_only::is_type(value, &facts.types, self.scoping) => return,
                        _ => None,
                    },
                };
                let local = local.map_or_else(|| format!("{}default", self.env), |id| id.name.to_string());
                self.local(facts, "default", local, it.span.start);
            }
            // Importers get the value as `default`, `require` gets it as it is.
            Statement::TSExportAssignment(it)
                if self.kind == Kind::LooseModule
                    && !types_only::is_type(&it.expression, &facts.types, self.scoping) =>
            {
                for name in ["default", "module.exports"] {
                    self.local(facts, name, format!("{}default", self.env), it.span.start);
                }
            }
            _ => {}
        }
    }

    fn export_binding(&self, facts: &mut Facts, it: &ExportSpecifier<'_>) {
        let ModuleExportName::IdentifierReference(local) = &it.local else {
            return;
        };
        let name = it.exported.name().to_string();
        let symbol = local
            .reference_id
            .get()
            .and_then(|id| self.scoping.get_reference(id).symbol_id());
        let bound = symbol.and_then(|symbol| facts.bound.get(&symbol).cloned());
        match bound {
            Some(Bound::Name {
                request,
                name: imported,
            }) => {
                let kind = ExportKind::Indirect {
                    name,
                    request,
                    imported,
                };
                self.add(facts, kind, it.span.start);
            }
            Some(Bound::Namespace { request }) => {
                self.add(facts, ExportKind::Namespace { name, request }, it.span.start);
            }
            None => {
                let Some(symbol) = symbol else {
                    // The parser says this of JavaScript alone.
                    let message = format!("Export '{}' is not defined in module", local.name);
                    facts.refuse(it.local.span().start, &message);
                    return;
                };
                if !self.is_value(symbol) || facts.types.contains(&symbol) {
                    return;
                }
                self.local(facts, &name, local.name.to_string(), it.span.start);
            }
        }
    }

    /// Whether a symbol exists at run time: it is no type, and no import of one.
    fn is_value(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        flags.is_value() || flags.is_import()
    }

    fn export_declaration(&self, facts: &mut Facts, it: &Declaration<'_>) {
        if types_only::declaration(it) {
            return;
        }
        let one = |facts: &mut Facts, id: &BindingIdentifier<'_>| {
            // An enum, a namespace or a function with overloads is exported by each of its parts.
            if facts.in_parts.insert(id.name.to_string()) {
                self.local(facts, &id.name, id.name.to_string(), id.span.start);
            }
        };
        match it {
            Declaration::VariableDeclaration(it) => {
                let mut names = Names::default();
                for declarator in &it.declarations {
                    names.visit_binding_pattern(&declarator.id);
                }
                for (name, at) in names.0 {
                    self.local(facts, &name, name.clone(), at);
                }
            }
            Declaration::FunctionDeclaration(it) => {
                if let Some(id) = &it.id {
                    one(facts, id);
                }
            }
            Declaration::ClassDeclaration(it) => {
                if let Some(id) = &it.id {
                    one(facts, id);
                }
            }
            Declaration::TSEnumDeclaration(it) => one(facts, &it.id),
            Declaration::TSNamespaceDeclaration(it) => one(facts, &it.id),
            Declaration::TSImportEqualsDeclaration(it) => one(facts, &it.id),
            _ => {}
        }
    }

    fn local(&self, facts: &mut Facts, name: &str, local: String, at: u32) {
        let is_alias = local != name && !local.starts_with(self.env);
        let kind = ExportKind::Local {
            name: name.to_owned(),
            variable: is_alias.then(|| local.clone()),
        };
        facts.getters.push((name.to_owned(), local));
        self.add(facts, kind, at);
    }

    fn add(&self, facts: &mut Facts, kind: ExportKind, at: u32) {
        let name = match &kind {
            ExportKind::Local { name, .. }
            | ExportKind::Indirect { name, .. }
            | ExportKind::Namespace { name, .. } => Some(name),
            ExportKind::Star { .. } => None,
        };
        if let Some(name) = name.filter(|name| !facts.exported.insert((*name).clone())) {
            facts.refuse(at, &format!("Duplicate export of '{name}'"));
        }
        let (line, column) = self.places.of(at);
        facts.exports.push(Export { kind, line, column });
    }
}

/// The names that a pattern binds, each with its byte.
#[derive(Default)]
struct Names(Vec<(String, u32)>);

impl<'a> Visit<'a> for Names {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.0.push((it.name.to_string(), it.span.start));
    }

    fn visit_expression(&mut self, _: &oxc_ast::ast::Expression<'a>) {}
}
