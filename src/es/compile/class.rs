//! Classes: types and modifiers taken out.

use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_semantic::ScopeFlags;
use oxc_span::{GetSpan, Span};

use super::place::Fault;
use super::rewrite::Rewriter;
use super::scan;

impl<'a> Rewriter<'a, '_> {
    /// A class, with or without a name.
    pub fn class(&mut self, it: &Class<'a>) {
        if let Some(decorator) = it.decorators.first() {
            self.no_decorators(decorator.span.start);
        }
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        self.class_head(it, start);
        for element in &it.body.body {
            self.class_element(element);
        }
    }

    /// Everything before the body.
    pub fn class_head(&mut self, it: &Class<'a>, start: u32) {
        let mut at = start;
        while let Some((span, word)) = scan::word(self.text, at, it.body.span.start) {
            match word {
                "abstract" | "declare" => self.edits.blank(span),
                "export" | "default" => {}
                _ => break,
            }
            at = span.end;
        }
        let mut end = it.id.as_ref().map_or(at, |id| id.span.end);
        if let Some(parameters) = &it.type_parameters {
            self.visit_ts_type_parameter_declaration(parameters);
            end = parameters.span.end;
        }
        if let Some(heritage) = &it.heritage {
            self.visit_expression(&heritage.expression);
            end = heritage.expression.span().end;
            if let Some(arguments) = &heritage.type_arguments {
                self.visit_ts_type_parameter_instantiation(arguments);
                end = arguments.span.end;
            }
        }
        if let (Some(_), Some(last)) = (it.implements.first(), it.implements.last()) {
            let from = match scan::word(self.text, end, it.body.span.start) {
                Some((word, "class")) => word.end,
                _ => end,
            };
            let from = scan::skip_trivia(self.text, from);
            self.edits.blank(Span::new(from, last.span.end));
        }
    }

    /// One member.
    pub fn class_element(&mut self, it: &ClassElement<'a>) {
        match it {
            ClassElement::StaticBlock(it) => self.visit_static_block(it),
            ClassElement::MethodDefinition(it) => self.method(it),
            ClassElement::PropertyDefinition(it) => self.property(it),
            ClassElement::AccessorProperty(it) => self.fail(Fault::unsupported(
                it.span.start,
                "`accessor` is not supported by Node",
                "write a getter and a setter",
            )),
            ClassElement::TSIndexSignature(it) => self.edits.semicolon(it.span),
        }
    }

    fn method(&mut self, it: &MethodDefinition<'a>) {
        if let Some(decorator) = it.decorators.first() {
            self.no_decorators(decorator.span.start);
        }
        if it.value.body.is_none() {
            self.edits.semicolon(it.span);
            return;
        }
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        self.modifiers(it.span.start, start, it.key.span().start);
        self.visit_property_key(&it.key);
        if it.optional {
            let end = self.key_end(it.key.span().end, it.computed);
            self.blank_token(end, "?");
        }
        if it.kind.is_constructor() {
            self.constructor(&it.value);
        } else {
            self.visit_function(&it.value, ScopeFlags::Function);
        }
    }

    /// The end of a key, with its bracket if it is computed.
    pub fn key_end(&self, end: u32, computed: bool) -> u32 {
        if computed {
            scan::next_is(self.text, end, "]").map_or(end, |span| span.end)
        } else {
            end
        }
    }

    /// Blanks TypeScript's modifiers between `start` and `key`. What comes first in its member leaves a semicolon, since
    /// the key may be one that goes on with a field before it.
    pub fn modifiers(&mut self, member: u32, start: u32, key: u32) {
        let mut at = start;
        while let Some((span, word)) = scan::word(self.text, at, key) {
            if matches!(
                word,
                "public" | "private" | "protected" | "readonly" | "override" | "abstract" | "declare"
            ) {
                if span.start == member {
                    self.edits.semicolon(span);
                } else {
                    self.edits.blank(span);
                }
            }
            at = span.end;
        }
    }

    fn property(&mut self, it: &PropertyDefinition<'a>) {
        if let Some(decorator) = it.decorators.first() {
            self.no_decorators(decorator.span.start);
        }
        if it.declare || it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition {
            self.edits.semicolon(it.span);
            return;
        }
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        self.modifiers(it.span.start, start, it.key.span().start);
        self.visit_property_key(&it.key);
        self.property_type(it);
        if let Some(value) = &it.value {
            self.within_function(true, |this| this.visit_expression(value));
        }
        self.edits.end_statement(it.span.end);
    }

    /// `?`, `!` and the annotation of a field.
    pub fn property_type(&mut self, it: &PropertyDefinition<'a>) {
        let end = self.key_end(it.key.span().end, it.computed);
        if it.optional {
            self.blank_token(end, "?");
        } else if it.definite {
            self.blank_token(end, "!");
        }
        if let Some(annotation) = &it.type_annotation {
            self.visit_ts_type_annotation(annotation);
        }
    }

    fn constructor(&mut self, it: &Function<'a>) {
        if let Some(parameter) = it.params.items.iter().find(|it| is_property(it)) {
            self.fail(Fault::unsupported(
                parameter.span.start,
                "Parameter properties are not supported",
                "declare the field and assign it",
            ));
        }
        self.visit_function(it, ScopeFlags::Constructor);
    }
}

/// Whether a parameter of a constructor is a property too.
pub fn is_property(it: &FormalParameter<'_>) -> bool {
    it.accessibility.is_some() || it.readonly || it.r#override
}
