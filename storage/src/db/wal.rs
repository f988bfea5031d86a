//! Where a write-ahead log is damaged. RocksDB recovers up to there and does not say where that is, nor that there was more.
//! So the files are looked through here, by their checksums alone, and nothing is made of what they hold.
//!
//! ```text
//! blocks of 32,768 bytes; in them records; fewer than 7 bytes at the end of a block are padding
//! record   checksum u32 | length u16 | type u8 | of a recycled file: number u32 | content
//!          little-endian; the checksum is CRC-32C of what follows the length, rotated, and a constant added
//! type     1 whole, 2 first, 3 middle, 4 last; 5 to 8 the same of a recycled file; others carry settings
//! ```
//! Source: RocksDB's `db/log_format.h` and `db/log_reader.cc`.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::StoreError;

/// Bytes of a block.
const BLOCK_BYTES: usize = 32 * 1024;
/// Bytes of a record before its content.
const HEADER_BYTES: usize = 7;
/// Added to a checksum.
const MASK: u32 = 0xa282_ead8;

/// Where a write-ahead log is not what was written, or where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalPlace {
    /// The file.
    pub file: PathBuf,
    /// The byte in it at which the first record begins that is not there as it was written; `None` where there is no file.
    pub at: Option<u64>,
    /// What is wrong there.
    pub what: &'static str,
}

impl fmt::Display for WalPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "write-ahead log {}, byte {at}: {}", self.file.display(), self.what),
            None => write!(f, "write-ahead log {}: {}", self.file.display(), self.what),
        }
    }
}

/// The write-ahead logs of a database, the oldest first.
fn files(database: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(database)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == "log")) {
            files.push((number, path));
        }
    }
    files.sort_unstable();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The first place in the write-ahead logs of a database that is not what was written, as far as checksums tell; `None` where
/// every record is whole. A log that is cut between two records looks whole.
pub(crate) fn damage(database: &Path) -> Result<Option<WalPlace>, StoreError> {
    let look = || -> io::Result<Option<WalPlace>> {
        for file in files(database)? {
            if let Err((at, what)) = scan(&mut BufReader::with_capacity(BLOCK_BYTES, File::open(&file)?))? {
                return Ok(Some(WalPlace { file, at: Some(at), what }));
            }
        }
        Ok(None)
    };
    look().map_err(failed)
}

/// The same; where every record is whole, the end of the last log.
pub(crate) fn damage_or_end(database: &Path) -> Result<WalPlace, StoreError> {
    if let Some(damage) = damage(database)? {
        return Ok(damage);
    }
    let last = || -> io::Result<WalPlace> {
        let Some(file) = files(database)?.pop() else {
            return Ok(WalPlace { file: database.join("*.log"), at: None, what: "there is none" });
        };
        let at = Some(fs::metadata(&file)?.len());
        Ok(WalPlace { file, at, what: "it ends here" })
    };
    last().map_err(failed)
}

fn failed(error: io::Error) -> StoreError {
    StoreError::Io { context: "look through the write-ahead log", message: error.to_string() }
}

/// Looks through a log: the place of the first record that is not whole, and why.
fn scan(log: &mut impl Read) -> io::Result<Result<(), (u64, &'static str)>> {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let (mut base, mut open) = (0, None);
    loop {
        block.clear();
        let limit = u64::try_from(BLOCK_BYTES).unwrap_or(u64::MAX);
        let read = log.take(limit).read_to_end(&mut block)?;
        let is_last = read < BLOCK_BYTES;
        if let Err((at, what)) = scan_block(&block, is_last, base, &mut open) {
            return Ok(Err((at, what)));
        }
        base += u64::try_from(read).unwrap_or_default();
        if is_last {
            // What began and does not end was torn off.
            return Ok(open.map_or(Ok(()), |begun| Err((begun, "the end of the record is missing"))));
        }
    }
}

/// Looks through a block that begins at byte `base` of its file. `open` is where a record began that goes on.
fn scan_block(block: &[u8], is_last: bool, base: u64, open: &mut Option<u64>) -> Result<(), (u64, &'static str)> {
    let mut rest = block;
    loop {
        let place = base + u64::try_from(block.len() - rest.len()).unwrap_or_default();
        let fault = |what| Err((open.unwrap_or(place), what));
        let Some((header, content)) = rest.split_first_chunk::<HEADER_BYTES>() else {
            return if is_last && !rest.is_empty() { fault("the record is cut off") } else { Ok(()) };
        };
        let [c0, c1, c2, c3, l0, l1, kind] = *header;
        let (stored, length) = (u32::from_le_bytes([c0, c1, c2, c3]), usize::from(u16::from_le_bytes([l0, l1])));
        let length = if matches!(kind, 5..=8 | 11 | 131) { length + 4 } else { length };
        let Some((content, after)) = content.split_at_checked(length) else {
            return fault(if is_last {
                "the record is cut off, or its length is damaged"
            } else {
                "its length is damaged"
            });
        };
        let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), content).rotate_right(15).wrapping_add(MASK);
        if sum != stored {
            return fault("its checksum is of something else");
        }
        match (kind, *open) {
            (1 | 5, None) | (9..=11 | 130 | 131, _) => {}
            (2 | 6, None) => *open = Some(place),
            (3 | 7, Some(_)) => {}
            (4 | 8, Some(_)) => *open = None,
            _ => return fault("the record does not go on from the one before it"),
        }
        rest = after;
    }
}
