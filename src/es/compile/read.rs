//! Reads and calls of identifiers that are bound elsewhere: imports, and names of the environment.

use std::borrow::Cow;

use oxc_ast::ast::{
    BinaryExpression, CallExpression, ChainElement, Expression, IdentifierReference, ObjectProperty,
    StaticMemberExpression, UnaryExpression,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};

use super::compiled::Kind;
use super::facts::Target;
use super::place::Fault;
use super::rewriter::Rewriter;
use super::timers::is_timer;
use super::tokens;

impl<'a> Rewriter<'a, '_> {
    /// The code that reads an identifier, if it is bound elsewhere.
    pub fn target(&self, it: &IdentifierReference<'a>) -> Option<&Target> {
        let symbol = self.scoping.get_reference(it.reference_id.get()?).symbol_id()?;
        self.facts.targets.get(&symbol)
    }

    /// The variable for a decorated class within its own body.
    fn alias_of(&mut self, it: &IdentifierReference<'a>) -> Option<String> {
        if self.aliases.is_empty() {
            return None;
        }
        let symbol = self.scoping.get_reference(it.reference_id.get()?).symbol_id()?;
        let alias = self.aliases.iter_mut().find(|alias| alias.symbol == symbol)?;
        alias.used = true;
        Some(alias.name.clone())
    }

    /// Whether no declaration in the file binds an identifier.
    pub fn is_free(&self, it: &IdentifierReference<'a>) -> bool {
        it.reference_id
            .get()
            .is_some_and(|id| self.scoping.get_reference(id).symbol_id().is_none())
    }

    /// The expression that reads an identifier, if it is another one than its name.
    pub fn reading(&mut self, it: &IdentifierReference<'a>) -> Option<Cow<'static, str>> {
        if let Some(alias) = self.alias_of(it) {
            return Some(alias.into());
        }
        if let Some(target) = self.target(it) {
            let read = target.read.clone();
            self.uses_env = true;
            return Some(read.into());
        }
        if !self.exported.is_empty()
            && let Some(text) = self.merged(it)
        {
            return Some(text.into());
        }
        let name = it.name.as_str();
        match name {
            "arguments" if self.own_arguments == 0 && self.kind != Kind::CommonJs => {}
            name if is_timer(name) && self.source.hot => {}
            "require" | "module" | "exports" | "__filename" | "__dirname"
                if self.kind == Kind::LooseModule => {}
            // The code is compiled as the body of a CommonJS module, where these exist.
            "require" | "module" | "exports" | "__filename" | "__dirname" if self.kind == Kind::Module => {
                return self
                    .is_free(it)
                    .then(|| format!("{}.free.{name}", self.env()).into());
            }
            _ => return None,
        }
        if !self.is_free(it) {
            return None;
        }
        Some(format!("{}.{name}", self.env()).into())
    }

    /// A plain read.
    pub fn read(&mut self, it: &IdentifierReference<'a>) {
        let is_called = self.called_at.take_if(|at| *at == it.span.start).is_some();
        if let Some(text) = self.reading(it) {
            let text = if is_called {
                self.saying_name(it, &text).into()
            } else {
                text
            };
            self.edits.replace(it.span, text);
        }
    }

    /// A call: `this` of an imported function is `undefined`.
    pub fn call(&mut self, it: &CallExpression<'a>) {
        if matches!(it.callee, Expression::Super(_)) {
            self.super_call(it);
            return;
        }
        self.required(it);
        let start = it.callee.span();
        let moved = self.callee(&it.callee);
        if let Some(arguments) = &it.type_arguments {
            self.visit_ts_type_parameter_instantiation(arguments);
        }
        let is_private = matches!(bare(&it.callee), Expression::PrivateFieldExpression(_));
        if moved || it.optional || is_private {
            let after = it.type_arguments.as_ref().map_or(start.end, |it| it.span.end);
            let open = if it.optional {
                tokens::next_is(self.text, after, "?.").map_or(after, |span| span.end)
            } else {
                after
            };
            if let Some(open) = tokens::next_is(self.text, open, "(") {
                // V8 places a call at its parenthesis, but a plain call of a name, which here has another form, at the name.
                let is_plain = moved && !it.optional;
                let place = if is_plain { start.start } else { open.start };
                self.edits.mark(open.start, place);
                self.edits.mark(open.end, open.end);
            }
        }
        self.visit_arguments(&it.arguments);
    }

    /// The callee of a call or the tag of a template. Returns whether its text was replaced.
    pub fn callee(&mut self, it: &Expression<'a>) -> bool {
        match bare(it) {
            Expression::Identifier(identifier) => {
                let Some(text) = self.reading(identifier) else {
                    self.visit_expression(it);
                    return false;
                };
                self.blank_around(it);
                let text = self.saying_name(identifier, &text);
                self.edits.replace(identifier.span, text);
                true
            }
            Expression::StaticMemberExpression(member) if self.is_namespace(&member.object) => {
                // The call of a namespace's member has the namespace as `this`.
                self.blank_around(it);
                self.name_root(&member.object);
                self.visit_expression(&member.object);
                false
            }
            Expression::StaticMemberExpression(member) if self.is_timer_of_global(member) => {
                self.blank_around(it);
                let env = self.env().to_owned();
                self.edits.replace(member.object.span(), env);
                false
            }
            bare => {
                self.name_root(bare);
                self.visit_expression(it);
                false
            }
        }
    }

    /// Takes out the types around what [`bare`] finds.
    pub fn blank_around(&mut self, it: &Expression<'a>) {
        match it {
            Expression::ParenthesizedExpression(it) => self.blank_around(&it.expression),
            Expression::TSAsExpression(it) => self.blank_after(&it.expression, it.span),
            Expression::TSSatisfiesExpression(it) => self.blank_after(&it.expression, it.span),
            Expression::TSNonNullExpression(it) => self.blank_after(&it.expression, it.span),
            Expression::TSInstantiationExpression(it) => self.blank_after(&it.expression, it.span),
            Expression::TSTypeAssertion(it) => {
                self.edits
                    .blank(Span::new(it.span.start, it.expression.span().start));
                self.blank_around(&it.expression);
            }
            _ => {}
        }
    }

    fn blank_after(&mut self, it: &Expression<'a>, outer: Span) {
        self.blank_around(it);
        self.edits.blank(Span::new(it.span().end, outer.end));
    }

    /// Whether an expression is the namespace of an import.
    pub fn is_namespace(&self, it: &Expression<'a>) -> bool {
        matches!(it, Expression::Identifier(it) if self.target(it).is_some_and(|it| it.members.is_some()))
    }

    /// `ns.x` as a plain read: skips the namespace object.
    pub fn static_member(&mut self, it: &StaticMemberExpression<'a>) {
        if let Expression::Identifier(object) = &it.object
            && let Some(members) = self.target(object).and_then(|it| it.members.clone())
        {
            self.uses_env = true;
            let is_called = self.called_at.take_if(|at| *at == object.span.start).is_some();
            let text = if is_called {
                self.saying_name(object, &members)
            } else {
                members
            };
            self.edits.replace(object.span, text);
            return;
        }
        walk::walk_static_member_expression(self, it);
    }

    /// `delete ns.x` and `typeof arguments`.
    pub fn unary(&mut self, it: &UnaryExpression<'a>) {
        match (it.operator, bare(&it.argument)) {
            (UnaryOperator::Typeof, Expression::Identifier(identifier))
                if identifier.name == "arguments" && self.reading(identifier).is_some() =>
            {
                self.edits.replace(identifier.span, "(void 0)");
            }
            (UnaryOperator::Typeof, Expression::Identifier(identifier))
                if self.kind == Kind::Module
                    && self.is_free(identifier)
                    && matches!(
                        identifier.name.as_str(),
                        "require" | "module" | "exports" | "__filename" | "__dirname"
                    ) =>
            {
                let read = format!("{}.global.{}", self.env(), identifier.name);
                self.edits.replace(identifier.span, read);
            }
            (UnaryOperator::Delete, Expression::StaticMemberExpression(member))
                if self.is_namespace(&member.object) =>
            {
                self.visit_expression(&member.object);
            }
            (UnaryOperator::Delete, Expression::ChainExpression(chain)) => match &chain.expression {
                ChainElement::StaticMemberExpression(member) if self.is_namespace(&member.object) => {
                    self.visit_expression(&member.object);
                }
                _ => walk::walk_unary_expression(self, it),
            },
            _ => walk::walk_unary_expression(self, it),
        }
    }

    /// `a<!--b`: V8 refuses it in a module, and takes it for a comment in the code that it gets here.
    pub fn binary(&mut self, it: &BinaryExpression<'a>) {
        walk::walk_binary_expression(self, it);
        let right = it.right.span().start;
        if it.operator == BinaryOperator::LessThan
            && self.kind != Kind::CommonJs
            && self
                .text
                .get(right as usize..)
                .is_some_and(|text| text.starts_with("!--"))
            && self
                .text
                .get(..right as usize)
                .is_some_and(|text| text.ends_with('<'))
        {
            self.fail(Fault::syntax(
                right - 1,
                "HTML comments are not allowed in modules",
            ));
        }
    }

    /// `{ x }`.
    pub fn shorthand(&mut self, it: &ObjectProperty<'a>) {
        let Expression::Identifier(value) = &it.value else {
            return;
        };
        if let Some(text) = self.reading(value) {
            let name = self.slice(value.span);
            self.edits.replace(value.span, format!("{name}:{text}"));
        }
    }

    /// The original text of `span`.
    pub fn slice(&self, span: Span) -> &'a str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }
}

/// An expression without the parentheses and types around it.
pub fn bare<'a, 'b>(mut it: &'b Expression<'a>) -> &'b Expression<'a> {
    loop {
        it = match it {
            Expression::ParenthesizedExpression(inner) => &inner.expression,
            Expression::TSAsExpression(inner) => &inner.expression,
            Expression::TSSatisfiesExpression(inner) => &inner.expression,
            Expression::TSNonNullExpression(inner) => &inner.expression,
            Expression::TSInstantiationExpression(inner) => &inner.expression,
            Expression::TSTypeAssertion(inner) => &inner.expression,
            _ => return it,
        }
    }
}
