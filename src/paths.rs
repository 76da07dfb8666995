//! Functions on paths. None of them knows JavaScript.

use std::path::{Path, PathBuf};

/// The path with a symbolic link on it that led from `spelled` to `resolved`; `None` if there was no link.
///
/// `spelled` may lack the extension of the file, or be the folder of an index file.
pub fn link_to(spelled: PathBuf, resolved: &Path) -> Option<PathBuf> {
    let with_extension = resolved.extension().map(|extension| {
        let mut path = spelled.clone().into_os_string();
        path.push(".");
        path.push(extension);
        PathBuf::from(path)
    });
    let within = resolved.file_name().map(|name| spelled.join(name));
    [Some(spelled), with_extension, within]
        .into_iter()
        .flatten()
        .find(|candidate| {
            candidate != resolved && std::fs::canonicalize(candidate).is_ok_and(|target| target == resolved)
        })
}

/// Whether there is a file at this path.
pub fn is_file(path: &str) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// The path that a link leads to now.
pub fn target_of(link: &Path) -> Option<String> {
    std::fs::canonicalize(link)
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

/// The real path of the longest part of `path` that exists, followed by the rest of `path`.
pub fn real_place(path: PathBuf) -> PathBuf {
    let real = path.ancestors().find_map(|folder| {
        let real = std::fs::canonicalize(folder).ok()?;
        Some(real.join(path.strip_prefix(folder).ok()?))
    });
    real.unwrap_or(path)
}

/// Removes `.` and `..` by name, as `path.join` does, without a look at the disk.
pub fn normalize(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};

    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// Decodes percent codes. The result is bytes, because it need not be UTF-8.
pub fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        decoded.push(code.unwrap_or(first));
        rest = after
            .get(if code.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    decoded
}

/// Whether a path or `file:` URL lies below a folder `node_modules`.
pub fn is_in_node_modules(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "node_modules")
}

/// Whether the path lies in a package or in Next.js's build output. Such files are not followed.
pub fn is_foreign(path: &str) -> bool {
    // This runs for thousands of paths; most of them contain neither word, and two searches are faster than a split.
    let has_any = path.contains("node_modules") || path.contains(".next");
    has_any
        && path
            .split(['/', '\\'])
            .any(|part| part == "node_modules" || part == ".next")
}

#[cfg(test)]
mod tests {
    use super::{is_foreign, is_in_node_modules, normalize, percent_decoded};

    #[test]
    fn packages_and_build_output_are_left_alone() {
        assert!(is_foreign("/app/node_modules/next/index.js"));
        assert!(is_foreign("C:\\app\\.next\\server\\page.js"));
        assert!(!is_foreign("/app/my_node_modules/a.js"));
    }
    use std::path::Path;

    #[test]
    fn dots_are_taken_by_name() {
        assert_eq!(normalize(Path::new("/a/b/./../c.js")), Path::new("/a/c.js"));
    }

    #[test]
    fn what_is_no_percent_code_stays() {
        let table = [
            ("a%20b", "a b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%25", "%"),
            ("%C3%A4", "ä"),
        ];
        for (given, expected) in table {
            assert_eq!(percent_decoded(given), expected.as_bytes(), "{given}");
        }
    }

    #[test]
    fn packages_are_told_by_a_folder_of_that_name() {
        let table = [
            ("/a/node_modules/b.js", true),
            ("C:\\a\\node_modules\\b.js", true),
            ("file:///a/node_modules/b.js", true),
            ("/a/my_node_modules/b.js", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_in_node_modules(path), expected, "{path}");
        }
    }
}
