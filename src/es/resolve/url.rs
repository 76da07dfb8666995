//! `file:` URLs: a specifier joined to a folder as the URL standard joins them, paths to URLs and back.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::paths::percent_decoded;

/// A `file:` URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUrl {
    /// The absolute path of the URL, decoded, without a slash at its end.
    pub path: PathBuf,
    /// Whether the URL ends in a slash, and so can only mean a folder.
    pub is_folder: bool,
    /// Query and hash as the URL has them (`?a#b`); empty ones are dropped.
    pub suffix: String,
    /// The pathname as Node prints it, if it has an encoded slash, which Node refuses.
    pub encoded_separator: Option<String>,
}

impl FileUrl {
    /// The URL of a path.
    pub fn of(path: PathBuf) -> Self {
        Self {
            path,
            is_folder: false,
            suffix: String::new(),
            encoded_separator: None,
        }
    }

    /// The result of `new URL(specifier, folder)` for a relative or absolute specifier without a scheme.
    pub fn join(folder: &Path, specifier: &str) -> Self {
        let specifier = without_blanks(specifier);
        let (path, suffix) = split_suffix(&specifier);
        // A `\` in the specifier is a slash to URLs. In the name of a folder it is an ordinary character.
        let (whole, from_root) = if cfg!(windows) || path.contains('\\') {
            let path = path.replace('\\', "/");
            let from_root = path.starts_with('/');
            (Cow::Owned(path), from_root)
        } else {
            (Cow::Borrowed(path), path.starts_with('/'))
        };
        let mut places = Places::new(if from_root {
            root_of(folder)
        } else {
            folder.to_path_buf()
        });
        let last = whole.split('/').count() - 1;
        for (index, part) in whole.split('/').enumerate() {
            places.take(part, index == last);
        }
        if whole.is_empty() {
            places.is_folder = true;
        }
        let encoded_separator = has_encoded_separator(path).then(|| {
            let tail: Vec<&str> = whole.split('/').filter(|part| !is_dots(part)).collect();
            let tail = encode(&tail.join("/"), is_path_byte, false);
            if from_root {
                tail
            } else {
                format!("{}/{tail}", pathname(folder))
            }
        });
        Self {
            path: places.path,
            is_folder: places.is_folder,
            suffix: normal_suffix(suffix),
            encoded_separator,
        }
    }

    /// Parses a whole `file:` URL. The error is in Node's words.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let rest = without_blanks(url);
        let rest = rest.get(5..).unwrap_or_default().replace('\\', "/");
        let rest = match rest.strip_prefix("//") {
            Some(host_and_path) => {
                let end = host_and_path.find('/').unwrap_or(host_and_path.len());
                let (host, path) = host_and_path.split_at(end);
                if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") && !cfg!(windows) {
                    return Err("host");
                }
                path.to_owned()
            }
            None => rest,
        };
        let rest = if cfg!(windows) {
            rest.trim_start_matches('/').to_owned()
        } else {
            format!("/{}", rest.trim_start_matches('/'))
        };
        Ok(Self::join(Path::new("/"), &rest))
    }
}

/// A path that is built from the segments of a URL.
struct Places {
    path: PathBuf,
    is_folder: bool,
}

impl Places {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_folder: false,
        }
    }

    fn take(&mut self, part: &str, is_last: bool) {
        if is_dots(part) {
            if part.len() > 1 && !part.eq_ignore_ascii_case("%2e") {
                self.path.pop();
            }
            self.is_folder |= is_last;
        } else if part.is_empty() {
            self.is_folder |= is_last;
        } else {
            self.path.push(&*decode(part));
        }
    }
}

/// Whether a segment is `.` or `..`, encoded or not.
fn is_dots(part: &str) -> bool {
    matches!(
        part.to_ascii_lowercase().as_str(),
        "." | ".." | "%2e" | "%2e." | ".%2e" | "%2e%2e"
    )
}

fn root_of(folder: &Path) -> PathBuf {
    folder.ancestors().last().unwrap_or(folder).to_path_buf()
}

/// The text without the characters that the URL parser drops: blanks around it, tabs and line ends within.
fn without_blanks(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| c <= ' ');
    if text.contains(['\t', '\n', '\r']) {
        Cow::Owned(text.replace(['\t', '\n', '\r'], ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Splits off query and hash.
fn split_suffix(specifier: &str) -> (&str, &str) {
    specifier.split_at(specifier.find(['?', '#']).unwrap_or(specifier.len()))
}

/// Encodes query and hash as the URL parser does.
fn normal_suffix(suffix: &str) -> String {
    let (query, hash) = suffix.split_at(suffix.find('#').unwrap_or(suffix.len()));
    let mut normal = String::new();
    if query.len() > 1 {
        normal += &encode(
            query,
            |byte| !matches!(byte, b' ' | b'"' | b'#' | b'<' | b'>' | b'\''),
            false,
        );
    }
    if hash.len() > 1 {
        normal += &encode(
            hash,
            |byte| !matches!(byte, b' ' | b'"' | b'<' | b'>' | b'`'),
            false,
        );
    }
    normal
}

fn has_encoded_separator(path: &str) -> bool {
    path.contains('%') && {
        let lower = path.to_ascii_lowercase();
        lower.contains("%2f") || lower.contains("%5c")
    }
}

/// Decodes percent signs. Invalid UTF-8 becomes replacement characters.
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        String::from_utf8(percent_decoded(text))
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// Bytes that `pathToFileURL` leaves as they are.
fn is_path_byte(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'"' | b'#' | b'<' | b'>' | b'?' | b'^' | b'`' | b'{' | b'}' | b'\\'
    )
}

/// Percent-encodes the bytes that are not plain. Control characters and bytes beyond ASCII are always encoded.
fn encode(text: &str, is_plain: impl Fn(u8) -> bool, with_percent: bool) -> String {
    let is_kept =
        |byte: u8| byte > b' ' - 1 && byte < 0x7f && is_plain(byte) && !(with_percent && byte == b'%');
    if text.bytes().all(&is_kept) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_kept(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The pathname of a path's `file:` URL.
pub fn pathname(path: &Path) -> String {
    let path = path.to_string_lossy();
    if cfg!(windows) {
        return format!("/{}", encode(&path.replace('\\', "/"), is_path_byte, true));
    }
    encode(&path, is_path_byte, true)
}

/// The `file:` URL of a path, with query and hash.
pub fn file_url(path: &Path, suffix: &str) -> String {
    let mut url = String::from("file://");
    url.push_str(&pathname(path));
    url.push_str(suffix);
    url
}

/// The scheme that the specifier begins with (`node:`, `data:`), if it has one.
pub fn scheme_of(specifier: &str) -> Option<&str> {
    let (scheme, _) = specifier.split_once(':')?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some(scheme)
}
