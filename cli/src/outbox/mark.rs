//! How the outbox file was left: its length and the time of its last change, which the system sets. Kept in the lock file,
//! beside the outbox. Whoever puts older contents into the same file (a backup that is copied over it, a synchronisation in
//! place) changes that time, so the lanes that the older contents end in are not taken up again.
//!
//! It is not synced. When it is lost or not written, new lanes start, which costs nothing. A filesystem or machine that is
//! put back as a whole keeps its times: that does not show here.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
};

/// Bytes of a mark: three numbers of fixed width, two spaces, a line feed.
const MARK_BYTES: usize = 20 + 1 + 20 + 1 + 9 + 1;

/// How a file was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark(String);

impl Mark {
    /// Of a file as it is now.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self(format!("{:020} {:020} {:09}\n", metadata.len(), metadata.ctime(), metadata.ctime_nsec())))
    }

    /// The one that was kept; none where there is none.
    pub(super) fn read(kept: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; MARK_BYTES];
        match kept.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(String::from_utf8(bytes.to_vec()).ok().map(Self)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps it.
    pub(super) fn write(&self, kept: &File) -> io::Result<()> {
        kept.write_all_at(self.0.as_bytes(), 0)
    }
}
