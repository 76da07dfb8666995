//! A pack: one file with many entries. Its index is read as a whole, each content when it is asked for.
//!
//! A pack is never changed: a new one takes its place. Nothing is taken from a broken pack.

use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use rustc_hash::FxHashMap;

/// The first bytes of a pack.
const MAGIC: [u8; 8] = *b"nodehmr1";
const HEADER: usize = 32;
const ROW: usize = 32;

/// Names an entry: a hash of all that its content depends on.
pub type Key = [u8; 16];

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    offset: u32,
    pub size: u32,
    sum: u32,
    /// How many packs were written since the entry was used.
    pub age: u32,
}

/// An open pack.
pub struct Pack {
    file: File,
    rows: FxHashMap<Key, Row>,
}

impl Pack {
    /// Opens a pack; `None` if there is none, if it is broken, or if another version wrote it.
    pub fn open(path: &Path, version: u64) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header).ok()?;
        let count = usize::try_from(u32::from_le_bytes(*header.get(16..)?.first_chunk()?)).ok()?;
        let size = u64::try_from(HEADER + count.checked_mul(ROW)?).ok()?;
        let sum = u64::from_le_bytes(*header.get(24..)?.first_chunk()?);
        if !header.starts_with(&MAGIC)
            || *header.get(8..16)? != version.to_le_bytes()
            || file.metadata().ok()?.len() < size
        {
            return None;
        }
        let mut index = vec![0; count * ROW];
        file.read_exact(&mut index).ok()?;
        if sum_of(&index) != sum {
            return None;
        }
        let rows = index.as_chunks::<ROW>().0.iter().filter_map(row_of).collect();
        Some(Self { file, rows })
    }

    /// The content of an entry, unless it is broken.
    pub fn read(&self, key: &Key) -> Option<Vec<u8>> {
        let row = self.rows.get(key)?;
        let mut content = vec![0; usize::try_from(row.size).ok()?];
        read_at(&self.file, &mut content, u64::from(row.offset)).ok()?;
        (short_sum(&content) == row.sum).then_some(content)
    }

    /// All entries.
    pub fn rows(&self) -> &FxHashMap<Key, Row> {
        &self.rows
    }
}

/// Writes a pack in place of another, in one step.
pub fn write(path: &Path, version: u64, entries: &[(Key, u32, Vec<u8>)]) -> io::Result<()> {
    let mut index = Vec::with_capacity(entries.len() * ROW);
    let mut offset = HEADER + entries.len() * ROW;
    for (key, age, content) in entries {
        index.extend_from_slice(key);
        let sizes = [offset, content.len()].map(u32::try_from);
        for size in sizes {
            index.extend_from_slice(&size.map_err(io::Error::other)?.to_le_bytes());
        }
        index.extend_from_slice(&short_sum(content).to_le_bytes());
        index.extend_from_slice(&age.to_le_bytes());
        offset += content.len();
    }
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&beside).and_then(|file| {
        let mut file = BufWriter::with_capacity(256 * 1024, file);
        file.write_all(&MAGIC)?;
        file.write_all(&version.to_le_bytes())?;
        file.write_all(
            &u32::try_from(entries.len())
                .map_err(io::Error::other)?
                .to_le_bytes(),
        )?;
        file.write_all(&[0; 4])?;
        file.write_all(&sum_of(&index).to_le_bytes())?;
        file.write_all(&index)?;
        for (.., content) in entries {
            file.write_all(content)?;
        }
        file.flush()
    });
    let moved = written.and_then(|()| std::fs::rename(&beside, path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    moved
}

fn row_of(row: &[u8; ROW]) -> Option<(Key, Row)> {
    let (key, numbers) = row.split_first_chunk::<16>()?;
    let (numbers, _) = numbers.as_chunks::<4>();
    let mut numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
    Some((
        *key,
        Row {
            offset: numbers.next()?,
            size: numbers.next()?,
            sum: numbers.next()?,
            age: numbers.next()?,
        },
    ))
}

fn sum_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[expect(clippy::cast_possible_truncation, reason = "half of it is enough")]
fn short_sum(bytes: &[u8]) -> u32 {
    sum_of(bytes) as u32
}

#[cfg(unix)]
fn read_at(file: &File, content: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, content, offset)
}

#[cfg(windows)]
fn read_at(file: &File, content: &mut [u8], offset: u64) -> io::Result<()> {
    let mut at = 0;
    while at < content.len() {
        let rest = content.get_mut(at..).unwrap_or_default();
        match std::os::windows::fs::FileExt::seek_read(file, rest, offset + at as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => at += count,
        }
    }
    Ok(())
}
