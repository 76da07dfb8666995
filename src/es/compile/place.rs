//! Lines and columns of byte offsets.

use super::compiled::{CompileError, ErrorKind};
use super::map::LineBreaks;

/// The lines of a text.
pub struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Places<'t> {
    /// Finds the lines of `text`.
    pub fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(LineBreaks::new(text));
        Self { text, starts }
    }

    /// Line and column of a byte, both from 1; columns are UTF-16 units.
    pub fn of(&self, offset: u32) -> (u32, u32) {
        let offset = (offset as usize).min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let width: usize = self.text.get(start..offset).map_or(0, |before| {
            if before.is_ascii() {
                before.len()
            } else {
                before.chars().map(char::len_utf16).sum()
            }
        });
        (number(line), number(width + 1))
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// An error, while its place is still a byte of the text.
#[derive(Debug)]
pub struct Fault {
    /// What is wrong.
    pub message: String,
    /// The byte of the text.
    pub at: u32,
    /// What the user can do about it.
    pub help: Option<String>,
    /// The sort of error.
    pub kind: ErrorKind,
}

impl Fault {
    /// A `SyntaxError`.
    pub fn syntax(at: u32, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
            help: None,
            kind: ErrorKind::Syntax,
        }
    }

    /// An error for syntax that cannot be run, with what to do instead.
    pub fn unsupported(at: u32, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
            help: Some(help.into()),
            kind: ErrorKind::Unsupported,
        }
    }

    /// The error with line and column.
    pub fn placed(self, text: &str) -> CompileError {
        let (line, column) = Places::new(text).of(self.at);
        CompileError {
            message: self.message,
            line,
            column,
            help: self.help,
            kind: self.kind,
        }
    }
}
