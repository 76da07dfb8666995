//! What a stack tells: where in the user's code, and which of its lines are worth a look. No JavaScript here.

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

/// The first place of a stack that is a user's: not Node's own, and not in `node_modules` if any other is.
pub fn first_place(stack: &str) -> Option<Place> {
    let places = || stack.lines().filter_map(place_of);
    places()
        .find(|place| !is_in_packages(&place.file))
        .or_else(|| places().next())
}

/// The stack without frames of Node's internals and of this package.
pub fn without_internals(stack: &str) -> String {
    let mut kept = stack
        .lines()
        .filter(|line| !is_internal(line))
        .collect::<Vec<_>>()
        .join("\n");
    // A syntax error begins with the user's line; without any frame, consoles put the whole in brackets.
    let first = stack.lines().next().unwrap_or("");
    if kept.len() < stack.trim_end().len() && !kept.contains("\n    at ") && is_place(first) {
        kept.push_str("\n    at ");
        kept.push_str(first);
    }
    kept
}

/// `path:line`, as the stack of a syntax error begins.
fn is_place(line: &str) -> bool {
    line.rsplit_once(':')
        .is_some_and(|(file, line)| file.contains(['/', '\\']) && line.parse::<usize>().is_ok())
}

/// Three lines of source around a place, with a caret below the column.
pub fn code_frame(source: &str, place: &Place) -> Option<String> {
    use std::fmt::Write as _;

    let lines: Vec<&str> = source.lines().collect();
    let at = place.line.checked_sub(1)?;
    let text = lines.get(at)?;
    let (first, last) = (at.saturating_sub(1), (at + 1).min(lines.len() - 1));
    let width = (last + 1).to_string().len();
    let mut frame = String::new();
    for (index, line) in lines.iter().enumerate().take(last + 1).skip(first) {
        let mark = if index == at { '>' } else { ' ' };
        // Writing to a String cannot fail.
        let _ = writeln!(frame, "  {mark} {:width$} | {}", index + 1, clip(line));
        if index == at {
            // Tabs stay tabs, so that the caret stands where the terminal puts the column.
            let before = text.chars().take(place.column.saturating_sub(1));
            let indent: String = before
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .take(LINE)
                .collect();
            let _ = writeln!(frame, "    {:width$} | {indent}^", "");
        }
    }
    frame.truncate(frame.trim_end().len());
    Some(frame)
}

/// A line longer than this is a bundle's, and is cut.
const LINE: usize = 160;

fn clip(line: &str) -> &str {
    line.char_indices()
        .nth(LINE)
        .map_or(line, |(end, _)| &line[..end])
}

fn is_internal(line: &str) -> bool {
    let Some(frame) = line.trim_start().strip_prefix("at ") else {
        return false;
    };
    frame.contains("(node:")
        || frame.starts_with("node:")
        || frame.starts_with("async node:")
        || frame.ends_with("(<anonymous>)") && frame.contains("AsyncLocalStorage")
        || frame == "Reflect.apply (<anonymous>)"
        || frame.starts_with("main (") && frame.contains("bin/hmr.js:")
}

fn is_in_packages(file: &str) -> bool {
    file.split(['/', '\\']).any(|part| part == "node_modules")
}

fn place_of(line: &str) -> Option<Place> {
    let frame = line.trim_start().strip_prefix("at ")?;
    let location = match frame.rsplit_once('(') {
        Some((_, location)) => location.strip_suffix(')')?,
        None => frame.strip_prefix("async ").unwrap_or(frame),
    };
    let (rest, column) = location.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    let file = file.strip_prefix("file://").unwrap_or(file);
    if file.starts_with("node:") || !file.contains(['/', '\\']) {
        return None;
    }
    Some(Place {
        file: file.to_owned(),
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Place, code_frame, first_place, without_internals};

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
                "Error\n    at async file:///app/a b.mjs:1:2",
                Some(("/app/a b.mjs", 1, 2)),
            ),
            (
                "Error\n    at C:\\app\\a.js:10:20",
                Some(("C:\\app\\a.js", 10, 20)),
            ),
            (
                "Error\n    at f (/app/node_modules/x.js:1:2)",
                Some(("/app/node_modules/x.js", 1, 2)),
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
            assert_eq!(first_place(stack), expected, "{stack}");
        }
    }

    #[test]
    fn internals_are_left_out_and_the_rest_stays_word_for_word() {
        let expected = "Error: boom
    at Object.run (/app/routes/foo.js:3:9)
    at Runner.execute (/app/node_modules/x/y.js:1:1)";
        assert_eq!(without_internals(STACK), expected);
    }

    #[test]
    fn a_syntax_error_keeps_its_place_as_a_frame() {
        let stack = "/app/a.js:1\nnope(\n\nSyntaxError: Unexpected end of input\n    at wrapSafe (node:internal/x:1:2)";
        let expected = "/app/a.js:1\nnope(\n\nSyntaxError: Unexpected end of input\n    at /app/a.js:1";
        assert_eq!(without_internals(stack), expected);
        assert_eq!(
            without_internals("Error: ENOENT, open '/a.js'"),
            "Error: ENOENT, open '/a.js'"
        );
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
    }
}
