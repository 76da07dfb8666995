//! One file: read, compiled, resolved.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::cache::Cache;
use super::json_grammar;
use super::module::{Body, LoadError, Loaded, Place};
use crate::es::compile::{Compiled, Format, Language, NodeVersion, Source, compile};
use crate::es::resolve::{FileFormat, Mode, ResolveError, Resolved, Resolver};
use crate::watch::{Stamp, is_just_written};

/// Stack for compiling, in bytes: deeply nested text takes much. The system gives memory only for what is used.
pub const STACK: usize = if cfg!(target_pointer_width = "64") {
    256
} else {
    16
} * 1024
    * 1024;
/// Bytes above which a text may nest too deeply for an ordinary stack.
const LONG: usize = 32 * 1024;
/// Depth of brackets above which a text may nest too deeply for an ordinary stack.
const DEEP: usize = 64;
/// Stack that compiling takes for one level of brackets at most, in bytes; a debug build takes more.
const PER_LEVEL: usize = 16 * 1024;
/// Number of operators above which a text may nest too deeply for an ordinary stack.
const MANY: usize = 1_000;

/// Loads single files.
pub struct FileLoader {
    pub resolver: Arc<Resolver>,
    pub hot: bool,
    pub node: NodeVersion,
    pub cache: Option<Arc<Cache>>,
}

/// A text with everything that compiling it needs.
#[derive(Clone, Copy)]
pub struct Unit<'a> {
    pub source: Source<'a>,
    /// Hash of the file's bytes.
    pub hash: u64,
}

impl FileLoader {
    /// Loads a file. Gives the same `Arc` as before if nothing has changed.
    ///
    /// `has_room`: whether the current thread has a [`STACK`].
    pub fn load(
        &self,
        place: Place,
        url: Arc<str>,
        before: Option<&Arc<Loaded>>,
        has_room: bool,
    ) -> Arc<Loaded> {
        let format = self.resolver.format(&place.path);
        let options = self.resolver.ts_options(&place.path);
        let (stamp, bytes, is_half) = read(&place.path);
        // A runtime of the classic API is told of the change by its own watcher, which knows what it reports.
        if let Some(before) = before.filter(|_| self.hot && is_half) {
            return self.resolve_again(before);
        }
        let hash = bytes.as_deref().map_or(0, Stamp::hash_of);
        if let Some(before) = before
            && bytes.is_ok()
            && before.hash == hash
            && before.format == format.as_ref().ok().copied()
            && before.options == options
            && !matches!(before.body, Err(LoadError::Read { .. } | LoadError::Format(_)))
        {
            return self.resolve_again(before);
        }
        let known_format = format.as_ref().ok().copied();
        let body = match (format, bytes) {
            (Err(error), _) => Err(LoadError::Format(error)),
            (_, Err(error)) => {
                let error = LoadError::of_reading(&place.path, &error);
                if let Some(before) = before.filter(|before| before.body.as_ref().err() == Some(&error)) {
                    return Arc::clone(before);
                }
                Err(error)
            }
            (Ok(FileFormat::Json), Ok(bytes)) => json_body(bytes),
            (Ok(FileFormat::Addon | FileFormat::Wasm), Ok(_)) => Ok(Body::Foreign),
            (Ok(FileFormat::Code { language, format }), Ok(bytes)) => {
                let text = into_text(bytes);
                let unit = Unit {
                    source: self.source(&url, &text, language, format, &options),
                    hash,
                };
                self.compiled(unit, has_room).map(|compiled| Body::Code {
                    resolved: self.resolve(&compiled, &place.path),
                    compiled,
                })
            }
        };
        Arc::new(Loaded {
            url,
            place,
            hash,
            stamp,
            format: known_format,
            options,
            body,
        })
    }

    /// The same file, with the present targets of its requests.
    pub fn resolve_again(&self, before: &Arc<Loaded>) -> Arc<Loaded> {
        let Ok(Body::Code { compiled, resolved }) = &before.body else {
            return Arc::clone(before);
        };
        let now = self.resolve(compiled, &before.place.path);
        if now == *resolved {
            return Arc::clone(before);
        }
        Arc::new(Loaded {
            url: Arc::clone(&before.url),
            place: before.place.clone(),
            hash: before.hash,
            stamp: before.stamp,
            format: before.format,
            options: Arc::clone(&before.options),
            body: Ok(Body::Code {
                compiled: Arc::clone(compiled),
                resolved: now,
            }),
        })
    }

    fn source<'a>(
        &self,
        url: &'a str,
        text: &'a str,
        language: Language,
        format: Format,
        options: &'a crate::es::compile::TsOptions,
    ) -> Source<'a> {
        Source {
            url,
            text,
            language,
            format,
            options,
            hot: self.hot,
            node: self.node,
        }
    }

    fn compiled(&self, unit: Unit<'_>, has_room: bool) -> Result<Arc<Compiled>, LoadError> {
        if let Some(compiled) = self.cache.as_deref().and_then(|cache| cache.get(&unit)) {
            return Ok(compiled);
        }
        let compiled = Arc::new(compile_safely(&unit.source, has_room)?);
        if let Some(cache) = &self.cache {
            cache.add(&unit, &compiled);
        }
        Ok(compiled)
    }

    fn resolve(&self, compiled: &Compiled, importer: &Path) -> Vec<Result<Resolved, ResolveError>> {
        compiled
            .requests
            .iter()
            .map(|request| self.resolver.resolve(&request.specifier, importer, Mode::Import))
            .collect()
    }
}

/// A file's stamp and bytes, and whether it is only half of a save: empty, and written a moment ago. Whoever empties a file
/// writes it next, and that write is told of as well. The stamp is taken first, so a write during the reading makes it an
/// old one.
fn read(path: &Path) -> (Stamp, io::Result<Vec<u8>>, bool) {
    let opened = File::open(path).and_then(|file| {
        let metadata = file.metadata()?;
        Ok((file, metadata))
    });
    let (mut file, metadata) = match opened {
        Ok(opened) => opened,
        Err(error) => return (Stamp::at_first_sight(path), Err(error), false),
    };
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size + 1);
    let result = file.read_to_end(&mut bytes).map(|_| bytes);
    let stamp = Stamp::of_read(&metadata, result.as_deref().ok());
    let is_empty = result.as_ref().is_ok_and(Vec::is_empty);
    // Emptied between the two looks, a file has a later time than that of the first.
    let is_half = is_empty && file.metadata().is_ok_and(|metadata| is_just_written(&metadata));
    (stamp, result, is_half)
}

/// Decodes text as Node does: invalid UTF-8 becomes replacement characters.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn json_body(bytes: Vec<u8>) -> Result<Body, LoadError> {
    let text = into_text(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    json_grammar::check(text).map_err(|error| {
        let (line, column) = json_grammar::place_of(text, error.offset);
        LoadError::Json {
            message: error.message,
            line,
            column,
        }
    })?;
    Ok(Body::Json { text: text.into() })
}

fn compile_safely(source: &Source<'_>, has_room: bool) -> Result<Compiled, LoadError> {
    let attempt = || catch_unwind(AssertUnwindSafe(|| compile(source)));
    let outcome = match stack_for(source.text) {
        None => attempt(),
        Some(needed) if has_room && needed <= STACK => attempt(),
        Some(needed) => thread::scope(|scope| {
            let room = thread::Builder::new().stack_size(needed);
            match room.spawn_scoped(scope, attempt) {
                Ok(thread) => thread.join().and_then(|outcome| outcome),
                Err(_) if needed <= STACK => attempt(),
                // On a smaller stack, the process would end.
                Err(error) => Err(Box::new(error) as _),
            }
        }),
    };
    match outcome {
        Ok(compiled) => compiled.map_err(LoadError::Compile),
        Err(_) => Err(LoadError::Internal(format!(
            "{} makes the compiler of node-hmr fail",
            source.url
        ))),
    }
}

/// The stack that compiling the text may need, in bytes, if an ordinary one may be too small. An estimate: strings and
/// comments count, too.
fn stack_for(text: &str) -> Option<usize> {
    let (mut depth, mut deepest, mut operators, mut length) = (0_usize, 0, 0, 0);
    // An entry may have a thousand imports, and another thread takes long to begin on a busy machine.
    for line in text.split_inclusive('\n').filter(|line| !is_import(line)) {
        length += line.len();
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'+' | b'-' | b'*' | b'/' | b'&' | b'|' | b'?' | b'.' | b'!' | b'<' => operators += 1,
                _ => {}
            }
        }
    }
    let is_ordinary = length <= LONG && deepest <= DEEP && operators <= MANY;
    (!is_ordinary).then(|| STACK.max(deepest.saturating_mul(PER_LEVEL)))
}

/// Whether a line is a whole import declaration, in which nothing nests.
fn is_import(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("import ") && line.trim_end_matches(';').ends_with(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::{PER_LEVEL, STACK, stack_for};

    #[test]
    fn what_nests_very_deeply_gets_a_larger_stack() {
        let levels = 2 * STACK / PER_LEVEL;
        assert_eq!(stack_for(&"(".repeat(levels)), Some(2 * STACK));
    }

    #[test]
    fn imports_alone_do_not_make_a_text_deep() {
        let needs_more = |text: &str| stack_for(text) == Some(STACK);
        let imports = "import { a } from './part/module.ts'\nimport \"./part/other.ts\";\n".repeat(1_000);
        assert_eq!(stack_for(&imports), None);
        assert!(needs_more(&format!("{imports}x = 1{}", "+1".repeat(1_001))));
        assert!(needs_more(&format!("{imports}{}", "else if(a);".repeat(3_000))));
        assert!(needs_more(&format!("{imports}{}", "(".repeat(65))));
    }
}
