//! From a file to a [`Unit`]: read, compiled, its requests resolved.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::compile::{CompileError, Kind, NodeVersion, Source, compile};
use super::record::{Body, Unit};
use super::resolve::{FileFormat, Mode, ResolveError, Resolver, url::file_url};

/// Why a file is no unit.
#[derive(Clone)]
pub enum SourceError {
    /// It cannot be found, or its kind is not known.
    Resolve(ResolveError),
    /// Its text is wrong.
    Compile {
        /// Address of the file.
        url: String,
        /// Its text.
        text: Arc<str>,
        /// What is wrong with it.
        error: CompileError,
    },
}

/// Reads files; a file is read again once it was forgotten.
pub struct Sources {
    /// Where specifiers lead.
    pub resolver: Rc<Resolver>,
    node: NodeVersion,
    is_hot: bool,
    units: RefCell<HashMap<String, Arc<Unit>>>,
}

impl Sources {
    /// Reads for that Node.
    pub fn new(resolver: Resolver, node: NodeVersion, is_hot: bool) -> Self {
        Self {
            resolver: Rc::new(resolver),
            node,
            is_hot,
            units: RefCell::default(),
        }
    }

    /// The unit of a local file.
    pub fn unit(&self, path: &Path, suffix: &str) -> Result<Arc<Unit>, SourceError> {
        let url = file_url(path, suffix);
        if let Some(unit) = self.units.borrow().get(&url) {
            return Ok(Arc::clone(unit));
        }
        let unit = Arc::new(self.read(path, &url)?);
        self.units.borrow_mut().insert(url, Arc::clone(&unit));
        Ok(unit)
    }

    /// Reads the file, whatever was read before, and does not remember it.
    pub fn read_again(&self, path: &Path, suffix: &str) -> Result<Arc<Unit>, SourceError> {
        self.read(path, &file_url(path, suffix)).map(Arc::new)
    }

    /// Forgets what was read of these modules.
    pub fn forget<'u>(&self, urls: impl Iterator<Item = &'u str>) {
        let mut units = self.units.borrow_mut();
        for url in urls {
            units.remove(url);
        }
    }

    /// Remembers a unit, in place of what was read since.
    pub fn remember(&self, unit: &Arc<Unit>) {
        self.units.borrow_mut().insert(unit.url.clone(), Arc::clone(unit));
    }

    fn read(&self, path: &Path, url: &str) -> Result<Unit, SourceError> {
        let format = self.resolver.format(path).map_err(SourceError::Resolve)?;
        let bytes = std::fs::read(path).map_err(|error| {
            let message = format!("Cannot find module '{}': {error}", path.display());
            SourceError::Resolve(ResolveError::new("ERR_MODULE_NOT_FOUND", message))
        })?;
        let hash = hash_of(&bytes);
        let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
        let (language, format) = match format {
            FileFormat::Code { language, format } => (language, format),
            FileFormat::Json => {
                return Ok(Unit::new(
                    url.into(),
                    Arc::clone(&text),
                    Body::Json(text),
                    vec![],
                    hash,
                ));
            }
            FileFormat::Addon | FileFormat::Wasm => {
                return Ok(Unit::new(url.into(), "".into(), Body::External, vec![], hash));
            }
        };
        let options = self.resolver.ts_options(path);
        let source = Source {
            url,
            text: &text,
            language,
            format,
            options: &options,
            hot: self.is_hot,
            node: self.node,
        };
        let compiled = compile(&source).map_err(|error| SourceError::Compile {
            url: url.into(),
            text: Arc::clone(&text),
            error,
        })?;
        let requests = compiled.requests.iter();
        let resolved = requests
            .map(|request| self.resolver.resolve(&request.specifier, path, Mode::Import))
            .collect();
        let compiled = Arc::new(compiled);
        let body = match compiled.kind {
            Kind::CommonJs => Body::CommonJs(compiled),
            Kind::Module | Kind::LooseModule => Body::Module(compiled),
        };
        Ok(Unit::new(url.into(), text, body, resolved, hash))
    }
}

/// The hash by which contents of files are compared.
pub fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
