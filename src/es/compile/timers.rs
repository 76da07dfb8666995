//! Timers, and `queueMicrotask`, that code reads from the global object.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, AssignmentTargetProperty, BindingPattern, Expression,
    PropertyKey, StaticMemberExpression, VariableDeclarator,
};

use super::read::bare;
use super::rewriter::Rewriter;

impl<'a> Rewriter<'a, '_> {
    /// Whether this is `globalThis.setTimeout` in a program that runs hot. It is compiled as the free name `setTimeout`.
    pub fn is_timer_of_global(&self, it: &StaticMemberExpression<'a>) -> bool {
        self.source.hot && is_timer(it.property.name.as_str()) && self.is_global(&it.object)
    }

    fn is_global(&self, object: &Expression<'a>) -> bool {
        match object {
            Expression::Identifier(object) => {
                matches!(object.name.as_str(), "globalThis" | "global") && self.is_free(object)
            }
            _ => false,
        }
    }

    /// `const { setInterval } = globalThis` takes the timer from `$.world`, which has everything else of `globalThis` as well.
    pub fn timers_declared(&mut self, it: &VariableDeclarator<'a>) {
        let (BindingPattern::ObjectPattern(pattern), Some(init)) = (&it.id, &it.init) else {
            return;
        };
        if pattern
            .properties
            .iter()
            .any(|property| names_timer(&property.key))
        {
            self.take_from_world(init);
        }
    }

    /// `({ setInterval } = globalThis)` likewise.
    pub fn timers_assigned(&mut self, it: &AssignmentExpression<'a>) {
        let AssignmentTarget::ObjectAssignmentTarget(target) = &it.left else {
            return;
        };
        let takes = target.properties.iter().any(|property| match property {
            AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(it) => {
                is_timer(it.binding.name.as_str())
            }
            AssignmentTargetProperty::AssignmentTargetPropertyProperty(it) => names_timer(&it.name),
        });
        if takes {
            self.take_from_world(&it.right);
        }
    }

    fn take_from_world(&mut self, from: &Expression<'a>) {
        let from = bare(from);
        if self.source.hot
            && self.is_global(from)
            && let Expression::Identifier(identifier) = from
        {
            let world = format!("{}.world", self.env());
            self.edits.replace(identifier.span, world);
        }
    }
}

fn names_timer(key: &PropertyKey<'_>) -> bool {
    key.static_name().is_some_and(|name| is_timer(&name))
}

/// Whether a hot program gets a function of its own for this free name.
pub fn is_timer(name: &str) -> bool {
    matches!(
        name,
        "setTimeout" | "setInterval" | "setImmediate" | "queueMicrotask"
    )
}
