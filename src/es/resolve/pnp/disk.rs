//! A disk on which the packages of a manifest lie in folders `node_modules`, as links to where they are. `oxc_resolver`, which reads
//! tsconfig.json for us, finds there what `extends` names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{FileMetadata, FileSystem, FileSystemOs, ResolveError};

use super::{Entry, Pnp};

/// The disk, with what Plug'n'Play adds to it where it is on.
pub struct Disk(pub Option<Arc<Pnp>>);

impl Disk {
    /// Where the file is that a path names.
    fn place(&self, path: &Path) -> PathBuf {
        let place = self.0.as_ref().and_then(|pnp| pnp.linked(path));
        place.unwrap_or_else(|| path.to_path_buf())
    }
}

impl FileSystem for Disk {
    fn new() -> Self {
        Self(None)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let place = self.place(path);
        let archived = || self.0.as_ref()?.read(&place);
        std::fs::read(&place).or_else(|error| archived().ok_or(error))
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        FileSystemOs::validate_string(self.read(path)?)
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let place = self.place(path);
        let added = || self.0.as_ref()?.added(&place);
        FileSystemOs::metadata(&place).or_else(|error| added().ok_or(error))
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let is_link = || {
            let is_package = split_package(path)?.2.as_os_str().is_empty();
            (is_package && self.0.as_ref()?.linked(path).is_some())
                .then(|| FileMetadata::new(false, false, true))
        };
        FileSystemOs::symlink_metadata(path)
            .or_else(|error| is_link().ok_or(error))
            .or_else(|_| self.metadata(path))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        let place = self.place(path);
        if place != path {
            return Ok(place);
        }
        FileSystemOs::read_link(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let place = self.place(path);
        FileSystemOs::canonicalize(&place)
            .or_else(|error| self.metadata(&place).map(|_| place).map_err(|_| error))
    }
}

impl Pnp {
    /// What is at a path that the disk does not have.
    fn added(&self, path: &Path) -> Option<FileMetadata> {
        let is_for_packages = || path.ends_with("node_modules") && self.governing(path).is_some();
        let entry = self
            .look(path)
            .or_else(|| is_for_packages().then_some(Entry::Folder))?;
        let is_file = entry == Entry::File;
        Some(FileMetadata::new(is_file, !is_file, false))
    }

    /// Where a path leads that is in a `node_modules` by the manifest only.
    fn linked(&self, path: &Path) -> Option<PathBuf> {
        if path.symlink_metadata().is_ok() || self.look(path).is_some() {
            return None;
        }
        let (folder, name, rest) = split_package(path)?;
        // The folder may itself be one of a package that is there by the manifest only.
        let folder = self.linked(folder).unwrap_or_else(|| folder.to_path_buf());
        let package = self.package_folder(&name, &folder).ok().flatten()?;
        Some(package.join(rest))
    }
}

/// The folder with the last `node_modules` of a path, the name of the package in it, and the path within that.
fn split_package(path: &Path) -> Option<(&Path, String, &Path)> {
    let modules = path.ancestors().find(|folder| folder.ends_with("node_modules"))?;
    let mut parts = path.strip_prefix(modules).ok()?.components();
    let mut name = parts.next()?.as_os_str().to_str()?.to_owned();
    if name.starts_with('@') {
        name = format!("{name}/{}", parts.next()?.as_os_str().to_str()?);
    }
    Some((modules.parent()?, name, parts.as_path()))
}
