//! Edits of a text, applied in one pass. Lines stay what they are.

use std::borrow::Cow;

use oxc_span::Span;

use super::map::Mapper;

/// One edit of the original text.
#[derive(Clone, Debug)]
pub struct Edit {
    /// First byte that the edit takes out.
    pub start: u32,
    /// The byte after the last one that the edit takes out.
    pub end: u32,
    /// What takes the place of these bytes.
    pub kind: EditKind,
}

/// What takes the place of the text that an edit takes out.
#[derive(Clone, Debug)]
pub enum EditKind {
    /// Spaces.
    Blank,
    /// A semicolon, and spaces.
    Semicolon,
    /// This text, then the line breaks of the text that was taken out.
    Text(Cow<'static, str>),
    /// Nothing, not even the line breaks.
    Gone,
    /// Nothing. From here on, the source map names this byte of the original.
    Mark(u32),
}

/// The edits of one text.
#[derive(Default)]
pub struct Edits {
    list: Vec<Edit>,
}

impl Edits {
    /// Takes `span` out, and leaves spaces.
    pub fn blank(&mut self, span: Span) {
        self.push(span, EditKind::Blank);
    }

    /// Takes `span` out, and leaves a semicolon and spaces.
    pub fn semicolon(&mut self, span: Span) {
        self.push(span, EditKind::Semicolon);
    }

    /// Puts `text` in the place of `span`.
    pub fn replace(&mut self, span: Span, text: impl Into<Cow<'static, str>>) {
        self.push(span, EditKind::Text(text.into()));
    }

    /// Takes `span` out with its line breaks, since its text was put elsewhere.
    pub fn remove(&mut self, span: Span) {
        self.push(span, EditKind::Gone);
    }

    /// Puts `text` before the byte at `at`.
    pub fn insert(&mut self, at: u32, text: impl Into<Cow<'static, str>>) {
        self.replace(Span::empty(at), text);
    }

    /// Lets the source map name the byte `original` for the code after `at`.
    pub fn mark(&mut self, at: u32, original: u32) {
        self.push(Span::empty(at), EditKind::Mark(original));
    }

    /// Ends the statement whose end was blanked last with a semicolon, so that the next line does not continue it.
    pub fn end_statement(&mut self, end: u32) {
        if let Some(edit) = self.list.last_mut()
            && edit.end == end
            && matches!(edit.kind, EditKind::Blank)
            && edit.start < end
        {
            edit.kind = EditKind::Semicolon;
        }
    }

    /// The number of edits, to be given to [`Self::since`].
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Removes and returns the edits after the first `len`.
    pub fn since(&mut self, len: usize) -> Vec<Edit> {
        self.list.split_off(len.min(self.list.len()))
    }

    fn push(&mut self, span: Span, kind: EditKind) {
        self.list.push(Edit {
            start: span.start,
            end: span.end,
            kind,
        });
    }

    /// The edited text of `span`, between `prefix` and `suffix`.
    pub fn apply(mut self, text: &str, prefix: &str, suffix: &str) -> (String, Mapper) {
        self.list.sort_by_key(|edit| edit.start);
        let mut output = Output::new(text, prefix);
        for edit in &self.list {
            output.edit(edit);
        }
        output.copy(text.len());
        output.code.push_str(suffix);
        (output.code, output.map)
    }
}

/// The text of `span` with `edits` applied, without a source map.
pub fn render(text: &str, span: Span, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.start);
    let text = text.get(..span.end as usize).unwrap_or(text);
    let mut output = Output::new(text, "");
    output.at = span.start as usize;
    for edit in &edits {
        output.edit(edit);
    }
    output.copy(text.len());
    output.code
}

/// The text that is being put together.
struct Output<'t> {
    text: &'t str,
    at: usize,
    code: String,
    map: Mapper,
}

impl<'t> Output<'t> {
    fn new(text: &'t str, prefix: &str) -> Self {
        let mut code = String::with_capacity(text.len() + text.len() / 4 + prefix.len() + 64);
        code.push_str(prefix);
        let mut map = Mapper::new(text.is_ascii());
        map.added(prefix);
        map.mark();
        Self {
            text,
            at: 0,
            code,
            map,
        }
    }

    /// Copies the original up to `end`.
    fn copy(&mut self, end: usize) {
        if let Some(piece) = self.text.get(self.at..end)
            && !piece.is_empty()
        {
            self.code.push_str(piece);
            self.map.copied(piece);
        }
        self.at = self.at.max(end);
    }

    fn edit(&mut self, edit: &Edit) {
        let (start, end) = (edit.start as usize, edit.end as usize);
        if start < self.at {
            return;
        }
        self.copy(start);
        let Some(gone) = self.text.get(start..end) else {
            return;
        };
        self.at = end;
        match &edit.kind {
            EditKind::Blank => self.blank(gone),
            EditKind::Semicolon => self.semicolon(gone),
            EditKind::Text(new) => {
                self.map.mark();
                self.code.push_str(new);
                self.map.added(new);
                let breaks = line_breaks(gone);
                self.code.push_str(&breaks);
                self.map.replaced(gone);
                self.map.mark();
            }
            EditKind::Gone => {
                self.map.gone(gone);
                self.map.mark();
            }
            EditKind::Mark(original) => self.map.mark_as(start, *original as usize, self.text),
        }
    }

    fn semicolon(&mut self, gone: &str) {
        self.code.push(';');
        let mut rest = gone.chars();
        match rest.next() {
            Some(first) if first.len_utf16() == 1 && !is_line_break(first) => {
                self.map.copied(&gone[..first.len_utf8()]);
                self.blank(rest.as_str());
            }
            _ => {
                self.map.added(";");
                self.map.mark();
                self.blank(gone);
            }
        }
    }

    fn blank(&mut self, gone: &str) {
        for char in gone.chars() {
            if is_line_break(char) {
                self.code.push(char);
            } else {
                self.code.push_str(if char.len_utf16() == 1 { " " } else { "  " });
            }
        }
        self.map.copied(gone);
    }
}

fn is_line_break(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn line_breaks(text: &str) -> String {
    text.chars().filter(|char| is_line_break(*char)).collect()
}
