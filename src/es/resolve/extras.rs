//! What is tried where Node finds nothing: TypeScript's extensions, and those that people leave out.

use std::path::{Path, PathBuf};

use super::files::{Place, is_in_node_modules};
use super::{Mode, Resolver};

/// Extensions that an `import` without extension is tried with, in this order.
const IMPORTED: [&str; 7] = ["ts", "tsx", "js", "jsx", "mjs", "mts", "json"];
/// Extensions that a `require` without extension is tried with, in this order.
const REQUIRED: [&str; 9] = ["js", "json", "node", "ts", "tsx", "jsx", "cjs", "cts", "mts"];

/// Extensions of TypeScript's output, each with the extensions of the sources that it may be made from.
const SOURCES: [(&str, &[&str]); 4] = [
    ("js", &["ts", "tsx"]),
    ("mjs", &["mts"]),
    ("cjs", &["cts"]),
    ("jsx", &["tsx"]),
];

/// The paths that may be meant by a path at which there is no file, in the order of trying.
pub fn candidates(path: &Path, mode: Mode, is_folder: bool) -> Vec<PathBuf> {
    let extensions: &[&str] = match mode {
        Mode::Import => &IMPORTED,
        Mode::Require => &REQUIRED,
    };
    let mut candidates = Vec::new();
    if !is_folder {
        let sources = path
            .extension()
            .and_then(|extension| SOURCES.iter().find(|(output, _)| extension == *output));
        if let Some((_, sources)) = sources {
            candidates.extend(sources.iter().map(|source| path.with_extension(source)));
        }
        candidates.extend(extensions.iter().map(|extension| with_appended(path, extension)));
    }
    let index = path.join("index");
    candidates.extend(
        extensions
            .iter()
            .map(|extension| with_appended(&index, extension)),
    );
    candidates
}

/// The path with a dot and an extension at its end.
pub fn with_appended(path: &Path, extension: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    PathBuf::from(path)
}

impl Resolver {
    /// The real path of the first candidate that exists. In packages, only files that Node itself can load count.
    pub(super) fn extra(&self, path: &Path, mode: Mode, is_folder: bool) -> Option<std::sync::Arc<Path>> {
        // If the path is no folder, the candidates in it need no look.
        let has_folder = self.files().is_folder(path);
        candidates(path, mode, is_folder)
            .iter()
            .filter(|candidate| has_folder || candidate.parent() != Some(path))
            .find_map(|candidate| match self.files().look(candidate) {
                Place::File(real) if !is_in_node_modules(&real) || is_output(candidate) => Some(real),
                _ => None,
            })
    }
}

fn is_output(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["js", "mjs", "cjs", "json", "node"]
            .iter()
            .any(|output| extension == *output)
    })
}
