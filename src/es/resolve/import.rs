//! The way of an `import`: Node's ESM algorithm, then the extras.

use std::path::{Path, PathBuf};

use super::error::ResolveError;
use super::exports::Targets;
use super::extras::candidates;
use super::files::{Place, is_in_node_modules};
use super::package::Package;
use super::url::{FileUrl, scheme_of};
use super::{Located, Mode, Resolved, Resolver};

/// Endings that Node tries after a package's `main`.
const MAIN_ENDS: [&str; 7] = [
    "",
    ".js",
    ".json",
    ".node",
    "/index.js",
    "/index.json",
    "/index.node",
];
/// Files that Node tries in a package without `main`.
const INDEX_NAMES: [&str; 3] = ["index.js", "index.json", "index.node"];

impl Resolver {
    pub(super) fn import(&self, specifier: &str, importer: &Path) -> Result<Resolved, ResolveError> {
        let folder = importer.parent().unwrap_or(importer);
        if is_path(specifier) {
            return self.finish_import(FileUrl::join(folder, specifier), importer);
        }
        if let Some(builtin) = self.builtin(specifier)? {
            return Ok(Resolved::Builtin(builtin));
        }
        if let Some(found) = self.by_tsconfig(specifier, importer, Mode::Import) {
            return Ok(found);
        }
        let located = if specifier.starts_with('#') {
            self.package_imports(specifier, importer, &self.conditions.import)?
        } else if let Some(scheme) = scheme_of(specifier) {
            if !scheme.eq_ignore_ascii_case("file") {
                return Ok(Resolved::Other(specifier.to_owned()));
            }
            Located::File(FileUrl::parse(specifier).map_err(|_| {
                let message = "File URL host must be \"localhost\" or empty on ".to_owned() + platform();
                ResolveError::new("ERR_INVALID_FILE_URL_HOST", message)
            })?)
        } else {
            self.package_resolve(specifier, importer, &self.conditions.import)?
        };
        match located {
            Located::Builtin(name) => Ok(Resolved::Builtin(name)),
            Located::File(url) => self.finish_import(url, importer),
        }
    }

    /// From a URL to the file that is there.
    fn finish_import(&self, url: FileUrl, importer: &Path) -> Result<Resolved, ResolveError> {
        if let Some(pathname) = &url.encoded_separator {
            let reason = "must not include encoded \"/\" or \"\\\" characters";
            return Err(ResolveError::invalid_specifier(pathname, reason, Some(importer)));
        }
        let place = self.files.look(&url.path);
        let real = match &place {
            Place::File(real) if !url.is_folder => Some(std::sync::Arc::clone(real)),
            _ => self.extra(&url.path, Mode::Import, url.is_folder),
        };
        if let Some(real) = real {
            return Ok(self.file(&real, url.suffix));
        }
        let error = if place == Place::Folder {
            ResolveError::folder_import(&url.path, url.is_folder, importer)
        } else {
            ResolveError::module_not_found(&url.path, importer, &url.suffix)
        };
        let mut sought = vec![url.path.clone()];
        sought.extend(candidates(&url.path, Mode::Import, url.is_folder));
        Err(ResolveError { sought, ..error })
    }

    /// `#name`, by the `imports` of the importing file's package.
    pub(super) fn package_imports(
        &self,
        name: &str,
        importer: &Path,
        conditions: &[String],
    ) -> Result<Located, ResolveError> {
        if name == "#" || name.starts_with("#/") || name.ends_with('/') {
            let reason = "is not a valid internal imports specifier name";
            return Err(ResolveError::invalid_specifier(name, reason, Some(importer)));
        }
        let scope = self.packages.scope(&self.files, importer)?;
        if let Some(package) = scope.as_deref()
            && let Some(imports) = &package.imports
        {
            let targets = Targets {
                resolver: self,
                package,
                base: Some(importer),
                conditions,
                is_internal: true,
            };
            if let Some(located) = targets.imported(imports, name)? {
                return Ok(located);
            }
        }
        let folder = scope.as_deref().map(|package| package.folder.as_path());
        Err(ResolveError {
            sought: folder.iter().map(|folder| folder.join("package.json")).collect(),
            ..ResolveError::import_not_defined(name, folder, importer)
        })
    }

    /// A bare specifier: a builtin, the package itself, or one in a `node_modules` above.
    pub(super) fn package_resolve(
        &self,
        specifier: &str,
        importer: &Path,
        conditions: &[String],
    ) -> Result<Located, ResolveError> {
        if let Some(builtin) = self.builtin(specifier)? {
            return Ok(Located::Builtin(builtin));
        }
        if specifier.is_empty() {
            return Err(ResolveError::package_not_found(specifier, importer));
        }
        let (name, subpath) = split_package(specifier, importer)?;
        let own = self.packages.scope(&self.files, importer)?;
        if let Some(package) = own.filter(|package| package.name.as_deref() == Some(name))
            && package.exports.is_some()
        {
            return self.in_package(&package, &subpath, importer, conditions);
        }
        for folder in self.package_folders(name, importer)? {
            if !self.files.is_folder(&folder) {
                continue;
            }
            return match self.packages.in_folder(&self.files, &folder)? {
                Some(package) => self.in_package(&package, &subpath, importer, conditions),
                None if subpath == "." => self.main_of(&folder, None, importer),
                None => Ok(Located::File(FileUrl::join(&folder, &subpath))),
            };
        }
        Err(ResolveError {
            sought: self.package_folders(name, importer)?,
            ..ResolveError::package_not_found(name, importer)
        })
    }

    fn in_package(
        &self,
        package: &Package,
        subpath: &str,
        importer: &Path,
        conditions: &[String],
    ) -> Result<Located, ResolveError> {
        if let Some(exports) = &package.exports {
            let targets = Targets {
                resolver: self,
                package,
                base: Some(importer),
                conditions,
                is_internal: false,
            };
            return targets.exported(exports, subpath);
        }
        if subpath == "." {
            return self.main_of(&package.folder, package.main.as_deref(), importer);
        }
        Ok(Located::File(FileUrl::join(&package.folder, subpath)))
    }

    /// The main file of a package without `exports`.
    fn main_of(&self, folder: &Path, main: Option<&str>, importer: &Path) -> Result<Located, ResolveError> {
        let by_main = main.into_iter().flat_map(|main| {
            MAIN_ENDS
                .iter()
                .map(move |end| folder.join(format!("{main}{end}")))
        });
        let by_index = INDEX_NAMES.iter().map(|name| folder.join(name));
        let mut sought: Vec<PathBuf> = by_main.chain(by_index).collect();
        if let Some(path) = sought.iter().find(|path| self.files.is_file(path)) {
            return Ok(Located::File(FileUrl::of(super::normalize(path))));
        }
        // The package.json of a workspace may name a file that is built only later, or no file at all.
        let is_local = !is_in_node_modules(&self.files.real_folder(folder));
        let sources = main.map(|main| folder.join(main));
        let source = sources
            .into_iter()
            .chain([folder.to_path_buf()])
            .find_map(|path| self.extra(&path, Mode::Import, false));
        if let Some(path) = source.filter(|_| is_local) {
            return Ok(Located::File(FileUrl::of(path.to_path_buf())));
        }
        // Node's message names the file that Node tried first.
        let first = super::normalize(&folder.join(main.unwrap_or("index.js")));
        sought.push(folder.join("package.json"));
        Err(ResolveError {
            sought,
            ..ResolveError::package_not_found(&first.to_string_lossy(), importer)
        })
    }

    /// Where a package may lie, nearest first.
    pub(super) fn package_folders(&self, name: &str, importer: &Path) -> Result<Vec<PathBuf>, ResolveError> {
        if let Some(pnp) = &self.pnp
            && let Some(folder) = pnp.package_folder(name, importer)?
        {
            return Ok(vec![folder]);
        }
        let above = importer.ancestors().skip(1);
        Ok(above
            .filter(|folder| folder.file_name().is_none_or(|last| last != "node_modules"))
            .map(|folder| folder.join("node_modules").join(name))
            .collect())
    }

    /// The target for a file that was found, given by its real path.
    pub(super) fn file(&self, real: &Path, suffix: String) -> Resolved {
        Resolved::File {
            path: real.to_path_buf(),
            suffix,
            local: self.is_local(real),
        }
    }
}

/// What Node calls the system in messages.
fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Whether the specifier is relative or absolute: no package.
pub fn is_path(specifier: &str) -> bool {
    specifier.starts_with('/')
        || matches!(specifier, "." | "..")
        || specifier.starts_with("./")
        || specifier.starts_with("../")
        // Node refuses an absolute Windows path; it is taken as a path here.
        || (cfg!(windows) && Path::new(specifier).is_absolute())
}

/// The name of a package, and `.` or `./sub` within it.
pub fn split_package<'a>(specifier: &'a str, importer: &Path) -> Result<(&'a str, String), ResolveError> {
    let scope = if specifier.starts_with('@') {
        specifier.find('/').map(|slash| slash + 1)
    } else {
        Some(0)
    };
    let end = scope.map(|start| {
        let rest = specifier.get(start..).unwrap_or_default();
        start + rest.find('/').unwrap_or(rest.len())
    });
    let (name, rest) = specifier.split_at(end.unwrap_or(specifier.len()));
    if end.is_none() || name.is_empty() || name.starts_with('.') || name.contains(['%', '\\']) {
        let reason = "is not a valid package name";
        return Err(ResolveError::invalid_specifier(specifier, reason, Some(importer)));
    }
    Ok((name, format!(".{rest}")))
}
