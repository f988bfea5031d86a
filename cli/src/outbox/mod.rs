//! The outbox: signed bytes are durable here before they are sent, and those very bytes are sent again until a node
//! says what became of them. The lanes go on from here, so what was signed once is never signed in other words.
//!
//! A directory with a lock and one file to which records are appended. Lanes are derived from it: the last operation
//! after the last origin record is the head of its lane. Where anything speaks for a copy or for lost records, a new origin
//! record is written, and new lanes start: in another place, after damage, and when somebody else wrote the file last.

mod entries;
mod error;
pub mod look;
mod mark;
mod origin;
mod record;

pub use entries::{CARRIED_BYTES_MAX, CARRIED_MAX};
pub use error::OutboxError;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use dmpc::{
    Hlc, Identity, NodeId, OpId, SignedOperation,
    operation::{Draft, Issue, Link, certify, sign},
};
use dmpc_storage::identity_file::{make_private_directory, sync_directory};
use rand_core::{CryptoRng, RngCore};
use rustix::fs::{FlockOperation, flock};

use crate::{
    error::CliError,
    lane::{Head, LaneKey, Lanes},
};
use entries::Entries;
use mark::Mark;
use origin::Origin;
use record::{Record, decode_all, goes_on_after_damage};

/// Operations that no node acknowledged yet.
pub const UNACKNOWLEDGED_MAX: usize = 16 * 1024;
/// Bytes of records that are no longer needed before the file is written anew.
const GARBAGE_BYTES_MAX: usize = 256 * 1024;

const FILE: &str = "outbox";
const NEW_FILE: &str = "outbox.new";
const LOCK: &str = "lock";
const FILE_MODE: u32 = 0o600;

/// Lanes, and what is on its way. One process at a time has it open.
#[derive(Debug)]
pub struct Outbox {
    directory: PathBuf,
    origin: Origin,
    /// Holds the lock until it is closed, and the mark of the file.
    lock: File,
    file: File,
    file_bytes: usize,
    lanes: Lanes,
    entries: Entries,
    poisoned: bool,
}

impl Outbox {
    /// Opens the outbox of `directory`, making it where it is missing. `identity` is the file that signs, or the
    /// directory of several: when it, the directory, the file or the machine are not those of last time, or the file was
    /// written by another since, new lanes start.
    ///
    /// # Errors
    /// [`OutboxError`]; [`OutboxError::Locked`] when another process has it open.
    pub fn open(directory: &Path, identity: &Path) -> Result<Self, OutboxError> {
        let io = |source| OutboxError::Io { path: directory.to_owned(), source };
        make_private_directory(directory).map_err(io)?;
        let mode = fs::metadata(directory).map_err(io)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(OutboxError::Mode { path: directory.to_owned(), mode });
        }
        let lock =
            private().read(true).write(true).create(true).truncate(false).open(directory.join(LOCK)).map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OutboxError::Locked { path: directory.to_owned() }),
            Err(error) => return Err(io(error.into())),
        }
        let origin = Origin::of(identity, directory).map_err(io)?;
        let path = directory.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Bytes::new(),
            Err(error) => return Err(io(error)),
        };
        let file = private().append(true).create(true).open(&path).map_err(io)?;
        let mut outbox = Self {
            directory: directory.to_owned(),
            origin,
            lock,
            file,
            file_bytes: bytes.len(),
            lanes: Lanes::default(),
            entries: Entries::default(),
            poisoned: false,
        };
        outbox.load(&bytes)?;
        Ok(outbox)
    }

    /// The last operation of a lane.
    pub fn head(&self, lane: &LaneKey) -> Option<&Head> {
        self.lanes.head(lane)
    }

    /// Ends a lane: the next operation starts a new one.
    pub fn end_lane(&mut self, lane: &LaneKey) {
        self.lanes.end(lane);
    }

    /// Signs an operation, in its lane: for a node, or for somebody who carries it. When it is returned it is durable, and
    /// may be sent.
    ///
    /// # Errors
    /// [`CliError::Outbox`]; what `payload` returns; [`CliError::Unsound`] when it would not be well formed.
    pub fn sign<R: RngCore + CryptoRng>(
        &mut self,
        node: Option<NodeId>,
        identity: &Identity,
        draft: Draft,
        at: Hlc,
        rng: &mut R,
        payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, CliError>,
    ) -> Result<SignedOperation, CliError> {
        let lane = LaneKey { user: identity.user, key: identity.signing.verifying_key(), channel: draft.channel };
        self.place(node, &lane, rng, |link| sign(identity, draft, at, link, payload))
    }

    /// Certifies an issue, in the certifier's lane, for somebody who carries it. When it is returned it is durable.
    ///
    /// # Errors
    /// [`CliError::Outbox`]; [`CliError::Unsound`] when it would not be well formed.
    pub fn certify<R: RngCore + CryptoRng>(
        &mut self,
        identity: &Identity,
        issue: &Issue,
        at: Hlc,
        rng: &mut R,
    ) -> Result<SignedOperation, CliError> {
        let channel = issue.header().channel;
        let lane = LaneKey { user: identity.user, key: identity.signing.verifying_key(), channel };
        self.place(None, &lane, rng, |link| Ok(certify(identity, issue, at, link)?))
    }

    /// Makes the next operation of a lane, and makes it durable.
    fn place<R: RngCore + CryptoRng>(
        &mut self,
        node: Option<NodeId>,
        lane: &LaneKey,
        rng: &mut R,
        make: impl FnOnce(Link) -> Result<SignedOperation, CliError>,
    ) -> Result<SignedOperation, CliError> {
        self.require_sound()?;
        if node.is_some() && self.entries.waiting() >= UNACKNOWLEDGED_MAX {
            return Err(OutboxError::Full { path: self.path() }.into());
        }
        let link = self.lanes.next(lane, rng).ok_or(OutboxError::LaneFull)?;
        let operation = make(link)?;
        let bytes = operation.bytes().clone();
        let record = match node {
            Some(node) => Record::Operation { node, bytes },
            None => Record::Carried(bytes),
        };
        self.append(&[record], true)?;
        self.lanes.advance(&operation);
        self.entries.add(node, &operation);
        if node.is_none() {
            self.compact_if_worth_it()?;
        }
        Ok(operation)
    }

    /// What is for `node` and was not acknowledged, in the order in which it was signed.
    pub fn unacknowledged(&self, node: &NodeId) -> Vec<(OpId, Bytes)> {
        self.entries.unacknowledged(node)
    }

    /// What was signed last for somebody who carries it, in the order in which it was signed: at most [`CARRIED_MAX`]
    /// operations and [`CARRIED_BYTES_MAX`] bytes.
    pub fn carried(&self) -> Vec<Bytes> {
        self.entries.carried()
    }

    /// The node said what became of these; they are not sent again.
    ///
    /// # Errors
    /// [`OutboxError::Io`]; then the outbox cannot be used any more.
    pub fn acknowledge(&mut self, ids: &[OpId]) -> Result<(), OutboxError> {
        let records: Vec<Record> = ids.iter().copied().map(Record::Done).collect();
        // Not synced: when it is lost, what was acknowledged is sent again, and is a duplicate.
        self.append(&records, false)?;
        ids.iter().for_each(|id| self.entries.settle(id));
        self.compact_if_worth_it()
    }

    fn compact_if_worth_it(&mut self) -> Result<(), OutboxError> {
        if self.file_bytes.saturating_sub(self.entries.bytes()) > GARBAGE_BYTES_MAX.max(self.file_bytes / 2) {
            self.compact()?;
        }
        Ok(())
    }

    /// Takes over what the file holds, and starts new lanes where it may be a copy or has lost its end.
    fn load(&mut self, bytes: &Bytes) -> Result<(), OutboxError> {
        let touched = !self.is_marked()?;
        let (records, whole) = decode_all(bytes);
        let mut last_origin = None;
        for record in records {
            match record {
                Record::Origin(text) => {
                    self.restart_lanes();
                    last_origin = Some(text);
                }
                Record::Operation { node, bytes } => self.load_operation(Some(node), bytes)?,
                Record::Carried(bytes) => self.load_operation(None, bytes)?,
                Record::Done(id) => self.entries.settle(&id),
            }
        }
        let here = self.origin.in_file(&self.file).map_err(|source| self.io(source))?;
        let damaged = whole < bytes.len();
        if goes_on_after_damage(&bytes.slice(whole..)) {
            return Err(OutboxError::Damaged { path: self.path(), offset: whole });
        }
        if damaged {
            let length = u64::try_from(whole).unwrap_or(u64::MAX);
            self.file.set_len(length).map_err(|source| self.io(source))?;
            self.file_bytes = whole;
        }
        if damaged || touched || last_origin.as_ref() != Some(&here) {
            self.restart_lanes();
            self.append(&[Record::Origin(here)], true)?;
            sync_directory(&self.directory).map_err(|source| self.io(source))?;
        }
        Ok(())
    }

    fn load_operation(&mut self, node: Option<NodeId>, bytes: Bytes) -> Result<(), OutboxError> {
        let operation =
            SignedOperation::decode(bytes).map_err(|source| OutboxError::Content { path: self.path(), source })?;
        self.lanes.advance(&operation);
        self.entries.add(node, &operation);
        Ok(())
    }

    fn restart_lanes(&mut self) {
        self.lanes.restart();
        self.entries.restart_lanes();
    }

    /// Appends records, durably where it says so. After a failure nobody knows what the file holds.
    fn append(&mut self, records: &[Record], durably: bool) -> Result<(), OutboxError> {
        self.require_sound()?;
        let bytes = encode_all(records);
        let written = self.file.write_all(&bytes).and_then(|()| if durably { self.file.sync_data() } else { Ok(()) });
        let written = written.and_then(|()| Mark::of(&self.file)?.write(&self.lock));
        if let Err(source) = written {
            self.poisoned = true;
            return Err(self.io(source));
        }
        self.file_bytes += bytes.len();
        Ok(())
    }

    /// Writes a file with what is still needed, and puts it in the place of the old one.
    fn compact(&mut self) -> Result<(), OutboxError> {
        self.rewrite().map_err(|source| {
            self.poisoned = true;
            self.io(source)
        })
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let new = self.directory.join(NEW_FILE);
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = private().append(true).create_new(true).open(&new)?;
        let bytes = encode_all(&self.entries.records(self.origin.in_file(&file)?));
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.path())?;
        sync_directory(&self.directory)?;
        Mark::of(&file)?.write(&self.lock)?;
        self.file = file;
        self.file_bytes = bytes.len();
        Ok(())
    }

    /// Whether the file is as it was left here.
    fn is_marked(&self) -> Result<bool, OutboxError> {
        let is_marked = || Ok(Mark::read(&self.lock)?.as_ref() == Some(&Mark::of(&self.file)?));
        is_marked().map_err(|source| self.io(source))
    }

    fn require_sound(&self) -> Result<(), OutboxError> {
        if self.poisoned { Err(OutboxError::Poisoned { path: self.path() }) } else { Ok(()) }
    }

    fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    fn io(&self, source: io::Error) -> OutboxError {
        OutboxError::Io { path: self.path(), source }
    }
}

fn encode_all(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| record.encode(&mut bytes));
    bytes
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE_MODE);
    options
}
