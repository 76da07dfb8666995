//! The walk over the tree: each node's own file says what is edited there.

use std::collections::BTreeSet;

use oxc_ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentTargetPropertyIdentifier, AwaitExpression,
    BinaryExpression, BlockStatement, CallExpression, Class, Declaration, ForInStatement, ForOfStatement,
    ForStatement, FormalParameter, Function, FunctionBody, IdentifierReference, ImportExpression, ImportMeta,
    JSXElement, JSXFragment, ModuleDeclaration, NewExpression, ObjectProperty, SimpleAssignmentTarget,
    Statement, StaticBlock, StaticMemberExpression, TSAsExpression, TSEnumDeclaration,
    TSImportEqualsDeclaration, TSInstantiationExpression, TSNamespaceDeclaration, TSNonNullExpression,
    TSSatisfiesExpression, TSThisParameter, TSTypeAnnotation, TSTypeAssertion, TSTypeParameterDeclaration,
    TSTypeParameterInstantiation, TaggedTemplateExpression, UnaryExpression, UpdateExpression,
    VariableDeclaration, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::{ScopeFlags, Scoping};
use oxc_span::{GetSpan, Span};
use oxc_syntax::symbol::SymbolId;
use rustc_hash::FxHashSet;

use super::class::ClassState;
use super::decorators::Alias;
use super::edit::Edits;
use super::facts::Facts;
use super::helpers::Helpers;
use super::jsx::Calls;
use super::metadata::Kinds;
use super::namespaces::{Block, Exported};
use super::place::{Fault, Places};
use super::told::Finder;
use super::types::{Kind, Source};

/// One file while it is edited.
pub struct Rewriter<'a, 's> {
    /// The original text.
    pub text: &'a str,
    /// What is compiled.
    pub source: &'s Source<'s>,
    /// Which kind of module it is.
    pub kind: Kind,
    /// The lines of the text.
    pub places: &'s Places<'a>,
    /// Its symbols.
    pub scoping: &'s Scoping,
    /// Name of the environment in the code; every other name of ours begins with it too.
    pub env: &'s str,
    /// The edits so far.
    pub edits: Edits,
    /// What the top level says, and what symbols are read as.
    pub facts: Facts,
    /// How many functions are around; class fields and static blocks count.
    pub depth: u32,
    /// How many functions with `arguments` of their own are around.
    pub own_arguments: u32,
    /// Where a statement begins that has to be kept apart from the one before it.
    pub apart: Option<u32>,
    /// Where an import stands whose name V8 should say in an error.
    pub called_at: Option<u32>,
    /// Imports that V8 may have to name: variables of these names.
    pub called: BTreeSet<String>,
    /// Whether there is top-level await.
    pub has_await: bool,
    /// Whether the environment is used.
    pub uses_env: bool,
    /// Literal specifiers of `import()` and `require()`.
    pub dynamic: Vec<String>,
    /// What has to stand before the code, on its first line.
    pub prelude: String,
    /// The first thing that cannot be compiled.
    pub fault: Option<Fault>,
    /// How many names of ours were made.
    pub names: u32,
    /// Classes around.
    pub classes: Vec<ClassState>,
    /// What a decorated class is called in its own body.
    pub aliases: Vec<Alias>,
    /// Functions that the code needs beside its own.
    pub helpers: Helpers,
    /// What aliases and enums are in metadata.
    pub kinds: Kinds,
    /// The functions that elements call.
    pub jsx: Calls,
    /// The stack of resources of the block around, where `using` is lowered.
    pub resources: Option<String>,
    /// Namespaces and enums around.
    pub spaces: Vec<Block>,
    /// What namespaces of several blocks export.
    pub exported: Exported,
    /// The object that the next enum or namespace is exported from.
    pub exported_from: Option<String>,
    /// Symbols that are exported and assigned again.
    pub exposed: FxHashSet<SymbolId>,
    /// Members of enums that are strings: `$1["A"]`.
    pub enum_strings: FxHashSet<String>,
}

impl Rewriter<'_, '_> {
    /// Remembers the first fault.
    pub fn fail(&mut self, fault: Fault) {
        if self.fault.as_ref().is_none_or(|first| fault.at < first.at) {
            self.fault = Some(fault);
        }
    }

    /// Walks `inside` as part of a function; `own` if that has its own `arguments`.
    pub fn within_function(&mut self, own: bool, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.own_arguments += u32::from(own);
        inside(self);
        self.own_arguments -= u32::from(own);
        self.depth -= 1;
    }

    /// The environment as code.
    pub fn env(&mut self) -> &str {
        self.uses_env = true;
        self.env
    }

    /// A new name that occurs nowhere in the text.
    pub fn new_name(&mut self) -> String {
        self.names += 1;
        format!("{}{}", self.env, self.names)
    }
}

impl<'a> Visit<'a> for Rewriter<'a, '_> {
    fn visit_statements(&mut self, it: &oxc_allocator::Vec<'a, Statement<'a>>) {
        self.block(it, None, false);
    }

    fn visit_function_body(&mut self, it: &FunctionBody<'a>) {
        self.block(&it.statements, it.directives.last(), false);
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.statement(it);
    }

    fn visit_module_declaration(&mut self, it: &ModuleDeclaration<'a>) {
        self.module_declaration(it);
    }

    fn visit_declaration(&mut self, it: &Declaration<'a>) {
        if super::types_only::declaration(it) {
            self.edits.semicolon(it.span());
        } else {
            walk::walk_declaration(self, it);
        }
    }

    fn visit_ts_enum_declaration(&mut self, it: &TSEnumDeclaration<'a>) {
        self.enumeration(it);
    }

    fn visit_ts_namespace_declaration(&mut self, it: &TSNamespaceDeclaration<'a>) {
        self.namespace(it);
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        self.import_equals(it);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.read(it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.call(it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.new_expression(it);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        self.callee(&it.tag);
        if let Some(arguments) = &it.type_arguments {
            self.visit_ts_type_parameter_instantiation(arguments);
        }
        self.visit_template_literal(&it.quasi);
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        self.static_member(it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        self.unary(it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        self.binary(it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if it.shorthand {
            self.shorthand(it);
        } else {
            walk::walk_object_property(self, it);
        }
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let find = |finder: &mut Finder<'_>| finder.visit_assignment_target(&it.left);
        self.telling(it.span, find, |this| this.assignment(it));
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        let find = |finder: &mut Finder<'_>| finder.visit_simple_assignment_target(&it.argument);
        self.telling(it.span, find, |this| walk::walk_update_expression(this, it));
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        self.assignment_target(it);
    }

    fn visit_assignment_target_property_identifier(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        self.shorthand_target(it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.import_expression(it);
    }

    fn visit_import_meta(&mut self, it: &ImportMeta) {
        let text = format!("{}.meta", self.env());
        self.edits.replace(it.span, text);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.has_await |= self.depth == 0;
        walk::walk_await_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        self.has_await |= self.depth == 0 && it.r#await;
        self.name_root(&it.right);
        self.telling_loop(&it.left, &it.body, |this| this.for_of(it));
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        self.for_statement(it);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.telling_loop(&it.left, &it.body, |this| walk::walk_for_in_statement(this, it));
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        self.has_await |= self.depth == 0 && it.kind.is_await();
        self.variables(it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (Some(init), true) = (&it.init, it.id.is_destructuring_pattern()) {
            self.name_root(init);
        }
        self.declarator(it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.function(it, flags);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.arrow(it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        self.parameter(it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        self.class(it);
    }

    fn visit_static_block(&mut self, it: &StaticBlock<'a>) {
        self.within_function(true, |this| walk::walk_static_block(this, it));
    }

    fn visit_block_statement(&mut self, it: &BlockStatement<'a>) {
        walk::walk_block_statement(self, it);
    }

    fn visit_jsx_element(&mut self, it: &JSXElement<'a>) {
        self.element(it);
    }

    fn visit_jsx_fragment(&mut self, it: &JSXFragment<'a>) {
        self.fragment(it);
    }

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.visit_expression(&it.expression);
        self.edits.blank(Span::new(it.expression.span().end, it.span.end));
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.visit_expression(&it.expression);
        self.edits.blank(Span::new(it.expression.span().end, it.span.end));
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.visit_expression(&it.expression);
        self.edits.blank(Span::new(it.expression.span().end, it.span.end));
    }

    fn visit_ts_instantiation_expression(&mut self, it: &TSInstantiationExpression<'a>) {
        self.visit_expression(&it.expression);
        self.edits.blank(Span::new(it.expression.span().end, it.span.end));
    }

    fn visit_ts_type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        self.type_assertion(it);
    }

    fn visit_ts_type_annotation(&mut self, it: &TSTypeAnnotation<'a>) {
        self.edits.blank(it.span);
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &TSTypeParameterDeclaration<'a>) {
        self.edits.blank(it.span);
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &TSTypeParameterInstantiation<'a>) {
        self.edits.blank(it.span);
    }

    fn visit_ts_this_parameter(&mut self, it: &TSThisParameter<'a>) {
        let end = super::scan::next_is(self.text, it.span.end, ",").map_or(it.span.end, |it| it.end);
        self.edits.blank(Span::new(it.span.start, end));
    }
}
