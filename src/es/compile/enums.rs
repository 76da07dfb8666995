//! `enum`: an object with a name for each value and a value for each name.

use oxc_ast::ast::{BindingIdentifier, Expression, TSEnumDeclaration, TSEnumMember, TSEnumMemberName};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::SymbolId;

use super::facts::Target;
use super::quote;
use super::read::bare;
use super::rewriter::Rewriter;
use super::tokens;

/// The value of a member without an initializer.
enum Next {
    /// This number.
    Number(f64),
    /// One more than the value of this expression, which reads the member before.
    After(String),
}

impl<'a> Rewriter<'a, '_> {
    /// An `enum`. A `const enum` is an ordinary one, also where it is only declared.
    pub fn enumeration(&mut self, it: &TSEnumDeclaration<'a>) {
        let object = self.new_name();
        let body = it.body.span.start;
        let head = self.object_head(it.span.start, &it.id, &object);
        self.edits.replace(Span::new(it.span.start, body + 1), head);
        let scope = it.body.scope_id.get();
        self.name_members(scope, &object);
        let path = self.path_of(&it.id.name);
        self.enter_block(path, &object, scope);
        let mut next = Next::Number(0.0);
        for member in &it.body.members {
            next = self.enum_member(member, &object, &it.id.name, next);
        }
        self.leave_block();
        let end = it.body.span.end;
        let tail = self.object_tail(&it.id) + &self.noted_enum(it);
        self.edits.replace(Span::new(end - 1, end), tail);
    }

    /// `var E;(function($1){`: the code before the body of an enum or a namespace.
    pub fn object_head(&mut self, start: u32, id: &BindingIdentifier<'a>, object: &str) -> String {
        let semicolon = if self.apart == Some(start) { ";" } else { "" };
        let first = id
            .symbol_id
            .get()
            .is_none_or(|symbol| self.is_first_declaration(symbol, id));
        let name = self.slice(id.span);
        let root = self.scoping.root_scope_id();
        let is_root = id
            .symbol_id
            .get()
            .is_some_and(|symbol| self.scoping.symbol_scope_id(symbol) == root);
        let declared = match (first, is_root) {
            (false, _) => semicolon.to_owned(),
            (true, true) => format!("var {name};"),
            (true, false) => format!("let {name};"),
        };
        self.depth += 1;
        self.own_arguments += 1;
        format!("{declared}(function({object}){{")
    }

    /// `})(E||(E={}));`: the code after the body of an enum or a namespace.
    pub fn object_tail(&mut self, id: &BindingIdentifier<'a>) -> String {
        self.depth -= 1;
        self.own_arguments -= 1;
        let name = self.slice(id.span);
        match self.exported_from.take() {
            Some(outer) => format!("}})({name}={outer}.{name}||({outer}.{name}={{}}));"),
            None => format!("}})({name}||({name}={{}}));"),
        }
    }

    /// Whether `id` is the first declaration of `symbol` that has a value.
    fn is_first_declaration(&self, symbol: SymbolId, id: &BindingIdentifier<'a>) -> bool {
        let redeclarations = self.scoping.symbol_redeclarations(symbol);
        let values = redeclarations
            .iter()
            .filter(|it| it.flags.is_value())
            .map(|it| it.span.start)
            .min();
        values.unwrap_or_else(|| self.scoping.symbol_span(symbol).start) >= id.span.start
    }

    /// Lets initializers that name a member read it from the object.
    fn name_members(&mut self, scope: Option<ScopeId>, object: &str) {
        let Some(scope) = scope else { return };
        for (name, symbol) in self.scoping.get_bindings(scope) {
            self.facts.targets.insert(
                *symbol,
                Target {
                    read: quote::member(object, name.as_str()),
                    members: None,
                    constant: false,
                },
            );
        }
    }

    fn enum_member(&mut self, it: &TSEnumMember<'a>, object: &str, enumeration: &str, next: Next) -> Next {
        let name = match &it.id {
            TSEnumMemberName::Identifier(id) => id.name.to_string(),
            TSEnumMemberName::String(id) | TSEnumMemberName::ComputedString(id) => id.value.to_string(),
            TSEnumMemberName::ComputedTemplateString(id) => id
                .quasis
                .first()
                .map(|it| it.value.cooked.unwrap_or(it.value.raw).to_string())
                .unwrap_or_default(),
        };
        let key = quote::string(&name);
        let id = it.id.span();
        let (start, end) = if matches!(
            it.id,
            TSEnumMemberName::ComputedString(_) | TSEnumMemberName::ComputedTemplateString(_)
        ) {
            (it.span.start, self.key_end(id.end, true))
        } else {
            (id.start, id.end)
        };
        let id = Span::new(start, end);
        let member = format!("{object}[{key}]");
        let next = match &it.initializer {
            Some(initializer) if self.is_string(initializer, object) => {
                self.edits.replace(id, member.clone());
                self.visit_expression(initializer);
                self.enum_strings.insert(member);
                self.enum_strings.insert(format!("{enumeration}[{key}]"));
                Next::After("void 0".to_owned())
            }
            Some(initializer) => {
                self.edits.replace(id, format!("{object}[{member}"));
                self.visit_expression(initializer);
                self.edits.insert(initializer.span().end, format!("]={key}"));
                number(initializer).map_or(Next::After(member), |value| Next::Number(value + 1.0))
            }
            None => {
                let (value, after) = match next {
                    Next::Number(value) => (value.to_string(), Next::Number(value + 1.0)),
                    Next::After(last) => (format!("{last}+1"), Next::After(member.clone())),
                };
                self.edits
                    .replace(id, format!("{object}[{member}={value}]={key}"));
                after
            }
        };
        match tokens::next_is(self.text, it.span.end, ",") {
            Some(comma) => self.edits.replace(comma, ";"),
            None => self.edits.insert(it.span.end, ";"),
        }
        next
    }

    /// Whether an initializer is a string by its form alone, as `isolatedModules` decides it. With a type beside it, it is none.
    fn is_string(&self, it: &Expression<'a>, object: &str) -> bool {
        match without_parentheses(it) {
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
            Expression::BinaryExpression(it) => {
                it.operator == BinaryOperator::Addition
                    && (self.is_string(&it.left, object) || self.is_string(&it.right, object))
            }
            Expression::Identifier(it) => self
                .enum_strings
                .contains(&format!("{object}[{}]", quote::string(&it.name))),
            Expression::StaticMemberExpression(it) => {
                let Expression::Identifier(outer) = &it.object else {
                    return false;
                };
                let member = quote::string(&it.property.name);
                self.enum_strings.contains(&format!("{}[{member}]", outer.name))
            }
            _ => false,
        }
    }
}

fn without_parentheses<'a, 'b>(mut it: &'b Expression<'a>) -> &'b Expression<'a> {
    while let Expression::ParenthesizedExpression(inner) = it {
        it = &inner.expression;
    }
    it
}

/// The number that an initializer is by its form alone.
fn number(it: &Expression<'_>) -> Option<f64> {
    match bare(it) {
        Expression::NumericLiteral(it) => Some(it.value),
        Expression::UnaryExpression(it) if it.operator == UnaryOperator::UnaryNegation => {
            number(&it.argument).map(|value| -value)
        }
        _ => None,
    }
}
