//! The source map: an entry for each line and each word, and wherever a column moves.

/// Stands for the map in the code of an ES module: a map without entries. Node asks for the map of an uncaught error's line
/// only if the code names one.
pub const PLACEHOLDER: &str = "\n//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXSwibWFwcGluZ3MiOiIifQ==";

/// One entry: a place of the code, and the place of the source that it came from. Lines and columns from 0.
#[derive(Clone, Copy)]
struct Segment {
    line: u32,
    column: u32,
    source_line: u32,
    source_column: u32,
}

/// Makes the source map while the code is put together.
pub struct Mapper {
    ascii: bool,
    here: Segment,
    segments: Vec<Segment>,
    moved: bool,
}

impl Mapper {
    /// A map for a text. `ascii`: whether the text is pure ASCII.
    pub fn new(ascii: bool) -> Self {
        Self {
            ascii,
            here: Segment {
                line: 0,
                column: 0,
                source_line: 0,
                source_column: 0,
            },
            segments: Vec::new(),
            moved: false,
        }
    }

    /// Makes an entry: the code from here on is the source from here on.
    pub fn mark(&mut self) {
        self.put(self.here);
    }

    /// Makes an entry that names the byte `original` of `text` for the code that stands at the byte `at`.
    pub fn mark_as(&mut self, at: usize, original: usize, text: &str) {
        let mut segment = self.here;
        if let (Some(between), true) = (text.get(original.min(at)..at), original <= at) {
            let breaks = LineBreaks::new(between).count();
            if breaks == 0 {
                segment.source_column -= self.width(between).min(segment.source_column);
            } else {
                let before = &text[..original];
                let start = LineBreaks::new(before).last().unwrap_or(0);
                segment.source_line -= u32::try_from(breaks).unwrap_or(0).min(segment.source_line);
                segment.source_column = self.width(&before[start..]);
            }
        }
        self.put(segment);
    }

    fn put(&mut self, segment: Segment) {
        self.moved |= (segment.line, segment.column) != (segment.source_line, segment.source_column);
        match self.segments.last_mut() {
            Some(last) if (last.line, last.column) == (segment.line, segment.column) => {
                *last = segment;
            }
            _ => self.segments.push(segment),
        }
    }

    /// Notes that `text` was added to the code.
    pub fn added(&mut self, text: &str) {
        let mut start = 0;
        for end in LineBreaks::new(text) {
            self.here.line += 1;
            self.here.column = 0;
            self.mark();
            start = end;
        }
        self.here.column += width(&text[start..]);
    }

    /// Notes that `text` of the source was left out, with its line breaks.
    pub fn gone(&mut self, text: &str) {
        let mut start = 0;
        for end in LineBreaks::new(text) {
            self.here.source_line += 1;
            self.here.source_column = 0;
            start = end;
        }
        self.here.source_column += self.width(&text[start..]);
    }

    /// Notes that `text` was copied, or replaced by a text of the same width and line breaks. Makes an entry for each word
    /// and each call, since Node takes the last entry before a place as it is.
    pub fn copied(&mut self, text: &str) {
        let mut start = 0;
        for end in LineBreaks::new(text) {
            self.words(&text[start..end]);
            self.new_line();
            start = end;
        }
        self.words(&text[start..]);
    }

    /// Goes on by `text`, which has a line break only at its end.
    fn words(&mut self, text: &str) {
        let mut before = 0_u8;
        let mut from = 0;
        for (index, byte) in text.bytes().enumerate() {
            let is_start = is_word(byte) && !is_word(before) || byte == b'(' && matches!(before, b')' | b']');
            if is_start && index > 0 {
                self.skip(&text[from..index]);
                self.segments.push(self.here);
                from = index;
            }
            before = byte;
        }
        self.skip(&text[from..]);
    }

    fn skip(&mut self, text: &str) {
        let width = self.width(text);
        self.here.column += width;
        self.here.source_column += width;
    }

    /// Notes that `text` of the source was left out, except for its line breaks.
    pub fn replaced(&mut self, text: &str) {
        let mut start = 0;
        for end in LineBreaks::new(text) {
            self.new_line();
            start = end;
        }
        self.here.source_column += self.width(&text[start..]);
    }

    fn new_line(&mut self) {
        self.here.line += 1;
        self.here.source_line += 1;
        self.here.column = 0;
        self.here.source_column = 0;
        self.segments.push(self.here);
    }

    fn width(&self, text: &str) -> u32 {
        if self.ascii {
            u32::try_from(text.len()).unwrap_or(u32::MAX)
        } else {
            width(text)
        }
    }

    /// The map's `mappings`; `None` if no column moved.
    pub fn mappings(&self) -> Option<String> {
        if !self.moved {
            return None;
        }
        let mut mappings = String::with_capacity(self.segments.len() * 6);
        self.write(&mut mappings);
        Some(mappings)
    }

    fn write(&self, output: &mut String) {
        let mut last = Segment {
            line: 0,
            column: 0,
            source_line: 0,
            source_column: 0,
        };
        let mut first = true;
        for segment in &self.segments {
            if segment.line > last.line {
                for _ in last.line..segment.line {
                    output.push(';');
                }
                last.column = 0;
                first = true;
            }
            if !first {
                output.push(',');
            }
            first = false;
            vlq(output, segment.column, last.column);
            output.push('A');
            vlq(output, segment.source_line, last.source_line);
            vlq(output, segment.source_column, last.source_column);
            last = *segment;
        }
    }
}

/// The comment that carries the map of a file.
pub fn comment(url: &str, mappings: &str) -> String {
    let mut json = String::with_capacity(mappings.len() + url.len() + 64);
    json.push_str("{\"version\":3,\"sources\":[");
    super::quote::json(&mut json, url);
    json.push_str("],\"names\":[],\"mappings\":\"");
    json.push_str(mappings);
    json.push_str("\"}");
    let mut comment = String::from("\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,");
    base64(json.as_bytes(), &mut comment);
    comment
}

/// Whether a byte is part of a name, a keyword or a number.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || !byte.is_ascii()
}

fn width(text: &str) -> u32 {
    let width = if text.is_ascii() {
        text.len()
    } else {
        text.chars().map(char::len_utf16).sum()
    };
    u32::try_from(width).unwrap_or(u32::MAX)
}

/// An iterator over the ends of a text's lines: the bytes after its line breaks, as V8 counts them.
pub struct LineBreaks<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> LineBreaks<'t> {
    /// The line breaks of `text`.
    pub fn new(text: &'t str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
        }
    }
}

impl Iterator for LineBreaks<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\n' => return Some(self.at),
                b'\r' if self.bytes.get(self.at) != Some(&b'\n') => return Some(self.at),
                0xE2 if matches!(self.bytes.get(self.at..self.at + 2), Some([0x80, 0xA8 | 0xA9])) => {
                    self.at += 2;
                    return Some(self.at);
                }
                _ => {}
            }
        }
        None
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn vlq(output: &mut String, new: u32, old: u32) {
    let difference = i64::from(new) - i64::from(old);
    let mut rest = difference.unsigned_abs() << 1 | u64::from(difference < 0);
    loop {
        let digit = (rest & 31) as usize;
        rest >>= 5;
        output.push(char::from(DIGITS[if rest > 0 { digit | 32 } else { digit }]));
        if rest == 0 {
            return;
        }
    }
}

fn base64(bytes: &[u8], output: &mut String) {
    output.reserve(bytes.len() / 3 * 4 + 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4_usize {
            if digit <= chunk.len() {
                let index = group >> (18 - 6 * digit) & 63;
                output.push(char::from(DIGITS[index as usize]));
            } else {
                output.push('=');
            }
        }
    }
}
