//! Exports that functions assign to. Facades (`program/doors.rs`) have copies of them, and are told of each assignment.
//!
//! `n++` becomes `$.u(n++)`, and the body of `for (n of list)` begins with `$.u();`. Assignments of the top level need
//! nothing: a module has been evaluated before code outside gets it.

use oxc_ast::ast::{ForStatementLeft, IdentifierReference, Statement};
use oxc_ast_visit::Visit;
use oxc_semantic::Scoping;
use oxc_span::{GetSpan, Span};
use oxc_syntax::symbol::SymbolId;
use rustc_hash::FxHashSet;

use super::compiled::Kind;
use super::facts::Facts;
use super::rewriter::Rewriter;

/// The symbols that a module exports and assigns to again.
pub fn exposed(facts: &Facts, scoping: &Scoping) -> FxHashSet<SymbolId> {
    let locals = facts.getters.iter().map(|(_, local)| local.as_str());
    locals
        .filter_map(|local| scoping.get_root_binding(local.into()))
        .filter(|symbol| scoping.symbol_is_mutated(*symbol))
        .collect()
}

impl<'a> Rewriter<'a, '_> {
    /// Walks an expression that assigns. `find` shows its targets to the finder.
    pub fn assigning(
        &mut self,
        span: Span,
        find: impl FnOnce(&mut Finder<'_>),
        walk: impl FnOnce(&mut Self),
    ) {
        if !self.assigns_exposed(find) {
            return walk(self);
        }
        let open = format!("{}.u(", self.env());
        self.edits.insert(span.start, open);
        walk(self);
        self.edits.insert(span.end, ")");
    }

    /// Walks a loop whose head may assign.
    pub fn assigning_loop(
        &mut self,
        left: &ForStatementLeft<'a>,
        body: &Statement<'a>,
        walk: impl FnOnce(&mut Self),
    ) {
        let target = left.as_assignment_target();
        let find = |finder: &mut Finder<'_>| {
            if let Some(target) = target {
                finder.visit_assignment_target(target);
            }
        };
        if !self.assigns_exposed(find) {
            return walk(self);
        }
        let open = format!("{{{}.u();", self.env());
        self.edits.insert(body.span().start, open);
        walk(self);
        self.edits.insert(body.span().end, "}");
    }

    fn assigns_exposed(&self, find: impl FnOnce(&mut Finder<'_>)) -> bool {
        if self.depth == 0 || self.exposed.is_empty() || self.kind == Kind::CommonJs {
            return false;
        }
        let mut finder = Finder {
            scoping: self.scoping,
            exposed: &self.exposed,
            has_found: false,
        };
        find(&mut finder);
        finder.has_found
    }
}

/// Looks for an exported symbol among the targets of an assignment.
pub struct Finder<'s> {
    scoping: &'s Scoping,
    exposed: &'s FxHashSet<SymbolId>,
    has_found: bool,
}

impl<'a> Visit<'a> for Finder<'_> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let symbol = it.reference_id.get();
        let symbol = symbol.and_then(|id| self.scoping.get_reference(id).symbol_id());
        self.has_found |= symbol.is_some_and(|symbol| self.exposed.contains(&symbol));
    }
}
