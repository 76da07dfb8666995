//! Decorators as TypeScript had them before the standard. Each list of decorators stays where it is and becomes a function
//! that is called once the class exists: a private static method for a member's list, an arrow function before the class for
//! the class's own list.
//!
//! The standard's decorators are reported, and so is their `accessor`: Node has neither.

use oxc_ast::ast::{
    AccessorProperty, Class, ClassType, Decorator, FormalParameters, MethodDefinition, PropertyDefinition,
    PropertyKey,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

use super::accessors::{accessors, decorated_parameters};
use super::class::constructor;
use super::edit::render;
use super::helpers::Helper;
use super::place::Fault;
use super::quote;
use super::rewriter::{Alias, ClassState, Decorated, Rewriter};

impl<'a> Rewriter<'a, '_> {
    /// Whether decorators are run: the option `experimentalDecorators` is on.
    fn runs_decorators(&self) -> bool {
        self.source.language.is_typescript() && self.source.options.experimental_decorators
    }

    /// A class with decorators, on itself or on its members. `anonymous` is the variable for a class without a name.
    pub fn decorated_class(&mut self, it: &Class<'a>, anonymous: Option<&str>) {
        if !self.may_be_decorated(it) {
            return;
        }
        let on_constructor =
            constructor(it).is_some_and(|it| it.params.items.iter().any(|it| !it.decorators.is_empty()));
        let is_class = !it.decorators.is_empty() || on_constructor;
        let start = it.decorators.last().map_or(it.span.start, |it| it.span.end);
        let list = self.class_list(it);
        self.enter_class(it);
        if let Some(class) = self.classes.last_mut() {
            class.is_decorated = is_class;
        }
        let keyword = self.class_head(it, start);
        let alias = self.alias(it, is_class);
        self.class_body(it);
        let alias = alias.and_then(|()| self.aliases.pop()).filter(|it| it.used);
        let Some(class) = self.classes.pop() else {
            return;
        };
        let outer = class.constructor_decorators.as_ref().map(|_| self.new_name());
        self.decorating_block(it, &class, outer.as_deref());
        let variables = class.keys.iter().chain(&outer);
        let declared: String = variables.map(|name| format!("let {name};")).collect();
        let Some(name) = it.id.as_ref().map(|id| id.name.as_str()).or(anonymous) else {
            return;
        };
        if is_class {
            let lists: Vec<&String> = list.iter().chain(&outer).collect();
            self.decorate_class(it, keyword, name, declared, &lists, alias);
        } else {
            self.edits.insert(keyword, declared);
        }
    }

    /// Reports decorators that the class may not have. Returns whether all is well.
    fn may_be_decorated(&mut self, it: &Class<'a>) -> bool {
        let first = it.decorators.first().map_or(it.span.start, |it| it.span.start);
        if !self.runs_decorators() {
            self.no_decorators(first);
            return false;
        }
        if it.r#type == ClassType::ClassExpression {
            let message = "Decorators are not valid on a class expression";
            self.fail(Fault::syntax(first, message));
            return false;
        }
        true
    }

    /// Reports decorators that cannot be run.
    fn no_decorators(&mut self, at: u32) {
        let help = if self.source.language.is_typescript() {
            "set \"experimentalDecorators\": true in tsconfig.json for TypeScript's decorators; the standard ones are not \
             in Node yet"
        } else {
            "write the file in TypeScript with \"experimentalDecorators\": true in tsconfig.json, or call the decorator as \
             a function"
        };
        self.fail(Fault::unsupported(at, "Decorators are not supported here", help));
    }

    /// Reports `accessor x`, which comes with the standard's decorators.
    pub fn no_accessor(&mut self, it: &AccessorProperty<'a>) {
        self.fail(Fault::unsupported(
            it.span.start,
            "`accessor` is not supported by Node",
            "write a getter and a setter",
        ));
    }

    /// Ends the class with a static block that decorates its members. `outer` is the variable that gets the function with
    /// the decorators of the constructor's parameters.
    fn decorating_block(&mut self, it: &Class<'a>, class: &ClassState, outer: Option<&str>) {
        let mut block: String = self.decorate_members(&class.decorated);
        if let (Some(outer), Some(inner)) = (outer, &class.constructor_decorators) {
            block.push_str(&format!("{outer}=this.#{inner};"));
        }
        if !block.is_empty() {
            self.edits
                .insert(it.body.span.end - 1, format!(";static{{{block}}}"));
        }
    }

    /// Makes the class the value of a variable, and decorates it behind its end with the decorators that the functions in
    /// `lists` give. `alias` is the class's name in its own body, if the body names it.
    fn decorate_class(
        &mut self,
        it: &Class<'a>,
        keyword: u32,
        name: &str,
        mut declared: String,
        lists: &[&String],
        alias: Option<Alias>,
    ) {
        let alias = alias.map(|alias| alias.name);
        if let Some(alias) = &alias {
            declared.push_str(&format!("let {alias};"));
            self.edits
                .insert(it.body.span.start + 1, format!("static{{{alias}=this;}}"));
        }
        let (open, close) = if it.id.is_none() {
            ("{default:", "}.default")
        } else {
            ("", "")
        };
        self.edits.insert(keyword, format!("{declared}let {name}={open}"));
        let lists: Vec<String> = lists.iter().map(|list| format!("...{list}()")).collect();
        let decorate = self.helpers.name(self.env, Helper::Decorate);
        let also = alias.map_or_else(String::new, |alias| format!("{alias}="));
        let lists = lists.join(",");
        self.edits.insert(
            it.span.end,
            format!("{close};{name}={also}{decorate}([{lists}],{name});"),
        );
    }

    /// The decorators of the class itself, as an arrow function before it.
    fn class_list(&mut self, it: &Class<'a>) -> Option<String> {
        let last = it.decorators.last()?.span.end;
        let name = self.new_name();
        let semicolon = if self.apart == it.decorators.first().map(|it| it.span.start) {
            ";"
        } else {
            ""
        };
        self.list(&it.decorators, format!("{semicolon}const {name}=()=>["));
        self.edits.insert(last, "];");
        Some(name)
    }

    /// Makes a list of decorators where they stand: `open` replaces the first `@`, a comma each further one.
    fn list(&mut self, it: &[Decorator<'a>], open: String) {
        let mut open = Some(open);
        for decorator in it {
            let text = open.take().unwrap_or_else(|| ",".to_owned());
            let at = decorator.span.start;
            self.edits.replace(Span::new(at, at + 1), text);
            self.within_function(false, |this| this.visit_expression(&decorator.expression));
        }
    }

    fn alias(&mut self, it: &Class<'a>, is_class: bool) -> Option<()> {
        let symbol = it.id.as_ref()?.symbol_id.get()?;
        if !is_class {
            return None;
        }
        let name = self.new_name();
        self.aliases.push(Alias {
            symbol,
            name,
            used: false,
        });
        Some(())
    }

    /// The calls that decorate members. As in TypeScript, members of instances come first.
    fn decorate_members(&mut self, members: &[Decorated]) -> String {
        if members.is_empty() {
            return String::new();
        }
        let decorate = self.helpers.name(self.env, Helper::Decorate);
        let instance = members.iter().filter(|it| !it.is_static);
        let on_class = members.iter().filter(|it| it.is_static);
        instance
            .chain(on_class)
            .map(|it| {
                let target = if it.is_static { "this" } else { "this.prototype" };
                let Decorated {
                    list,
                    key,
                    descriptor,
                    ..
                } = it;
                format!("{decorate}(this.#{list}(),{target},{key},{descriptor});")
            })
            .collect()
    }

    /// The decorators of a method and its parameters. Returns the variable that has to keep the key, if it needs one.
    pub fn decorated_method(&mut self, it: &MethodDefinition<'a>, class: &Class<'a>) -> Option<String> {
        let on_parameters = it.value.params.items.iter().any(|it| !it.decorators.is_empty());
        let is_constructor = it.kind.is_constructor();
        let class_is_decorated = self.classes.last().is_some_and(|it| it.is_decorated);
        if is_constructor {
            if !class_is_decorated || !(on_parameters || self.emits_metadata()) {
                return None;
            }
        } else if it.decorators.is_empty() && (!on_parameters || it.kind.is_accessor()) {
            if accessors(it, class).all(|it| it.decorators.is_empty()) {
                // As in TypeScript, nothing runs those of the setter's parameter then.
                self.no_parameter_decorators(&it.value.params);
            }
            return None;
        }
        let mut more = decorated_parameters(it, class)
            .map(|parameters| self.parameter_decorators(parameters))
            .unwrap_or_default();
        if self.emits_metadata() {
            more.extend(self.method_metadata(it, class));
        }
        let name = self.new_name();
        self.member_list(&it.decorators, it.span.start, &name, &more);
        if is_constructor {
            if let Some(class) = self.classes.last_mut() {
                class.constructor_decorators = Some(name);
            }
            return None;
        }
        self.decorated_key(&it.key, it.computed, it.r#static, name, "null")
    }

    /// The decorators of a field. Returns the variable that has to keep the key, if it needs one.
    pub fn decorated_property(&mut self, it: &PropertyDefinition<'a>) -> Option<String> {
        if it.decorators.is_empty() {
            return None;
        }
        let mut more = Vec::new();
        if self.emits_metadata() {
            let metadata = self.property_metadata(it.type_annotation.as_deref());
            more.push(metadata);
        }
        let name = self.new_name();
        self.member_list(&it.decorators, it.span.start, &name, &more);
        self.decorated_key(&it.key, it.computed, it.r#static, name, "void 0")
    }

    /// `static #$1(){return[A,B(),…]}` before a member.
    fn member_list(&mut self, it: &[Decorator<'a>], start: u32, name: &str, more: &[String]) {
        let open = format!(";static #{name}(){{return[");
        let mut close: String = more.iter().map(|it| format!(",{it}")).collect();
        close.push_str("]}");
        if let Some(last) = it.last() {
            self.list(it, open);
            self.edits.insert(last.span.end, close);
        } else {
            let close = close.trim_start_matches(',');
            self.edits.insert(start, format!("{open}{close}"));
        }
    }

    /// Moves the decorators of parameters out of the parentheses.
    fn parameter_decorators(&mut self, it: &FormalParameters<'a>) -> Vec<String> {
        let mut all = Vec::new();
        for (index, parameter) in it.items.iter().enumerate() {
            for decorator in &parameter.decorators {
                let helper = self.helpers.name(self.env, Helper::Parameter);
                let before = self.edits.len();
                self.within_function(true, |this| this.visit_expression(&decorator.expression));
                let edits = self.edits.since(before);
                let text = render(self.text, decorator.expression.span(), edits);
                all.push(format!("{helper}({index},{text})"));
            }
        }
        self.no_parameter_decorators(it);
        all
    }

    /// Takes the decorators of parameters out of the parentheses.
    fn no_parameter_decorators(&mut self, it: &FormalParameters<'a>) {
        for parameter in &it.items {
            if let (Some(first), Some(last)) = (parameter.decorators.first(), parameter.decorators.last()) {
                self.edits.remove(Span::new(first.span.start, last.span.end));
            }
        }
    }

    /// Notes a decorated member, with the expression for its key. Returns the variable that has to keep the key, if it needs
    /// one.
    fn decorated_key(
        &mut self,
        it: &PropertyKey<'a>,
        computed: bool,
        is_static: bool,
        list: String,
        descriptor: &'static str,
    ) -> Option<String> {
        let mut saved = None;
        let key = match it {
            PropertyKey::StaticIdentifier(id) => quote::string(&id.name),
            PropertyKey::StringLiteral(literal) => quote::string(&literal.value),
            PropertyKey::NumericLiteral(literal) => self.slice(literal.span).to_owned(),
            PropertyKey::PrivateIdentifier(id) => {
                self.fail(Fault::syntax(
                    id.span.start,
                    "Decorators are not valid on a private member",
                ));
                return None;
            }
            _ => {
                let name = self.new_name();
                saved = computed.then(|| name.clone());
                name
            }
        };
        let class = self.classes.last_mut()?;
        class.keys.extend(saved.clone());
        class.decorated.push(Decorated {
            is_static,
            list,
            key,
            descriptor,
        });
        saved
    }

    /// Whether each list of decorators ends with the types of annotations (`emitDecoratorMetadata`).
    pub fn emits_metadata(&self) -> bool {
        self.runs_decorators() && self.source.options.emit_decorator_metadata
    }
}
