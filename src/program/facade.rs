//! The text of a facade: the module that Node's own ES loader evaluates in place of a hot module that code outside reaches.

use std::fmt::Write;

use crate::es::quoted;

/// The text of a module for Node's ES loader with the same live exports as the hot module at `url`. `keeper` is the URL of
/// `bin/keep.js`: its default export evaluates the hot module and calls a function with the exports whenever they change.
/// `stars` are URLs of modules that Node itself loads. The facade exports all their names as well.
pub fn text(url: &str, keeper: &str, names: &[String], stars: &[String], is_async: bool) -> String {
    let mut text = format!("import keep from {};", quoted(keeper));
    for star in stars {
        let _ = write!(text, "export * from {};", quoted(star));
    }
    for index in 0..names.len() {
        let _ = write!(text, "let _{index};");
    }
    let wait = if is_async { "await " } else { "" };
    let _ = write!(text, "{wait}keep({}, exports => {{", quoted(url));
    for (index, name) in names.iter().enumerate() {
        let _ = write!(text, "_{index} = exports[{}];", quoted(name));
    }
    text.push_str("});");
    if !names.is_empty() {
        text.push_str("export {");
        for (index, name) in names.iter().enumerate() {
            let _ = write!(text, "_{index} as {},", quoted(name));
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
        let made = text(
            "file:///x.ts",
            "file:///keep.cjs",
            &names,
            &["file:///y.js".into()],
            false,
        );
        assert!(made.starts_with("import keep from \"file:///keep.cjs\";export * from \"file:///y.js\";"));
        assert!(made.contains("_2 = exports[\"q\\\"\"];"));
        assert!(made.ends_with("export {_0 as \"default\",_1 as \"a b\",_2 as \"q\\\"\",_3 as \"then\",};"));
        assert!(!made.contains("await"));
    }

    #[test]
    fn a_module_with_top_level_await_is_waited_for() {
        assert!(text("file:///x.ts", "k", &[], &[], true).contains("await keep("));
    }
}
