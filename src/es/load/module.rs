//! A file as it was loaded: its code, or the reason why it has none.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::es::compile::{CompileError, Compiled, TsOptions};
use crate::es::resolve::url::file_url;
use crate::es::resolve::{FileFormat, ResolveError, Resolved};
use crate::watch::Stamp;

/// The place of a module instance: a file, with a query and hash that tell it from other instances of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Real path of the file.
    pub path: PathBuf,
    /// Query and hash (`?a#b`), mostly empty.
    pub suffix: String,
}

impl Place {
    /// The `file:` URL, which is the key of the module.
    pub fn url(&self) -> Arc<str> {
        file_url(&self.path, &self.suffix).into()
    }
}

/// A file as it was loaded. The same `Arc` stands for the same content, read in the same way.
#[derive(Debug)]
pub struct Loaded {
    /// Key of the module: its `file:` URL.
    pub url: Arc<str>,
    /// File, query and hash.
    pub place: Place,
    /// Hash of the file's bytes; 0 if the file could not be read.
    pub hash: u64,
    /// Size and times of the file right before it was read, for the watcher.
    pub stamp: Stamp,
    /// Kind of the file, unless its extension is unknown.
    pub format: Option<FileFormat>,
    /// Options of its tsconfig.json.
    pub options: Arc<TsOptions>,
    /// The content of the file, or why it has none.
    pub body: Result<Body, LoadError>,
}

/// The content of a file.
#[derive(Clone, Debug)]
pub enum Body {
    /// Code, and where each of its requests leads.
    Code {
        /// Code and facts.
        compiled: Arc<Compiled>,
        /// Target of each of `compiled.requests`.
        resolved: Vec<Result<Resolved, ResolveError>>,
    },
    /// A JSON value, known to be valid for `JSON.parse`.
    Json {
        /// The text, without a byte order mark.
        text: Arc<str>,
    },
    /// A file that Node loads by itself: a native addon, WebAssembly.
    Foreign,
}

impl Loaded {
    /// Whether the file could not be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self.body, Err(LoadError::Read { .. }))
    }

    /// A file that could not be loaded because of a defect of ours.
    pub fn failed(url: Arc<str>, place: Place) -> Self {
        Self {
            stamp: Stamp::at_first_sight(&place.path),
            body: Err(LoadError::Internal(format!("node-hmr fails to load {url}"))),
            url,
            place,
            hash: 0,
            format: None,
            options: Arc::default(),
        }
    }

    /// Code, if the file is code and could be compiled.
    pub fn compiled(&self) -> Option<&Arc<Compiled>> {
        match &self.body {
            Ok(Body::Code { compiled, .. }) => Some(compiled),
            _ => None,
        }
    }

    /// The targets of the code's requests.
    pub fn resolved(&self) -> &[Result<Resolved, ResolveError>] {
        match &self.body {
            Ok(Body::Code { resolved, .. }) => resolved,
            _ => &[],
        }
    }

    /// Local files that the module imports statically.
    pub fn local_imports(&self) -> impl Iterator<Item = Place> + '_ {
        self.resolved().iter().filter_map(|resolved| match resolved {
            Ok(Resolved::File {
                path,
                suffix,
                local: true,
            }) => Some(Place {
                path: path.clone(),
                suffix: suffix.clone(),
            }),
            _ => None,
        })
    }

    /// Whether one of the module's imports leads nowhere.
    pub fn has_unresolved(&self) -> bool {
        self.resolved().iter().any(Result::is_err)
    }
}

/// Why a file could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The code is wrong.
    Compile(CompileError),
    /// The JSON is wrong.
    Json {
        /// What is wrong, without the place.
        message: String,
        /// Line, from 1.
        line: u32,
        /// Column, from 1, in UTF-16 units.
        column: u32,
    },
    /// Neither the extension nor the package.json says a format.
    Format(ResolveError),
    /// The file cannot be read.
    Read {
        /// `ENOENT` and the like.
        code: &'static str,
        /// Node's message.
        message: String,
    },
    /// A defect of ours.
    Internal(String),
}

impl LoadError {
    /// The error with Node's `fs` code and message.
    pub fn of_reading(path: &Path, error: &io::Error) -> Self {
        let (code, what) = match error.kind() {
            io::ErrorKind::NotFound => ("ENOENT", "no such file or directory, open"),
            io::ErrorKind::PermissionDenied => ("EACCES", "permission denied, open"),
            io::ErrorKind::IsADirectory => ("EISDIR", "illegal operation on a directory, read"),
            _ => ("EIO", "i/o error, read"),
        };
        Self::Read {
            code,
            message: format!("{code}: {what} '{}'", path.display()),
        }
    }
}
