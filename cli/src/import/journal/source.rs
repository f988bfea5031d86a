//! Reading frames: where each begins and ends, and what tells a torn end from damage.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use prost::Message;

use super::{Frame, JournalError, PAYLOAD_BYTES_MAX, PREFIX_BYTES, error::io_error};

/// The frames of a journal, in their order.
pub(crate) struct Frames {
    source: Source,
}

impl Frames {
    pub(super) fn new(source: Source) -> Self {
        Self { source }
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::Damaged`]
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, JournalError> {
        let Some(payload) = self.source.next()? else { return Ok(None) };
        self.source.decode(&payload).map(Some)
    }
}

/// Reads payloads, and tells a torn end from damage.
pub(super) struct Source {
    path: PathBuf,
    reader: BufReader<File>,
    /// Where the next frame begins: behind the last good one.
    pub(super) offset: u64,
    length: u64,
}

impl Source {
    pub(super) fn new(path: &Path, file: File, offset: u64) -> Result<Self, JournalError> {
        let length = file.metadata().map_err(io_error(path))?.len();
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), offset, length })
    }

    fn damaged(&self) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), offset: self.offset }
    }

    /// The next payload; `None` at the end, and where the last frame is torn.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, JournalError> {
        let left = usize::try_from(self.length.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let mut prefix = [0; PREFIX_BYTES];
        if left < prefix.len() {
            return Ok(None);
        }
        self.reader.read_exact(&mut prefix).map_err(io_error(&self.path))?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = prefix;
        let (length, sum) = (u32::from_be_bytes([l0, l1, l2, l3]), u32::from_be_bytes([c0, c1, c2, c3]));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length == 0 || length > PAYLOAD_BYTES_MAX {
            return if self.rest_is_zero(&prefix)? { Ok(None) } else { Err(self.damaged()) };
        }
        if left - PREFIX_BYTES < length {
            return Ok(None);
        }
        let mut payload = vec![0; length];
        self.reader.read_exact(&mut payload).map_err(io_error(&self.path))?;
        if checksum(&payload) != sum {
            return if left - PREFIX_BYTES == length { Ok(None) } else { Err(self.damaged()) };
        }
        let bytes = u64::try_from(PREFIX_BYTES + length).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(bytes);
        Ok(Some(payload.into()))
    }

    /// Whether a file system gave the file its length and not yet its bytes.
    fn rest_is_zero(&mut self, prefix: &[u8]) -> Result<bool, JournalError> {
        let rest = self.reader.get_ref().metadata().map_err(io_error(&self.path))?.len();
        let bound = u64::try_from(PREFIX_BYTES + PAYLOAD_BYTES_MAX).unwrap_or(u64::MAX);
        if rest.saturating_sub(self.offset) > bound || prefix.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).map_err(io_error(&self.path))?;
        Ok(bytes.iter().all(|byte| *byte == 0))
    }

    pub(super) fn decode<M: Message + Default>(&self, payload: &Bytes) -> Result<M, JournalError> {
        M::decode(payload.clone()).map_err(|_| self.damaged())
    }
}

/// CRC-32 of a payload.
pub(super) fn checksum(payload: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(payload);
    crc.sum()
}
