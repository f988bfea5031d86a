//! Writing an exported log.

use std::io::{self, Write};

use dmpc::{OpKey, hash::Domain};

use super::{Header, LogFileError, MAGIC, Scope, Trailer, VERSION};
use crate::{
    digest::{LtHash, log_digest, log_element},
    families::meta,
};

/// Writes an exported log, operation by operation. Without [`LogFileWriter::finish`] it stays truncated.
#[derive(Debug)]
pub struct LogFileWriter<W> {
    to: W,
    hasher: blake3::Hasher,
    elements: LtHash,
    operations: u64,
    last: Option<OpKey>,
}

impl<W: Write> LogFileWriter<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// [`LogFileError::Io`]
    pub fn new(to: W, header: &Header) -> Result<Self, LogFileError> {
        let mut writer =
            Self { to, hasher: Domain::LogFile.hasher(), elements: LtHash::default(), operations: 0, last: None };
        let scope = match header.scope {
            Scope::Whole => 1,
            Scope::Part => 2,
        };
        let genesis = meta::genesis_value(&header.genesis);
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_be_bytes())?;
        writer.put(&[scope])?;
        writer.put(&length(&genesis).to_be_bytes())?;
        writer.put(&genesis)?;
        Ok(writer)
    }

    /// Writes an operation with its key, which is after that of the one before it.
    ///
    /// # Errors
    /// [`LogFileError::Order`], [`LogFileError::Io`].
    pub fn push(&mut self, key: OpKey, operation: &[u8]) -> Result<(), LogFileError> {
        if let Some(before) = self.last.filter(|before| *before >= key) {
            return Err(LogFileError::Order { key, before });
        }
        self.put(&length(operation).to_be_bytes())?;
        self.put(operation)?;
        self.elements.add(log_element(&key.id));
        self.operations += 1;
        self.last = Some(key);
        Ok(())
    }

    /// Writes the trailer and gives the stream back, flushed, with what the trailer says.
    ///
    /// # Errors
    /// [`LogFileError::Io`]
    pub fn finish(mut self) -> Result<(W, Trailer), LogFileError> {
        let trailer = Trailer { operations: self.operations, log_digest: log_digest(&self.elements) };
        self.put(&0_u32.to_be_bytes())?;
        self.put(&trailer.operations.to_be_bytes())?;
        self.put(&trailer.log_digest)?;
        self.to.write_all(self.hasher.finalize().as_bytes())?;
        self.to.flush()?;
        Ok((self.to, trailer))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.to.write_all(bytes)
    }
}

/// A length as it is written; what is longer than any reader takes is refused by it.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
