//! Finds tokens in the original text whose place the syntax tree does not say.

use oxc_span::Span;
use oxc_syntax::identifier::{is_identifier_part, is_identifier_start, is_white_space};

/// The byte of the next token at or after `at`: blanks and comments are skipped.
pub fn skip_trivia(text: &str, at: u32) -> u32 {
    let mut at = at as usize;
    while let Some(rest) = text.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        if is_white_space(first) || matches!(first, '\n' | '\r' | '\u{2028}' | '\u{2029}') {
            at += first.len_utf8();
        } else if rest.starts_with("//") {
            at += rest
                .find(['\n', '\r', '\u{2028}', '\u{2029}'])
                .unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else {
            break;
        }
    }
    number(at)
}

/// The span of `token`, if it is the next token at or after `at`: blanks and comments are skipped.
pub fn next_is(text: &str, at: u32, token: &str) -> Option<Span> {
    let start = skip_trivia(text, at);
    text.get(start as usize..)
        .is_some_and(|rest| rest.starts_with(token))
        .then(|| Span::new(start, start + number(token.len())))
}

/// The word that stands at or after `at`, before `end`; blanks and comments are skipped.
pub fn word(text: &str, at: u32, end: u32) -> Option<(Span, &str)> {
    let start = skip_trivia(text, at);
    let rest = text.get(start as usize..end.max(start) as usize)?;
    let mut chars = rest.char_indices();
    let (_, first) = chars.next()?;
    if !is_identifier_start(first) {
        return None;
    }
    let length = chars
        .find(|(_, char)| !is_identifier_part(*char))
        .map_or(rest.len(), |(index, _)| index);
    let span = Span::new(start, start + number(length));
    Some((span, &rest[..length]))
}

/// Whether `text` has a line break within `span`.
pub fn breaks_line(text: &str, span: Span) -> bool {
    text.get(span.start as usize..span.end as usize)
        .is_some_and(|text| text.contains(['\n', '\r', '\u{2028}', '\u{2029}']))
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
