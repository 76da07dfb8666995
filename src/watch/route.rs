//! Routes: the folder entries that decide which file a path leads to.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// A path through more links than this is a loop (as on Linux).
const MAX_LINKS: u32 = 40;

/// What an entry is on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The file itself, or its place in an existing folder.
    Target,
    /// A link on the route, or the place of the first missing folder: after a change here, the path leads elsewhere.
    Via,
}

/// An entry of a real folder (no link in its path).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The real path of the folder.
    pub folder: Arc<Path>,
    /// The name of the entry.
    pub name: Arc<OsStr>,
    /// What the entry is on its route.
    pub role: Role,
}

/// The points that a path leads through, in this order; the last one is where the file is or would be.
pub type Route = Vec<Point>;

/// Where a path leads.
enum End {
    /// To this folder.
    Folder(Arc<Path>),
    /// Not to a folder: the last point of the route says where it ends.
    Elsewhere,
}

/// The route to a folder.
#[derive(Clone)]
struct Walk {
    /// The links on the route, and the place of the first missing folder, if one is missing.
    via: Route,
    /// The real folder, if the path leads to one.
    end: Option<Arc<Path>>,
}

/// Finds routes. Remembers the route to each folder, so that each further file in it costs one `lstat`.
#[derive(Default)]
pub struct Routes {
    /// The remembered routes by the paths of the folders.
    folders: HashMap<PathBuf, Walk>,
}

impl Routes {
    pub fn find(&mut self, path: &Path) -> Route {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return walk(path).0;
        };
        let Some(way) = self.folder(parent) else {
            return walk(path).0;
        };
        let Some(folder) = way.end else {
            return way.via;
        };
        if fs::symlink_metadata(folder.join(name)).is_ok_and(|metadata| metadata.is_symlink()) {
            return walk(path).0;
        }
        // Without spare capacity, since thousands of routes are kept.
        let mut route = Route::with_capacity(way.via.len() + 1);
        route.extend(way.via);
        route.push(Point {
            folder,
            name: name.into(),
            role: Role::Target,
        });
        route
    }

    fn folder(&mut self, path: &Path) -> Option<Walk> {
        if let Some(known) = self.folders.get(path) {
            return Some(known.clone());
        }
        let (via, end) = walk(path);
        let end = match end {
            End::Folder(folder) => Some(folder),
            End::Elsewhere => None,
        };
        let mut way = Walk { via, end };
        if way.end.is_none() {
            // For a path below the missing folder, its place is not the target.
            way.via.last_mut()?.role = Role::Via;
        }
        self.folders.insert(path.to_owned(), way.clone());
        Some(way)
    }

    /// Forgets the route to the folder of this path, which may have changed.
    pub fn forget(&mut self, path: &Path) {
        if let Some(parent) = path.parent() {
            self.folders.remove(parent);
        }
    }

    pub fn forget_all(&mut self) {
        self.folders.clear();
    }
}

/// Walks a path as the kernel does, and notes the entries that it goes through.
fn walk(path: &Path) -> (Route, End) {
    let mut real = PathBuf::new();
    let mut rest: VecDeque<OsString> = VecDeque::new();
    enter(path, &mut real, &mut rest);
    let mut route = Route::new();
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == *".." {
            real.pop();
            continue;
        }
        let at = real.join(&name);
        let role = if rest.is_empty() { Role::Target } else { Role::Via };
        let folder = || Arc::from(real.as_path());
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() => {
                route.push(Point {
                    folder: folder(),
                    name: name.into(),
                    role: Role::Via,
                });
                links += 1;
                match fs::read_link(&at) {
                    Ok(target) if links <= MAX_LINKS => enter(&target, &mut real, &mut rest),
                    _ => return (route, End::Elsewhere),
                }
            }
            Ok(metadata) if metadata.is_dir() => {
                if rest.is_empty() {
                    return (route, End::Folder(Arc::from(at)));
                }
                real = at;
            }
            // A file, or nothing.
            _ => {
                route.push(Point {
                    folder: folder(),
                    name: name.into(),
                    role,
                });
                return (route, End::Elsewhere);
            }
        }
    }
    (route, End::Folder(Arc::from(real)))
}

/// Puts the components of a path before those in `rest`; an absolute path starts again at the root.
fn enter(path: &Path, real: &mut PathBuf, rest: &mut VecDeque<OsString>) {
    let mut names = VecDeque::new();
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => real.push(component),
            Component::CurDir => {}
            name => names.push_back(name.as_os_str().to_owned()),
        }
    }
    names.append(rest);
    *rest = names;
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::watch::tests::temp::TempDir;

    fn point(folder: &Path, name: &str, role: Role) -> Point {
        Point {
            folder: Arc::from(folder),
            name: OsStr::new(name).into(),
            role,
        }
    }

    #[test]
    fn a_route_names_each_link_and_the_end() {
        let temp = TempDir::new();
        let dir = temp.path();
        fs::create_dir_all(dir.join("real/deep")).unwrap();
        fs::write(dir.join("real/deep/file"), "x").unwrap();
        symlink("real", dir.join("to_real")).unwrap();
        symlink(dir.join("to_real/deep/../deep/file"), dir.join("to_file")).unwrap();
        symlink("loop", dir.join("loop")).unwrap();
        let deep = dir.join("real/deep");
        let target = point(&deep, "file", Role::Target);
        let rows = [
            ("real/deep/file", vec![target.clone()]),
            (
                "to_real/deep/file",
                vec![point(dir, "to_real", Role::Via), target.clone()],
            ),
            (
                "to_file",
                vec![
                    point(dir, "to_file", Role::Via),
                    point(dir, "to_real", Role::Via),
                    target.clone(),
                ],
            ),
            ("real/gone", vec![point(&dir.join("real"), "gone", Role::Target)]),
            (
                "real/gone/file",
                vec![point(&dir.join("real"), "gone", Role::Via)],
            ),
            (
                "real/gone/deep/file",
                vec![point(&dir.join("real"), "gone", Role::Via)],
            ),
            ("real/deep/file/below", vec![point(&deep, "file", Role::Via)]),
            ("loop/file", vec![point(dir, "loop", Role::Via); 41]),
        ];
        let mut routes = Routes::default();
        for (path, route) in rows {
            assert_eq!(routes.find(&dir.join(path)), route, "{path}");
            assert_eq!(routes.find(&dir.join(path)), route, "{path}, remembered");
        }
    }
}
