//! The way of a `require`: Node's CommonJS algorithm, then the extras.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ResolveError;
use super::exports::Targets;
use super::extras::{candidates, with_appended};
use super::files::Place;
use super::import::split_package;
use super::package::Package;
use super::{Located, Mode, Resolved, Resolver, normalize};

/// Extensions that Node's `require` tries after a name.
const EXTENSIONS: [&str; 3] = ["js", "json", "node"];

impl Resolver {
    pub(super) fn require(&self, specifier: &str, importer: &Path) -> Result<Resolved, ResolveError> {
        if let Some(builtin) = self.builtin(specifier)? {
            return Ok(Resolved::Builtin(builtin));
        }
        let folder = importer.parent().unwrap_or(importer);
        if is_path(specifier) {
            let path = normalize(&folder.join(specifier));
            let is_folder = names_folder(specifier);
            let found = self.as_path(&path, is_folder).or_else(|| {
                self.extra(&path, Mode::Require, is_folder)
                    .map(|real| self.file(&real, String::new()))
            });
            return found.ok_or_else(|| {
                let mut sought = vec![path.clone()];
                sought.extend(candidates(&path, Mode::Require, is_folder));
                ResolveError {
                    sought,
                    ..ResolveError::required_not_found(specifier, importer)
                }
            });
        }
        if let Some(found) = self.by_tsconfig(specifier, importer, Mode::Require) {
            return Ok(found);
        }
        let found = match self.required_by_field(specifier, importer)? {
            None => self.in_folders(specifier, importer)?,
            found => found,
        };
        found.ok_or_else(|| ResolveError {
            sought: split_package(specifier, importer)
                .and_then(|(name, _)| self.package_folders(name, importer))
                .unwrap_or_default(),
            ..ResolveError::required_not_found(specifier, importer)
        })
    }

    /// Resolves a specifier by `imports`, or by the `exports` of the importing file's own package.
    fn required_by_field(&self, specifier: &str, importer: &Path) -> Result<Option<Resolved>, ResolveError> {
        let scope = self.packages.scope(&self.files, importer)?;
        let Some(package) = scope else {
            return Ok(None);
        };
        if specifier.starts_with('#') && package.imports.is_some() {
            let located = self.package_imports(specifier, importer, &self.conditions.require);
            return self.finish_required(as_required(located, specifier)?).map(Some);
        }
        let Some(exports) = &package.exports else {
            return Ok(None);
        };
        let subpath = package
            .name
            .as_deref()
            .and_then(|name| specifier.strip_prefix(name));
        match subpath {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let targets = self.required_targets(&package, Some(importer));
                let located = targets.exported(exports, &format!(".{rest}"));
                self.finish_required(as_required(located, specifier)?).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn in_folders(&self, specifier: &str, importer: &Path) -> Result<Option<Resolved>, ResolveError> {
        let Ok((name, subpath)) = split_package(specifier, importer) else {
            return Ok(None);
        };
        let inner = subpath.trim_start_matches(['.', '/']);
        let by_path = self.node_path.iter().map(|folder| folder.join(name));
        let folders = self.package_folders(name, importer)?;
        for folder in folders.into_iter().chain(by_path) {
            if self.files.is_folder(&folder)
                && let Some(package) = self.packages.in_folder(&self.files, &folder)?
                && let Some(exports) = &package.exports
            {
                let located = self.required_targets(&package, None).exported(exports, &subpath);
                return self.finish_required(as_required(located, specifier)?).map(Some);
            }
            let path = if inner.is_empty() {
                folder
            } else {
                normalize(&folder.join(inner))
            };
            let is_folder = names_folder(specifier);
            let extra = || self.extra(&path, Mode::Require, is_folder);
            let found = self
                .as_path(&path, is_folder)
                .or_else(|| extra().map(|real| self.file(&real, String::new())));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn required_targets<'a>(&'a self, package: &'a Package, base: Option<&'a Path>) -> Targets<'a> {
        Targets {
            resolver: self,
            package,
            base,
            conditions: &self.conditions.require,
            is_internal: false,
        }
    }

    /// The file that `exports` or `imports` names, or where there is none, one of the extras.
    fn finish_required(&self, located: Located) -> Result<Resolved, ResolveError> {
        let url = match located {
            Located::Builtin(name) => return Ok(Resolved::Builtin(name)),
            Located::File(url) => url,
        };
        let real = match self.files.look(&url.path) {
            Place::File(real) => Some(real),
            _ => self.extra(&url.path, Mode::Require, url.is_folder),
        };
        real.map(|real| self.file(&real, String::new()))
            .ok_or_else(|| ResolveError {
                sought: [
                    vec![url.path.clone()],
                    candidates(&url.path, Mode::Require, false),
                ]
                .concat(),
                ..ResolveError::target_not_found(&url.path)
            })
    }

    /// What Node takes for a path: the file, the file with an extension added, or the main file of the folder.
    fn as_path(&self, path: &Path, is_folder: bool) -> Option<Resolved> {
        let place = self.files.look(path);
        let real = match (&place, is_folder) {
            (Place::File(real), false) => Some(Arc::clone(real)),
            _ => None,
        };
        let real = real
            .or_else(|| (!is_folder).then(|| self.with_extension(path)).flatten())
            .or_else(|| {
                (place == Place::Folder || self.files.is_folder(path))
                    .then(|| self.folder_main(path))
                    .flatten()
            })?;
        Some(self.file(&real, String::new()))
    }

    fn with_extension(&self, path: &Path) -> Option<Arc<Path>> {
        self.first_file(EXTENSIONS.iter().map(|extension| with_appended(path, extension)))
    }

    fn folder_main(&self, folder: &Path) -> Option<Arc<Path>> {
        let package = self.packages.in_folder(&self.files, folder).ok().flatten();
        let main = package.as_deref().and_then(|package| package.main.as_deref());
        let by_main = main.map(|main| normalize(&folder.join(main))).and_then(|main| {
            self.first_file([main.clone()])
                .or_else(|| self.with_extension(&main))
                .or_else(|| self.with_extension(&main.join("index")))
                .or_else(|| self.extra(&main, Mode::Require, false))
        });
        by_main.or_else(|| self.with_extension(&folder.join("index")))
    }

    fn first_file(&self, paths: impl IntoIterator<Item = PathBuf>) -> Option<Arc<Path>> {
        paths.into_iter().find_map(|path| match self.files.look(&path) {
            Place::File(real) => Some(real),
            _ => None,
        })
    }
}

/// Changes the error of the ESM algorithm to the code that Node's CommonJS loader gives.
fn as_required(located: Result<Located, ResolveError>, specifier: &str) -> Result<Located, ResolveError> {
    located.map_err(|error| {
        if error.code != "ERR_MODULE_NOT_FOUND" {
            return error;
        }
        ResolveError {
            sought: error.sought,
            ..ResolveError::new("MODULE_NOT_FOUND", format!("Cannot find module '{specifier}'"))
        }
    })
}

fn is_path(specifier: &str) -> bool {
    matches!(specifier, "." | "..")
        || specifier.starts_with("./")
        || specifier.starts_with("../")
        || Path::new(specifier).is_absolute()
}

/// Whether the specifier can only mean a folder.
fn names_folder(specifier: &str) -> bool {
    specifier.ends_with('/') || matches!(specifier.rsplit('/').next(), Some("." | ".."))
}
