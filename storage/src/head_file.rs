//! The file `HEAD`: what was acknowledged, outside RocksDB.
//!
//! RocksDB recovers to the last good record of its write-ahead log and says nothing of what came after it. This file
//! remembers how far acknowledgements went, so that a loss is noticed and refused instead of passed over.
//!
//! ```text
//! two slots of 512 bytes, written in turn; of those that are whole, the one with the greater serial counts
//! slot   magic 8 | format u32 | serial u64 | clean u8 | node id 32 | arrivals u64 | last OpKey 40 | kept u64 | zeros |
//!        hash of the rest 32
//! ```

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    time::{Duration, Instant},
};

use dmpc::{NodeId, OpKey, hash::Domain};

use crate::{
    StoreError,
    stage::{self, Stage},
};

const SLOT_BYTES: usize = 512;
const SECOND_SLOT_AT: u64 = 512;
const HASH_AT: usize = SLOT_BYTES - 32;
const MAGIC: &[u8; 8] = b"dmpcHEAD";
const FORMAT: u32 = 2;
/// How long what was written may not be synced yet. By time that nobody sets: a clock may stand still, or go back.
const SYNC_INTERVAL: Duration = Duration::from_millis(100);

/// What was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Arrivals up to which operations were acknowledged.
    pub(crate) arrivals: u64,
    /// The operation that arrived last.
    pub(crate) last: OpKey,
    /// Operations that were ever kept aside, up to which they were acknowledged.
    pub(crate) kept: u64,
    /// Whether the store was closed and nothing came after.
    pub(crate) clean: bool,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: File,
    node: NodeId,
    /// Counts writes; its lowest bit is the slot.
    serial: u64,
    synced: Option<Instant>,
    unsynced: bool,
}

fn io(context: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
    move |error| StoreError::Io { context, message: error.to_string() }
}

/// Why the file cannot be opened.
pub(crate) fn not_opened(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::Damaged { family: "HEAD", what: "the file is missing".to_owned() },
        _ => io("open HEAD")(error),
    }
}

impl HeadFile {
    /// Makes the file of an empty log.
    pub(crate) fn create(path: &Path, node: NodeId) -> Result<Self, StoreError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        let mut head = Self { file: file.map_err(io("make HEAD"))?, node, serial: 0, synced: None, unsynced: false };
        for _ in 0..2 {
            head.write(&Acknowledged { arrivals: 0, last: OpKey::MIN, kept: 0, clean: true })?;
        }
        head.sync()?;
        Ok(head)
    }

    /// Opens the file, and says what was acknowledged.
    pub(crate) fn open(path: &Path, node: NodeId) -> Result<(Self, Acknowledged), StoreError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(not_opened)?;
        let (serial, acknowledged) = newest(&file, Some(&node))?;
        let head = Self { file, node, serial, synced: None, unsynced: false };
        Ok((head, acknowledged))
    }

    /// Remembers what is about to be acknowledged. On disk within [`SYNC_INTERVAL`] as long as there are calls.
    pub(crate) fn acknowledge(&mut self, acknowledged: &Acknowledged) -> Result<(), StoreError> {
        stage::pass(Stage::HeadReady)?;
        self.write(acknowledged)?;
        self.unsynced = true;
        stage::pass(Stage::HeadWritten)?;
        self.tick()
    }

    /// Syncs what is due.
    pub(crate) fn tick(&mut self) -> Result<(), StoreError> {
        if self.unsynced && self.synced.is_none_or(|synced| synced.elapsed() >= SYNC_INTERVAL) {
            stage::pass(Stage::HeadDue)?;
            self.sync()?;
            self.synced = Some(Instant::now());
            stage::pass(Stage::HeadSynced)?;
        }
        Ok(())
    }

    /// Remembers that the store is open, or closed cleanly; on disk when it returns.
    pub(crate) fn mark(&mut self, acknowledged: &Acknowledged) -> Result<(), StoreError> {
        self.write(acknowledged)?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(io("sync HEAD"))?;
        self.unsynced = false;
        Ok(())
    }

    fn write(&mut self, acknowledged: &Acknowledged) -> Result<(), StoreError> {
        self.serial += 1;
        let slot = encode(&self.node, self.serial, acknowledged);
        let offset = if self.serial.is_multiple_of(2) { 0 } else { SECOND_SLOT_AT };
        self.file.write_all_at(&slot, offset).map_err(io("write HEAD"))?;
        Ok(())
    }
}

/// Writes both slots, whatever stands there, after those that can be read; makes the file where it is gone. On disk when it
/// returns. The file stays the same one, for its lock.
pub(crate) fn overwrite(path: &Path, node: NodeId, acknowledged: &Acknowledged) -> Result<(), StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = opened.map_err(io("open HEAD"))?;
    let serial = newest(&file, None).map_or(0, |(serial, _)| serial);
    let mut head = HeadFile { file, node, serial, synced: None, unsynced: false };
    head.write(acknowledged)?;
    head.write(acknowledged)?;
    head.sync()
}

/// What was acknowledged, without opening the file for writing.
pub(crate) fn look(path: &Path) -> Result<Acknowledged, StoreError> {
    let file = File::open(path).map_err(not_opened)?;
    newest(&file, None).map(|(_, acknowledged)| acknowledged)
}

/// The same, of this node.
pub(crate) fn look_for(path: &Path, node: &NodeId) -> Result<Acknowledged, StoreError> {
    let file = File::open(path).map_err(not_opened)?;
    newest(&file, Some(node)).map(|(_, acknowledged)| acknowledged)
}

/// The same of any node, and which slot is not whole: 0 or 1; or 2 when the file has another length.
pub(crate) fn look_closely(path: &Path) -> Result<(Acknowledged, Option<usize>), StoreError> {
    let mut file = File::open(path).map_err(not_opened)?;
    let (_, acknowledged) = newest(&file, None)?;
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(io("read HEAD"))?;
    let slots = bytes.as_chunks::<SLOT_BYTES>().0;
    let is_whole = |slot: usize| slots.get(slot).is_some_and(|slot| decode(None, slot).is_some());
    let torn = (0..2).find(|slot| !is_whole(*slot)).or_else(|| (bytes.len() != 2 * SLOT_BYTES).then_some(2));
    Ok((acknowledged, torn))
}

fn newest(file: &File, node: Option<&NodeId>) -> Result<(u64, Acknowledged), StoreError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(2 * SLOT_BYTES).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes).map_err(io("read HEAD"))?;
    let slots = bytes.as_chunks::<SLOT_BYTES>().0.iter().filter_map(|slot| decode(node, slot));
    slots.max_by_key(|(serial, _)| *serial).ok_or_else(|| StoreError::Damaged {
        family: "HEAD",
        what: "neither slot is whole and of this node".to_owned(),
    })
}

fn encode(node: &NodeId, serial: u64, acknowledged: &Acknowledged) -> [u8; SLOT_BYTES] {
    let content = [
        MAGIC.as_slice(),
        &FORMAT.to_be_bytes(),
        &serial.to_be_bytes(),
        &[u8::from(acknowledged.clean)],
        node.as_bytes(),
        &acknowledged.arrivals.to_be_bytes(),
        &acknowledged.last.to_bytes(),
        &acknowledged.kept.to_be_bytes(),
    ]
    .concat();
    let mut slot = [0; SLOT_BYTES];
    for (to, from) in slot.iter_mut().zip(&content) {
        *to = *from;
    }
    let (rest, hash) = slot.split_at_mut(HASH_AT);
    hash.copy_from_slice(&Domain::HeadSlot.hash(&[rest]));
    slot
}

fn decode(node: Option<&NodeId>, slot: &[u8; SLOT_BYTES]) -> Option<(u64, Acknowledged)> {
    let (rest, hash) = slot.split_at_checked(HASH_AT)?;
    if Domain::HeadSlot.hash(&[rest]) != hash {
        return None;
    }
    let rest = rest.strip_prefix(MAGIC.as_slice())?.strip_prefix(FORMAT.to_be_bytes().as_slice())?;
    let (serial, rest) = rest.split_first_chunk::<8>()?;
    let ([clean], rest) = rest.split_first_chunk::<1>()?;
    let (slot_node, rest) = rest.split_first_chunk::<32>()?;
    if node.is_some_and(|node| node.as_bytes() != slot_node) {
        return None;
    }
    let (arrivals, rest) = rest.split_first_chunk::<8>()?;
    let (last, rest) = rest.split_first_chunk::<{ OpKey::LEN }>()?;
    let (kept, _) = rest.split_first_chunk::<8>()?;
    let acknowledged = Acknowledged {
        arrivals: u64::from_be_bytes(*arrivals),
        last: OpKey::from_slice(last).ok()?,
        kept: u64::from_be_bytes(*kept),
        clean: *clean != 0,
    };
    Some((u64::from_be_bytes(*serial), acknowledged))
}
