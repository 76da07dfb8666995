//! Classes: takes types and modifiers of members out; fields and parameter properties are assigned or defined, as the options
//! say.

use oxc_ast::ast::{
    AccessorPropertyType, CallExpression, Class, ClassElement, FormalParameter, Function, MethodDefinition,
    PropertyDefinition, PropertyDefinitionType, PropertyKey,
};
use oxc_ast_visit::Visit;
use oxc_semantic::ScopeFlags;
use oxc_span::{GetSpan, Span};

use super::place::Fault;
use super::rewriter::{ClassState, Rewriter};
use super::tokens;

impl<'a> Rewriter<'a, '_> {
    /// A class, with or without a name.
    pub fn class(&mut self, it: &Class<'a>) {
        if is_decorated(it) {
            self.decorated_class(it, None);
            return;
        }
        self.enter_class(it);
        self.class_head(it, it.span.start);
        self.class_body(it);
        self.classes.pop();
    }

    /// Notes what the class needs, and enters it.
    pub fn enter_class(&mut self, it: &Class<'a>) {
        let properties: Vec<String> = constructor(it)
            .into_iter()
            .flat_map(|it| &it.params.items)
            .filter(|it| is_property(it))
            .flat_map(|it| it.pattern.get_binding_identifiers())
            .map(|it| it.name.to_string())
            .collect();
        let assigns = self.source.language.is_typescript() && !self.source.options.defines_class_fields();
        self.classes.push(ClassState {
            assigns,
            from_constructor: assigns && !properties.is_empty(),
            properties,
            derived: it.heritage.is_some(),
            ..ClassState::default()
        });
    }

    /// The members, between the braces.
    pub fn class_body(&mut self, it: &Class<'a>) {
        if let Some(state) = self.classes.last()
            && !state.assigns
            && !state.properties.is_empty()
        {
            // Defined fields of parameter properties come first.
            let fields: String = state.properties.iter().map(|name| format!("{name};")).collect();
            self.edits.insert(it.body.span.start + 1, fields);
        }
        let (constructors, others): (Vec<_>, Vec<_>) = it
            .body
            .body
            .iter()
            .partition(|it| matches!(it, ClassElement::MethodDefinition(it) if it.kind.is_constructor()));
        for element in others.into_iter().chain(constructors) {
            self.class_element(element, it);
        }
    }

    /// The part of a class before its body.
    pub fn class_head(&mut self, it: &Class<'a>, start: u32) -> u32 {
        let mut at = start;
        let mut keyword = start;
        while let Some((span, word)) = tokens::word(self.text, at, it.body.span.start) {
            match word {
                "export" | "default" => self.edits.blank(span),
                "abstract" | "declare" => {
                    self.no_types(span.start);
                    self.edits.blank(span);
                }
                _ => {
                    keyword = span.start;
                    break;
                }
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
            let from = match tokens::word(self.text, end, it.body.span.start) {
                Some((word, "class")) => word.end,
                _ => end,
            };
            let from = tokens::skip_trivia(self.text, from);
            self.edits.blank(Span::new(from, last.span.end));
        }
        keyword
    }

    /// One member.
    fn class_element(&mut self, it: &ClassElement<'a>, class: &Class<'a>) {
        match it {
            ClassElement::StaticBlock(it) => self.visit_static_block(it),
            ClassElement::MethodDefinition(it) => self.method(it, class),
            ClassElement::PropertyDefinition(it) => self.property(it),
            ClassElement::AccessorProperty(it)
                if it.r#type == AccessorPropertyType::TSAbstractAccessorProperty
                    && it.decorators.is_empty() =>
            {
                self.edits.semicolon(it.span);
            }
            ClassElement::AccessorProperty(it) => self.no_accessor(it),
            ClassElement::TSIndexSignature(it) => self.edits.semicolon(it.span),
        }
    }

    fn method(&mut self, it: &MethodDefinition<'a>, class: &Class<'a>) {
        if it.value.body.is_none() {
            self.edits.semicolon(it.span);
            return;
        }
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        let key = self.decorated_method(it, class);
        self.modifiers(it.span.start, start, it.key.span().start);
        self.member_key(&it.key, key);
        if it.optional {
            let end = self.key_end(it.key.span().end, it.computed);
            self.no_types(end);
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
            tokens::next_is(self.text, end, "]").map_or(end, |span| span.end)
        } else {
            end
        }
    }

    /// Blanks TypeScript's modifiers between `start` and `key`. A modifier at the beginning of a member leaves a semicolon:
    /// otherwise the key might continue the field before it.
    pub fn modifiers(&mut self, member: u32, start: u32, key: u32) {
        let mut at = start;
        while let Some((span, word)) = tokens::word(self.text, at, key) {
            if matches!(
                word,
                "public" | "private" | "protected" | "readonly" | "override" | "abstract" | "declare"
            ) {
                self.no_types(span.start);
                if span.start == member {
                    self.edits.semicolon(span);
                } else {
                    self.edits.blank(span);
                }
            }
            at = span.end;
        }
    }

    /// The key of a member. `saved` is a variable that keeps the key's value.
    fn member_key(&mut self, it: &PropertyKey<'a>, saved: Option<String>) {
        if let Some(name) = saved {
            self.edits.insert(it.span().start, format!("{name}="));
        }
        self.visit_property_key(it);
    }

    fn property(&mut self, it: &PropertyDefinition<'a>) {
        let is_abstract = it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition;
        let is_private = matches!(it.key, PropertyKey::PrivateIdentifier(_));
        if it.declare || is_abstract {
            self.no_types(it.span.start);
            if is_private {
                let word = if it.declare { "declare" } else { "abstract" };
                let message = format!("'{word}' modifier cannot be used with a private identifier");
                self.fail(Fault::syntax(it.span.start, message));
            }
        }
        if (it.declare || is_abstract) && it.decorators.is_empty() {
            self.edits.semicolon(it.span);
            return;
        }
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        let key = self.decorated_property(it);
        if it.declare || is_abstract {
            self.edits
                .semicolon(Span::new(tokens::skip_trivia(self.text, start), it.span.end));
            return;
        }
        let Some(assigns) = self.classes.last().map(|it| it.assigns) else {
            return;
        };
        let from_constructor = self.classes.last().is_some_and(|it| it.from_constructor);
        if assigns
            && !(is_private && (!from_constructor || it.r#static || it.value.is_none()))
            && assignable(it)
        {
            self.assigned_property(it, start);
            return;
        }
        self.modifiers(it.span.start, start, it.key.span().start);
        self.member_key(&it.key, key);
        self.property_type(it);
        if let Some(value) = &it.value {
            self.within_function(true, |this| this.visit_expression(value));
        }
        self.edits.end_statement(it.span.end);
    }

    /// A field that is assigned and not defined. Its initializer stays where it is, in a block or method of its own.
    fn assigned_property(&mut self, it: &PropertyDefinition<'a>, start: u32) {
        let key = it.key.span();
        let from = tokens::skip_trivia(self.text, start);
        let Some(value) = &it.value else {
            self.edits.semicolon(Span::new(from, it.span.end));
            return;
        };
        let bracket = if it.computed { key.start - 1 } else { key.start };
        let bracket = if it.computed {
            self.text
                .get(..key.start as usize)
                .and_then(|before| before.rfind('['))
                .and_then(|at| u32::try_from(at).ok())
                .unwrap_or(bracket)
        } else {
            bracket
        };
        let is_private = matches!(it.key, PropertyKey::PrivateIdentifier(_));
        let (mut open, close) = if it.r#static {
            ("static{this".to_owned(), "}")
        } else {
            let name = self.new_name();
            if self.classes.last().is_some_and(|it| it.from_constructor) {
                let open = if is_private {
                    format!("{};#{name}(){{this", self.slice(key))
                } else {
                    format!("#{name}(){{this")
                };
                if let Some(class) = self.classes.last_mut() {
                    class.initializers.push(name);
                }
                (open, "}")
            } else {
                (format!("#{name}=void(this"), ")")
            }
        };
        let literal = matches!(
            it.key,
            PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_)
        );
        if !it.computed {
            open.push(if literal { '[' } else { '.' });
        }
        self.edits.replace(Span::new(from, bracket), format!(";{open}"));
        self.visit_property_key(&it.key);
        if literal && !it.computed {
            self.edits.insert(key.end, "]");
        }
        self.property_type(it);
        self.within_function(true, |this| this.visit_expression(value));
        let end = value.span().end;
        self.edits.insert(end, format!("{close};"));
    }

    /// Takes out `?`, `!` and the annotation of a field.
    pub fn property_type(&mut self, it: &PropertyDefinition<'a>) {
        let end = self.key_end(it.key.span().end, it.computed);
        if it.optional {
            self.no_types(end);
            self.blank_token(end, "?");
        } else if it.definite {
            self.blank_token(end, "!");
        }
        if let Some(annotation) = &it.type_annotation {
            self.visit_ts_type_annotation(annotation);
        }
    }

    /// The constructor. It is walked after the other members, since it runs their initializers.
    fn constructor(&mut self, it: &Function<'a>) {
        let Some(class) = self.classes.last_mut() else {
            return;
        };
        let assigned = class.properties.iter().map(|name| format!("this.{name}={name}"));
        let run = class.initializers.iter().map(|name| format!("this.#{name}()"));
        let all: Vec<String> = assigned.chain(run).collect();
        if all.is_empty() {
            self.visit_function(it, ScopeFlags::Constructor);
            return;
        }
        if class.derived {
            class.after_super = Some(all.join(","));
        } else if let Some(body) = &it.body {
            let at = body
                .directives
                .last()
                .map_or(body.span.start + 1, |it| it.span.end);
            self.edits.insert(at, format!(";{};", all.join(";")));
        }
        self.visit_function(it, ScopeFlags::Constructor);
        if let Some(class) = self.classes.last_mut() {
            class.after_super = None;
        }
    }

    /// `super()` in a constructor with parameter properties.
    pub fn super_call(&mut self, it: &CallExpression<'a>) {
        let after = self.classes.last().and_then(|it| it.after_super.clone());
        if let Some(after) = &after {
            let _ = after;
            let semicolon = if self.apart == Some(it.span.start) {
                ";"
            } else {
                ""
            };
            self.edits.insert(it.span.start, format!("{semicolon}("));
        }
        self.visit_arguments(&it.arguments);
        if let Some(after) = after {
            self.edits.insert(it.span.end, format!(",{after},this)"));
        }
    }
}

/// The constructor of a class, if it has one with a body.
pub fn constructor<'a, 'b>(it: &'b Class<'a>) -> Option<&'b Function<'a>> {
    it.body.body.iter().find_map(|it| match it {
        ClassElement::MethodDefinition(it) if it.kind.is_constructor() && it.value.body.is_some() => {
            Some(&*it.value)
        }
        _ => None,
    })
}

/// Whether a class or something in it has decorators.
pub fn is_decorated(it: &Class<'_>) -> bool {
    let on_parameters = |it: &Function<'_>| it.params.items.iter().any(|it| !it.decorators.is_empty());
    !it.decorators.is_empty()
        || it.body.body.iter().any(|it| match it {
            ClassElement::MethodDefinition(it) => !it.decorators.is_empty() || on_parameters(&it.value),
            ClassElement::PropertyDefinition(it) => !it.decorators.is_empty(),
            ClassElement::AccessorProperty(it) => !it.decorators.is_empty(),
            _ => false,
        })
}

/// Whether a parameter of a constructor is a parameter property.
pub fn is_property(it: &FormalParameter<'_>) -> bool {
    it.accessibility.is_some() || it.readonly || it.r#override
}

/// Whether evaluating the field's key later, and more than once, gives the same key.
fn assignable(it: &PropertyDefinition<'_>) -> bool {
    !it.computed
        || matches!(
            &it.key,
            PropertyKey::Identifier(_)
                | PropertyKey::StringLiteral(_)
                | PropertyKey::NumericLiteral(_)
                | PropertyKey::StaticMemberExpression(_)
        )
}
