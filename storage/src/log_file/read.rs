//! Reading an exported log: its framing, and nothing of what the operations say.

use std::io::{self, ErrorKind, Read};

use bytes::Bytes;
use dmpc::{hash::Domain, wire::schemas::OPERATION_BYTES_MAX};

use super::{Header, LogFileError, MAGIC, ROOTS_MAX, Scope, Trailer, VERSION};
use crate::families::meta;

/// Bytes of a genesis with one root, and of each root.
const NODE_BYTES: usize = 32;
const ROOT_BYTES: usize = 96;

/// An operation of an exported log, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where its length stands: bytes from the beginning.
    pub offset: u64,
    /// Which one it is, from 1.
    pub number: u64,
    /// Its bytes; nothing is known of them yet.
    pub bytes: Bytes,
}

/// Reads an exported log, frame by frame, with memory for one of them. Give it a buffered stream.
#[derive(Debug)]
pub struct LogFileReader<R> {
    from: R,
    hasher: blake3::Hasher,
    header: Header,
    offset: u64,
    operations: u64,
    trailer: Option<Trailer>,
}

impl<R: Read> LogFileReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`LogFileError`]
    pub fn new(from: R) -> Result<Self, LogFileError> {
        let nobody = crate::Genesis { node: dmpc::NodeId::from_bytes([0; 32]), roots: Vec::new() };
        let header = Header { scope: Scope::Whole, genesis: nobody };
        let hasher = Domain::LogFile.hasher();
        let mut reader = Self { from, hasher, header, offset: 0, operations: 0, trailer: None };
        let magic = reader.take::<8>(0).map_err(|error| match error {
            LogFileError::Truncated { .. } => LogFileError::Magic,
            error => error,
        })?;
        if &magic != MAGIC {
            return Err(LogFileError::Magic);
        }
        let version = u32::from_be_bytes(reader.take(0)?);
        if version != VERSION {
            return Err(LogFileError::Version(version));
        }
        reader.header.scope = match reader.take::<1>(0)? {
            [1] => Scope::Whole,
            [2] => Scope::Part,
            _ => return Err(LogFileError::Header("its scope is unknown")),
        };
        let length = usize::try_from(u32::from_be_bytes(reader.take(0)?)).unwrap_or(usize::MAX);
        if length > NODE_BYTES + ROOTS_MAX * ROOT_BYTES {
            return Err(LogFileError::Header("it names more roots than a header may"));
        }
        let genesis = reader.take_many(length, 0)?;
        let genesis = meta::parse_genesis(&genesis).ok_or(LogFileError::Header("node and roots are unreadable"))?;
        if !genesis.roots.is_sorted_by(|one, other| one.user < other.user) {
            return Err(LogFileError::Header("the roots are not ascending"));
        }
        reader.header.genesis = genesis;
        Ok(reader)
    }

    /// What the file says before its operations.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the file says behind its operations, once all of them were read.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// Bytes that were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next operation; `None` after the last one, when the trailer was read and agrees. (That the log digest is that
    /// of the operations is seen by who decodes them.)
    ///
    /// # Errors
    /// [`LogFileError`]; nothing can be read after it.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, LogFileError> {
        if self.trailer.is_some() {
            return Ok(None);
        }
        let offset = self.offset;
        let bytes = u32::from_be_bytes(self.take(offset)?);
        if bytes == 0 {
            self.read_trailer(offset)?;
            return Ok(None);
        }
        let length = usize::try_from(bytes).ok().filter(|length| *length <= OPERATION_BYTES_MAX);
        let length = length.ok_or(LogFileError::Length { offset, bytes })?;
        let bytes = self.take_many(length, offset)?.into();
        self.operations += 1;
        Ok(Some(Frame { offset, number: self.operations, bytes }))
    }

    fn read_trailer(&mut self, offset: u64) -> Result<(), LogFileError> {
        let stated = u64::from_be_bytes(self.take(offset)?);
        let log_digest = self.take(offset)?;
        let checksum = *self.hasher.finalize().as_bytes();
        if self.take::<32>(offset)? != checksum {
            return Err(LogFileError::Checksum { offset });
        }
        if stated != self.operations {
            return Err(LogFileError::Count { offset, stated, counted: self.operations });
        }
        if self.fill(&mut [0])? != 0 {
            return Err(LogFileError::TrailingBytes { offset: self.offset });
        }
        self.trailer = Some(Trailer { operations: stated, log_digest });
        Ok(())
    }

    /// So many bytes of the frame that begins at `offset`.
    fn take<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], LogFileError> {
        let mut bytes = [0; N];
        self.exactly(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn take_many(&mut self, length: usize, offset: u64) -> Result<Vec<u8>, LogFileError> {
        let mut bytes = vec![0; length];
        self.exactly(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn exactly(&mut self, bytes: &mut [u8], offset: u64) -> Result<(), LogFileError> {
        if self.fill(bytes)? < bytes.len() {
            return Err(LogFileError::Truncated { offset });
        }
        self.hasher.update(bytes);
        self.offset += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(())
    }

    /// Reads until there is enough or the stream ends; how much.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
