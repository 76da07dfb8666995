//! Decides which files are followed: those of the hot module's package, and of workspace packages linked into it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::paths::is_foreign;
use rustc_hash::FxBuildHasher;

/// The name of this package, whose own files are not followed.
const OWN_NAME: &str = "@upvotr/node-hmr";

/// Remembers to which packages folders belong, so that nothing is looked up twice.
#[derive(Default)]
pub struct Packages {
    /// The package of each folder.
    by_folder: HashMap<PathBuf, Option<Rc<Package>>>,
    /// Whether a folder sees a link to the package with this root.
    linked: HashMap<(PathBuf, PathBuf), bool>,
    /// Folders whose files are all followed, each with the home of the hot module for which this was found.
    followed: HashMap<String, PathBuf, FxBuildHasher>,
}

/// A package: a folder with a package.json.
struct Package {
    /// The folder.
    root: PathBuf,
    /// The `name` in package.json.
    name: Option<String>,
}

impl Packages {
    /// The root of the nearest package at or above the file's folder.
    pub fn home(&mut self, file: &Path) -> Option<PathBuf> {
        self.package(file.parent()?).map(|package| package.root.clone())
    }

    /// Whether a file that `importer` requires is followed for a hot module whose package is at `home`.
    pub fn follows(&mut self, home: &Path, importer: impl Fn() -> String, path: &str) -> bool {
        // A search by characters instead of bytes would take a good part of the time of a walk.
        let Some(folder) = path
            .bytes()
            .rposition(|byte| matches!(byte, b'/' | b'\\'))
            .and_then(|end| path.get(..end))
        else {
            return false;
        };
        if path.as_bytes().ends_with(b".node") {
            return false;
        }
        if self
            .followed
            .get(folder)
            .is_some_and(|known| known.as_os_str() == home.as_os_str())
        {
            return true;
        }
        let is_followed = self.finds_followed(home, Path::new(&importer()), Path::new(path));
        if is_followed {
            self.followed.insert(folder.to_owned(), home.to_owned());
        }
        is_followed
    }

    /// Whether a file is followed. The answer is the same for all files of its folder.
    fn finds_followed(&mut self, home: &Path, importer: &Path, file: &Path) -> bool {
        if !file.is_absolute() || is_foreign(&file.to_string_lossy()) {
            return false;
        }
        let Some(folder) = file.parent() else { return false };
        let Some(package) = self.package(folder) else {
            return file.starts_with(home);
        };
        let is_own = package.name.as_deref() == Some(OWN_NAME)
            && (folder == package.root || folder == package.root.join("bin"));
        if is_own {
            return false;
        }
        file.starts_with(home)
            || self.is_linked(home, &package)
            || self
                .home(importer)
                .is_some_and(|from| self.is_linked(&from, &package))
    }

    /// Whether a `node_modules` at or above `from` has a link to the package.
    fn is_linked(&mut self, from: &Path, package: &Package) -> bool {
        let Some(name) = &package.name else { return false };
        let key = (from.to_owned(), package.root.clone());
        if let Some(known) = self.linked.get(&key) {
            return *known;
        }
        let is_linked = from == package.root
            || from.ancestors().any(|folder| {
                let link = folder.join("node_modules").join(name);
                fs::canonicalize(link).is_ok_and(|target| target == package.root)
            });
        self.linked.insert(key, is_linked);
        is_linked
    }

    fn package(&mut self, folder: &Path) -> Option<Rc<Package>> {
        if let Some(known) = self.by_folder.get(folder) {
            return known.clone();
        }
        let found = match fs::read_to_string(folder.join("package.json")) {
            Ok(text) => Some(Rc::new(Package {
                root: folder.to_owned(),
                name: text_in(&text, "name"),
            })),
            Err(_) => folder.parent().and_then(|parent| self.package(parent)),
        };
        self.by_folder.insert(folder.to_owned(), found.clone());
        found
    }
}

/// The `type` of the nearest package at or above the file's folder.
pub fn package_type(file: &Path) -> Option<String> {
    let mut folders = file.ancestors().skip(1);
    let text = folders.find_map(|folder| fs::read_to_string(folder.join("package.json")).ok())?;
    text_in(&text, "type")
}

/// A text in a package.json.
fn text_in(json: &str, field: &str) -> Option<String> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let manifest: serde_json::Value = serde_json::from_str(json).ok()?;
    Some(manifest.get(field)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::text_in;

    #[test]
    fn the_name_is_that_of_the_outermost_object() {
        let table = [
            (r#"{ "name": "a" }"#, Some("a")),
            (r#"{ "author": { "name": "x" }, "name" : "@s/b" }"#, Some("@s/b")),
            (r#"{ "keywords": ["name", "y"], "main": "name" }"#, None),
            (
                r#"{ "description": "say \"name\": \"z\"", "name": "c" }"#,
                Some("c"),
            ),
            ("\u{feff}{ \"name\": \"d\" }", Some("d")),
            ("{", None),
        ];
        for (json, name) in table {
            assert_eq!(text_in(json, "name").as_deref(), name, "{json}");
        }
    }
}
