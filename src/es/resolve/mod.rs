//! Resolution: from a specifier to a file, as Node finds it, and where Node finds nothing, as TypeScript's users expect it.
//!
//! | file | what it knows |
//! |---|---|
//! | `mod.rs` | the resolver: which file is local, what a change makes it forget |
//! | `import.rs`, `require.rs` | Node's two algorithms |
//! | `exports.rs`, `package.rs` | package.json: `exports` and `imports`; `main` and `type` |
//! | `extras.rs` | what is tried where Node finds nothing |
//! | `tsconfig.rs`, `options.rs` | the tsconfig.json of a file: `paths`, `baseUrl`; its options for the compiler |
//! | `pnp/` | Yarn's Plug'n'Play |
//! | `format.rs` | what kind of module a file may be, by extension and package.json |
//! | `glob.rs` | patterns of files, as `ignore`, `include` and tsconfig.json have them |
//! | `files.rs`, `url.rs` | the disk; `file:` URLs |
//! | `error.rs` | Node's errors |

mod error;
mod exports;
mod extras;
mod files;
mod format;
mod glob;
mod import;
mod options;
mod package;
mod pnp;
mod require;
mod tsconfig;
pub mod url;

#[cfg(test)]
pub mod tests;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::ResolveError;
pub use files::is_in_node_modules;
pub use format::FileFormat;
pub use glob::FileSet;

use parking_lot::RwLock;

use crate::es::compile::TsOptions;
use crate::paths::normalize;
use files::Files;
use package::Packages;
use pnp::Pnp;
use tsconfig::Projects;

/// The target of a specifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A module of Node's own, with its prefix: `node:fs`.
    Builtin(String),
    File {
        /// Real path of the file.
        path: PathBuf,
        /// Query and hash, as in the URL: `?a#b`.
        suffix: String,
        /// Whether the file is the program's own: its real path is below no `node_modules`, and it is not ignored.
        local: bool,
    },
    /// A URL that is left to Node: `data:…`.
    Other(String),
}

/// Whether the rules of `import` or of `require` hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    Import,
    Require,
}

/// The settings of a resolver.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The conditions of `--conditions`.
    pub conditions: Vec<String>,
    /// `module.builtinModules` of the running Node.
    pub builtins: Vec<String>,
    /// Local files that are to be taken for packages.
    pub ignored: FileSet,
    /// Folders of `NODE_PATH`, for `require`.
    pub node_path: Vec<PathBuf>,
    /// Whether Plug'n'Play is on (`process.versions.pnp`).
    pub with_manifest: bool,
}

/// The conditions that hold in each mode.
struct Conditions {
    import: Vec<String>,
    require: Vec<String>,
}

/// A builtin or a URL, before looking whether there is a file.
enum Located {
    Builtin(String),
    File(url::FileUrl),
}

/// Everything that decides where a specifier which is no path leads.
#[derive(PartialEq, Eq, Hash)]
struct BareKey {
    folder: PathBuf,
    /// Address in memory of the tsconfig.json's `Project` that governs the importing file.
    project: usize,
    specifier: String,
    mode: Mode,
}

/// Resolves specifiers. Threads share one resolver.
pub struct Resolver {
    conditions: Conditions,
    builtins: HashSet<String>,
    ignored: FileSet,
    node_path: Vec<PathBuf>,
    files: Files,
    packages: Packages,
    projects: Projects,
    pnp: Option<Arc<Pnp>>,
    /// Targets of specifiers that are no paths.
    bare: RwLock<HashMap<BareKey, Resolved>>,
}

impl Resolver {
    pub fn new(options: Options) -> Self {
        let conditions = |first: &str| {
            let own = ["node", first, "module-sync", "node-addons"].map(str::to_owned);
            own.into_iter()
                .chain(options.conditions.iter().cloned())
                .collect()
        };
        let pnp = options.with_manifest.then(Arc::<Pnp>::default);
        Self {
            conditions: Conditions {
                import: conditions("import"),
                require: conditions("require"),
            },
            builtins: options.builtins.into_iter().collect(),
            ignored: options.ignored,
            node_path: options.node_path,
            files: Files::new(pnp.clone()),
            packages: Packages::default(),
            projects: Projects::new(pnp.clone()),
            pnp,
            bare: RwLock::default(),
        }
    }

    /// Resolves a specifier of the importing file, whose real path is given.
    pub fn resolve(&self, specifier: &str, importer: &Path, mode: Mode) -> Result<Resolved, ResolveError> {
        if import::is_path(specifier) {
            return self.resolve_anew(specifier, importer, mode);
        }
        // Files of one folder often import the same packages, so the answer is kept by folder.
        let key = BareKey {
            folder: importer.parent().unwrap_or(importer).to_path_buf(),
            project: self
                .projects
                .of(importer)
                .map_or(0, |project| Arc::as_ptr(&project) as usize),
            specifier: specifier.to_owned(),
            mode,
        };
        if let Some(resolved) = self.bare.read().get(&key) {
            return Ok(resolved.clone());
        }
        let resolved = self
            .resolve_anew(specifier, importer, mode)
            .map_err(|mut error| {
                let by_tsconfig = self.sought_by_tsconfig(specifier, importer, mode);
                error.sought.extend(by_tsconfig);
                error
            })?;
        self.bare.write().insert(key, resolved.clone());
        Ok(resolved)
    }

    fn resolve_anew(&self, specifier: &str, importer: &Path, mode: Mode) -> Result<Resolved, ResolveError> {
        match mode {
            Mode::Import => self.import(specifier, importer),
            Mode::Require => self.require(specifier, importer),
        }
    }

    /// Resolves a file that the user names, such as the program's entry, to its real path. An extension that the user left
    /// out is found as for `require`.
    pub fn entry(&self, path: &Path) -> Result<Resolved, ResolveError> {
        let resolved = self.require(&path.to_string_lossy(), path);
        resolved.map_err(|error| ResolveError {
            sought: error.sought,
            ..ResolveError::target_not_found(path)
        })
    }

    /// The compiler options that hold for a file.
    pub fn ts_options(&self, path: &Path) -> Arc<TsOptions> {
        self.projects.options(path)
    }

    /// Whether a tsconfig.json that was read says that it extends this file.
    pub fn is_extended(&self, path: &Path) -> bool {
        self.projects.is_extended(path)
    }

    /// Whether a file, given by its real path, is the program's own.
    pub fn is_local(&self, path: &Path) -> bool {
        !is_in_node_modules(path) && !self.ignored.covers(path)
    }

    /// The paths with a link on them by which files of the program's own were found since the last call, each with the real
    /// path. A package manager's links change with an install, which is told of otherwise.
    pub fn take_links(&self) -> Vec<(PathBuf, PathBuf)> {
        let links = self.files.take_links().into_iter();
        let own = links.filter(|(path, real)| !is_in_node_modules(path) && self.is_local(real));
        own.map(|(path, real)| (path, real.to_path_buf())).collect()
    }

    /// Drops the answers that the changes may have made untrue.
    pub fn forget(&self, changed: &[PathBuf]) {
        if !self.files.forget(changed) {
            self.bare.write().clear();
        }
        let has_settings = changed.iter().any(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            // A path without extension may be a folder with such files in it.
            matches!(extension, Some("json" | "cjs") | None)
        });
        if has_settings {
            self.bare.write().clear();
            self.packages.forget();
            self.projects.forget();
            if let Some(pnp) = &self.pnp {
                pnp.forget_manifests();
            }
        }
    }

    fn files(&self) -> &Files {
        &self.files
    }

    /// Whether Node has a module of this name, which needs no prefix.
    fn is_builtin(&self, name: &str) -> bool {
        self.builtins.contains(name)
    }

    /// The builtin that a specifier names, with its prefix.
    fn builtin(&self, specifier: &str) -> Result<Option<String>, ResolveError> {
        let Some(name) = specifier.strip_prefix("node:") else {
            return Ok(self.is_builtin(specifier).then(|| format!("node:{specifier}")));
        };
        // Node's list of builtins has some of those that need the prefix, and not on every version.
        let needs_prefix = matches!(name, "sea" | "sqlite" | "test" | "test/reporters");
        if needs_prefix || self.is_builtin(name) || self.is_builtin(specifier) {
            return Ok(Some(specifier.to_owned()));
        }
        Err(ResolveError::new(
            "ERR_UNKNOWN_BUILTIN_MODULE",
            format!("No such built-in module: {specifier}"),
        ))
    }
}
