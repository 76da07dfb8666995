//! What `.pnp.cjs` says. Yarn specifies it: <https://yarnpkg.com/advanced/pnp-spec>.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::es::resolve::error::ResolveError;
use crate::paths::normalize;

/// A package as Yarn tells it from others. The project as a whole has an empty name and an empty reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Locator {
    name: String,
    reference: String,
}

#[derive(Debug)]
struct Package {
    location: PathBuf,
    dependencies: Dependencies,
}

/// Packages by the names that they are imported by. `None` stands for a peer dependency that is not provided.
type Dependencies = HashMap<String, Option<Locator>>;

/// What is known of a dependency that has no folder.
#[derive(Clone, Copy)]
enum Lack {
    Undeclared,
    Peer,
    Location,
}

/// A manifest that was read.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    packages: HashMap<Locator, Package>,
    /// The virtual packages that Yarn makes of one with peer dependencies: one for each set of them.
    virtuals: HashMap<Locator, Vec<Locator>>,
    /// The packages whose files are looked up by their paths, by their folders.
    owners: HashMap<PathBuf, Locator>,
    /// The project's own packages: its workspaces.
    roots: HashSet<Locator>,
    /// Whether a package may import what the project depends on.
    has_fallback: bool,
    /// What packages may import beyond that, then.
    pool: Dependencies,
    /// Packages that may not.
    excluded: HashSet<Locator>,
    /// Whether there is a pattern of files for which Plug'n'Play is off (`pnpIgnorePatterns`).
    has_ignored: bool,
}

impl Manifest {
    pub fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let state = match inlined(&text) {
            Some(state) => state,
            // As Yarn writes it with `pnpEnableInlining: false`.
            None => fs::read_to_string(path.with_file_name(".pnp.data.json")).ok()?,
        };
        Some(Self::new(path, &serde_json::from_str(&state).ok()?))
    }

    fn new(path: &Path, state: &Value) -> Self {
        let mut manifest = Self {
            path: path.to_path_buf(),
            packages: HashMap::new(),
            virtuals: HashMap::new(),
            owners: HashMap::new(),
            roots: HashSet::new(),
            has_fallback: state["enableTopLevelFallback"] == true,
            pool: dependencies(&state["fallbackPool"]),
            excluded: HashSet::new(),
            has_ignored: !state["ignorePatternData"].is_null(),
        };
        let roots = state["dependencyTreeRoots"].as_array().into_iter().flatten();
        let roots =
            roots.filter_map(|root| Some(locator(root["name"].as_str()?, root["reference"].as_str()?)));
        manifest.roots.extend(roots);
        for (name, references) in pairs(&state["fallbackExclusionList"]) {
            let references = references.as_array().into_iter().flatten();
            let locators = references.filter_map(|reference| Some(locator(name, reference.as_str()?)));
            manifest.excluded.extend(locators);
        }
        for (name, references) in pairs(&state["packageRegistryData"]) {
            for (reference, package) in pairs(references) {
                manifest.register(locator(name, reference), package);
            }
        }
        manifest
    }

    fn register(&mut self, locator: Locator, package: &Value) {
        let Some(location) = package["packageLocation"].as_str() else {
            return;
        };
        let location = place(self.path.parent().unwrap_or(&self.path), location);
        if package["discardFromLookup"] != true {
            self.owners.insert(location.clone(), locator.clone());
        }
        if let Some(of) = virtual_of(&locator.reference) {
            let original = self::locator(&locator.name, of);
            self.virtuals.entry(original).or_default().push(locator.clone());
        }
        let dependencies = dependencies(&package["packageDependencies"]);
        let package = Package {
            location,
            dependencies,
        };
        self.packages.insert(locator, package);
    }

    /// Whether the file belongs to a package of this manifest.
    pub fn owns(&self, file: &Path) -> bool {
        self.owner(file).is_some()
    }

    /// The package that the file belongs to: the one with the longest location.
    fn owner(&self, file: &Path) -> Option<&Locator> {
        file.ancestors().find_map(|folder| self.owners.get(folder))
    }

    /// The folder of the package that a file imports by this name; `None` if the file belongs to no package.
    pub fn package_folder(&self, name: &str, importer: &Path) -> Result<Option<PathBuf>, ResolveError> {
        let Some(owner) = self.owner(importer) else {
            return Ok(None);
        };
        let declared = self
            .packages
            .get(owner)
            .and_then(|package| package.dependencies.get(name));
        let own = declared.and_then(Option::as_ref);
        let target = own
            .or_else(|| self.provided(name, owner))
            .or_else(|| self.fallback(name, owner));
        if let Some(package) = target.and_then(|target| self.packages.get(target)) {
            return Ok(Some(package.location.clone()));
        }
        // The pattern is a regular expression of JavaScript's, and an engine for those would be a sixth of the addon. An
        // ignored file finds its packages in `node_modules`; a file that is not ignored finds none there.
        if self.has_ignored {
            return Ok(None);
        }
        let lack = match (declared, target) {
            (_, Some(_)) => Lack::Location,
            (Some(_), None) => Lack::Peer,
            (None, None) => Lack::Undeclared,
        };
        Err(self.not_found(name, importer, owner, lack))
    }

    /// The peer dependency of a workspace, as one of those that depend on it provides it. The workspace's files are taken by their
    /// real paths, where they can be watched, so it is one package for all of them.
    fn provided(&self, name: &str, owner: &Locator) -> Option<&Locator> {
        let mut virtuals = self.virtuals.get(owner)?.iter();
        virtuals.find_map(|locator| self.packages.get(locator)?.dependencies.get(name)?.as_ref())
    }

    /// What a package that does not depend on the name may import by it all the same.
    fn fallback(&self, name: &str, owner: &Locator) -> Option<&Locator> {
        let project = Locator::default();
        if !self.has_fallback || *owner == project || self.excluded.contains(owner) {
            return None;
        }
        let own = self.packages.get(&project);
        let own = own.and_then(|package| package.dependencies.get(name)?.as_ref());
        own.or_else(|| self.pool.get(name)?.as_ref())
    }

    fn not_found(&self, name: &str, importer: &Path, owner: &Locator, lack: Lack) -> ResolveError {
        let is_own = *owner == Locator::default() || self.roots.contains(owner);
        let reason = match lack {
            Lack::Undeclared if is_own => {
                format!("{owner} does not have it among its dependencies: `yarn add {name}` adds it.")
            }
            Lack::Undeclared => format!(
                "{owner} does not have it among its dependencies: `packageExtensions` in .yarnrc.yml can add it."
            ),
            Lack::Peer if is_own => format!(
                "it is a peer dependency of {owner} that is not provided: `yarn add --dev {name}` adds it."
            ),
            Lack::Peer => format!(
                "it is a peer dependency of {owner} that is not provided: the packages that depend on {} have to depend on {name}.",
                owner.name
            ),
            Lack::Location => format!(
                "it is a dependency of {owner}, but {} does not say where it lies: `yarn install` writes it anew.",
                self.path.display()
            ),
        };
        let from = importer.display();
        ResolveError::new(
            "MODULE_NOT_FOUND",
            format!("Cannot find package '{name}' imported from {from}: {reason}"),
        )
    }
}

impl fmt::Display for Locator {
    /// As Yarn names packages, without the hash of a virtual one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str("the project");
        }
        let shown = virtual_of(&self.reference).unwrap_or(&self.reference);
        write!(f, "{}@{shown}", self.name)
    }
}

/// The reference of the package that a virtual one is made of: `virtual:HASH#REFERENCE`.
fn virtual_of(reference: &str) -> Option<&str> {
    let (_, original) = reference.strip_prefix("virtual:")?.split_once('#')?;
    Some(original)
}

fn locator(name: &str, reference: &str) -> Locator {
    Locator {
        name: name.to_owned(),
        reference: reference.to_owned(),
    }
}

/// The entries of a map, which Yarn writes as an array of pairs. A key that is `null` is empty here.
fn pairs(entries: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = entries.as_array().into_iter().flatten();
    entries.filter_map(|pair| Some((pair.get(0)?.as_str().unwrap_or_default(), pair.get(1)?)))
}

fn dependencies(entries: &Value) -> Dependencies {
    let target = |name: &str, target: &Value| match target {
        Value::String(reference) => Some(locator(name, reference)),
        // Imported by another name than its own.
        Value::Array(alias) => Some(locator(alias.first()?.as_str()?, alias.get(1)?.as_str()?)),
        _ => None,
    };
    pairs(entries)
        .map(|(name, reference)| (name.to_owned(), target(name, reference)))
        .collect()
}

/// A location, which is relative to the manifest's folder.
fn place(folder: &Path, location: &str) -> PathBuf {
    // On Windows, Yarn reaches another drive through the root: `../../D:/cache`.
    let colon = location.find(":/").filter(|_| cfg!(windows));
    let absolute = colon.and_then(|colon| location.get(colon.checked_sub(1)?..));
    match absolute {
        Some(absolute) => normalize(Path::new(absolute)),
        None => normalize(&folder.join(location)),
    }
}

/// The state that `.pnp.cjs` holds, as JSON: a string in single quotes, the constant of Yarn 4 or the argument of Yarn 3.
fn inlined(text: &str) -> Option<String> {
    let constant = text.split_once("const RAW_RUNTIME_STATE").and_then(|(_, rest)| {
        let value = rest.trim_start().strip_prefix('=')?;
        value.trim_start().strip_prefix('\'')
    });
    let argument = || Some(text.split_once("hydrateRuntimeState(JSON.parse('")?.1);
    let mut characters = constant.or_else(argument)?.chars();
    let mut state = String::new();
    loop {
        match characters.next()? {
            '\'' => return Some(state),
            // Before a line's end, the backslash says that the string goes on; JSON allows a line's end there, too.
            '\\' => state.push(characters.next()?),
            character => state.push(character),
        }
    }
}
