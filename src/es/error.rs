//! Makes JavaScript errors of the engine's errors, with the classes, codes and stacks that Node would give.

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use super::check::{Fault, LinkError};
use super::compile::Request;
use super::engine::Engine;
use super::record::{Unit, Version};
use super::resolve::ResolveError;
use super::source::SourceError;
use crate::js::{Js, Thrown, Value};

/// A place in a file.
pub struct Place<'a> {
    /// The file's address.
    pub url: &'a str,
    /// The file's text.
    pub text: &'a str,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in UTF-16 units.
    pub column: u32,
}

impl Place<'_> {
    /// The text before the message in a stack: the place, the line of code, and a caret below the column.
    fn frame(&self) -> String {
        let Self {
            url, line, column, ..
        } = self;
        let code = line_of(self.text, *line);
        let blank = |character: char| if character == '\t' { '\t' } else { ' ' };
        let mut units = 1;
        let mut caret = String::new();
        for character in code.chars() {
            if units >= *column as usize {
                break;
            }
            units += character.len_utf16();
            caret.push(blank(character));
        }
        format!("{url}:{line}:{column}\n{code}\n{caret}^\n")
    }
}

/// A line of a text, without its end.
pub fn line_of(text: &str, line: u32) -> &str {
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    text.lines().nth(index).unwrap_or("")
}

impl Engine {
    /// An error of a global class with a code, as Node's own errors are.
    pub fn error_with_code<'s>(&self, js: Js<'s>, class: &str, code: &str, message: &str) -> Thrown<'s> {
        self.make_error(js, class, message, code, None)
    }

    /// A `SyntaxError` whose stack names the place.
    pub fn syntax_error<'s>(&self, js: Js<'s>, message: &str, place: &Place<'_>) -> Thrown<'s> {
        self.make_error(js, "SyntaxError", message, "", Some(place))
    }

    fn make_error<'s>(
        &self,
        js: Js<'s>,
        class: &str,
        message: &str,
        code: &str,
        place: Option<&Place<'_>>,
    ) -> Thrown<'s> {
        let stack = place.map_or(js.undefined(), |place| {
            let Place {
                url, line, column, ..
            } = place;
            let frame = place.frame();
            let name = match code {
                "" => class.to_owned(),
                code => format!("{class} [{code}]"),
            };
            js.string(&format!(
                "{frame}\n{name}: {message}\n    at {url}:{line}:{column}"
            ))
        });
        let args = [js.string(class), js.string(message), js.string(code), stack];
        match self.glue(js, "error", &args) {
            Ok(error) => Thrown(error),
            Err(thrown) => thrown,
        }
    }

    /// The error of a specifier that leads nowhere.
    pub fn resolve_error<'s>(&self, js: Js<'s>, error: &ResolveError) -> Thrown<'s> {
        let class = if error.is_type_error() {
            "TypeError"
        } else {
            "Error"
        };
        let thrown = self.error_with_code(js, class, error.code, &error.message);
        if let Some(url) = &error.url {
            // A fresh error object takes a property.
            let _ = thrown.0.set("url", js.string(url));
        }
        thrown
    }

    /// Gives an error about an import the place of that import. A syntax error keeps its own place.
    pub fn at_import<'s>(
        &self,
        js: Js<'s>,
        thrown: Thrown<'s>,
        unit: &Unit,
        request: &Request,
    ) -> Thrown<'s> {
        let stack = thrown.0.get("stack").ok().and_then(Value::text);
        let Some(stack) = stack.filter(|stack| !stack.starts_with("file:")) else {
            return thrown;
        };
        let words = stack.split("\n    at ").next().unwrap_or_default();
        let Request { line, column, .. } = request;
        let stack = js.string(&format!("{words}\n    at {}:{line}:{column}", unit.url));
        match self.glue(js, "setStack", &[thrown.0, stack]) {
            Ok(_) => thrown,
            Err(thrown) => thrown,
        }
    }

    /// The error of a file that cannot be read or compiled.
    pub fn source_error<'s>(&self, js: Js<'s>, error: &SourceError) -> Thrown<'s> {
        match error {
            SourceError::Resolve(error) => self.resolve_error(js, error),
            SourceError::Compile { url, path, error } => {
                let text = std::fs::read(path).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let place = Place {
                    url,
                    text: &text,
                    line: error.line,
                    column: error.column,
                };
                let is_json = path.extension().is_some_and(|extension| extension == "json");
                // V8 words this with other quotes than our parser.
                let message = if is_json {
                    json_message(js, path, &text).unwrap_or_else(|| error.message.clone())
                } else if error.message == "Unexpected token" {
                    unexpected(&place)
                } else if error.message.contains("found `EOF`") {
                    String::from("Unexpected end of input")
                } else {
                    error.message.replace('`', "'")
                };
                let message = match &error.help {
                    Some(help) => format!("{message} ({help})"),
                    None => message,
                };
                self.syntax_error(js, &message, &place)
            }
        }
    }

    /// V8's early error in the code of a module, at its place in the source.
    pub(super) fn early_error<'s>(&self, js: Js<'s>, version: &Version, thrown: Thrown<'s>) -> Thrown<'s> {
        let stack = thrown
            .0
            .get("stack")
            .ok()
            .and_then(Value::text)
            .unwrap_or_default();
        let message = thrown.0.get("message").ok().and_then(Value::text);
        let (Some((line, code)), Some(message)) = (early_place(&stack), message) else {
            return thrown;
        };
        let text = version.unit.text();
        let source = line_of(&text, line);
        let before = source.find(code).and_then(|index| source.get(..index));
        let column = before.map_or(0, |before| before.encode_utf16().count()) + 1;
        let place = Place {
            url: &version.unit.url,
            text: &text,
            line,
            column: u32::try_from(column).unwrap_or(1),
        };
        self.syntax_error(js, &message, &place)
    }

    /// The error of a name that leads nowhere.
    pub fn link_error<'s>(&self, js: Js<'s>, error: &LinkError) -> Thrown<'s> {
        let LinkError {
            name,
            specifier,
            version,
            line,
            column,
            ..
        } = error;
        let unit = &version.unit;
        let text = unit.text();
        let message = match error.fault {
            Fault::Ambiguous => format!(
                "The requested module '{specifier}' contains conflicting star exports for name '{name}'"
            ),
            Fault::Circular => format!("Detected cycle while resolving name '{name}' in '{specifier}'"),
            Fault::Missing if self.is_common_js(js, &error.target) => {
                common_js_hint(&text, specifier, name, *line)
            }
            Fault::Missing => {
                let hint = if has_type(&error.target, name) {
                    format!(": '{name}' is a type there; write `export type` and `import type`")
                } else {
                    String::new()
                };
                format!("The requested module '{specifier}' does not provide an export named '{name}'{hint}")
            }
        };
        let place = Place {
            url: &unit.url,
            text: &text,
            line: *line,
            column: *column,
        };
        let thrown = self.syntax_error(js, &message, &place);
        *self.last_link_error.borrow_mut() = thrown.0.faint();
        thrown
    }

    /// Whether this is the last error of a name that leads nowhere: an importer that does without that name mends it.
    pub fn is_link_error(&self, js: Js<'_>, thrown: Value<'_>) -> bool {
        let last = self.last_link_error.borrow();
        last.as_ref()
            .and_then(|last| last.get(js))
            .is_some_and(|last| last.same(thrown))
    }

    /// `value`, thrown.
    pub fn thrown(value: Value<'_>) -> Thrown<'_> {
        Thrown(value)
    }
}

/// Node's message for invalid JSON.
fn json_message(js: Js<'_>, path: &Path, text: &str) -> Option<String> {
    let json = js.global().and_then(|global| global.get("JSON")).ok()?;
    let thrown = json.call_method("parse", &[js.string(text)]).err()?;
    let message = thrown.0.get("message").ok()?.text()?;
    Some(format!("{}: {message}", path.display()))
}

/// Reads from a stack where V8 found an early error: the line, and the code above the carets.
fn early_place(stack: &str) -> Option<(u32, &str)> {
    let mut lines = stack.lines();
    let (first, code, carets) = (lines.next()?, lines.next()?, lines.next()?);
    let line = first.rsplit(':').next()?.parse().ok()?;
    let start = carets.find('^')?;
    let units: Vec<(usize, char)> = code.char_indices().collect();
    let end = carets.rfind('^')? + 1;
    let from = units.get(start)?.0;
    let to = units.get(end).map_or(code.len(), |unit| unit.0);
    Some((line, code.get(from..to)?))
}

/// Node's message for an imported name that a CommonJS module does not export.
fn common_js_hint(text: &str, specifier: &str, name: &str, line: u32) -> String {
    let code = line_of(text, line);
    let names = code
        .find('{')
        .zip(code.find('}'))
        .and_then(|(open, close)| code.get(open..=close));
    let destructuring = names.map_or(String::new(), |names| {
        format!("const {} = pkg;\n", names.replace(" as ", ": "))
    });
    format!(
        "Named export '{name}' not found. The requested module '{specifier}' is a CommonJS module, which may not support \
         all module.exports as named exports.\nCommonJS modules can always be imported via the default export, for \
         example using:\n\nimport pkg from '{specifier}';\n{destructuring}"
    )
}

/// V8's message for an unexpected token at a place.
fn unexpected(place: &Place<'_>) -> String {
    let line = line_of(place.text, place.line);
    let mut units = 1;
    let skipped = line.chars().take_while(|character| {
        let is_before = units < place.column as usize;
        units += character.len_utf16();
        is_before
    });
    let start: usize = skipped.map(char::len_utf8).sum();
    let rest = line.get(start..).unwrap_or("");
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let name: String = rest.chars().take_while(|character| is_part(*character)).collect();
    match rest.chars().next() {
        None => "Unexpected end of input".into(),
        Some(first) if first.is_ascii_digit() => "Unexpected number".into(),
        Some('"' | '\'') => "Unexpected string".into(),
        Some('`') => "Unexpected template string".into(),
        Some(_) if is_keyword(&name) => format!("Unexpected token '{name}'"),
        Some(_) if !name.is_empty() => format!("Unexpected identifier '{name}'"),
        Some(first) => {
            let length = PUNCTUATORS.iter().find(|token| rest.starts_with(**token));
            let token = length.map_or_else(|| first.to_string(), |token| (*token).to_owned());
            format!("Unexpected token '{token}'")
        }
    }
}

/// Punctuators of more than one character, the longer ones first.
const PUNCTUATORS: [&str; 33] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "**",
    "++", "--", "<<", ">>", "&&", "||", "??", "?.", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<=",
    ">=",
];

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = "break case catch class const continue debugger default delete do else enum export extends false \
                            finally for function if import in instanceof new null return super switch this throw true try \
                            typeof var void while with";
    KEYWORDS.split_whitespace().any(|keyword| keyword == name)
}

/// Whether a module, or a module that it re-exports by `export *`, declares a type of that name.
fn has_type(version: &Rc<Version>, name: &str) -> bool {
    let mut seen = HashSet::new();
    let mut waiting = vec![Rc::clone(version)];
    while let Some(next) = waiting.pop() {
        if !seen.insert(Rc::as_ptr(&next)) {
            continue;
        }
        if declares_type(&next.unit.text(), name) {
            return true;
        }
        let stars = &next.unit.table().stars;
        waiting.extend(stars.iter().filter_map(|&request| next.link(request)));
    }
    false
}

/// Whether a TypeScript text declares a type of that name.
fn declares_type(text: &str, name: &str) -> bool {
    ["interface ", "type "].iter().any(|keyword| {
        text.match_indices(keyword).any(|(index, _)| {
            let rest = text.get(index + keyword.len()..).unwrap_or("");
            let is_whole = |rest: &str| {
                !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '$')
            };
            rest.strip_prefix(name).is_some_and(is_whole)
        })
    })
}
