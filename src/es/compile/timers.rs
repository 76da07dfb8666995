//! Timers that code reads from the global object.

use oxc_ast::ast::{Expression, StaticMemberExpression};

use super::rewriter::Rewriter;

impl<'a> Rewriter<'a, '_> {
    /// Whether this is `globalThis.setTimeout` in a program that runs hot. It is compiled as the free name `setTimeout`.
    pub fn is_timer_of_global(&self, it: &StaticMemberExpression<'a>) -> bool {
        let is_timer = matches!(
            it.property.name.as_str(),
            "setTimeout" | "setInterval" | "setImmediate"
        );
        let is_global = |object: &Expression<'a>| match object {
            Expression::Identifier(object) => {
                matches!(object.name.as_str(), "globalThis" | "global") && self.is_free(object)
            }
            _ => false,
        };
        self.source.hot && is_timer && is_global(&it.object)
    }
}
