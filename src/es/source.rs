//! From a loaded file to a [`Unit`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compile::{CompileError, ErrorKind, Kind};
use super::load::{self, LoadError, Loaded, Loader, Place, Settings};
use super::record::{Body, Unit};
use super::resolve::{ResolveError, Resolver};

/// Why a file has no [`Unit`].
#[derive(Clone)]
pub enum SourceError {
    /// The file cannot be found, or its kind is not known.
    Resolve(ResolveError),
    /// The text of the file is wrong.
    Compile {
        /// Address of the file.
        url: String,
        /// The file.
        path: PathBuf,
        /// The error in the text.
        error: CompileError,
    },
}

/// Units by URL, each with the loaded file that it was made of.
type Units = HashMap<String, (Arc<Loaded>, Arc<Unit>)>;

/// The loaded files as units, one for each version of a file.
pub struct Sources {
    /// Loads files, and everything that they import, on all cores.
    pub loader: Arc<Loader>,
    /// Where specifiers lead.
    pub resolver: Arc<Resolver>,
    units: RefCell<Units>,
}

impl Sources {
    /// Loads with these settings.
    pub fn new(resolver: Resolver, settings: Settings) -> Self {
        let resolver = Arc::new(resolver);
        Self {
            loader: Loader::new(Arc::clone(&resolver), settings),
            resolver,
            units: RefCell::default(),
        }
    }

    /// The unit of a local file, as it was last loaded. A file that was never loaded is loaded now, with everything that it
    /// imports.
    pub fn unit(&self, path: &Path, suffix: &str) -> Result<Arc<Unit>, SourceError> {
        let place = Place {
            path: path.to_owned(),
            suffix: suffix.to_owned(),
        };
        let url = place.url();
        if self.loader.get(&url).is_none() {
            self.loader.load(&[place], &[]);
        }
        if let Some(loaded) = self.loader.get(&url) {
            return self.unit_of(&loaded);
        }
        let message = format!("Cannot find module '{}'", path.display());
        Err(SourceError::Resolve(ResolveError::new(
            "ERR_MODULE_NOT_FOUND",
            message,
        )))
    }

    /// Loads changed files again. Returns the files that were read or whose imports lead elsewhere. The running versions are
    /// not touched.
    pub fn look_again(&self, changed: &[PathBuf]) -> Vec<Arc<Loaded>> {
        self.loader.load(&[], changed)
    }

    /// The unit of a loaded file.
    pub fn unit_of(&self, loaded: &Arc<Loaded>) -> Result<Arc<Unit>, SourceError> {
        let url: &str = &loaded.url;
        if let Some((known, unit)) = self.units.borrow().get(url)
            && Arc::ptr_eq(known, loaded)
        {
            return Ok(Arc::clone(unit));
        }
        let body = match &loaded.body {
            Ok(load::Body::Code { compiled, .. }) if compiled.kind == Kind::CommonJs => {
                Body::CommonJs(Arc::clone(compiled))
            }
            Ok(load::Body::Code { compiled, .. }) => Body::Module(Arc::clone(compiled)),
            Ok(load::Body::Json { text, .. }) => Body::Json(Arc::clone(text)),
            Ok(load::Body::Foreign) => Body::External,
            Err(error) => return Err(source_error(loaded, error)),
        };
        let path = loaded.place.path.clone();
        let unit = Unit::new(
            url.to_owned(),
            path,
            body,
            loaded.resolved().to_vec(),
            loaded.hash,
        );
        let unit = Arc::new(unit);
        let entry = (Arc::clone(loaded), Arc::clone(&unit));
        self.units.borrow_mut().insert(url.to_owned(), entry);
        Ok(unit)
    }

    /// Forgets a module that is no longer needed.
    pub fn forget(&self, url: &str) {
        self.units.borrow_mut().remove(url);
        self.loader.retain(|other| other != url);
    }
}

fn source_error(loaded: &Loaded, error: &LoadError) -> SourceError {
    let in_text = |error: CompileError| SourceError::Compile {
        url: loaded.url.to_string(),
        path: loaded.place.path.clone(),
        error,
    };
    match error {
        LoadError::Compile(error) => in_text(error.clone()),
        LoadError::Json {
            message,
            line,
            column,
        } => in_text(CompileError {
            message: format!("{}: {message}", loaded.place.path.display()),
            line: *line,
            column: *column,
            help: None,
            kind: ErrorKind::Syntax,
        }),
        LoadError::Format(error) => SourceError::Resolve(error.clone()),
        LoadError::Read { code, message } => SourceError::Resolve(ResolveError::new(code, message.clone())),
        LoadError::Internal(message) => SourceError::Resolve(ResolveError::new("ERR_HMR", message.clone())),
    }
}
