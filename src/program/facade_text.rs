//! The text of a facade: the module that Node's own ES loader evaluates in place of a hot module that code outside reaches.
//! `doors.rs` gives it to the loader.

use std::fmt::Write;

use crate::es::compile::quote;

/// The text of a module for Node's ES loader with the same live exports as the hot module at `url`. `keeper` is the URL of
/// `bin/keep.js`: its default export evaluates the hot module and calls a function with the exports whenever they change.
pub fn text(url: &str, keeper: &str, names: &[String], is_async: bool) -> String {
    let wait = if is_async { "await " } else { "" };
    // Node shows the first line where it warns of an await that never ends. Its comment keeps Node from saying that this is
    // the first line of the user's file.
    let mark = if is_async {
        " // node-do-not-add-exception-line"
    } else {
        ""
    };
    let mut text = format!("{wait}evaluated({}, tell);{mark}\n", quote::string(url));
    let _ = write!(text, "import evaluated from {};", quote::string(keeper));
    for index in 0..names.len() {
        let _ = write!(text, "var _{index};");
    }
    text.push_str("function tell(exports) {");
    for (index, name) in names.iter().enumerate() {
        let _ = write!(text, "_{index} = exports[{}];", quote::string(name));
    }
    text.push('}');
    if !names.is_empty() {
        text.push_str("export {");
        for (index, name) in names.iter().enumerate() {
            let _ = write!(text, "_{index} as {},", quote::string(name));
        }
        text.push_str("};");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn names_of_every_kind_are_exported() {
        let names = ["default", "a b", "q\"", "then"].map(String::from);
        let made = text("file:///x.ts", "file:///keep.cjs", &names, false);
        assert!(made.contains("import evaluated from \"file:///keep.cjs\";"));
        assert!(made.contains("_2 = exports[\"q\\\"\"];"));
        assert!(made.ends_with("export {_0 as \"default\",_1 as \"a b\",_2 as \"q\\\"\",_3 as \"then\",};"));
        assert!(!made.contains("await"));
    }

    #[test]
    fn a_module_with_top_level_await_is_waited_for() {
        let made = text("file:///x.ts", "k", &[], true);
        assert!(made.starts_with("await evaluated(\"file:///x.ts\", tell); // node-do"));
    }
}
