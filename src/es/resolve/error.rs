//! Why a specifier leads nowhere: Node's codes, in Node's words.

use std::path::{Path, PathBuf};

use super::url::file_url;

/// A specifier that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    /// Node's code (`ERR_MODULE_NOT_FOUND`).
    pub code: &'static str,
    /// Node's message.
    pub message: String,
    /// Node's `url` property: the URL that was not found.
    pub url: Option<String>,
    /// Paths whose appearance (or change) may mend it.
    pub sought: Vec<PathBuf>,
}

impl ResolveError {
    /// An error without sought paths.
    pub fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            url: None,
            sought: Vec::new(),
        }
    }

    /// Whether Node's error is a `TypeError`; otherwise it is an `Error`.
    pub fn is_type_error(&self) -> bool {
        matches!(
            self.code,
            "ERR_INVALID_MODULE_SPECIFIER"
                | "ERR_PACKAGE_IMPORT_NOT_DEFINED"
                | "ERR_UNKNOWN_FILE_EXTENSION"
                | "ERR_INVALID_FILE_URL_HOST"
                | "ERR_INVALID_FILE_URL_PATH"
        )
    }

    pub fn module_not_found(path: &Path, base: &Path, suffix: &str) -> Self {
        let message = format!(
            "Cannot find module '{}' imported from {}",
            path.display(),
            base.display()
        );
        Self {
            url: Some(file_url(path, suffix)),
            ..Self::new("ERR_MODULE_NOT_FOUND", message)
        }
    }

    pub fn package_not_found(name: &str, base: &Path) -> Self {
        let message = format!("Cannot find package '{name}' imported from {}", base.display());
        Self::new("ERR_MODULE_NOT_FOUND", message)
    }

    /// `require`'s error for a specifier that leads nowhere.
    pub fn required_not_found(specifier: &str, importer: &Path) -> Self {
        let message = format!(
            "Cannot find module '{specifier}'\nRequire stack:\n- {}",
            importer.display()
        );
        Self::new("MODULE_NOT_FOUND", message)
    }

    /// `require`'s error for a file that `exports` or `imports` of a package name.
    pub fn target_not_found(path: &Path) -> Self {
        Self::new(
            "MODULE_NOT_FOUND",
            format!("Cannot find module '{}'", path.display()),
        )
    }

    pub fn folder_import(path: &Path, is_folder: bool, base: &Path) -> Self {
        let slash = if is_folder { "/" } else { "" };
        let message = format!(
            "Directory import '{}{slash}' is not supported resolving ES modules imported from {}",
            path.display(),
            base.display()
        );
        Self {
            url: Some(file_url(path, slash)),
            ..Self::new("ERR_UNSUPPORTED_DIR_IMPORT", message)
        }
    }

    pub fn invalid_specifier(specifier: &str, reason: &str, base: Option<&Path>) -> Self {
        Self::new(
            "ERR_INVALID_MODULE_SPECIFIER",
            format!("Invalid module \"{specifier}\" {reason}{}", imported_from(base)),
        )
    }

    pub fn import_not_defined(specifier: &str, folder: Option<&Path>, base: &Path) -> Self {
        let package = folder.map(|folder| format!(" in package {}", folder.join("package.json").display()));
        let message = format!(
            "Package import specifier \"{specifier}\" is not defined{} imported from {}",
            package.unwrap_or_default(),
            base.display()
        );
        Self::new("ERR_PACKAGE_IMPORT_NOT_DEFINED", message)
    }

    pub fn path_not_exported(subpath: &str, folder: &Path, base: Option<&Path>) -> Self {
        let package = folder.join("package.json");
        let what = if subpath == "." {
            format!("No \"exports\" main defined in {}", package.display())
        } else {
            format!(
                "Package subpath '{subpath}' is not defined by \"exports\" in {}",
                package.display()
            )
        };
        Self::new(
            "ERR_PACKAGE_PATH_NOT_EXPORTED",
            format!("{what}{}", imported_from(base)),
        )
    }

    pub fn invalid_config(package: &Path, base: Option<&Path>, reason: &str) -> Self {
        let base = base.map(|base| format!(" while importing {}", file_url(base, "")));
        let message = format!(
            "Invalid package config {}{}. {reason}",
            package.display(),
            base.unwrap_or_default()
        );
        Self::new("ERR_INVALID_PACKAGE_CONFIG", message)
    }

    /// A file without a format.
    pub fn unknown_extension(extension: &str, path: &Path) -> Self {
        Self::new(
            "ERR_UNKNOWN_FILE_EXTENSION",
            format!("Unknown file extension \"{extension}\" for {}", path.display()),
        )
    }
}

/// ` imported from …`, the end of Node's messages.
pub fn imported_from(base: Option<&Path>) -> String {
    base.map(|base| format!(" imported from {}", base.display()))
        .unwrap_or_default()
}
