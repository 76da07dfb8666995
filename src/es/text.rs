//! JavaScript literals.

use std::fmt::Write;

/// `text` as a string literal.
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            '\u{2028}' | '\u{2029}' => {
                let _ = write!(literal, "\\u{:x}", u32::from(character));
            }
            _ if character.is_control() => {
                let _ = write!(literal, "\\u{:04x}", u32::from(character));
            }
            _ => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

/// Whether `import { name }` can be written without quotes.
pub fn is_identifier_name(name: &str) -> bool {
    let mut characters = name.chars();
    let starts = |character: char| character.is_alphabetic() || character == '_' || character == '$';
    characters.next().is_some_and(starts)
        && characters.all(|character| starts(character) || character.is_alphanumeric())
}
