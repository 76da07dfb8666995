//! Takes types out of statements, functions and expressions.

use oxc_ast::ast::{
    ArrowFunctionExpression, Directive, FormalParameter, Function, Program, Statement, TSTypeAssertion,
    VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::ScopeFlags;
use oxc_span::{GetSpan, Span};

use super::place::Fault;
use super::rewriter::Rewriter;
use super::tokens;

impl<'a> Rewriter<'a, '_> {
    /// The whole file.
    pub fn program(&mut self, it: &Program<'a>) {
        if let Some(hashbang) = &it.hashbang {
            self.edits
                .replace(Span::new(hashbang.span.start, hashbang.span.start + 2), "//");
        }
        self.allows_exports = true;
        self.block(&it.body, it.directives.last(), true);
    }

    /// The statements of a block, a function or the module.
    pub fn block(&mut self, it: &[Statement<'a>], directive: Option<&Directive<'a>>, is_program: bool) {
        let resources = self.open_resources(it, is_program);
        self.statements(it, directive.map(|directive| directive.span.end));
        if let (Some(resources), Some(last)) = (resources, it.last()) {
            let end = if is_program {
                self.text.len()
            } else {
                last.span().end as usize
            };
            self.close_resources(resources, u32::try_from(end).unwrap_or(u32::MAX), is_program);
        }
    }

    /// The statements of a list. Each is kept apart from the statement before it, the first one from a directive that ends at
    /// `last`.
    pub fn statements(&mut self, it: &[Statement<'a>], mut last: Option<u32>) {
        let allows_exports = std::mem::take(&mut self.allows_exports);
        for statement in it {
            self.allows_exports = allows_exports;
            // The replacement of this statement may begin with a parenthesis, which would continue a statement without
            // semicolon.
            let open = last.is_some_and(|end| !self.ends_with(end, b';'));
            self.apart = open.then_some(statement.span().start);
            self.visit_statement(statement);
            last = Some(statement.span().end);
        }
        self.apart = None;
    }

    fn ends_with(&self, end: u32, byte: u8) -> bool {
        (end as usize)
            .checked_sub(1)
            .and_then(|index| self.text.as_bytes().get(index))
            == Some(&byte)
    }

    /// Any statement.
    pub fn statement(&mut self, it: &Statement<'a>) {
        if !std::mem::take(&mut self.allows_exports) && it.as_module_declaration().is_some() {
            self.fail(Fault::syntax(
                it.span().start,
                "'import' and 'export' may only appear at the top level",
            ));
        }
        walk::walk_statement(self, it);
        if matches!(
            it,
            Statement::ExpressionStatement(_)
                | Statement::VariableDeclaration(_)
                | Statement::ReturnStatement(_)
                | Statement::ThrowStatement(_)
                | Statement::ExportDefaultDeclaration(_)
                | Statement::ExportDeclaration(_)
                | Statement::TSExportAssignment(_)
        ) {
            self.edits.end_statement(it.span().end);
        }
    }

    /// `let x!: T = 1`.
    pub fn declarator(&mut self, it: &VariableDeclarator<'a>) {
        self.visit_binding_pattern(&it.id);
        if it.definite {
            self.blank_token(it.id.span().end, "!");
        }
        if let Some(annotation) = &it.type_annotation {
            self.visit_ts_type_annotation(annotation);
        }
        if let Some(init) = &it.init {
            self.visit_expression(init);
        }
    }

    /// Blanks `token` if it is the next one at or after `at`.
    pub fn blank_token(&mut self, at: u32, token: &str) {
        if let Some(span) = tokens::next_is(self.text, at, token) {
            self.edits.blank(span);
        }
    }

    /// A function with or without a name; methods too.
    pub fn function(&mut self, it: &Function<'a>, _: ScopeFlags) {
        self.within_function(true, |this| {
            if let Some(parameters) = &it.type_parameters {
                this.visit_ts_type_parameter_declaration(parameters);
            }
            if let Some(parameter) = &it.this_param {
                this.visit_ts_this_parameter(parameter);
            }
            this.visit_formal_parameters(&it.params);
            if let Some(annotation) = &it.return_type {
                this.visit_ts_type_annotation(annotation);
            }
            if let Some(body) = &it.body {
                this.visit_function_body(body);
            }
        });
    }

    /// An arrow function: no line break may come before its arrow, nor after `async`.
    pub fn arrow(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.within_function(false, |this| {
            if let Some(parameters) = &it.type_parameters {
                if tokens::breaks_line(this.text, Span::new(parameters.span.start, it.params.span.start)) {
                    let open = it.params.span.start;
                    this.edits
                        .replace(Span::new(parameters.span.start, open + 1), "(");
                } else {
                    this.visit_ts_type_parameter_declaration(parameters);
                }
            }
            this.visit_formal_parameters(&it.params);
            if let Some(annotation) = &it.return_type {
                let close = it.params.span.end.saturating_sub(1);
                let all = Span::new(close, annotation.span.end);
                if tokens::breaks_line(this.text, all) {
                    this.edits
                        .blank(Span::new(close, annotation.span.end.saturating_sub(1)));
                    this.edits.replace(
                        Span::new(annotation.span.end.saturating_sub(1), annotation.span.end),
                        ")",
                    );
                } else {
                    this.visit_ts_type_annotation(annotation);
                }
            }
            this.visit_arrow_function_body(&it.body);
        });
    }

    /// A parameter of anything but a constructor.
    pub fn parameter(&mut self, it: &FormalParameter<'a>) {
        self.parameter_modifiers(it);
        self.visit_binding_pattern(&it.pattern);
        if it.optional {
            self.blank_token(it.pattern.span().end, "?");
        }
        if let Some(annotation) = &it.type_annotation {
            self.visit_ts_type_annotation(annotation);
        }
        if let Some(initializer) = &it.initializer {
            self.visit_expression(initializer);
        }
    }

    /// Blanks `private` and the like before a parameter. Its decorators have been moved out before.
    fn parameter_modifiers(&mut self, it: &FormalParameter<'a>) {
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        if super::class::is_property(it) {
            let mut at = start;
            let end = it.pattern.span().start;
            while let Some((span, _)) = tokens::word(self.text, at, end) {
                self.edits.blank(span);
                at = span.end;
            }
        }
    }

    /// `<T>x`.
    pub fn type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        let gone = Span::new(it.span.start, it.expression.span().start);
        if tokens::breaks_line(self.text, gone) || self.begins_otherwise(gone.end) {
            // Without this, `return <T>` followed by a line break would end its statement, and `() => <T>{}` have a body.
            let semicolon = if self.apart == Some(it.span.start) {
                ";("
            } else {
                "("
            };
            self.edits.replace(gone, semicolon);
            self.visit_expression(&it.expression);
            self.edits.insert(it.span.end, ")");
            return;
        }
        if self.apart == Some(it.span.start) {
            self.edits.semicolon(gone);
        } else {
            self.edits.blank(gone);
        }
        self.visit_expression(&it.expression);
    }

    /// Whether an expression that begins at `at` would be something else at the start of a statement or an arrow's body. One
    /// after another type assertion gets its parentheses there.
    fn begins_otherwise(&self, at: u32) -> bool {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        match tokens::word(self.text, at, end) {
            Some((_, word)) => matches!(word, "function" | "class" | "async" | "let"),
            None => tokens::next_is(self.text, at, "{").is_some(),
        }
    }

    /// Reports syntax of TypeScript's in JavaScript, where the parser takes it.
    pub fn no_types(&mut self, at: u32) {
        if !self.source.language.is_typescript() {
            self.fail(Fault::syntax(
                at,
                "TypeScript's syntax is not allowed in JavaScript",
            ));
        }
    }
}
