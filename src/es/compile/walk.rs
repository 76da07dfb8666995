//! The walk over the syntax tree. For each kind of node it calls the file that edits it.

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
use oxc_semantic::ScopeFlags;
use oxc_span::{GetSpan, Span};

use super::assigned::Finder;
use super::rewriter::Rewriter;

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
        self.timers_assigned(it);
        let find = |finder: &mut Finder<'_>| finder.visit_assignment_target(&it.left);
        self.assigning(it.span, find, |this| this.assignment(it));
    }

    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        let find = |finder: &mut Finder<'_>| finder.visit_simple_assignment_target(&it.argument);
        self.assigning(it.span, find, |this| this.update(it));
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
        self.awaits(it.span.start);
        walk::walk_await_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.awaits(it.span.start);
        }
        self.name_root(&it.right);
        self.assigning_loop(&it.left, &it.body, |this| this.for_of(it));
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        self.for_statement(it);
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.assigning_loop(&it.left, &it.body, |this| walk::walk_for_in_statement(this, it));
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        if it.kind.is_await() {
            self.awaits(it.span.start);
        }
        self.variables(it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (Some(init), true) = (&it.init, it.id.is_destructuring_pattern()) {
            self.name_root(init);
        }
        self.timers_declared(it);
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
        let end = super::tokens::next_is(self.text, it.span.end, ",").map_or(it.span.end, |it| it.end);
        self.edits.blank(Span::new(it.span.start, end));
    }
}
