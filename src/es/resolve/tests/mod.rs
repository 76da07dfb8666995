//! One file per question; each test writes its own project.

mod archives;
mod errors;
mod exports;
mod extras;
mod formats;
mod import;
mod manifest;
mod require;
mod tsconfig;

use std::fs;
use std::path::PathBuf;

use super::{FileSet, Mode, Options, Resolved, Resolver};
use crate::watch::tests::temp::TempDir;

/// A project on the disk and a resolver for it.
pub struct Project {
    folder: TempDir,
    pub resolver: Resolver,
}

impl Project {
    /// Writes files (relative path, text).
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, Options::default())
    }

    pub fn with(files: &[(&str, &str)], options: Options) -> Self {
        let folder = TempDir::new();
        let builtins = ["fs", "path", "fs/promises", "events"]
            .map(str::to_owned)
            .to_vec();
        let project = Self {
            resolver: Resolver::new(Options {
                builtins,
                ignored: FileSet::new(folder.path(), &["generated".into(), "**/*.gen.ts".into()]),
                ..options
            }),
            folder,
        };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn resolve(&self, specifier: &str, importer: &str, mode: Mode) -> String {
        match self.resolver.resolve(specifier, &self.path(importer), mode) {
            Ok(Resolved::Builtin(name)) => name,
            Ok(Resolved::Other(url)) => format!("other {url}"),
            Ok(Resolved::File { path, suffix, local }) => {
                let path = path
                    .strip_prefix(self.folder.path())
                    .unwrap_or(&path)
                    .to_path_buf();
                let cold = if local { "" } else { " (cold)" };
                format!("{}{suffix}{cold}", path.display())
            }
            Err(error) => format!("{}: {}", error.code, self.shorten(&error.message)),
        }
    }

    /// What an import leads to, relative to the project; an error's code and message otherwise.
    pub fn import(&self, specifier: &str, importer: &str) -> String {
        self.resolve(specifier, importer, Mode::Import)
    }

    pub fn require(&self, specifier: &str, importer: &str) -> String {
        self.resolve(specifier, importer, Mode::Require)
    }

    /// Paths whose appearance may mend a failing import.
    pub fn sought(&self, specifier: &str, importer: &str) -> Vec<String> {
        let error = self
            .resolver
            .resolve(specifier, &self.path(importer), Mode::Import);
        let sought = error.unwrap_err().sought;
        sought
            .iter()
            .map(|path| self.shorten(&path.to_string_lossy()))
            .collect()
    }

    fn shorten(&self, text: &str) -> String {
        text.replace(&*self.folder.path().to_string_lossy(), "~")
    }
}
