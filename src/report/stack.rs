//! Reads error stacks as text: the place in the user's code, and the lines that are worth showing. No JavaScript here.

use crate::paths::{is_in_node_modules, percent_decoded};

/// A place in a source file, as a stack line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// The place that a stack is about: the place of a syntax error, or else the first frame outside of Node's own code. A
/// frame in `node_modules` is taken only if there is no other.
pub fn place(stack: &str) -> Option<Place> {
    if let Some((place, _)) = syntax_error(stack) {
        return Some(place);
    }
    if let Some(place) = place_in_message(stack) {
        return Some(place);
    }
    let places = || {
        let lines = stack.lines().filter(|line| !is_internal(line));
        lines.filter_map(place_of)
    };
    places()
        .find(|place| !is_in_node_modules(&place.file))
        .or_else(|| places().next())
}

/// The files of the frames that are not internal, the innermost first.
pub fn files(stack: &str) -> Vec<String> {
    let frames = stack.lines().filter(|line| !is_internal(line));
    frames.filter_map(place_of).map(|place| place.file).collect()
}

/// The stack without the frames of Node and of this package. `has_frame` says that the caller shows a code frame: then
/// the source line at the beginning of a syntax error's stack is left out, too.
pub fn without_internals(stack: &str, has_frame: bool) -> String {
    let syntax_error = syntax_error(stack);
    let shown = match &syntax_error {
        Some((_, message)) if has_frame => message,
        _ => stack,
    };
    let kept = shown.lines().filter(|line| !is_internal(line));
    let mut kept = kept.collect::<Vec<_>>().join("\n");
    // Consoles put an error without any frame in brackets, so the place becomes a frame.
    if let Some((place, _)) = syntax_error
        && !kept.contains("\n    at ")
    {
        let Place { file, line, column } = place;
        kept = format!("{kept}\n    at {file}:{line}:{column}");
    }
    kept
}

/// The place and the message of a syntax error.
///
/// Node begins its stack with `path:line`, then the source line, a caret below the column and an empty line. Our engine
/// writes `path:line:column` in the first line.
fn syntax_error(stack: &str) -> Option<(Place, &str)> {
    let (first, rest) = stack.split_once('\n')?;
    let (file, last) = first.rsplit_once(':')?;
    if !file.contains(['/', '\\']) {
        return None;
    }
    let last: usize = last.parse().ok()?;
    let caret = rest.lines().nth(1)?;
    let column = caret.chars().position(|c| c == '^').map_or(1, |at| at + 1);
    let with_column = file
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)));
    let (file, line, column) = match with_column {
        Some((file, line)) => (file, line, last),
        None => (file, last, column),
    };
    let (_, message) = rest.split_once("\n\n")?;
    let file = path_of(file);
    Some((Place { file, line, column }, message.trim_start_matches('\n')))
}

/// The place in the message of a loader that could not parse a file: some line of the message is `path:line:column` or
/// `Error: path: what (line:column)`.
fn place_in_message(stack: &str) -> Option<Place> {
    let message = stack.lines().take_while(|line| !line.starts_with("    at "));
    message.map(str::trim).find_map(|line| {
        let (file, line, column) = if is_absolute(line) {
            let (rest, column) = line.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            (file, line, column)
        } else {
            let (_, rest) = line.split_once("Error: ")?;
            let (rest, numbers) = rest.strip_suffix(')')?.rsplit_once(" (")?;
            let (file, _) = rest.split_once(": ").filter(|(file, _)| is_absolute(file))?;
            let (line, column) = numbers.split_once(':')?;
            (file, line, column)
        };
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        let file = file.to_owned();
        Some(Place { file, line, column })
    })
}

fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with('/')
        || bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1..].starts_with(b":\\")
}

/// The place; if it lies beyond the last line of code, the end of that line, where the file ends too early.
pub fn within(source: &str, place: Place) -> Place {
    let lines = source.lines().count();
    let last = source
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .last();
    match last {
        Some((index, text)) if place.line > lines || place.line > index + 1 => Place {
            line: index + 1,
            column: text.chars().count() + 1,
            ..place
        },
        _ => place,
    }
}

/// The message of "Cannot find module" without Node's list "Require stack", if no user's code required the module: then
/// the hot module's own file is missing, and the list helps nobody.
pub fn missing_itself(stack: &str) -> Option<&str> {
    let has_frames = stack.lines().any(|line| line.starts_with("    at "));
    let says_so = !has_frames && stack.starts_with("Error: Cannot find module ");
    says_so.then(|| {
        stack
            .split_once("\nRequire stack:")
            .map_or(stack, |(says_so, _)| says_so)
    })
}

/// Three lines of source around a place, with a caret below the column.
pub fn code_frame(source: &str, place: &Place) -> Option<String> {
    use std::fmt::Write as _;

    let lines: Vec<&str> = source.lines().collect();
    let at = place.line.checked_sub(1)?;
    let text = lines.get(at)?;
    let (first, last) = (at.saturating_sub(1), (at + 1).min(lines.len() - 1));
    let width = (last + 1).to_string().len();
    let column = place.column.saturating_sub(1);
    let left_out = if column < LINE { 0 } else { column - LINE / 2 };
    let mut frame = String::new();
    for (index, line) in lines.iter().enumerate().take(last + 1).skip(first) {
        let mark = if index == at { '>' } else { ' ' };
        // Writing to a String cannot fail.
        let _ = writeln!(frame, "  {mark} {:width$} | {}", index + 1, clip(line, left_out));
        if index == at {
            // Tabs stay tabs, so that the caret stands where the terminal puts the column.
            let before = text.chars().take(column).skip(left_out);
            let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let _ = writeln!(frame, "    {:width$} | {indent}^", "");
        }
    }
    frame.truncate(frame.trim_end().len());
    Some(frame)
}

/// Number of characters that are shown of a source line. A longer one belongs to a bundle.
const LINE: usize = 160;

/// The part of a line that is shown.
fn clip(line: &str, left_out: usize) -> String {
    line.chars().skip(left_out).take(LINE).collect()
}

fn is_internal(line: &str) -> bool {
    let Some(frame) = line.trim_start().strip_prefix("at ") else {
        return false;
    };
    frame.contains("(node:")
        || frame.starts_with("node:")
        || frame.starts_with("async node:")
        || frame.ends_with("(<anonymous>)") && frame.contains("AsyncLocalStorage")
        || matches!(
            frame,
            "Reflect.apply (<anonymous>)" | "Generator.next (<anonymous>)"
        )
        || frame.contains("@upvotr/node-hmr/es/glue.js:")
        || is_of_the_command(frame)
}

/// Whether a frame belongs to the command `hmr`, whose functions are called `hmr…`.
fn is_of_the_command(frame: &str) -> bool {
    let name = frame.strip_prefix("async ").unwrap_or(frame);
    let name = name.strip_prefix("Object.").unwrap_or(name);
    name.strip_prefix("hmr")
        .is_some_and(|rest| rest.starts_with(char::is_uppercase))
        && ["bin/", "bin\\"].iter().any(|folder| frame.contains(folder))
}

fn place_of(line: &str) -> Option<Place> {
    let frame = line.trim_start().strip_prefix("at ")?;
    let location = match frame.rsplit_once('(') {
        Some((_, location)) => location.strip_suffix(')')?,
        None => frame.strip_prefix("async ").unwrap_or(frame),
    };
    let (rest, column) = location.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    if file.starts_with("node:") || !file.contains(['/', '\\']) {
        return None;
    }
    Some(Place {
        file: path_of(file),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

/// The path of a `file:` URL, or the path as it is.
fn path_of(file: &str) -> String {
    let Some(encoded) = file.strip_prefix("file://") else {
        return file.to_owned();
    };
    String::from_utf8_lossy(&percent_decoded(encoded)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{LINE, Place, code_frame, place, without_internals};

    const STACK: &str = "Error: boom
    at Object.run (/app/routes/foo.js:3:9)
    at Runner.execute (/app/node_modules/x/y.js:1:1)
    at AsyncLocalStorage.run (node:async_hooks:346:14)
    at Reflect.apply (<anonymous>)
    at node:internal/main/run_main_module:28:49";

    #[test]
    fn the_first_place_is_the_users() {
        let table = [
            (STACK, Some(("/app/routes/foo.js", 3, 9))),
            (
                "Error\n    at async file:///app/a%20%C3%A9.mjs:1:2",
                Some(("/app/a \u{e9}.mjs", 1, 2)),
            ),
            (
                "/app/a.js:7\n  const = 1\n        ^\n\nSyntaxError: no\n    at f (/app/b.js:1:2)",
                Some(("/app/a.js", 7, 9)),
            ),
            ("/app/a.js:2\n\n\n\nSyntaxError: end", Some(("/app/a.js", 2, 1))),
            (
                "file:///app/a.js:3:5\n  no =\n    ^\n\nSyntaxError: no",
                Some(("/app/a.js", 3, 5)),
            ),
            (
                "Error\n    at C:\\app\\a.js:10:20",
                Some(("C:\\app\\a.js", 10, 20)),
            ),
            (
                "Error\n    at f (/app/node_modules/x.js:1:2)",
                Some(("/app/node_modules/x.js", 1, 2)),
            ),
            (
                "Error\n    at async hmrRequire (/app/node_modules/x/bin/program.js:1:2)",
                None,
            ),
            ("Error\n    at node:fs:1:2", None),
            ("Error: no stack", None),
        ];
        for (stack, expected) in table {
            let expected = expected.map(|(file, line, column)| Place {
                file: file.into(),
                line,
                column,
            });
            assert_eq!(place(stack), expected, "{stack}");
        }
    }

    #[test]
    fn internals_are_left_out_and_the_rest_stays_word_for_word() {
        let expected = "Error: boom
    at Object.run (/app/routes/foo.js:3:9)
    at Runner.execute (/app/node_modules/x/y.js:1:1)";
        assert_eq!(without_internals(STACK, true), expected);
    }

    #[test]
    fn a_syntax_error_keeps_its_place_as_a_frame() {
        let stack = "/app/a.js:1\nnope(\n ^\n\nSyntaxError: Unexpected end of input\n    at wrapSafe (node:internal/x:1:2)";
        let message = "SyntaxError: Unexpected end of input\n    at /app/a.js:1:2";
        assert_eq!(without_internals(stack, true), message);
        let whole = format!("/app/a.js:1\nnope(\n ^\n\n{message}");
        assert_eq!(without_internals(stack, false), whole);
        let plain = "Error: ENOENT, open '/a.js'";
        assert_eq!(without_internals(plain, true), plain);
    }

    #[test]
    fn a_frame_has_three_lines_and_a_caret() {
        let place = |line, column| Place {
            file: String::new(),
            line,
            column,
        };
        let source = "one\n\ttwo()\nthree";
        let expected = "    1 | one\n  > 2 | \ttwo()\n      | \t ^\n    3 | three";
        assert_eq!(code_frame(source, &place(2, 3)).as_deref(), Some(expected));
        let last = "    2 | \ttwo()\n  > 3 | three\n      | ^";
        assert_eq!(code_frame(source, &place(3, 1)).as_deref(), Some(last));
        assert_eq!(code_frame(source, &place(9, 1)), None);
        assert_eq!(code_frame("", &place(1, 1)), None);
        let bundle = format!("{}here(){}", "é".repeat(1_000), "x".repeat(1_000));
        let frame = code_frame(&bundle, &place(1, 1_001)).unwrap_or_default();
        let shown: Vec<&str> = frame.lines().collect();
        assert_eq!(shown[0].chars().count(), "  > 1 | ".len() + LINE);
        let caret = shown[1].chars().position(|c| c == '^').unwrap_or_default();
        assert!(
            shown[0]
                .chars()
                .skip(caret)
                .collect::<String>()
                .starts_with("here()"),
            "{frame}"
        );
    }
}
