//! Parcels: operations of an exported log, packed and sealed into transactions. Runs on a thread of its own.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use bytes::Bytes;
use dmpc::{
    transaction::{Content, Outgoing, PipelineOptions},
    wire::schemas::OPERATION_BYTES_MAX,
};
use dmpc_storage::log_file::{LogFileError, LogFileReader};
use tokio::sync::mpsc;

use super::{Packed, Seals};
use crate::{commands::log::failure, error::CliError};

/// Operations in one transaction.
const OPERATIONS_MAX: usize = 64;
/// Bytes of operations in one transaction; one alone may have more.
const BYTES_MAX: usize = 128 * 1024;
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A sealed transaction with some operations.
#[derive(Debug)]
pub(super) struct Parcel {
    /// Where each of its operations stands in the file.
    pub(super) places: Vec<u64>,
    /// The encoded transaction.
    pub(super) transaction: Bytes,
}

/// Operations that are put together.
struct Packer<'a> {
    seals: &'a Seals,
    to: &'a mpsc::Sender<Packed>,
    places: Vec<u64>,
    operations: Vec<Bytes>,
    bytes: usize,
}

impl<'a> Packer<'a> {
    fn new(seals: &'a Seals, to: &'a mpsc::Sender<Packed>) -> Self {
        Self { seals, to, places: Vec::new(), operations: Vec::new(), bytes: 0 }
    }

    /// Puts an operation in; `false` when nobody sends any more.
    fn put(&mut self, place: u64, operation: Bytes) -> Result<bool, CliError> {
        let is_full = self.operations.len() >= OPERATIONS_MAX || self.bytes + operation.len() > BYTES_MAX;
        let goes_on = !is_full || self.seal()?;
        self.bytes += operation.len();
        self.places.push(place);
        self.operations.push(operation);
        Ok(goes_on)
    }

    /// Seals what there is and hands it on; `false` when nobody sends any more.
    fn seal(&mut self) -> Result<bool, CliError> {
        if self.operations.is_empty() {
            return Ok(true);
        }
        self.bytes = 0;
        let content = Content::Operations(std::mem::take(&mut self.operations));
        let outgoing = Outgoing {
            content: &content,
            options: PipelineOptions { read_result: true, ..PipelineOptions::default() },
            transmission: &[],
            reply_to: Some(self.seals.reply.encryption_key()?),
            recipients: &[self.seals.node],
        };
        let parcel = Parcel { places: std::mem::take(&mut self.places), transaction: outgoing.encode()? };
        Ok(self.to.blocking_send(Ok(parcel)).is_ok())
    }
}

/// Packs every operation of a file.
pub(super) fn pack_all(path: &Path, seals: &Seals, to: &mpsc::Sender<Packed>) -> Result<(), CliError> {
    let file = File::open(path).map_err(CliError::file(path))?;
    let failed = |error| failure(path, error);
    let mut reader = LogFileReader::new(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(failed)?;
    let mut packer = Packer::new(seals, to);
    while let Some(frame) = reader.next_frame().map_err(failed)? {
        if !packer.put(frame.offset, frame.bytes)? {
            return Ok(());
        }
    }
    packer.seal().map(|_| ())
}

/// Packs the operations that stand at these places of a file, which was read as a whole before.
pub(super) fn pack_some(path: &Path, places: &[u64], seals: &Seals, to: &mpsc::Sender<Packed>) -> Result<(), CliError> {
    let mut file = File::open(path).map_err(CliError::file(path))?;
    let mut packer = Packer::new(seals, to);
    for place in places {
        let operation = read_at(&mut file, *place).map_err(|error| failure(path, error))?;
        if !packer.put(*place, operation)? {
            return Ok(());
        }
    }
    packer.seal().map(|_| ())
}

fn read_at(file: &mut File, offset: u64) -> Result<Bytes, LogFileError> {
    file.seek(SeekFrom::Start(offset))?;
    let mut length = [0; 4];
    file.read_exact(&mut length)?;
    let bytes = u32::from_be_bytes(length);
    let length = usize::try_from(bytes).ok().filter(|length| *length <= OPERATION_BYTES_MAX);
    let mut operation = vec![0; length.ok_or(LogFileError::Length { offset, bytes })?];
    file.read_exact(&mut operation)?;
    Ok(operation.into())
}
