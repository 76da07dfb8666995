//! Paths as text: nothing here knows JavaScript.

use std::path::{Path, PathBuf};

/// The path by which what is spelled so led to `resolved`, if that is another: it has a symbolic link on it.
pub fn link_to(spelled: PathBuf, resolved: &Path) -> Option<PathBuf> {
    let with_extension = resolved.extension().map(|extension| {
        let mut path = spelled.clone().into_os_string();
        path.push(".");
        path.push(extension);
        PathBuf::from(path)
    });
    let within = resolved.file_name().map(|name| spelled.join(name));
    [Some(spelled), with_extension, within]
        .into_iter()
        .flatten()
        .find(|candidate| {
            candidate != resolved && std::fs::canonicalize(candidate).is_ok_and(|target| target == resolved)
        })
}

/// Whether there is a file at this path.
pub fn is_file(path: &str) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Where a link leads now.
pub fn target_of(link: &Path) -> Option<String> {
    std::fs::canonicalize(link)
        .ok()?
        .into_os_string()
        .into_string()
        .ok()
}

/// A path that need not exist, with the links in what does exist of it followed.
pub fn real_place(path: PathBuf) -> PathBuf {
    let real = path.ancestors().find_map(|folder| {
        let real = std::fs::canonicalize(folder).ok()?;
        Some(real.join(path.strip_prefix(folder).ok()?))
    });
    real.unwrap_or(path)
}

/// Without `.` and `..`, as `path.join` does it: by name, not by what is there.
pub fn normalize(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};

    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::normalize;
    use std::path::Path;

    #[test]
    fn dots_are_taken_by_name() {
        assert_eq!(normalize(Path::new("/a/b/./../c.js")), Path::new("/a/c.js"));
    }
}
