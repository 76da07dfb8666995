//! The files whose change restarts, as no module can take it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use oxc_resolver::{ExtendsField, TsConfig};

use crate::es::Engine;
use crate::es::resolve::{is_in_node_modules, url::FileUrl};
use crate::js::{Js, JsResult, Value};
use crate::program::options::ProgramOptions;

/// Files that package managers write last.
const LOCKS: [&str; 8] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    ".pnp.cjs",
    "deno.lock",
];
/// Most files to look at for `restart`: no sensible glob needs more.
const MOST: usize = 20_000;

/// Whether a package manager writes the file. It writes many more, so the end is waited for.
pub fn is_installed(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    is_in_node_modules(path) || name.is_some_and(|name| LOCKS.contains(&name))
}

/// The files package.json, lock files, and tsconfig.json with those that it extends: of the program, and of these folders of
/// its modules.
pub fn configuration(options: &ProgramOptions, folders: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let root = &options.root;
    let mut files: BTreeSet<PathBuf> = LOCKS.iter().map(|name| root.join(name)).collect();
    files.insert(root.join("package.json"));
    for above in root.ancestors() {
        let found: Vec<_> = LOCKS.iter().map(|name| above.join(name)).collect();
        let found: Vec<_> = found.into_iter().filter(|file| file.is_file()).collect();
        if !found.is_empty() {
            files.extend(found);
            break;
        }
    }
    follow_extends(root.join("tsconfig.json"), &mut files);
    let mut seen = BTreeSet::new();
    for folder in folders {
        for name in ["package.json", "tsconfig.json"] {
            let above = folder.ancestors().take_while(|above| seen.insert((*above, name)));
            if let Some(file) = above.map(|above| above.join(name)).find(|file| file.is_file()) {
                follow_extends(file, &mut files);
            }
        }
    }
    files
}

/// Adds a tsconfig.json and all files that it extends.
fn follow_extends(file: PathBuf, files: &mut BTreeSet<PathBuf>) {
    let is_package = file.ends_with("package.json");
    let text = if is_package || files.contains(&file) {
        None
    } else {
        fs::read_to_string(&file).ok()
    };
    let extends = text.and_then(|text| TsConfig::parse(true, &file, &file, text).ok()?.extends);
    let named = match extends {
        Some(ExtendsField::Single(one)) => vec![one],
        Some(ExtendsField::Multiple(several)) => several,
        None => Vec::new(),
    };
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    files.insert(file);
    for specifier in named {
        if let Some(file) = extended(&folder, &specifier) {
            follow_extends(file, files);
        }
    }
}

fn extended(folder: &Path, specifier: &str) -> Option<PathBuf> {
    let in_folder = |folder: &Path| {
        let ends = ["", ".json", "/tsconfig.json"];
        let mut files = ends.iter().map(|end| folder.join(format!("{specifier}{end}")));
        files.find(|file| file.is_file())
    };
    if specifier.starts_with('.') || Path::new(specifier).is_absolute() {
        return in_folder(folder);
    }
    folder
        .ancestors()
        .find_map(|above| in_folder(&above.join("node_modules")))
}

/// The folders of the program's own modules.
pub fn folders(js: Js<'_>) -> BTreeSet<PathBuf> {
    let records = Engine::of(js).map(|engine| engine.records()).unwrap_or_default();
    let local = records.iter().filter(|record| record.is_local);
    let paths = local.filter_map(|record| record.path.as_deref()?.parent().map(Path::to_path_buf));
    paths.collect()
}

/// The files below `node_modules` that the program has loaded, with the package.json of each.
pub fn packages<'s>(js: Js<'s>, noted: &BTreeSet<PathBuf>) -> JsResult<'s, BTreeSet<PathBuf>> {
    let mut files = noted.clone();
    let cache = js.builtin("module")?.get("_cache")?;
    let required = cache
        .keys()?
        .into_iter()
        .filter_map(Value::text)
        .map(PathBuf::from);
    files.extend(required.filter(|path| is_in_node_modules(path)));
    for record in Engine::of(js)?.records().iter().filter(|record| !record.is_local) {
        files.extend(record.path.clone().filter(|path| is_in_node_modules(path)));
    }
    let folders: BTreeSet<PathBuf> = files.iter().filter_map(|file| package_of(file)).collect();
    files.extend(folders.into_iter().map(|folder| folder.join("package.json")));
    Ok(files)
}

/// `…/node_modules/name` or `…/node_modules/@scope/name`.
fn package_of(file: &Path) -> Option<PathBuf> {
    let is_one = |folder: &&Path| {
        let Some(above) = folder.parent() else {
            return false;
        };
        let is_scope = folder
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('@'));
        let is_scoped = above
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('@'));
        let holder = if is_scoped { above.parent() } else { Some(above) };
        !is_scope && holder.is_some_and(|holder| holder.ends_with("node_modules"))
    };
    file.ancestors().skip(1).find(is_one).map(Path::to_path_buf)
}

/// The path of a URL that Node's ES loader has loaded, if it is below `node_modules`.
pub fn package_file(url: &str) -> Option<PathBuf> {
    if !url.contains("/node_modules/") {
        return None;
    }
    FileUrl::parse(url).ok().map(|url| url.path)
}

/// The files that match `restart`.
pub fn matching(options: &ProgramOptions) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut waiting = vec![options.root.clone()];
    let mut looked = 0;
    if options.restart.files.is_empty() {
        return files;
    }
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            looked += 1;
            let (path, name) = (entry.path(), entry.file_name());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && name != "node_modules" && name != ".git" && looked < MOST {
                waiting.push(path);
            } else if !is_folder && options.covers(&options.restart.files, &path) {
                files.insert(path);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::package_of;
    use std::path::Path;

    #[test]
    fn a_package_is_the_folder_below_node_modules() {
        let table = [
            ("/a/node_modules/b/lib/c.js", "/a/node_modules/b"),
            ("/a/node_modules/@s/b/c.js", "/a/node_modules/@s/b"),
            (
                "/a/node_modules/.pnpm/b@1/node_modules/b/c.js",
                "/a/node_modules/.pnpm/b@1/node_modules/b",
            ),
        ];
        for (file, expected) in table {
            assert_eq!(package_of(Path::new(file)).as_deref(), Some(Path::new(expected)));
        }
        assert_eq!(package_of(Path::new("/a/b.js")), None);
    }
}
