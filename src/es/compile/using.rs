//! `using` for a Node that does not know it: a stack of resources around the statements of the block.

use oxc_ast::ast::{
    ForOfStatement, ForStatement, ForStatementInit, ForStatementLeft, Statement, VariableDeclaration,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

use super::helpers::Helper;
use super::place::Fault;
use super::rewriter::Rewriter;
use super::tokens;

/// The first Node whose V8 has `using`.
const NATIVE_SINCE: u32 = 24;

impl<'a> Rewriter<'a, '_> {
    fn lowers_using(&self) -> bool {
        self.source.node.major < NATIVE_SINCE
    }

    /// Opens a stack of resources if one of the statements needs it. Returns the stack, to be closed with
    /// [`Self::close_resources`].
    pub fn open_resources(&mut self, it: &[Statement<'a>], is_program: bool) -> Option<Resources> {
        if !self.lowers_using() {
            return None;
        }
        let mut found = false;
        let mut is_async = false;
        for statement in it {
            let Statement::VariableDeclaration(variables) = statement else {
                continue;
            };
            found |= variables.kind.is_using();
            is_async |= variables.kind.is_await();
        }
        let start = it.first()?.span().start;
        if !found {
            return None;
        }
        let stack = self.new_name();
        let helper = self.helpers.name(self.env, Helper::Using);
        let open = format!("const {stack}={helper}();try{{");
        if is_program {
            self.prelude.insert_str(0, &open);
        } else {
            let semicolon = if self.apart == Some(start) { ";" } else { "" };
            self.edits.insert(start, format!("{semicolon}{open}"));
        }
        let outer = self.resources.replace(stack.clone());
        Some(Resources {
            stack,
            is_async,
            outer,
        })
    }

    /// Closes the stack of resources at the end of its block.
    pub fn close_resources(&mut self, it: Resources, end: u32, is_program: bool) {
        let text = self.closing(&it.stack, it.is_async);
        // The text may end with a comment.
        let text = if is_program { format!("\n{text}") } else { text };
        self.edits.insert(end, text);
        self.resources = it.outer;
    }

    fn closing(&mut self, stack: &str, is_async: bool) -> String {
        let thrown = self.new_name();
        let end = if is_async {
            format!("await {stack}.endAsync()")
        } else {
            format!("{stack}.end()")
        };
        format!(";}}catch({thrown}){{{stack}.fail({thrown})}}finally{{{end}}}")
    }

    /// `using x = y`.
    pub fn variables(&mut self, it: &VariableDeclaration<'a>) {
        if !it.kind.is_using() || !self.lowers_using() {
            walk::walk_variable_declaration(self, it);
            return;
        }
        let Some(stack) = self.resources.clone() else {
            self.fail(Fault::unsupported(
                it.span.start,
                "`using` is not supported here by this version of Node",
                "move the declaration into the block",
            ));
            return;
        };
        self.constant(it);
        let is_await = it.kind.is_await();
        for declarator in &it.declarations {
            self.visit_binding_pattern(&declarator.id);
            if let Some(annotation) = &declarator.type_annotation {
                self.visit_ts_type_annotation(annotation);
            }
            if let Some(init) = &declarator.init {
                self.edits.insert(init.span().start, format!("{stack}.add("));
                self.visit_expression(init);
                self.edits.insert(init.span().end, format!(",{is_await})"));
            }
        }
    }

    /// `const` in the place of `using` or `await using`.
    fn constant(&mut self, it: &VariableDeclaration<'a>) {
        let first = it.declarations.first().map_or(it.span.end, |it| it.span.start);
        let mut at = it.span.start;
        let mut end = at;
        while let Some((span, _)) = tokens::word(self.text, at, first) {
            end = span.end;
            at = span.end;
        }
        self.edits.replace(Span::new(it.span.start, end), "const");
    }

    /// `for (using x = y; ;)`.
    pub fn for_statement(&mut self, it: &ForStatement<'a>) {
        let Some(ForStatementInit::VariableDeclaration(variables)) = &it.init else {
            return walk::walk_for_statement(self, it);
        };
        if !variables.kind.is_using() || !self.lowers_using() {
            return walk::walk_for_statement(self, it);
        }
        let is_await = variables.kind.is_await();
        let stack = self.new_name();
        let helper = self.helpers.name(self.env, Helper::Using);
        self.edits
            .insert(it.span.start, format!("{{const {stack}={helper}();try{{"));
        let outer = self.resources.replace(stack.clone());
        walk::walk_for_statement(self, it);
        self.resources = outer;
        let close = self.closing(&stack, is_await);
        self.edits.insert(it.span.end, format!("{close}}}"));
    }

    /// `for (using x of y)`.
    pub fn for_of(&mut self, it: &ForOfStatement<'a>) {
        let ForStatementLeft::VariableDeclaration(variables) = &it.left else {
            return walk::walk_for_of_statement(self, it);
        };
        if !variables.kind.is_using() || !self.lowers_using() {
            return walk::walk_for_of_statement(self, it);
        }
        let Some(declarator) = variables.declarations.first() else {
            return;
        };
        let is_await = variables.kind.is_await();
        if is_await {
            self.awaits(it.span.start);
        }
        let name = self.slice(declarator.id.span());
        let value = self.new_name();
        let stack = self.new_name();
        let helper = self.helpers.name(self.env, Helper::Using);
        self.edits.replace(variables.span, format!("const {value}"));
        self.visit_expression(&it.right);
        self.edits.insert(
            it.body.span().start,
            format!("{{const {stack}={helper}();try{{const {name}={stack}.add({value},{is_await});"),
        );
        self.visit_statement(&it.body);
        let close = self.closing(&stack, is_await);
        self.edits.insert(it.body.span().end, format!("{close}}}"));
    }
}

/// A stack of resources around the statements of a block.
pub struct Resources {
    stack: String,
    is_async: bool,
    outer: Option<String>,
}
