//! Files of backups: copied with their hash, and compared with it.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{BackupError, Entry, MANIFEST, Manifest, failed};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// Bytes that a manifest has at most.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Copies a file to a new one that its owner alone may read, on disk when it returns; its size and hash. `progress` is told
/// of bytes as they are copied.
pub(super) fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64)) -> Result<(u64, blake3::Hash), BackupError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut file = made.map_err(failed("make", to))?;
    let sum = each_chunk(from, progress, |chunk| file.write_all(chunk).map_err(failed("write", to)))?;
    file.sync_all().map_err(failed("sync", to))?;
    Ok(sum)
}

/// Size and hash of a file.
pub(super) fn sum(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<(u64, blake3::Hash), BackupError> {
    each_chunk(path, progress, |_| Ok(()))
}

fn each_chunk(
    path: &Path,
    progress: &mut dyn FnMut(u64),
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<(u64, blake3::Hash), BackupError> {
    let mut file = File::open(path).map_err(failed("open", path))?;
    let (mut hasher, mut bytes, mut chunk) = (blake3::Hasher::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let read = file.read(&mut chunk).map_err(failed("read", path))?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        each(part)?;
        let part = u64::try_from(read).unwrap_or_default();
        bytes += part;
        progress(part);
    }
    Ok((bytes, hasher.finalize()))
}

/// That a file is what the manifest says.
pub(super) fn require(entry: &Entry, path: &Path, (bytes, hash): (u64, blake3::Hash)) -> Result<(), BackupError> {
    let changed = |what| Err(BackupError::Changed { path: path.to_owned(), what });
    match (bytes == entry.bytes, hash == entry.hash) {
        (false, _) => changed("its size"),
        (true, false) => changed("its hash"),
        (true, true) => Ok(()),
    }
}

/// The plain files in a directory and those below it, ascending; paths from the directory.
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = open.pop() {
        let path = directory.join(&below);
        for entry in fs::read_dir(&path).map_err(failed("list", &path))? {
            let entry = entry.map_err(failed("list", &path))?;
            let name = below.join(entry.file_name());
            let is_directory = entry.file_type().map_err(failed("look at", &directory.join(&name)))?.is_dir();
            if is_directory { open.push(name) } else { files.push(name) }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// What RocksDB writes for people, and its lock: no part of a copy.
pub(super) fn is_left_out(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "LOCK" || name == "LOG" || name.starts_with("LOG.old")
}

/// The manifest of a backup.
pub(super) fn manifest(directory: &Path) -> Result<Manifest, BackupError> {
    let path = directory.join(MANIFEST);
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BackupError::Absent(directory.to_owned()));
        }
        opened => opened.map_err(failed("open", &path))?,
    };
    let mut bytes = Vec::new();
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes).map_err(failed("read", &path))?;
    let text = String::from_utf8(bytes).map_err(|_| BackupError::Manifest { line: 1, expected: "text" })?;
    text.parse()
}
