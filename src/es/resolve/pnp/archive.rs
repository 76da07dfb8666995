//! Files in zip archives, and the paths that Yarn has for packages with peer dependencies.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    File,
    Folder,
}

impl Entry {
    pub fn on_disk(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(if metadata.is_dir() {
            Self::Folder
        } else {
            Self::File
        })
    }
}

/// What an archive holds. The archive itself is open only while something is read of it: on Windows, Yarn could not remove it.
pub struct Archive {
    files: HashMap<String, Member>,
    folders: HashSet<String>,
}

/// Where a file is in the archive.
struct Member {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

impl Archive {
    pub fn open(path: &Path) -> Option<Self> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(File::open(path).ok()?, &mut buffer).ok()?;
        let mut opened = Self {
            files: HashMap::new(),
            folders: HashSet::new(),
        };
        let mut entries = archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().ok()? {
            let name = entry.file_path().try_normalize().ok()?;
            let name = name.as_str().trim_end_matches('/');
            // Not every archive has entries for its folders.
            let slashes = name.match_indices('/');
            opened
                .folders
                .extend(slashes.map(|(slash, _)| name[..slash].to_owned()));
            if entry.is_dir() {
                opened.folders.insert(name.to_owned());
                continue;
            }
            let member = Member {
                place: entry.wayfinder(),
                method: entry.compression_method(),
            };
            opened.files.insert(name.to_owned(), member);
        }
        Some(opened)
    }

    pub fn look(&self, inner: &str) -> Option<Entry> {
        if self.files.contains_key(inner) {
            return Some(Entry::File);
        }
        self.folders.contains(inner).then_some(Entry::Folder)
    }

    /// Reads a file of the archive, which lies at `path`.
    pub fn read(&self, path: &Path, inner: &str) -> Option<Vec<u8>> {
        let member = self.files.get(inner)?;
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipArchive::from_file(File::open(path).ok()?, &mut buffer).ok()?;
        let mut held = Vec::new();
        let entry = archive.get_entry(member.place).ok()?;
        entry.reader().read_to_end(&mut held).ok()?;
        match member.method {
            CompressionMethod::STORE => Some(held),
            CompressionMethod::DEFLATE => {
                let size = usize::try_from(member.place.uncompressed_size_hint()).ok()?;
                decompress_to_vec_with_limit(&held, size).ok()
            }
            // Yarn writes no others.
            _ => None,
        }
    }
}

/// The archive on a path, and the path within it, with slashes.
pub fn split(path: &Path) -> Option<(&Path, String)> {
    let archive = path.ancestors().skip(1).find(|folder| {
        let extension = folder.extension();
        extension.is_some_and(|extension| extension == "zip") && folder.is_file()
    })?;
    let inner = path.strip_prefix(archive).ok()?.components();
    let parts: Option<Vec<&str>> = inner.map(|part| part.as_os_str().to_str()).collect();
    Some((archive, parts?.join("/")))
}

/// The path without what makes it virtual. A package with peer dependencies has a path for each set of them: `__virtual__`, a hash and
/// a number stand for as many folders upwards as the number says.
pub fn physical(path: &Path) -> PathBuf {
    let mut parts = path.components();
    let mut base = PathBuf::new();
    while let Some(part) = parts.next() {
        let is_virtual =
            matches!(part, Component::Normal(name) if name == "__virtual__" || name == "$$virtual");
        if !is_virtual {
            base.push(part);
            continue;
        }
        let depth: Option<usize> = parts
            .nth(1)
            .and_then(|part| part.as_os_str().to_str()?.parse().ok());
        let Some(depth) = depth else {
            return path.to_path_buf();
        };
        let mut steps = 0..depth;
        while steps.next().is_some() && base.pop() {}
        return physical(&base.join(parts.as_path()));
    }
    base
}
