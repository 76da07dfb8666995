//! Compiled code as bytes, and back. Other bytes decode to nothing.

use crate::es::compile::{Alone, Compiled, Export, ExportKind, Import, ImportName, Kind, Request};

/// Compiled code as bytes.
pub fn encode(compiled: &Compiled) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(compiled.code.len() * 2 + 256));
    writer.byte(match compiled.kind {
        Kind::Module => 0,
        Kind::LooseModule => 1,
        Kind::CommonJs => 2,
    });
    writer.byte(u8::from(compiled.has_await));
    writer.text(&compiled.code);
    writer.byte(u8::from(compiled.map.is_some()));
    writer.text(compiled.map.as_deref().unwrap_or_default());
    writer.list(&compiled.requests, |writer, request| {
        writer.text(&request.specifier);
        writer.list(&request.attributes, |writer, (key, value)| {
            writer.text(key);
            writer.text(value);
        });
        writer.byte(u8::from(request.weak));
        writer.place(request.line, request.column);
    });
    writer.list(&compiled.imports, |writer, import| {
        writer.size(import.request);
        match &import.name {
            ImportName::Name(name) => {
                writer.byte(0);
                writer.text(name);
            }
            ImportName::Namespace { slot } => {
                writer.byte(1);
                writer.size(*slot);
            }
        }
        writer.byte(u8::from(import.weak));
        writer.place(import.line, import.column);
    });
    writer.list(&compiled.exports, Writer::export);
    writer.list(&compiled.dynamic, |writer, specifier| writer.text(specifier));
    writer.list(compiled.alone.as_slice(), |writer, alone| {
        writer.size(alone.text.start);
        writer.size(alone.text.end);
        writer.text(&alone.exports);
    });
    writer.0
}

/// Compiled code from the bytes that [`encode`] wrote; `None` for other bytes.
pub fn decode(bytes: &[u8]) -> Option<Compiled> {
    let mut reader = Reader(bytes);
    let compiled = Compiled {
        kind: match reader.byte()? {
            0 => Kind::Module,
            1 => Kind::LooseModule,
            2 => Kind::CommonJs,
            _ => return None,
        },
        has_await: reader.flag()?,
        code: reader.text()?,
        map: {
            let is_there = reader.flag()?;
            Some(reader.text()?).filter(|_| is_there)
        },
        requests: reader.list(|reader| {
            Some(Request {
                specifier: reader.text()?,
                attributes: reader.list(|reader| Some((reader.text()?, reader.text()?)))?,
                weak: reader.flag()?,
                line: reader.number()?,
                column: reader.number()?,
            })
        })?,
        imports: reader.list(Reader::import)?,
        exports: reader.list(Reader::export)?,
        dynamic: reader.list(Reader::text)?,
        alone: reader.list(Reader::alone)?.pop(),
    };
    reader.0.is_empty().then_some(compiled)
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn size(&mut self, size: usize) {
        self.number(u32::try_from(size).unwrap_or(u32::MAX));
    }

    fn place(&mut self, line: u32, column: u32) {
        self.number(line);
        self.number(column);
    }

    fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.size(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn export(&mut self, export: &Export) {
        match &export.kind {
            ExportKind::Local { name, variable: None } => {
                self.byte(0);
                self.text(name);
            }
            ExportKind::Local {
                name,
                variable: Some(variable),
            } => {
                self.byte(4);
                self.text(name);
                self.text(variable);
            }
            ExportKind::Indirect {
                name,
                request,
                imported,
            } => {
                self.byte(1);
                self.text(name);
                self.size(*request);
                self.text(imported);
            }
            ExportKind::Namespace { name, request } => {
                self.byte(2);
                self.text(name);
                self.size(*request);
            }
            ExportKind::Star { request } => {
                self.byte(3);
                self.size(*request);
            }
        }
        self.place(export.line, export.column);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let size = self.size()?;
        let (text, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let size = self.size()?;
        // An item takes at least one byte. A wrong size reserves no more room than that.
        let mut items = Vec::with_capacity(size.min(self.0.len()));
        for _ in 0..size {
            items.push(read(self)?);
        }
        Some(items)
    }

    fn alone(&mut self) -> Option<Alone> {
        Some(Alone {
            text: self.size()?..self.size()?,
            exports: self.text()?,
        })
    }

    fn import(&mut self) -> Option<Import> {
        Some(Import {
            request: self.size()?,
            name: match self.byte()? {
                0 => ImportName::Name(self.text()?),
                1 => ImportName::Namespace { slot: self.size()? },
                _ => return None,
            },
            weak: self.flag()?,
            line: self.number()?,
            column: self.number()?,
        })
    }

    fn export(&mut self) -> Option<Export> {
        let kind = match self.byte()? {
            0 => ExportKind::Local {
                name: self.text()?,
                variable: None,
            },
            4 => ExportKind::Local {
                name: self.text()?,
                variable: Some(self.text()?),
            },
            1 => ExportKind::Indirect {
                name: self.text()?,
                request: self.size()?,
                imported: self.text()?,
            },
            2 => ExportKind::Namespace {
                name: self.text()?,
                request: self.size()?,
            },
            3 => ExportKind::Star {
                request: self.size()?,
            },
            _ => return None,
        };
        Some(Export {
            kind,
            line: self.number()?,
            column: self.number()?,
        })
    }
}
