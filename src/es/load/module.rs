//! A file as it was loaded: its code, or why there is none.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::es::compile::{CompileError, Compiled, TsOptions};
use crate::es::resolve::url::file_url;
use crate::es::resolve::{FileFormat, ResolveError, Resolved};
use crate::watch::Stamp;

/// A module instance: a file, and the query and hash that make the instance another one.
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
    /// Hash of the bytes that were read; 0 if they could not be.
    pub hash: u64,
    /// What the file looked like right before it was read, for whoever watches it.
    pub stamp: Stamp,
    /// Kind of the file, unless its extension is unknown.
    pub format: Option<FileFormat>,
    /// Options of its tsconfig.json.
    pub options: Arc<TsOptions>,
    /// What is in it.
    pub body: Result<Body, LoadError>,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub enum Body {
    /// Code, and where each of its requests leads.
    Code {
        /// Code and facts.
        compiled: Arc<Compiled>,
        /// One for each of `compiled.requests`.
        resolved: Vec<Result<Resolved, ResolveError>>,
    },
    /// A JSON value, known to be valid for `JSON.parse`.
    Json {
        /// The text, without a byte order mark.
        text: Arc<str>,
    },
    /// What Node loads by itself: a native addon, WebAssembly.
    Foreign,
}

impl Loaded {
    /// A file that a defect of ours keeps from being loaded.
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

    /// Where the requests of the code lead.
    pub fn resolved(&self) -> &[Result<Resolved, ResolveError>] {
        match &self.body {
            Ok(Body::Code { resolved, .. }) => resolved,
            _ => &[],
        }
    }

    /// Local files that it imports statically.
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

    /// Whether an import of it leads nowhere.
    pub fn has_unresolved(&self) -> bool {
        self.resolved().iter().any(Result::is_err)
    }
}

/// Why there is no module.
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
    /// Its extension or its package.json says no format.
    Format(ResolveError),
    /// The file cannot be read.
    Read {
        /// `ENOENT` and the like.
        code: &'static str,
        /// As Node says it.
        message: String,
    },
    /// A defect of ours.
    Internal(String),
}

impl LoadError {
    /// What Node's `fs` says of an error of reading.
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
