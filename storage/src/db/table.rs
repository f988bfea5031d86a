//! Where a table is damaged in what it says of itself. RocksDB names the table whose entries it cannot read, and not always the
//! one whose properties it cannot. So the blocks about the entries are looked through here, by their checksums alone.
//!
//! ```text
//! table      blocks of entries; blocks about them; the directory of these (metaindex); footer
//! block      contents | compression u8 | sum u32
//! directory  for each block: shared = 0, length of name, length of handle | name | handle: offset, bytes; all varints
//!            restarts u32 each | their number u32
//! footer     kind of sum u8 = 4 | 3e 00 7a 00 | sum u32 | base u32 | bytes of the directory u32 | 24 zeros
//!            version u32 = 6 | magic u64
//! sum        the lower half of XXH3-64 of all but the last byte, xor that byte times a prime, plus base xor the halves of
//!            the offset, added; the footer's with zeros in the place of its sum. Little-endian.
//! ```
//! Source: RocksDB's `table/format.cc`, `table/format.h` and `table/meta_blocks.cc`.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use bytes::Buf;
use prost::decode_length_delimiter as varint;
use twox_hash::XxHash3_64;

/// Bytes of a footer.
const FOOTER_BYTES: usize = 53;
/// Bytes after the contents of a block.
const TRAILER_BYTES: usize = 5;
/// What a footer of ours begins with: sums are XXH3, and the version is 6 or later.
const FOOTER_BEGINS: [u8; 5] = [4, 0x3e, 0x00, 0x7a, 0x00];
/// What the last byte is multiplied with.
const LAST_BYTE_PRIME: u32 = 0x6b90_83d9;
/// Bytes of a block about a table's entries that are looked at; RocksDB's own are far smaller.
const BLOCK_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Where in a table something is not what was written, and what.
type Fault = (u64, &'static str);

/// The first table of a database in which a block about its entries is not what was written, as text; `None` where all are.
pub(super) fn damage(database: &Path) -> io::Result<Option<String>> {
    for path in tables(database)? {
        let mut table = match File::open(&path) {
            // A compaction took it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        if let Err((at, what)) = look(&mut table)? {
            return Ok(Some(format!("table {}, byte {at}: {what}", path.display())));
        }
    }
    Ok(None)
}

/// The tables of a database, by their names.
fn tables(database: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(database)?.map(|entry| entry.map(|entry| entry.path()));
    let is_table = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sst");
    let mut tables = paths.filter(|path| path.as_ref().map_or(true, is_table)).collect::<io::Result<Vec<_>>>()?;
    tables.sort_unstable();
    Ok(tables)
}

/// A block: where it begins, and the bytes of its contents.
#[derive(Clone, Copy)]
struct Handle {
    offset: u64,
    bytes: u64,
}

/// Looks at the directory of a table, and at every block that this names. A table without its footer may be one that was not
/// finished, which nothing refers to; RocksDB names each that it wants and whose footer it cannot read.
fn look(table: &mut (impl Read + Seek)) -> io::Result<Result<(), Fault>> {
    let length = table.seek(SeekFrom::End(0))?;
    let Some(begins) = length.checked_sub(FOOTER_BYTES as u64) else { return Ok(Ok(())) };
    let mut footer = [0; FOOTER_BYTES];
    table.seek(SeekFrom::Start(begins))?;
    table.read_exact(&mut footer)?;
    let Some((base, directory)) = read_footer(footer, begins) else { return Ok(Ok(())) };
    let Some(contents) = block(table, directory, base, begins)? else {
        return Ok(Err((directory.offset, "its directory of blocks (metaindex) is not as it was written")));
    };
    let Some(named) = read_directory(&contents) else {
        return Ok(Err((directory.offset, "its directory of blocks (metaindex) is not one")));
    };
    for (name, handle) in named {
        if block(table, handle, base, begins)?.is_none() {
            return Ok(Err((handle.offset, kind(&name))));
        }
    }
    Ok(Ok(()))
}

/// What a block is, by its name in the directory.
fn kind(name: &[u8]) -> &'static str {
    match name {
        b"rocksdb.properties" => "its properties are not as they were written",
        b"rocksdb.index" => "its index, or the top of it, is not as it was written",
        _ if name.starts_with(b"fullfilter.") => "its filter is not as it was written",
        _ => "a block about its entries is not as it was written",
    }
}

/// The base of a table's sums, and the place of its directory; `None` where the footer is not as it was written.
fn read_footer(mut footer: [u8; FOOTER_BYTES], begins: u64) -> Option<(u32, Handle)> {
    let mut rest = footer.strip_prefix(&FOOTER_BEGINS)?;
    let mut next = || rest.try_get_u32_le().ok();
    let (stored, base, bytes) = (next()?, next()?, u64::from(next()?));
    footer.get_mut(FOOTER_BEGINS.len()..)?.get_mut(..4)?.fill(0);
    let (last, all) = footer.split_last()?;
    let offset = begins.checked_sub(bytes.checked_add(TRAILER_BYTES as u64)?)?;
    (sum(all, *last, base, begins) == stored).then_some((base, Handle { offset, bytes }))
}

/// The contents of a block; `None` where it is not as it was written, or not before byte `end`.
fn block(table: &mut (impl Read + Seek), handle: Handle, base: u32, end: u64) -> io::Result<Option<Vec<u8>>> {
    let bytes = handle.bytes.saturating_add(TRAILER_BYTES as u64);
    if bytes > BLOCK_BYTES_MAX || handle.offset.saturating_add(bytes) > end {
        return Ok(None);
    }
    let mut read = Vec::new();
    table.seek(SeekFrom::Start(handle.offset))?;
    table.take(bytes).read_to_end(&mut read)?;
    let is_whole = |read: &[u8]| {
        let (read, stored) = read.split_last_chunk()?;
        let (compression, contents) = read.split_last()?;
        Some(sum(contents, *compression, base, handle.offset) == u32::from_le_bytes(*stored))
    };
    Ok(is_whole(&read).unwrap_or(false).then(|| {
        read.truncate(read.len().saturating_sub(TRAILER_BYTES));
        read
    }))
}

/// The checksum of bytes and the one after them, at a place of a table.
fn sum(bytes: &[u8], last: u8, base: u32, offset: u64) -> u32 {
    let lower = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let hash = lower(XxHash3_64::oneshot(bytes)) ^ u32::from(last).wrapping_mul(LAST_BYTE_PRIME);
    hash.wrapping_add(base ^ lower(offset).wrapping_add(lower(offset >> 32)))
}

/// The blocks that a directory names; `None` where it is not one.
fn read_directory(contents: &[u8]) -> Option<Vec<(Vec<u8>, Handle)>> {
    let (entries, restarts) = contents.split_last_chunk()?;
    let restarts = usize::try_from(u32::from_le_bytes(*restarts)).ok()?.checked_mul(4)?;
    let (mut entries, _) = entries.split_at_checked(entries.len().checked_sub(restarts)?)?;
    let mut named = Vec::new();
    while !entries.is_empty() {
        let mut next = || varint(&mut entries).ok();
        let (0, name, handle) = (next()?, next()?, next()?) else { return None };
        let (name, rest) = entries.split_at_checked(name)?;
        let (mut handle, rest) = rest.split_at_checked(handle)?;
        let mut next = || varint(&mut handle).ok().and_then(|number| u64::try_from(number).ok());
        named.push((name.to_vec(), Handle { offset: next()?, bytes: next()? }));
        entries = rest;
    }
    Some(named)
}
