//! Import and export declarations: taken out, or made into ordinary declarations.

use oxc_ast::ast::{
    ExportDeclaration, ExportDefaultDeclaration, ExportDefaultDeclarationKind, Expression, Function,
    ModuleDeclaration, TSExportAssignment, TSImportEqualsDeclaration, TSModuleReference, TSTypeName,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

use super::class::is_decorated;
use super::compiled::Kind;
use super::place::Fault;
use super::read::bare;
use super::rewriter::Rewriter;
use super::tokens;
use super::types_only;

impl<'a> Rewriter<'a, '_> {
    /// One import or export declaration.
    pub fn module_declaration(&mut self, it: &ModuleDeclaration<'a>) {
        match it {
            ModuleDeclaration::ExportDeclaration(it) if !self.spaces.is_empty() => {
                self.export_from_namespace(it);
            }
            ModuleDeclaration::ExportDeclaration(it) => self.export_declaration(it),
            ModuleDeclaration::ExportDefaultDeclaration(it) => self.export_default(it),
            ModuleDeclaration::TSExportAssignment(it) => self.export_assignment(it),
            _ => self.edits.semicolon(it.span()),
        }
    }

    /// `export const x = 1`.
    fn export_declaration(&mut self, it: &ExportDeclaration<'a>) {
        if types_only::declaration(&it.declaration) {
            self.edits.semicolon(it.span);
            return;
        }
        let gone = Span::new(it.span.start, it.declaration.span().start);
        // Decorators may stand before `export`.
        if gone.start < gone.end && tokens::next_is(self.text, it.span.start, "export").is_some() {
            self.edits.blank(Span::new(gone.start, gone.start + 6));
        }
        self.visit_declaration(&it.declaration);
    }

    fn export_default(&mut self, it: &ExportDefaultDeclaration<'a>) {
        let name = format!("{}default", self.env);
        match &it.declaration {
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {
                self.no_types(it.span.start);
                self.edits.semicolon(it.span);
            }
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                if function.body.is_none() {
                    self.edits.semicolon(it.span);
                    return;
                }
                self.blank_export_default(it.span, function.span.start);
                if function.id.is_none() {
                    self.name_function(function, &name);
                }
                self.visit_function(function, oxc_semantic::ScopeFlags::Function);
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) if class.id.is_some() => {
                self.blank_export_default(it.span, class.span.start);
                self.visit_class(class);
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) if is_decorated(class) => {
                self.blank_export_default(it.span, class.span.start);
                self.decorated_class(class, Some(&name));
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                self.named_default(it.span, class.span, &name, true, |this| this.visit_class(class));
            }
            other => {
                let expression = other.to_expression();
                if types_only::is_type(expression, &self.facts.types, self.scoping) {
                    self.edits.semicolon(it.span);
                    return;
                }
                let anonymous = is_anonymous(expression);
                self.named_default(it.span, expression.span(), &name, anonymous, |this| {
                    this.visit_expression(expression);
                });
            }
        }
    }

    fn blank_export_default(&mut self, outer: Span, inner: u32) {
        if let Some(export) = tokens::next_is(self.text, outer.start, "export")
            && let Some(default) = tokens::next_is(self.text, export.end, "default")
        {
            self.edits
                .semicolon(Span::new(export.start, default.end.min(inner.max(default.end))));
        }
    }

    /// `export default function () {}`: the function stays hoisted, and gets the name `default`.
    fn name_function(&mut self, it: &Function<'a>, name: &str) {
        let text = self.text;
        let mut at = it.span.start;
        if it.r#async
            && let Some(word) = tokens::next_is(text, at, "async")
        {
            at = word.end;
        }
        let Some(word) = tokens::next_is(text, at, "function") else {
            return;
        };
        let mut end = word.end;
        if it.generator
            && let Some(star) = tokens::next_is(text, end, "*")
        {
            end = star.end;
        }
        self.edits.insert(end, format!(" {name}"));
        let call = format!("{}.named({name});", self.env());
        self.prelude.push_str(&call);
    }

    /// `export default` before a value: becomes a constant, in a way that names an anonymous function or class `default`.
    fn named_default(
        &mut self,
        outer: Span,
        inner: Span,
        name: &str,
        anonymous: bool,
        visit: impl FnOnce(&mut Self),
    ) {
        let Some(export) = tokens::next_is(self.text, outer.start, "export") else {
            return;
        };
        let Some(default) = tokens::next_is(self.text, export.end, "default") else {
            return;
        };
        let open = if anonymous {
            format!(";const {name}={{default:")
        } else {
            format!(";const {name}=")
        };
        self.edits.replace(Span::new(export.start, default.end), open);
        visit(self);
        if anonymous {
            self.edits.insert(inner.end, "}.default;");
        }
    }

    /// `export = x`.
    fn export_assignment(&mut self, it: &TSExportAssignment<'a>) {
        if types_only::is_type(&it.expression, &self.facts.types, self.scoping) {
            self.edits.semicolon(it.span);
            return;
        }
        let text = match self.kind {
            Kind::CommonJs => ";module.exports".to_owned(),
            Kind::LooseModule => {
                let env = self.env();
                format!(";const {env}default={env}.module.exports")
            }
            Kind::Module => {
                self.fail(Fault {
                    help: Some("write `export default`".to_owned()),
                    ..Fault::syntax(it.span.start, "`export =` needs a CommonJS module")
                });
                return;
            }
        };
        if let Some(word) = tokens::next_is(self.text, it.span.start, "export") {
            self.edits.replace(word, text);
        }
        self.visit_expression(&it.expression);
    }

    /// `import x = require("x")`, `import x = N.x`.
    pub fn import_equals(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        let Some(word) = tokens::next_is(self.text, it.span.start, "import") else {
            return;
        };
        let used = self.is_used(it);
        match &it.module_reference {
            TSModuleReference::ExternalModuleReference(reference) => {
                if !used && !self.source.options.verbatim_module_syntax {
                    self.edits.semicolon(it.span);
                    return;
                }
                let specifier = &reference.expression;
                self.named(&specifier.value);
                self.edits.replace(word, "const");
                if self.kind != Kind::CommonJs
                    && let Some(require) = tokens::next_is(self.text, reference.span.start, "require")
                {
                    let text = format!("{}.require", self.env());
                    self.edits.replace(require, text);
                }
            }
            TSModuleReference::IdentifierReference(name) => {
                if self.import_alias(it, word, used) {
                    self.visit_identifier_reference(name);
                }
            }
            TSModuleReference::QualifiedName(name) => {
                if self.import_alias(it, word, used) {
                    let mut left = &name.left;
                    while let TSTypeName::QualifiedName(name) = left {
                        left = &name.left;
                    }
                    if let TSTypeName::IdentifierReference(name) = left {
                        self.visit_identifier_reference(name);
                    }
                }
            }
        }
    }

    fn import_alias(&mut self, it: &TSImportEqualsDeclaration<'a>, word: Span, used: bool) -> bool {
        if used {
            self.edits.replace(word, "var");
        } else {
            self.edits.semicolon(it.span);
        }
        used
    }

    fn is_used(&self, it: &TSImportEqualsDeclaration<'a>) -> bool {
        let Some(symbol) = it.id.symbol_id.get() else {
            return true;
        };
        self.is_exported(it)
            || self
                .scoping
                .get_resolved_references(symbol)
                .any(oxc_semantic::Reference::is_value)
    }

    fn is_exported(&self, it: &TSImportEqualsDeclaration<'a>) -> bool {
        self.text
            .get(..it.span.start as usize)
            .is_some_and(|before| before.trim_end().ends_with("export"))
    }
}

/// Whether an expression is a function or class without a name.
fn is_anonymous(it: &Expression<'_>) -> bool {
    match bare(it) {
        Expression::ArrowFunctionExpression(_) => true,
        Expression::FunctionExpression(it) => it.id.is_none(),
        Expression::ClassExpression(it) => it.id.is_none(),
        _ => false,
    }
}
