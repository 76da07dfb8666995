//! Patterns of files, as tsconfig.json and the options have them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Whether an absolute pattern covers the file. A pattern that names a folder covers the files below it.
pub fn is_match(pattern: &Path, file: &Path) -> bool {
    let (pattern, file) = (with_slashes(pattern), with_slashes(file));
    let pattern = pattern.trim_end_matches('/');
    fast_glob::glob_match(pattern, file.as_ref() as &str)
        || (!pattern.ends_with('*') && fast_glob::glob_match(format!("{pattern}/**"), file.as_ref() as &str))
}

fn with_slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// Files, given by patterns relative to a folder, and one by one.
#[derive(Clone, Debug, Default)]
pub struct FileSet {
    patterns: Vec<PathBuf>,
    files: HashSet<PathBuf>,
}

impl FileSet {
    /// The files that match patterns relative to `base`.
    pub fn new(base: &Path, patterns: &[String]) -> Self {
        let patterns = patterns
            .iter()
            .map(|pattern| base.join(pattern.strip_prefix("./").unwrap_or(pattern)));
        Self {
            patterns: patterns.collect(),
            files: HashSet::new(),
        }
    }

    /// Adds these files, given by their real paths.
    pub fn with_files(mut self, files: Vec<PathBuf>) -> Self {
        self.files.extend(files);
        self
    }

    /// Whether the file is one of these.
    pub fn covers(&self, file: &Path) -> bool {
        self.files.contains(file) || self.patterns.iter().any(|pattern| is_match(pattern, file))
    }
}
