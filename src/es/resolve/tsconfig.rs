//! The tsconfig.json that governs a file: its `paths`, its `baseUrl` and its compiler options.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{ExtendsField, ResolveOptions, ResolverGeneric, TsConfig, TsconfigDiscovery};
use parking_lot::RwLock;

use super::extras::candidates;
use super::files::{Place, is_in_node_modules};
use super::glob::is_match;
use super::options::options_of;
use super::pnp::{Disk, Pnp};
use super::url::scheme_of;
use super::{Mode, Resolved, Resolver};
use crate::es::compile::TsOptions;

/// A tsconfig.json with what it extends, read.
pub struct Project {
    config: Arc<TsConfig>,
    options: Arc<TsOptions>,
    /// The projects of `references`. A file may belong to one of these instead.
    references: Vec<Arc<Project>>,
}

/// The tsconfig.json files that were read.
pub struct Projects {
    reader: RwLock<ResolverGeneric<Disk>>,
    /// The nearest tsconfig.json of each folder.
    nearest: RwLock<HashMap<PathBuf, Option<Arc<Project>>>>,
    default: Arc<TsOptions>,
    pnp: Option<Arc<Pnp>>,
}

impl Projects {
    pub fn new(pnp: Option<Arc<Pnp>>) -> Self {
        Self {
            reader: RwLock::new(reader(pnp.clone())),
            nearest: RwLock::default(),
            default: Arc::default(),
            pnp,
        }
    }

    /// The project of a file; files of packages have none.
    pub fn of(&self, file: &Path) -> Option<Arc<Project>> {
        let nearest = self.nearest(file.parent()?)?;
        let owner = nearest.references.iter().find(|project| project.owns(file));
        Some(Arc::clone(owner.unwrap_or(&nearest)))
    }

    pub fn options(&self, file: &Path) -> Arc<TsOptions> {
        let project = self.of(file);
        project.map_or_else(
            || Arc::clone(&self.default),
            |project| Arc::clone(&project.options),
        )
    }

    /// Whether a tsconfig.json that was read names the file in its `extends`.
    pub fn is_extended(&self, path: &Path) -> bool {
        let nearest = self.nearest.read();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut projects = nearest.values().flatten();
        projects.any(|project| {
            let referred = project.references.iter();
            referred.chain([project]).any(|project| project.extends(&stem))
        })
    }

    pub fn forget(&self) {
        *self.reader.write() = reader(self.pnp.clone());
        self.nearest.write().clear();
    }

    fn nearest(&self, folder: &Path) -> Option<Arc<Project>> {
        if let Some(project) = self.nearest.read().get(folder) {
            return project.clone();
        }
        let project = if is_in_node_modules(folder) {
            None
        } else {
            self.in_folder(folder)
                .or_else(|| folder.parent().and_then(|above| self.nearest(above)))
        };
        self.nearest.write().insert(folder.to_path_buf(), project.clone());
        project
    }

    fn in_folder(&self, folder: &Path) -> Option<Arc<Project>> {
        let path = folder.join("tsconfig.json");
        if !path.is_file() {
            return None;
        }
        let read = self.reader.read().resolve_tsconfig(&path);
        // A tsconfig.json that extends a file which is not installed still has options of its own.
        let config = read.or_else(|_| alone(&path).ok_or(())).ok()?;
        Some(Arc::new(Project::new(config)))
    }
}

fn reader(pnp: Option<Arc<Pnp>>) -> ResolverGeneric<Disk> {
    let options = ResolveOptions {
        tsconfig: Some(TsconfigDiscovery::Auto),
        ..ResolveOptions::default()
    };
    ResolverGeneric::new_with_file_system(Disk(pnp), options)
}

/// A tsconfig.json without what it extends.
fn alone(path: &Path) -> Option<Arc<TsConfig>> {
    let text = fs::read_to_string(path).ok()?;
    TsConfig::parse(true, path, path, text).ok().map(Arc::new)
}

impl Project {
    fn new(config: Arc<TsConfig>) -> Self {
        let references = config.references_resolved.iter();
        Self {
            options: Arc::new(options_of(&config)),
            references: references
                .map(|config| Arc::new(Self::new(Arc::clone(config))))
                .collect(),
            config,
        }
    }

    /// Whether the project's `files`, `include` and `exclude` cover the file.
    fn owns(&self, file: &Path) -> bool {
        let config = &self.config;
        let covers = |patterns: &[PathBuf]| patterns.iter().any(|pattern| is_match(pattern, file));
        if config
            .files
            .as_ref()
            .is_some_and(|files| files.iter().any(|own| own == file))
        {
            return true;
        }
        let is_included = match (&config.include, &config.files) {
            (Some(include), _) => covers(include),
            (None, Some(_)) => false,
            (None, None) => file.starts_with(config.directory()),
        };
        is_included && !config.exclude.as_ref().is_some_and(|exclude| covers(exclude))
    }

    fn extends(&self, stem: &str) -> bool {
        let is_named = |specifier: &String| {
            let last = specifier.rsplit('/').next().unwrap_or_default();
            last.trim_end_matches(".json") == stem
        };
        match &self.config.extends {
            Some(ExtendsField::Single(specifier)) => is_named(specifier),
            Some(ExtendsField::Multiple(specifiers)) => specifiers.iter().any(is_named),
            None => false,
        }
    }

    /// The paths that `paths`, then `baseUrl`, give for a specifier.
    fn targets(&self, specifier: &str) -> Vec<PathBuf> {
        let mut targets = self.config.resolve_path_alias_or_base_url(specifier);
        if self.config.compiler_options.base_url.is_some() && !specifier.starts_with('/') {
            // A relative specifier is joined to the base.
            let by_base = self
                .config
                .resolve_path_alias_or_base_url(&format!("./{specifier}"));
            targets.extend(by_base);
        }
        targets
    }
}

impl Resolver {
    /// Resolves a specifier that is no path by the tsconfig.json of the importing file.
    pub(super) fn by_tsconfig(&self, specifier: &str, importer: &Path, mode: Mode) -> Option<Resolved> {
        let is_url = scheme_of(specifier)
            .is_some_and(|scheme| ["data", "http", "https", "file", "node"].contains(&scheme));
        if is_url {
            return None;
        }
        let project = self.projects.of(importer)?;
        let (name, suffix) = specifier.split_at(specifier.find('?').unwrap_or(specifier.len()));
        project.targets(name).iter().find_map(|target| {
            if is_declaration(target) {
                return None;
            }
            let real = match self.files.look(target) {
                Place::File(real) => Some(real),
                Place::Folder => self.folder_target(target, mode),
                Place::Missing => None,
            };
            let real = real.or_else(|| self.extra(target, mode, false))?;
            Some(self.file(&real, suffix.to_owned()))
        })
    }

    /// The file for a folder that `paths` names: a file beside the folder with its name, or the main file by its
    /// package.json.
    fn folder_target(&self, folder: &Path, mode: Mode) -> Option<Arc<Path>> {
        let beside = candidates(folder, mode, false);
        let beside = beside
            .iter()
            .filter(|candidate| candidate.parent() != Some(folder));
        let found = beside.filter_map(|candidate| match self.files.look(candidate) {
            Place::File(real) => Some(real),
            _ => None,
        });
        if let Some(real) = found.into_iter().next() {
            return Some(real);
        }
        let package = self.packages.in_folder(&self.files, folder).ok().flatten()?;
        let main = super::normalize(&folder.join(package.main.as_deref()?));
        match self.files.look(&main) {
            Place::File(real) => Some(real),
            _ => self.extra(&main, mode, false),
        }
    }

    /// Files that `paths` and `baseUrl` would have led to.
    pub(super) fn sought_by_tsconfig(&self, specifier: &str, importer: &Path, mode: Mode) -> Vec<PathBuf> {
        let Some(project) = self.projects.of(importer) else {
            return Vec::new();
        };
        let targets = project.targets(specifier);
        let mut sought: Vec<PathBuf> = targets
            .iter()
            .flat_map(|target| [vec![target.clone()], candidates(target, mode, false)].concat())
            .collect();
        sought.push(project.config.path().to_path_buf());
        sought
    }
}

/// Whether the file declares types only.
fn is_declaration(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".d.ts", ".d.mts", ".d.cts"]
        .iter()
        .any(|end| name.ends_with(end))
}
