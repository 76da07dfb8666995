//! What kind of module a file may be, by its extension and the nearest package.json. Where both leave it open, its syntax
//! decides: `compile/parse.rs`.

use std::path::Path;

use super::Resolver;
use super::error::ResolveError;
use super::package::PackageType;
use crate::es::compile::{Format, Language};

/// What kind of module a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Text that is compiled.
    Code { language: Language, format: Format },
    /// JSON: a value.
    Json,
    /// A native addon (`.node`), which Node loads.
    Addon,
    /// WebAssembly, which Node loads.
    Wasm,
}

impl Resolver {
    /// The format of a file by its extension and the nearest package.json.
    pub fn format(&self, path: &Path) -> Result<FileFormat, ResolveError> {
        let Some(extension) = path.extension() else {
            return Ok(FileFormat::Code {
                language: Language::JavaScript,
                format: self.format_of_scope(path, Format::CommonJs, Format::Detect)?,
            });
        };
        let language = match &*extension.to_string_lossy() {
            "json" => return Ok(FileFormat::Json),
            "node" => return Ok(FileFormat::Addon),
            "wasm" => return Ok(FileFormat::Wasm),
            "js" | "mjs" | "cjs" => Language::JavaScript,
            "jsx" => Language::Jsx,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            other => return Err(ResolveError::unknown_extension(&format!(".{other}"), path)),
        };
        let format = match &*extension.to_string_lossy() {
            "mjs" | "mts" => Format::Module,
            "cjs" => Format::CommonJs,
            // TypeScript compiles ES syntax to CommonJS in `.cts` files.
            "cts" => Format::TypeScriptLoose,
            "ts" | "tsx" => self.format_of_scope(path, Format::TypeScriptLoose, Format::TypeScriptLoose)?,
            _ => self.format_of_scope(path, Format::CommonJs, Format::Detect)?,
        };
        Ok(FileFormat::Code { language, format })
    }

    /// Whether only Node's `require` knows what to do with the file: it takes an extension that it does not know for `.js`.
    pub fn is_known_to_require_alone(&self, path: &Path) -> bool {
        matches!(self.format(path), Err(error) if error.code == "ERR_UNKNOWN_FILE_EXTENSION")
    }

    /// Whether the file is below a package.json with `"type": "module"`.
    pub fn is_typed_module(&self, path: &Path) -> bool {
        let scope = self.packages.scope(&self.files, path).ok().flatten();
        scope.is_some_and(|package| package.kind == PackageType::Module)
    }

    fn format_of_scope(
        &self,
        path: &Path,
        common_js: Format,
        unsaid: Format,
    ) -> Result<Format, ResolveError> {
        let scope = self.packages.scope(&self.files, path)?;
        Ok(match scope.map_or(PackageType::Unsaid, |package| package.kind) {
            PackageType::Module => Format::Module,
            PackageType::CommonJs => common_js,
            PackageType::Unsaid => unsaid,
        })
    }
}
