//! The grammar of JSON: is a text valid, and if not, where?

/// Nesting beyond this is refused, as it would take too much of the stack.
const DEEPEST: u32 = 2_000;

/// What is wrong, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonError {
    pub message: String,
    pub offset: usize,
}

/// Reads a text as `JSON.parse` does, without making a value.
pub fn check(text: &str) -> Result<(), JsonError> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    reader.blanks();
    reader.value(0)?;
    reader.blanks();
    if reader.at < reader.bytes.len() {
        return Err(reader.unexpected());
    }
    Ok(())
}

/// Line and column (in UTF-16 units) of a byte, both from 1.
pub fn place_of(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (
        count(before.matches('\n').count() + 1),
        count(line.encode_utf16().count() + 1),
    )
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// V8's words.
    fn unexpected(&self) -> JsonError {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let first = String::from_utf8_lossy(rest.get(..4.min(rest.len())).unwrap_or_default());
        JsonError {
            message: first.chars().next().map_or_else(
                || "Unexpected end of JSON input".to_owned(),
                |token| format!("Unexpected token '{token}' in JSON at position {}", self.at),
            ),
            offset: self.at,
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: u32) -> Result<(), JsonError> {
        if depth > DEEPEST {
            return Err(JsonError {
                message: "JSON is nested too deeply".to_owned(),
                offset: self.at,
            });
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        word.bytes().try_for_each(|byte| self.take(byte))
    }

    fn object(&mut self, depth: u32) -> Result<(), JsonError> {
        self.take(b'{')?;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.string()?;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            self.value(depth + 1)?;
            self.blanks();
            if self.peek() != Some(b',') {
                return self.take(b'}');
            }
            self.at += 1;
            self.blanks();
        }
    }

    fn array(&mut self, depth: u32) -> Result<(), JsonError> {
        self.take(b'[')?;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.blanks();
            if self.peek() != Some(b',') {
                return self.take(b']');
            }
            self.at += 1;
            self.blanks();
        }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.take(b'"')?;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                Some(0..=0x1f) | None => return Err(self.unexpected()),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.unexpected());
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected());
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check, place_of};

    #[test]
    fn what_is_valid_and_what_is_not() {
        for text in [
            "1",
            " [1, -0.5e+3, \"\\u00e9\\n\"]",
            "{}",
            "{\"a\": [{}, null, true, false]}",
            "\"\\ud800\"",
            "1e999",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for (text, offset) in [
            ("", 0),
            ("{", 1),
            ("{\"a\" 1}", 5),
            ("[1,]", 3),
            ("01", 1),
            ("{'a': 1}", 1),
            ("nul", 3),
            ("\"\n\"", 1),
            ("1 2", 2),
            ("{\"a\": 1,}", 8),
            ("+1", 0),
            (".5", 0),
        ] {
            assert_eq!(check(text).unwrap_err().offset, offset, "{text}");
        }
        assert!(check(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn places_count_lines_and_utf16() {
        assert_eq!(place_of("{\n  \"😀\": x", 10), (2, 7));
    }
}
