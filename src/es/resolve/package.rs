//! package.json: read once, found by walking up.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::{Map, Value};

use super::error::ResolveError;
use super::files::Files;

/// The `type` of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageType {
    Module,
    CommonJs,
    /// The package.json has no `type`.
    Unsaid,
}

/// What resolution needs of a package.json.
#[derive(Debug)]
pub struct Package {
    /// The folder of the package.json.
    pub folder: PathBuf,
    pub name: Option<String>,
    pub main: Option<String>,
    pub kind: PackageType,
    /// The field `exports`. `null` counts as none.
    pub exports: Option<Value>,
    pub imports: Option<Map<String, Value>>,
}

impl Package {
    fn parse(folder: &Path, bytes: &[u8]) -> Result<Self, ResolveError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bytes).map_err(|_| {
            let path = folder.join("package.json");
            ResolveError {
                sought: vec![path.clone()],
                ..ResolveError::new(
                    "ERR_INVALID_PACKAGE_CONFIG",
                    format!("Invalid package config {}.", path.display()),
                )
            }
        })?;
        let mut fields = match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let mut text = |key: &str| match fields.get_mut(key).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (name, main, kind) = (text("name"), text("main"), text("type"));
        Ok(Self {
            folder: folder.to_path_buf(),
            name,
            main,
            kind: match kind.as_deref() {
                Some("module") => PackageType::Module,
                Some("commonjs") => PackageType::CommonJs,
                _ => PackageType::Unsaid,
            },
            exports: fields.remove("exports").filter(|exports| !exports.is_null()),
            imports: match fields.remove("imports") {
                Some(Value::Object(imports)) => Some(imports),
                _ => None,
            },
        })
    }
}

/// A package.json that was read, none, or one with an error.
type Read = Result<Option<Arc<Package>>, ResolveError>;

/// The package.json files that were read.
#[derive(Default)]
pub struct Packages {
    /// The package.json in each folder.
    own: RwLock<HashMap<PathBuf, Read>>,
    /// The package.json that governs each folder: the nearest above.
    scopes: RwLock<HashMap<PathBuf, Read>>,
}

impl Packages {
    /// The package.json in a folder.
    pub fn in_folder(&self, files: &Files, folder: &Path) -> Read {
        if let Some(read) = self.own.read().get(folder) {
            return read.clone();
        }
        let bytes = files.read(&folder.join("package.json"));
        let read = bytes
            .map(|bytes| Package::parse(folder, &bytes).map(Arc::new))
            .transpose();
        self.own.write().insert(folder.to_path_buf(), read.clone());
        read
    }

    /// The nearest package.json above a file. The search ends at a `node_modules`.
    pub fn scope(&self, files: &Files, file: &Path) -> Read {
        let Some(folder) = file.parent() else {
            return Ok(None);
        };
        if let Some(read) = self.scopes.read().get(folder) {
            return read.clone();
        }
        let read = folder
            .ancestors()
            .take_while(|folder| folder.file_name().is_none_or(|name| name != "node_modules"))
            .find_map(|folder| self.in_folder(files, folder).transpose())
            .transpose();
        self.scopes.write().insert(folder.to_path_buf(), read.clone());
        read
    }

    pub fn forget(&self) {
        self.own.write().clear();
        self.scopes.write().clear();
    }
}
