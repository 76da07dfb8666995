//! Finds the files that may mend a version that could not be loaded, from the error that was thrown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::js::{JsResult, Value};

/// The files that the error names, and the places where a module that it misses may appear.
pub fn files_named<'s>(require: Value<'s>, thrown: Value<'s>) -> JsResult<'s, Vec<String>> {
    if !thrown.is_error() {
        return Ok(Vec::new());
    }
    let stack = thrown.get("stack")?.text().unwrap_or_default();
    let mut files: BTreeSet<String> = paths_in(&stack).into_iter().collect();
    files.retain(|file| Path::new(file).is_file());
    if is_not_found(thrown)? {
        let stack = thrown.get("requireStack")?;
        let importer = if stack.is_array() {
            stack.item(0)?.text()
        } else {
            None
        };
        if let Some(importer) = importer {
            files.extend(places_of_missing(require.get("extensions")?, thrown, &importer)?);
        }
    }
    Ok(files.into_iter().collect())
}

/// Whether the error says that a module was not found.
pub fn is_not_found(thrown: Value<'_>) -> JsResult<'_, bool> {
    Ok(thrown.is_error() && thrown.get("code")?.text().as_deref() == Some("MODULE_NOT_FOUND"))
}

/// The first file that the error names: the one that threw, or that does not parse.
pub fn first_file_named(thrown: Value<'_>) -> Option<String> {
    let stack = thrown.is_error().then(|| thrown.get("stack").ok()?.text())??;
    paths_in(&stack)
        .into_iter()
        .find(|file| Path::new(file).is_file())
}

/// The places where a module that `importer` did not find would be; `extensions` is `require.extensions`.
pub fn places_of_missing<'s>(
    extensions: Value<'s>,
    thrown: Value<'s>,
    importer: &str,
) -> JsResult<'s, Vec<String>> {
    let message = thrown.get("message")?.text().unwrap_or_default();
    let Some(request) = request_in(&message) else {
        return Ok(Vec::new());
    };
    let extensions: Vec<String> = if extensions.is_object() {
        extensions.keys()?.iter().filter_map(|key| key.text()).collect()
    } else {
        [".js", ".json"].map(str::to_owned).to_vec()
    };
    Ok(places(request, importer, &extensions))
}

fn request_in(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("Cannot find module '")?;
    let line = rest.split_once("\nRequire stack:").map_or(rest, |(line, _)| line);
    // Up to the last quote, since the name may contain quotes.
    line.rsplit_once('\'').map(|(request, _)| request)
}

fn places(request: &str, importer: &str, extensions: &[String]) -> Vec<String> {
    let is_path = request.starts_with("./")
        || request.starts_with("../")
        || matches!(request, "." | "..")
        || Path::new(request).is_absolute();
    let Some(folder) = Path::new(importer).parent().filter(|_| is_path) else {
        return Vec::new();
    };
    let path = crate::paths::normalize(&folder.join(request));
    // Node names the missing main file of a package by the link that led to the package.
    let path = if Path::new(request).is_absolute() {
        crate::paths::real_place(path)
    } else {
        path
    };
    let with = |extension: &str| {
        let mut longer = path.clone().into_os_string();
        longer.push(extension);
        PathBuf::from(longer)
    };
    let mut places = vec![path.clone()];
    places.extend(extensions.iter().map(|extension| with(extension)));
    places.extend(
        extensions
            .iter()
            .map(|extension| path.join(format!("index{extension}"))),
    );
    places.push(path.join("package.json"));
    places
        .into_iter()
        .filter_map(|place| place.into_os_string().into_string().ok())
        .collect()
}

/// The absolute paths in a stack, in order: those of its frames, and those in the lines before.
fn paths_in(stack: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for line in stack.lines() {
        let place = match line.trim_start().strip_prefix("at ") {
            Some(frame) => frame
                .rsplit_once('(')
                .map_or(frame, |(_, location)| location.trim_end_matches(')')),
            // `SyntaxError: /app/data.json: Unexpected token` and `/app/a.js:3`
            // `Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/b.ts' imported from /app/a.ts`
            None if line.contains(" imported from ") => line
                .rsplit_once(" imported from ")
                .map_or(line, |(_, importer)| importer),
            None => line.split_once("Error: ").map_or(line, |(_, message)| message),
        };
        let place = place.strip_prefix("file://").unwrap_or(place);
        let Some(path) = path_at_start(place) else {
            continue;
        };
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

fn path_at_start(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let has_drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'\\';
    if !has_drive && !text.starts_with('/') {
        return None;
    }
    let after_drive = if has_drive { 2 } else { 0 };
    let end = text[after_drive..]
        .match_indices(':')
        .map(|(at, _)| at + after_drive)
        .find(|at| {
            let next = bytes.get(at + 1);
            next.is_none_or(|next| next.is_ascii_digit() || *next == b' ')
        })
        .unwrap_or(text.len());
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::{paths_in, places, request_in};

    #[test]
    fn a_message_names_the_whole_request() {
        let table = [
            ("Cannot find module './new'", Some("./new")),
            (
                "Cannot find module './it's.js'\nRequire stack:\n- /app/o'.js",
                Some("./it's.js"),
            ),
            (
                "Cannot find module '/app/n/x'. Please verify that the package.json has a valid \"main\" entry",
                Some("/app/n/x"),
            ),
            ("Cannot read properties of undefined (reading 'x')", None),
        ];
        for (message, request) in table {
            assert_eq!(request_in(message), request, "{message}");
        }
    }

    #[test]
    fn a_stack_names_the_files_of_its_frames_and_of_a_syntax_error() {
        let table = [
            (
                "Error: boom\n    at Object.<anonymous> (/app/lib/a b.js:1:7)\n    at /app/c.js:2:1\n    at node:internal:3",
                vec!["/app/lib/a b.js", "/app/c.js"],
            ),
            (
                "/app/a.js:3\nlet = ;\n    ^\n\nSyntaxError: Unexpected token",
                vec!["/app/a.js"],
            ),
            (
                "SyntaxError: /app/data.json: Unexpected token } in JSON\n    at parse (<anonymous>)",
                vec!["/app/data.json"],
            ),
            (
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/app/b.ts' imported from /app/a.ts\n    at error (node:x)",
                vec!["/app/a.ts"],
            ),
            (
                "Error: C:\\x\n    at f (C:\\app\\a.js:1:2)",
                vec!["C:\\x", "C:\\app\\a.js"],
            ),
        ];
        for (stack, paths) in table {
            assert_eq!(paths_in(stack), paths, "{stack}");
        }
    }

    #[test]
    fn a_missing_module_has_a_place_for_each_extension() {
        let extensions = [".js".to_owned()];
        let expected = [
            "/app/new",
            "/app/new.js",
            "/app/new/index.js",
            "/app/new/package.json",
        ];
        assert_eq!(places("../new", "/app/lib/a.js", &extensions), expected);
        assert!(places("package", "/app/lib/a.js", &extensions).is_empty());
    }
}
