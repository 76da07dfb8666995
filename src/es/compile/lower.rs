//! Syntax that leaves more than blanks behind.

use oxc_ast::ast::*;
use oxc_ast_visit::walk;

use super::place::Fault;
use super::rewrite::Rewriter;

impl<'a> Rewriter<'a, '_> {
    /// `enum`.
    pub fn enumeration(&mut self, it: &TSEnumDeclaration<'a>) {
        self.fail(Fault::unsupported(it.span.start, "enum", "no"));
    }

    /// `namespace`.
    pub fn namespace(&mut self, it: &TSNamespaceDeclaration<'a>) {
        self.fail(Fault::unsupported(it.span.start, "namespace", "no"));
    }

    /// An element.
    pub fn element(&mut self, it: &JSXElement<'a>) {
        self.fail(Fault::unsupported(it.span.start, "JSX", "no"));
    }

    /// `<>…</>`.
    pub fn fragment(&mut self, it: &JSXFragment<'a>) {
        self.fail(Fault::unsupported(it.span.start, "JSX", "no"));
    }

    /// `for (… of …)`.
    pub fn for_of(&mut self, it: &ForOfStatement<'a>) {
        walk::walk_for_of_statement(self, it);
    }
}
