//! Metadata by type annotations, for `reflect-metadata`: TypeScript's `emitDecoratorMetadata`.
//!
//! An import that only metadata names is weak: `facts.rs` marks it, and `../assemble.rs` drops it if its target is missing or
//! exports no such name. At run time `$.type` of `../scope.js` makes `Object` of what is neither a function nor an `enum`.

use oxc_ast::ast::{
    Class, ClassElement, Declaration, Expression, FormalParameters, Function, IdentifierReference,
    MethodDefinition, MethodDefinitionKind, Program, Statement, TSEnumDeclaration, TSLiteral, TSType,
    TSTypeAnnotation, TSTypeName, TSTypeOperatorOperator,
};
use oxc_ast_visit::Visit;
use oxc_semantic::Scoping;
use oxc_span::GetSpan;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::FxHashSet;

use super::accessors::{accessors, setter};
use super::class::{constructor, is_decorated};
use super::helpers::Helper;
use super::rewriter::{Kinds, Rewriter};

/// The name of a type, from its leftmost part.
fn leftmost<'a, 'b>(mut it: &'b TSTypeName<'a>) -> Option<&'b IdentifierReference<'a>> {
    loop {
        match it {
            TSTypeName::IdentifierReference(it) => return Some(it),
            TSTypeName::QualifiedName(name) => it = &name.left,
            TSTypeName::ThisExpression(_) => return None,
        }
    }
}

impl<'a> Rewriter<'a, '_> {
    /// `design:type` of a field.
    pub fn property_metadata(&mut self, it: Option<&TSTypeAnnotation<'a>>) -> String {
        let value = self.annotated(it);
        self.metadata("design:type", &value)
    }

    fn metadata(&mut self, key: &str, value: &str) -> String {
        let helper = self.helpers.name(self.env, Helper::Metadata);
        format!("{helper}(\"{key}\",{value})")
    }

    /// All metadata of a method, an accessor or the constructor.
    pub fn method_metadata(&mut self, it: &MethodDefinition<'a>, class: &Class<'a>) -> Vec<String> {
        let mut all = Vec::new();
        match it.kind {
            MethodDefinitionKind::Constructor => {}
            MethodDefinitionKind::Method => all.push(self.metadata("design:type", "Function")),
            MethodDefinitionKind::Get | MethodDefinitionKind::Set => {
                let value = self.accessor_type(it, class);
                all.push(self.metadata("design:type", &value));
            }
        }
        let value = match setter(it, class) {
            Some(setter) => self.parameter_types(&setter.value.params),
            None => self.parameter_types(&it.value.params),
        };
        all.push(self.metadata("design:paramtypes", &value));
        if it.kind == MethodDefinitionKind::Method {
            let value = match it.value.return_type.as_deref() {
                Some(annotation) => self.annotated(Some(annotation)),
                None if it.value.r#async => "Promise".to_owned(),
                None => "void 0".to_owned(),
            };
            all.push(self.metadata("design:returntype", &value));
        }
        all
    }

    /// The type of a pair of accessors: that of the setter's parameter, or else of the getter's result.
    fn accessor_type(&mut self, it: &MethodDefinition<'a>, class: &Class<'a>) -> String {
        let takes =
            setter(it, class).and_then(|it| it.value.params.items.first()?.type_annotation.as_deref());
        let gives = accessors(it, class)
            .filter(|it| it.kind == MethodDefinitionKind::Get)
            .find_map(|it| it.value.return_type.as_deref());
        self.annotated(takes.or(gives))
    }

    fn parameter_types(&mut self, it: &FormalParameters<'a>) -> String {
        let mut all: Vec<String> = it
            .items
            .iter()
            .map(|parameter| self.annotated(parameter.type_annotation.as_deref()))
            .collect();
        if let Some(rest) = &it.rest {
            let element = rest
                .type_annotation
                .as_ref()
                .and_then(|it| match &it.type_annotation {
                    TSType::TSArrayType(it) => Some(&it.element_type),
                    TSType::TSTypeReference(it) => it.type_arguments.as_ref()?.params.first(),
                    _ => None,
                });
            let text = element.map_or_else(|| "Object".to_owned(), |it| self.serialized(it));
            all.push(text);
        }
        format!("[{}]", all.join(","))
    }

    fn annotated(&mut self, it: Option<&TSTypeAnnotation<'a>>) -> String {
        it.map_or_else(|| "Object".to_owned(), |it| self.serialized(&it.type_annotation))
    }

    /// A type as an expression, as TypeScript's `serializeTypeNode` has it.
    fn serialized(&mut self, it: &TSType<'a>) -> String {
        if let Some(fixed) = fixed(it) {
            return fixed.to_owned();
        }
        match it {
            TSType::TSParenthesizedType(it) => self.serialized(&it.type_annotation),
            TSType::TSTypeOperatorType(it) if it.operator == TSTypeOperatorOperator::Readonly => {
                self.serialized(&it.type_annotation)
            }
            TSType::TSUnionType(it) => self.constituents(it.types.iter(), false),
            TSType::TSIntersectionType(it) => self.constituents(it.types.iter(), true),
            TSType::TSConditionalType(it) => {
                self.constituents([&it.true_type, &it.false_type].into_iter(), false)
            }
            TSType::TSTypeReference(it) => self.referenced(&it.type_name),
            _ => "Object".to_owned(),
        }
    }

    fn constituents<'b>(
        &mut self,
        types: impl Iterator<Item = &'b TSType<'a>>,
        is_intersection: bool,
    ) -> String
    where
        'a: 'b,
    {
        let mut common: Option<String> = None;
        for it in types {
            match it {
                TSType::TSNeverKeyword(_) if is_intersection => return "void 0".to_owned(),
                TSType::TSUnknownKeyword(_) if is_intersection => continue,
                TSType::TSNeverKeyword(_) => continue,
                TSType::TSAnyKeyword(_) | TSType::TSUnknownKeyword(_) => return "Object".to_owned(),
                TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_)
                    if !self.source.options.strict_null_checks =>
                {
                    continue;
                }
                _ => {}
            }
            let text = self.serialized(it);
            match &common {
                Some(known) if *known != text => return "Object".to_owned(),
                _ => common = Some(text),
            }
        }
        common.unwrap_or_else(|| "void 0".to_owned())
    }

    fn referenced(&mut self, it: &TSTypeName<'a>) -> String {
        let Some(first) = leftmost(it) else {
            return "Object".to_owned();
        };
        let symbol = first
            .reference_id
            .get()
            .and_then(|id| self.scoping.get_reference(id).symbol_id());
        let simple = matches!(it, TSTypeName::IdentifierReference(_));
        if simple && let Some(kind) = symbol.and_then(|symbol| self.kinds.get(&symbol)) {
            return (*kind).to_owned();
        }
        let is_import = symbol.is_some_and(|symbol| {
            let flags = self.scoping.symbol_flags(symbol);
            flags.is_import() || flags.is_type_import()
        });
        if let Some(symbol) = symbol {
            let known = self.facts.targets.contains_key(&symbol);
            if is_import && !known || !is_import && !self.scoping.symbol_flags(symbol).is_value() {
                return "Object".to_owned();
            }
        }
        let base = self
            .reading(first)
            .map_or_else(|| first.name.to_string(), Into::into);
        if simple && symbol.is_some_and(|symbol| self.scoping.symbol_flags(symbol).is_class()) {
            return base;
        }
        let start = first.span.end as usize;
        let rest = self.text.get(start..it.span().end as usize).unwrap_or_default();
        let rest: String = rest.split_whitespace().collect();
        self.uses_env = true;
        format!("{}.type(()=>{base}{rest})", self.env)
    }

    /// The statement by which other files' metadata learns of an `enum`.
    pub fn noted_enum(&mut self, it: &TSEnumDeclaration<'a>) -> String {
        if !self.emits_metadata() {
            return String::new();
        }
        self.uses_env = true;
        let name = self.slice(it.id.span);
        format!("{}.enumerated({name},\"{}\");", self.env, enum_kind(it))
    }
}

/// The expression for a type that needs no look at its names; `None` if names or constituents decide.
fn fixed(it: &TSType<'_>) -> Option<&'static str> {
    Some(match it {
        TSType::TSVoidKeyword(_)
        | TSType::TSUndefinedKeyword(_)
        | TSType::TSNeverKeyword(_)
        | TSType::TSNullKeyword(_) => "void 0",
        TSType::TSFunctionType(_) | TSType::TSConstructorType(_) => "Function",
        TSType::TSArrayType(_) | TSType::TSTupleType(_) => "Array",
        TSType::TSTypePredicate(it) if it.asserts => "void 0",
        TSType::TSTypePredicate(_) | TSType::TSBooleanKeyword(_) => "Boolean",
        TSType::TSTemplateLiteralType(_) | TSType::TSStringKeyword(_) => "String",
        TSType::TSNumberKeyword(_) => "Number",
        TSType::TSBigIntKeyword(_) => "BigInt",
        TSType::TSSymbolKeyword(_) => "Symbol",
        TSType::TSLiteralType(it) => match &it.literal {
            TSLiteral::BooleanLiteral(_) => "Boolean",
            TSLiteral::NumericLiteral(_) => "Number",
            TSLiteral::BigIntLiteral(_) => "BigInt",
            TSLiteral::StringLiteral(_) | TSLiteral::TemplateLiteral(_) => "String",
            TSLiteral::UnaryExpression(it) => match it.argument {
                Expression::BigIntLiteral(_) => "BigInt",
                _ => "Number",
            },
        },
        _ => return None,
    })
}

/// The expressions for the aliases and enums of a program in metadata.
pub fn kinds(program: &Program<'_>, scoping: &Scoping) -> Kinds {
    let mut all = Kinds::default();
    for _ in 0..2 {
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(it) => Some(&it.declaration),
                _ => statement.as_declaration(),
            };
            match declaration {
                Some(Declaration::TSTypeAliasDeclaration(it)) => {
                    if let Some(symbol) = it.id.symbol_id.get() {
                        let kind = aliased(&it.type_annotation, scoping, &all);
                        all.insert(symbol, kind);
                    }
                }
                Some(Declaration::TSEnumDeclaration(it)) => {
                    if let Some(symbol) = it.id.symbol_id.get() {
                        all.insert(symbol, enum_kind(it));
                    }
                }
                _ => {}
            }
        }
    }
    all
}

fn aliased(it: &TSType<'_>, scoping: &Scoping, known: &Kinds) -> &'static str {
    if let Some(fixed) = fixed(it) {
        return fixed;
    }
    match it {
        TSType::TSParenthesizedType(it) => aliased(&it.type_annotation, scoping, known),
        TSType::TSUnionType(it) => {
            let mut kinds = it.types.iter().map(|it| aliased(it, scoping, known));
            match kinds.next() {
                Some(first) if kinds.all(|kind| kind == first) => first,
                _ => "Object",
            }
        }
        TSType::TSTypeReference(it) => leftmost(&it.type_name)
            .and_then(|it| scoping.get_reference(it.reference_id.get()?).symbol_id())
            .and_then(|symbol| known.get(&symbol).copied())
            .unwrap_or("Object"),
        _ => "Object",
    }
}

fn enum_kind(it: &TSEnumDeclaration<'_>) -> &'static str {
    let strings = it
        .body
        .members
        .iter()
        .filter(|it| {
            matches!(
                it.initializer,
                Some(Expression::StringLiteral(_) | Expression::TemplateLiteral(_))
            )
        })
        .count();
    match strings {
        0 => "Number",
        all if all == it.body.members.len() => "String",
        _ => "Object",
    }
}

/// The imported symbols that metadata reads.
pub fn used(program: &Program<'_>, scoping: &Scoping) -> FxHashSet<SymbolId> {
    let mut names = Names {
        scoping,
        found: FxHashSet::default(),
    };
    names.visit_program(program);
    names.found
}

struct Names<'s> {
    scoping: &'s Scoping,
    found: FxHashSet<SymbolId>,
}

impl Names<'_> {
    fn annotation(&mut self, it: Option<&TSTypeAnnotation<'_>>) {
        if let Some(it) = it {
            self.named(&it.type_annotation);
        }
    }

    fn function(&mut self, it: &Function<'_>) {
        for parameter in &it.params.items {
            self.annotation(parameter.type_annotation.as_deref());
        }
        if let Some(rest) = &it.params.rest
            && let Some(annotation) = &rest.type_annotation
        {
            match &annotation.type_annotation {
                TSType::TSArrayType(it) => self.named(&it.element_type),
                TSType::TSTypeReference(it) => {
                    if let Some(first) = it.type_arguments.as_ref().and_then(|it| it.params.first()) {
                        self.named(first);
                    }
                }
                _ => {}
            }
        }
        self.annotation(it.return_type.as_deref());
    }

    fn named(&mut self, it: &TSType<'_>) {
        match it {
            TSType::TSTypeReference(it) => {
                let symbol = leftmost(&it.type_name)
                    .and_then(|it| self.scoping.get_reference(it.reference_id.get()?).symbol_id());
                self.found.extend(symbol);
            }
            TSType::TSParenthesizedType(it) => self.named(&it.type_annotation),
            TSType::TSTypeOperatorType(it) => self.named(&it.type_annotation),
            TSType::TSUnionType(it) => it.types.iter().for_each(|it| self.named(it)),
            TSType::TSIntersectionType(it) => it.types.iter().for_each(|it| self.named(it)),
            TSType::TSConditionalType(it) => {
                self.named(&it.true_type);
                self.named(&it.false_type);
            }
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Names<'_> {
    fn visit_class(&mut self, it: &Class<'a>) {
        if is_decorated(it) {
            if let Some(constructor) = constructor(it) {
                self.function(constructor);
            }
            for element in &it.body.body {
                match element {
                    ClassElement::MethodDefinition(it) => self.function(&it.value),
                    ClassElement::PropertyDefinition(it) if !it.decorators.is_empty() => {
                        self.annotation(it.type_annotation.as_deref());
                    }
                    _ => {}
                }
            }
        }
        oxc_ast_visit::walk::walk_class(self, it);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}
