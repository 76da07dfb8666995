//! Where compiled code is kept: one folder, which its user can choose.

use std::env;
use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};

/// The folder for compiled code, made if need be.
///
/// `chosen` is the value of `HMR_CACHE`: a folder, or `0` or nothing for no cache. Without it, the folder is in the nearest
/// `node_modules` above the first of the places that has one, and otherwise the system's folder for temporary files.
pub fn cache_folder(chosen: Option<&str>, places: &[&Path]) -> Option<PathBuf> {
    match chosen {
        Some("" | "0") => None,
        Some(folder) => made(env::current_dir().ok()?.join(folder)),
        None => {
            let nearest = places
                .iter()
                .flat_map(|place| place.ancestors())
                .map(|folder| folder.join("node_modules"))
                .find(|folder| folder.is_dir());
            nearest
                .and_then(|modules| made(modules.join(".cache").join("node-hmr")))
                .or_else(in_temp)
        }
    }
}

fn made(folder: PathBuf) -> Option<PathBuf> {
    fs::create_dir_all(&folder).ok()?;
    is_writable(&folder).then_some(folder)
}

fn is_writable(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| !metadata.permissions().readonly())
}

/// Everybody may write in the folder for temporary files: ours is taken only if nobody else can have put code there.
fn in_temp() -> Option<PathBuf> {
    let user = env::var("USER")
        .or_else(|_| env::var("USERNAME"))
        .unwrap_or_default();
    let user: String = user.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let folder = env::temp_dir().join(format!("node-hmr-cache-{user}"));
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // The folder may exist already.
    let _ = builder.create(&folder);
    is_ours(&folder).then_some(folder)
}

#[cfg(unix)]
fn is_ours(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let Ok(metadata) = fs::symlink_metadata(folder) else {
        return false;
    };
    // A file made by this process has its user.
    let probe = folder.join(format!(".{}", std::process::id()));
    let user = fs::File::create(&probe)
        .and_then(|file| file.metadata())
        .map(|file| file.uid());
    let _ = fs::remove_file(&probe);
    metadata.is_dir() && metadata.mode() & 0o777 == 0o700 && user.is_ok_and(|user| user == metadata.uid())
}

#[cfg(not(unix))]
fn is_ours(folder: &Path) -> bool {
    folder.is_dir()
}
