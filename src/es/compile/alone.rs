//! A module without imports as a plain function, for when no other module is evaluated with it.
//!
//! The generator is there for others: they may call a module's hoisted functions, or find its variables uninitialized, while it
//! has not run. Nobody can do that to a module that is evaluated by itself. V8 makes a plain function in less time, and one
//! object with the values in less than a getter for each.

use super::compiled::{Alone, Compiled, Kind};
use super::quote;
use super::rewriter::Rewriter;

/// What comes right before the text in the code with a plain function.
const START: &str = "\"use strict\";";
/// What comes after the text in the code of a module without helpers.
pub const END: &str = "\n})";

impl Compiled {
    /// The code with a plain function: `return(function($){…})`. The function evaluates the module and returns its exports. The
    /// text is in the same place as in [`Compiled::code`], so the source map is the same. `None` for a module that needs the
    /// generator.
    pub fn code_alone(&self) -> Option<String> {
        let Alone { text, exports } = self.alone.as_ref()?;
        let (before, rest) = self.code.split_at_checked(text.start)?;
        let (text, after) = rest.split_at_checked(text.len())?;
        let (generator, _) = before.split_once('{')?;
        let (function, rest) = (generator.replacen('*', "", 1), after.strip_prefix(END)?);
        let width = |code: &str| code.encode_utf16().count();
        let head = format!("{function}{{");
        let gap = width(before).checked_sub(width(&head) + width(START))?;
        let gap = " ".repeat(gap);
        Some(format!(
            "{head}{gap}{START}{text}\nreturn{{{exports}}}{END}{rest}"
        ))
    }
}

/// The properties of the exports, if the module can run as a plain function. Text that `eval` runs may assign to anything, and
/// with `import()` and CommonJS's names a module can load one that asks for its exports at once.
pub fn exports(rewriter: &Rewriter<'_, '_>) -> Option<String> {
    let facts = &rewriter.facts;
    let is_plain = rewriter.kind == Kind::Module
        && facts.requests.is_empty()
        && rewriter.dynamic.is_empty()
        && !rewriter.has_await
        && rewriter.helpers.is_empty()
        && rewriter.prelude.is_empty()
        && !rewriter.text.contains("eval");
    if !is_plain {
        return None;
    }
    let properties = facts.getters.iter().map(|(name, local)| {
        // As a key of an object with values, `__proto__` is its prototype.
        if is_assigned(rewriter, local) || name == "__proto__" {
            quote::getter(name, local)
        } else {
            format!("{}:{local}", quote::key(name))
        }
    });
    Some(properties.collect::<Vec<_>>().join(","))
}

fn is_assigned(rewriter: &Rewriter<'_, '_>, local: &str) -> bool {
    let symbol = rewriter.scoping.get_root_binding(local.into());
    symbol.is_some_and(|symbol| rewriter.exposed.contains(&symbol))
}
