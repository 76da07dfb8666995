//! Names of imports in V8's errors: `f is not a function`, not `$[0].f`.

use std::collections::BTreeSet;

use oxc_ast::ast::{Expression, IdentifierReference, NewExpression};
use oxc_ast_visit::walk;

use super::rewriter::Rewriter;

impl<'a> Rewriter<'a, '_> {
    /// A read of an import in a call. It is written as an assignment to a variable with the import's name, which V8's error
    /// names. Any other call gets a sequence, so that `this` is `undefined`.
    pub fn saying_name(&mut self, it: &IdentifierReference<'a>, text: &str) -> String {
        let semicolon = if self.apart == Some(it.span.start) {
            ";"
        } else {
            ""
        };
        let is_import = self.target(it).is_some_and(|target| target.constant);
        // A direct `eval` would see the variable.
        if is_import && !self.text.contains("eval") {
            self.called.insert(it.name.to_string());
            format!("{semicolon}({}={text})", it.name)
        } else {
            format!("{semicolon}(0,{text})")
        }
    }

    /// The callee of `new`.
    pub fn new_expression(&mut self, it: &NewExpression<'a>) {
        self.name_root(&it.callee);
        walk::walk_new_expression(self, it);
    }

    /// Lets V8's errors name the import at the root of `a.b.c`.
    pub fn name_root(&mut self, it: &Expression<'a>) {
        let mut root = it;
        loop {
            root = match root {
                Expression::StaticMemberExpression(it) => &it.object,
                Expression::ComputedMemberExpression(it) => &it.object,
                _ => break,
            };
        }
        if let Expression::Identifier(root) = root
            && self.target(root).is_some_and(|target| target.constant)
        {
            self.called_at = Some(root.span.start);
        }
    }
}

/// Declares variables with the names of imports, and the function that empties them, so that they keep no old value alive.
pub fn variables(env: &str, called: &BTreeSet<String>) -> String {
    if called.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = called.iter().map(String::as_str).collect();
    format!(
        "let {};{env}.z=()=>{{{}=void 0}};",
        names.join(","),
        names.join("=")
    )
}
