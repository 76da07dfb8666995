//! Writes to identifiers that are bound elsewhere: imports, which throws, and names of the environment.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, AssignmentTargetPropertyIdentifier, Expression,
    IdentifierReference, SimpleAssignmentTarget, UpdateExpression,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::AssignmentOperator;

use super::compiled::Kind;
use super::read::bare;
use super::rewriter::Rewriter;
use super::tokens;

impl<'a> Rewriter<'a, '_> {
    /// The expression that assigns to an identifier, if it is another one than its name. Assigning to an import throws.
    fn writing(&mut self, it: &IdentifierReference<'a>) -> Option<String> {
        let Some(target) = self.target(it) else {
            let is_common_js_name = matches!(
                it.name.as_str(),
                "require" | "module" | "exports" | "__filename" | "__dirname"
            );
            return if is_common_js_name && self.kind == Kind::Module && self.is_free(it) {
                Some(format!("{}.free.{}", self.env(), it.name))
            } else if self.exported.is_empty() {
                None
            } else {
                self.merged(it)
            };
        };
        if target.constant {
            return Some(format!("{}.k.v", self.env()));
        }
        Some(target.read.clone())
    }

    /// `x++`, `x += 1`: an import is read before it is written, which throws if it is not initialized.
    fn constant_read(&mut self, it: &SimpleAssignmentTarget<'a>) -> bool {
        let SimpleAssignmentTarget::AssignmentTargetIdentifier(it) = it else {
            return false;
        };
        let Some(target) = self.target(it).filter(|target| target.constant) else {
            return false;
        };
        let read = target.read.clone();
        let text = format!("{}.k[{read},\"v\"]", self.env());
        self.edits.replace(it.span, text);
        true
    }

    /// `x++`.
    pub fn update(&mut self, it: &UpdateExpression<'a>) {
        if !self.constant_read(&it.argument) {
            walk::walk_update_expression(self, it);
        }
    }

    /// `x = 1`. An import that is assigned under a condition throws only under it.
    pub fn assignment(&mut self, it: &AssignmentExpression<'a>) {
        self.mark_operator(it);
        let operator = match it.operator {
            AssignmentOperator::LogicalAnd => "&&",
            AssignmentOperator::LogicalOr => "||",
            AssignmentOperator::LogicalNullish => "??",
            AssignmentOperator::Assign => return walk::walk_assignment_expression(self, it),
            _ => {
                let target = it.left.as_simple_assignment_target();
                if target.is_some_and(|target| self.constant_read(target)) {
                    self.visit_expression(&it.right);
                } else {
                    walk::walk_assignment_expression(self, it);
                }
                return;
            }
        };
        let AssignmentTarget::AssignmentTargetIdentifier(left) = &it.left else {
            return walk::walk_assignment_expression(self, it);
        };
        if !self.target(left).is_some_and(|target| target.constant) {
            return walk::walk_assignment_expression(self, it);
        }
        self.read(left);
        let token = format!("{operator}=");
        if let Some(span) = tokens::next_is(self.text, left.span.end, &token) {
            let text = format!("{operator}({}.k.v=", self.env());
            self.edits.replace(span, text);
        }
        self.visit_expression(&it.right);
        self.edits.insert(it.span.end, ")");
    }

    /// V8 places an assignment that fails at its operator.
    fn mark_operator(&mut self, it: &AssignmentExpression<'a>) {
        let may_fail = match &it.left {
            AssignmentTarget::AssignmentTargetIdentifier(it) => self.target(it).is_some_and(|it| it.constant),
            other => other.is_member_expression(),
        };
        if may_fail
            && let Some(operator) = tokens::next_is(self.text, it.left.span().end, it.operator.as_str())
        {
            self.edits.mark(operator.start, operator.start);
        }
    }

    /// The target of an assignment, in every form but the shorthand.
    pub fn assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        match it {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(it) => {
                if let Some(text) = self.writing(it) {
                    self.edits.replace(it.span, text);
                }
            }
            SimpleAssignmentTarget::StaticMemberExpression(it) if self.is_namespace(&it.object) => {
                self.visit_expression(&it.object);
            }
            SimpleAssignmentTarget::TSAsExpression(it) => self.typed_target(&it.expression, it.span),
            SimpleAssignmentTarget::TSSatisfiesExpression(it) => {
                self.typed_target(&it.expression, it.span);
            }
            SimpleAssignmentTarget::TSNonNullExpression(it) => {
                self.typed_target(&it.expression, it.span);
            }
            SimpleAssignmentTarget::TSTypeAssertion(it) => {
                self.edits
                    .blank(Span::new(it.span.start, it.expression.span().start));
                self.typed_target(&it.expression, Span::new(it.span.start, it.expression.span().end));
            }
            _ => walk::walk_simple_assignment_target(self, it),
        }
    }

    /// `(x as T) = 1`.
    fn typed_target(&mut self, it: &Expression<'a>, outer: Span) {
        if let Expression::Identifier(identifier) = bare(it) {
            self.blank_around(it);
            if let Some(text) = self.writing(identifier) {
                self.edits.replace(identifier.span, text);
            }
        } else {
            self.visit_expression(it);
        }
        self.edits.blank(Span::new(it.span().end, outer.end));
    }

    /// `({ x } = o)`, `({ x = 1 } = o)`.
    pub fn shorthand_target(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        if let Some(text) = self.writing(&it.binding) {
            let name = self.slice(it.binding.span);
            self.edits.replace(it.binding.span, format!("{name}:{text}"));
        }
        if let Some(init) = &it.init {
            self.visit_expression(init);
        }
    }
}
