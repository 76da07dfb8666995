//! JSX: elements become calls, where they stand.

use oxc_ast::ast::{
    JSXAttribute, JSXAttributeItem, JSXAttributeName, JSXAttributeValue, JSXChild, JSXElement,
    JSXElementName, JSXExpression, JSXExpressionContainer, JSXFragment, JSXMemberExpressionObject,
    JSXOpeningElement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::edit::render;
use super::jsx_calls::Needs;
use super::jsx_text;
use super::options::Jsx;
use super::quote;
use super::rewriter::Rewriter;
use super::tokens;

/// The children that become arguments: text of white space alone, for example, does not.
fn kept<'a, 'b>(children: &'b [JSXChild<'a>]) -> Vec<&'b JSXChild<'a>> {
    children
        .iter()
        .filter(|child| match child {
            JSXChild::Text(text) => jsx_text::trimmed(&text.value).is_some(),
            JSXChild::ExpressionContainer(it) => !matches!(it.expression, JSXExpression::EmptyExpression(_)),
            _ => true,
        })
        .collect()
}

fn is_many(kept: &[&JSXChild<'_>]) -> bool {
    kept.len() > 1 || matches!(kept.first(), Some(JSXChild::Spread(_)))
}

/// The attribute `key`, and whether a spread comes before it.
fn key<'a, 'b>(it: &'b JSXOpeningElement<'a>) -> Option<(&'b JSXAttribute<'a>, bool)> {
    let mut spread = false;
    for attribute in &it.attributes {
        match attribute {
            JSXAttributeItem::SpreadAttribute(_) => spread = true,
            JSXAttributeItem::Attribute(it) => {
                if matches!(&it.name, JSXAttributeName::Identifier(name) if name.name == "key") {
                    return Some((it, spread));
                }
            }
        }
    }
    None
}

impl<'a> Visit<'a> for Needs {
    fn visit_jsx_element(&mut self, it: &JSXElement<'a>) {
        if key(&it.opening_element).is_some_and(|(_, after_spread)| after_spread) {
            self.create = true;
        } else if is_many(&kept(&it.children)) {
            self.many = true;
        } else {
            self.one = true;
        }
        walk::walk_jsx_element(self, it);
    }

    fn visit_jsx_fragment(&mut self, it: &JSXFragment<'a>) {
        self.fragment = true;
        if is_many(&kept(&it.children)) {
            self.many = true;
        } else {
            self.one = true;
        }
        walk::walk_jsx_fragment(self, it);
    }
}

impl<'a> Rewriter<'a, '_> {
    /// An element.
    pub fn element(&mut self, it: &JSXElement<'a>) {
        let opening = &it.opening_element;
        let children = kept(&it.children);
        let key = key(opening);
        let creates = key.is_some_and(|(_, after_spread)| after_spread);
        let classic = self.jsx.mode == Jsx::Classic || creates;
        let called = if creates && self.jsx.mode != Jsx::Classic {
            self.jsx.create.clone()
        } else if is_many(&children) {
            self.jsx.many.clone()
        } else {
            self.jsx.one.clone()
        };
        self.open(it.span.start, &called);
        self.element_name(&opening.name);
        if let Some(arguments) = &opening.type_arguments {
            self.visit_ts_type_parameter_instantiation(arguments);
        }
        let head = opening
            .type_arguments
            .as_ref()
            .map_or(opening.name.span().end, |it| it.span.end);
        let taken = key.filter(|_| !classic).map(|(key, _)| key);
        let bare = classic && opening.attributes.is_empty();
        self.edits.insert(head, if bare { ",null" } else { ",{" });
        for attribute in &opening.attributes {
            self.attribute(attribute, taken);
        }
        let key = taken.map(|key| self.key_text(key));
        let end = opening.attributes.last().map_or(head, |it| it.span().end);
        let rest = Span::new(end, opening.span.end);
        let after = self.after(key.as_deref(), is_many(&children), it.span.start, classic);
        let brace = if bare { "" } else { "}" };
        let Some(closing) = &it.closing_element else {
            self.edits.replace(rest, format!("{brace}{after}"));
            return;
        };
        if classic {
            self.edits.replace(rest, brace);
            self.children(&it.children, &children, true);
            self.edits.replace(closing.span, after);
            return;
        }
        let (open, close) = match (children.len(), is_many(&children)) {
            (0, _) => ("", ""),
            (_, true) => ("children:[", "]"),
            _ => ("children:", ""),
        };
        self.edits.replace(rest, open);
        self.children(&it.children, &children, false);
        self.edits.replace(closing.span, format!("{close}}}{after}"));
    }

    /// `<>…</>`.
    pub fn fragment(&mut self, it: &JSXFragment<'a>) {
        let children = kept(&it.children);
        let classic = self.jsx.mode == Jsx::Classic;
        let called = if is_many(&children) {
            self.jsx.many.clone()
        } else {
            self.jsx.one.clone()
        };
        self.open(it.span.start, &called);
        let fragment = self.jsx.fragment.clone();
        let opening = Span::new(it.span.start + 1, it.opening_fragment.span.end);
        let after = self.after(None, is_many(&children), it.span.start, classic);
        let (open, close) = match (classic, children.len(), is_many(&children)) {
            (true, ..) => (",null", ""),
            (false, 0, _) => (",{", "}"),
            (false, _, true) => (",{children:[", "]}"),
            (false, ..) => (",{children:", "}"),
        };
        self.edits.replace(opening, format!("{fragment}{open}"));
        self.children(&it.children, &children, classic);
        self.edits
            .replace(it.closing_fragment.span, format!("{close}{after}"));
    }

    /// `(0,$[1].jsx)(` in the place of `<`.
    fn open(&mut self, start: u32, called: &str) {
        self.uses_env = true;
        let semicolon = if self.apart == Some(start) { ";" } else { "" };
        let text = if called.starts_with(self.env) {
            format!("{semicolon}(0,{called})(")
        } else {
            format!("{semicolon}{called}(")
        };
        self.edits.replace(Span::new(start, start + 1), text);
    }

    /// The code of a call after its properties.
    fn after(&self, key: Option<&str>, many: bool, start: u32, classic: bool) -> String {
        if classic {
            return ")".to_owned();
        }
        if self.jsx.mode == Jsx::Development {
            let (line, column) = self.places.of(start);
            let file = quote::string(&self.file_name());
            let key = key.unwrap_or("void 0");
            return format!(
                ",{key},{many},{{fileName:{file},lineNumber:{line},columnNumber:{column}}},void 0)"
            );
        }
        key.map_or_else(|| ")".to_owned(), |key| format!(",{key})"))
    }

    fn file_name(&self) -> String {
        self.source
            .url
            .strip_prefix("file://")
            .unwrap_or(self.source.url)
            .to_owned()
    }

    fn element_name(&mut self, it: &JSXElementName<'a>) {
        match it {
            JSXElementName::Identifier(it) => {
                self.edits.replace(it.span, quote::string(&it.name));
            }
            JSXElementName::NamespacedName(it) => {
                let name = format!("{}:{}", it.namespace.name, it.name.name);
                self.edits.replace(it.span, quote::string(&name));
            }
            JSXElementName::IdentifierReference(it) => self.read(it),
            JSXElementName::MemberExpression(it) => {
                let mut object = &it.object;
                while let JSXMemberExpressionObject::MemberExpression(it) = object {
                    object = &it.object;
                }
                if let JSXMemberExpressionObject::IdentifierReference(it) = object {
                    self.read(it);
                }
            }
            JSXElementName::ThisExpression(_) => {}
        }
    }

    fn attribute(&mut self, it: &JSXAttributeItem<'a>, taken: Option<&JSXAttribute<'a>>) {
        match it {
            JSXAttributeItem::SpreadAttribute(it) => {
                let argument = it.argument.span();
                self.edits
                    .replace(Span::new(it.span.start, argument.start), "...");
                self.visit_expression(&it.argument);
                self.edits.replace(Span::new(argument.end, it.span.end), ",");
            }
            JSXAttributeItem::Attribute(it) if taken.is_some_and(|key| key.span == it.span) => {
                self.edits.replace(it.span, "");
            }
            JSXAttributeItem::Attribute(it) => {
                let name = match &it.name {
                    JSXAttributeName::Identifier(it) => it.name.to_string(),
                    JSXAttributeName::NamespacedName(it) => {
                        format!("{}:{}", it.namespace.name, it.name.name)
                    }
                };
                let name = if name == "__proto__" {
                    "[\"__proto__\"]".to_owned()
                } else {
                    quote::key(&name)
                };
                self.edits.replace(it.name.span(), name);
                self.attribute_value(it);
                self.edits.insert(it.span.end, ",");
            }
        }
    }

    fn attribute_value(&mut self, it: &JSXAttribute<'a>) {
        let start = it.name.span().end;
        match &it.value {
            None => self.edits.insert(start, ":true"),
            Some(JSXAttributeValue::StringLiteral(value)) => {
                let text = quote::string(&jsx_text::decoded(&value.value));
                self.edits
                    .replace(Span::new(start, value.span.end), format!(":{text}"));
            }
            Some(JSXAttributeValue::ExpressionContainer(container)) => {
                self.edits.insert(start, ":");
                self.blank_equals(start);
                self.container(container);
            }
            Some(JSXAttributeValue::Element(element)) => {
                self.edits.insert(start, ":");
                self.blank_equals(start);
                self.element(element);
            }
            Some(JSXAttributeValue::Fragment(fragment)) => {
                self.edits.insert(start, ":");
                self.blank_equals(start);
                self.fragment(fragment);
            }
        }
    }

    fn blank_equals(&mut self, start: u32) {
        if let Some(span) = tokens::next_is(self.text, start, "=") {
            self.edits.replace(span, "");
        }
    }

    /// `{x}` without its braces.
    fn container(&mut self, it: &JSXExpressionContainer<'a>) {
        let Some(expression) = it.expression.as_expression() else {
            self.edits.replace(it.span, "");
            return;
        };
        self.edits
            .replace(Span::new(it.span.start, it.span.start + 1), "");
        self.visit_expression(expression);
        self.edits.replace(Span::new(it.span.end - 1, it.span.end), "");
    }

    /// The key as an argument of the call.
    fn key_text(&mut self, it: &JSXAttribute<'a>) -> String {
        match &it.value {
            None => "true".to_owned(),
            Some(JSXAttributeValue::StringLiteral(value)) => quote::string(&jsx_text::decoded(&value.value)),
            Some(JSXAttributeValue::ExpressionContainer(container)) => {
                let before = self.edits.len();
                if let Some(expression) = container.expression.as_expression() {
                    self.visit_expression(expression);
                    let edits = self.edits.since(before);
                    let text = render(self.text, expression.span(), edits);
                    if text.contains("//") || text.contains('`') {
                        return text;
                    }
                    return text.replace(['\n', '\r'], " ");
                }
                "void 0".to_owned()
            }
            Some(_) => "void 0".to_owned(),
        }
    }

    fn children(&mut self, all: &[JSXChild<'a>], kept: &[&JSXChild<'a>], leading: bool) {
        let mut next = kept.iter().peekable();
        for child in all {
            if next.next_if(|it| it.span() == child.span()).is_none() {
                self.edits.replace(child.span(), "");
                continue;
            }
            if leading {
                self.edits.insert(child.span().start, ",");
            }
            match child {
                JSXChild::Text(text) => {
                    let value = jsx_text::trimmed(&text.value).unwrap_or_default();
                    self.edits.replace(text.span, quote::string(&value));
                }
                JSXChild::Element(it) => self.element(it),
                JSXChild::Fragment(it) => self.fragment(it),
                JSXChild::ExpressionContainer(it) => self.container(it),
                JSXChild::Spread(it) => {
                    let inner = it.expression.span();
                    self.edits.replace(Span::new(it.span.start, inner.start), "...");
                    self.visit_expression(&it.expression);
                    self.edits.replace(Span::new(inner.end, it.span.end), "");
                }
            }
            if !leading && kept.len() > 1 {
                self.edits.insert(child.span().end, ",");
            }
        }
    }
}
