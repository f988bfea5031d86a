//! The journal of an import: what was signed, in its order, before any of it is sent. One file, one writer, append only; everything
//! else of an import is rebuilt from it and the input.
//!
//! ```text
//! file   = header frame, frame, frame, ...
//! frame  = length of payload (4, big-endian) | CRC-32 of payload (4, big-endian) | payload (protobuf)
//! ```
//!
//! A frame is appended and fsynced as a whole before the next one is begun, so only the last one can be torn; a torn one
//! was never sent, and is dropped. A bad frame with another behind it is damage, and nothing goes on.

mod error;
mod frame;
mod source;

pub(crate) use error::JournalError;
pub(crate) use frame::{Frame, NewPerson, Position};
pub(crate) use source::Frames;

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use dmpc::{NodeId, UserId};
use prost::Message;
use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use dmpc_storage::identity_file::make_private_directory;
use error::io_error;
use frame::Header;
use source::{Source, checksum};

/// The journal's name in the identity directory.
const FILE_NAME: &str = "journal";
/// The layout that this program writes.
const FORMAT: u32 = 1;
/// Mode of the file: it holds the keys of the users whom it creates.
const FILE_MODE: u32 = 0o600;
/// Bytes of length and checksum before a payload.
const PREFIX_BYTES: usize = 8;
/// Bytes of a payload. Batches end far earlier; one event adds at most an epoch with wraps for `plan::MEMBERS_MAX` members, each
/// of at most 1.1 KiB, and a few operations of 64 KiB.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The journal, locked for one import.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    position: Position,
    digest: Vec<u8>,
    first_frame: u64,
    /// A write failed: what follows would stand behind half a frame.
    broken: bool,
}

impl Journal {
    /// Opens the journal of a directory or makes both, locks it, and drops a torn frame at its end.
    ///
    /// # Errors
    /// [`JournalError`]; nothing is changed when it belongs to another node or root, or is damaged.
    pub(crate) fn open(directory: &Path, node: NodeId, root: UserId) -> Result<Self, JournalError> {
        let path = directory.join(FILE_NAME);
        make_private_directory(directory).map_err(io_error(directory))?;
        let options = OpenOptions::new().read(true).append(true).create(true).mode(FILE_MODE).open(&path);
        let file = options.map_err(io_error(&path))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => JournalError::Locked { path: path.clone() },
            _ => JournalError::Io { path: path.clone(), source: error.into() },
        })?;
        let mut journal =
            Self { path, file, position: Position::default(), digest: Vec::new(), first_frame: 0, broken: false };
        journal.recover(node, root)?;
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io_error(directory))?;
        Ok(journal)
    }

    /// How far it is.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Whether nothing was imported yet.
    pub(crate) fn is_new(&self) -> bool {
        self.position == Position::default()
    }

    /// Every frame, from the first one on.
    ///
    /// # Errors
    /// [`JournalError::Io`]
    pub(crate) fn frames(&self) -> Result<Frames, JournalError> {
        let mut file = File::open(&self.path).map_err(io_error(&self.path))?;
        file.seek(SeekFrom::Start(self.first_frame)).map_err(io_error(&self.path))?;
        Ok(Frames::new(Source::new(&self.path, file, self.first_frame)?))
    }

    /// Appends a frame; when this returns it is durable.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::TooLarge`]. After an error nothing of the frame may be sent.
    pub(crate) fn append(&mut self, frame: &Frame) -> Result<(), JournalError> {
        self.write(&Zeroizing::new(frame.encode_to_vec()))?;
        self.advance(frame);
        Ok(())
    }

    /// Notes what was acknowledged, when that is all that is new. After a failed write it notes nothing, which costs duplicates.
    ///
    /// # Errors
    /// [`JournalError::Io`]
    pub(crate) fn acknowledge(&mut self, acknowledged: u64) -> Result<(), JournalError> {
        if self.broken || acknowledged <= self.position.acknowledged {
            return Ok(());
        }
        let frame =
            Frame { events: self.position.events, digest: self.digest.clone(), acknowledged, ..Frame::default() };
        self.append(&frame)
    }

    fn write(&mut self, payload: &[u8]) -> Result<(), JournalError> {
        let too_large = || JournalError::TooLarge { bytes: payload.len() };
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(too_large());
        }
        let length = u32::try_from(payload.len()).map_err(|_| too_large())?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(PREFIX_BYTES + payload.len()));
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&checksum(payload).to_be_bytes());
        bytes.extend_from_slice(payload);
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        self.broken |= written.is_err();
        written.map_err(io_error(&self.path))
    }

    fn advance(&mut self, frame: &Frame) {
        let signed = u64::try_from(frame.operations.len()).unwrap_or(u64::MAX);
        self.position.operations = self.position.operations.saturating_add(signed);
        self.position.events = frame.events;
        self.position.acknowledged = frame.acknowledged;
        self.digest.clone_from(&frame.digest);
    }

    /// Reads everything once, checks what it belongs to, and cuts a torn end off.
    fn recover(&mut self, node: NodeId, root: UserId) -> Result<(), JournalError> {
        let mut source = Source::new(&self.path, self.file.try_clone().map_err(io_error(&self.path))?, 0)?;
        match source.next()? {
            Some(payload) => self.require_own(&source.decode(&payload)?, node, root)?,
            None => {
                self.file.set_len(0).map_err(io_error(&self.path))?;
                let header = Header { format: FORMAT, node: node.as_bytes().to_vec(), root: root.as_bytes().to_vec() };
                self.write(&header.encode_to_vec())?;
                self.first_frame = self.file.metadata().map_err(io_error(&self.path))?.len();
                return Ok(());
            }
        }
        self.first_frame = source.offset;
        while let Some(payload) = source.next()? {
            self.advance(&source.decode(&payload)?);
        }
        // A process that died may have written without syncing; what is sent from here on must be durable.
        self.file.set_len(source.offset).and_then(|()| self.file.sync_all()).map_err(io_error(&self.path))
    }

    fn require_own(&self, header: &Header, node: NodeId, root: UserId) -> Result<(), JournalError> {
        if header.format != FORMAT {
            return Err(JournalError::Format { path: self.path.clone(), found: header.format });
        }
        let damaged = |_| JournalError::Damaged { path: self.path.clone(), offset: 0 };
        let own_node = NodeId::from_slice(&header.node).map_err(damaged)?;
        let own_root = UserId::from_slice(&header.root).map_err(damaged)?;
        if own_node != node {
            return Err(JournalError::OtherNode { path: self.path.clone(), journal: own_node, asked: node });
        }
        if own_root != root {
            return Err(JournalError::OtherRoot { path: self.path.clone(), journal: own_root, asked: root });
        }
        Ok(())
    }
}
