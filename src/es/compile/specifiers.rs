//! `import(…)` and `require(…)`, and the specifiers that they name.

use oxc_ast::ast::{Argument, CallExpression, Expression, ImportExpression};
use oxc_ast_visit::walk;
use oxc_span::Span;

use super::early::refuse_phase;
use super::rewriter::Rewriter;

impl<'a> Rewriter<'a, '_> {
    /// `import(x)`.
    pub fn import_expression(&mut self, it: &ImportExpression<'a>) {
        if let Err(fault) = refuse_phase(it.phase, it.span.start) {
            self.fail(fault);
            return;
        }
        if let Expression::StringLiteral(specifier) = &it.source {
            self.named(&specifier.value);
        }
        let text = format!("{}.import", self.env());
        let keyword = Span::new(it.span.start, it.span.start + 6);
        self.edits.replace(keyword, text);
        walk::walk_import_expression(self, it);
    }

    /// Notes `require("x")`.
    pub fn required(&mut self, it: &CallExpression<'a>) {
        if let Expression::Identifier(callee) = &it.callee
            && callee.name == "require"
            && let Some(Argument::StringLiteral(specifier)) = it.arguments.first()
            && self.is_free(callee)
        {
            self.named(&specifier.value);
        }
    }

    /// Notes a specifier that is loaded at run time.
    pub fn named(&mut self, specifier: &str) {
        if !self.dynamic.iter().any(|known| known == specifier) {
            self.dynamic.push(specifier.to_owned());
        }
    }
}
