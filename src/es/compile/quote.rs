//! Strings and names as JavaScript text.

use std::fmt::Write as _;

use oxc_syntax::identifier::is_identifier_name;

/// Writes `text` as a JSON string, which is a JavaScript string too.
pub fn json(output: &mut String, text: &str) {
    output.push('"');
    for char in text.chars() {
        match char {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\0'..=' ' if char != ' ' => {
                let _ = write!(output, "\\u{:04x}", char as u32);
            }
            '\u{2028}' | '\u{2029}' => {
                let _ = write!(output, "\\u{:04x}", char as u32);
            }
            _ => output.push(char),
        }
    }
    output.push('"');
}

/// `text` as a JavaScript string.
pub fn string(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 2);
    json(&mut output, text);
    output
}

/// `object` with the property `name`: `o.name`, or `o["a b"]`.
pub fn member(object: &str, name: &str) -> String {
    if is_identifier_name(name) {
        format!("{object}.{name}")
    } else {
        format!("{object}[{}]", string(name))
    }
}

/// A getter of the object literal, `get name(){return variable}`.
pub fn getter(name: &str, variable: &str) -> String {
    format!("get {}(){{return {variable}}}", key(name))
}

/// `name` as a key of an object literal.
pub fn key(name: &str) -> String {
    if is_identifier_name(name) {
        name.to_owned()
    } else {
        string(name)
    }
}
