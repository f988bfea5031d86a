//! Messages: ranges of keys that follow each other, and what the sender says of each.
//!
//! ```text
//! message  version u8 | ranges
//! range    upper bound | mode | payload          (it begins where the one before ends, the first at the least key)
//! bound    timestamp | length | so many bytes    (the id begins with them; the rest are zeros; the bound is exclusive)
//! mode     0 skip | 1 fingerprint 16 | 2 list: number, ids of 32
//! ```
//! A timestamp is written as 1 + its distance from the one before; 0 stands for the end of time. What follows the last range
//! is skipped.

use super::{Fingerprint, PROTOCOL_BYTE, ReconcileError, varint};
use crate::{
    hlc::Hlc,
    ids::{OpId, OpKey},
};

/// The least limit of a message's bytes: one split range, and what ends a message that is full, fit into it.
pub const FRAME_BYTES_MIN: usize = 8 * 1024;
/// Bytes of an id.
const ID_BYTES: usize = 32;

/// Where a range ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    key: OpKey,
    /// Bytes of the id that are written.
    length: usize,
}

impl Bound {
    /// After everything.
    pub const END: Self = Self { key: OpKey { timestamp: Hlc::MAX, id: OpId::from_bytes([0; 32]) }, length: 0 };
    /// Before everything.
    pub const BEGIN: Self = Self { key: OpKey::MIN, length: 0 };

    /// At a key.
    pub const fn at(key: OpKey) -> Self {
        Self { key, length: ID_BYTES }
    }

    /// The shortest one that is after `last` and not after `next`, which stands after `last`.
    pub fn between(last: &OpKey, next: &OpKey) -> Self {
        if last.timestamp != next.timestamp {
            return Self { key: OpKey { timestamp: next.timestamp, id: OpId::from_bytes([0; 32]) }, length: 0 };
        }
        let shared = last.id.as_bytes().iter().zip(next.id.as_bytes()).take_while(|(one, other)| one == other).count();
        Self::prefix(next.timestamp, next.id.as_bytes().get(..=shared).unwrap_or(next.id.as_bytes()))
    }

    fn prefix(timestamp: Hlc, prefix: &[u8]) -> Self {
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(prefix).for_each(|(place, byte)| *place = *byte);
        Self { key: OpKey { timestamp, id: OpId::from_bytes(id) }, length: prefix.len() }
    }

    /// The first key that is not before it. For [`Bound::END`] it stands at the end of time, where no operation is.
    pub const fn key(&self) -> OpKey {
        self.key
    }
}

/// What the sender says of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is to be done.
    Skip,
    /// What it holds there has this fingerprint.
    Fingerprint(Fingerprint),
    /// It holds these there, ascending.
    List(Vec<OpId>),
}

/// A range, and what the sender says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where it ends; it begins where the one before ends.
    pub end: Bound,
    /// What is said of it.
    pub mode: Mode,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it says of ranges, ascending.
    pub ranges: Vec<Range>,
}

impl Message {
    /// Decodes a message strictly: numbers in their shortest form, bounds that ascend, no id twice in a list.
    ///
    /// # Errors
    /// [`ReconcileError`], one variant per broken rule.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReconcileError> {
        let (PROTOCOL_BYTE, mut left) = bytes.split_first().map(|(first, rest)| (*first, rest)).unwrap_or_default()
        else {
            return Err(ReconcileError::Version);
        };
        let (mut ranges, mut last, mut timestamp) = (Vec::new(), None, 0_u64);
        while !left.is_empty() {
            let end = bound(&mut left, &mut timestamp)?;
            if last.is_some_and(|last: Bound| end.key < last.key) {
                return Err(ReconcileError::Misordered);
            }
            last = Some(end);
            ranges.push(Range { end, mode: mode(&mut left)? });
        }
        Ok(Self { ranges })
    }
}

fn bound(left: &mut &[u8], timestamp: &mut u64) -> Result<Bound, ReconcileError> {
    *timestamp = match varint::take(left)?.checked_sub(1) {
        Some(distance) => timestamp.checked_add(distance).ok_or(ReconcileError::Misordered)?,
        None => u64::MAX,
    };
    let length = varint::take(left)?;
    let prefix = usize::try_from(length).ok().filter(|length| *length <= ID_BYTES);
    let prefix = take(left, prefix.ok_or(ReconcileError::Bound(length))?)?;
    Ok(Bound::prefix(Hlc::from_bits(*timestamp), prefix))
}

fn mode(left: &mut &[u8]) -> Result<Mode, ReconcileError> {
    match varint::take(left)? {
        0 => Ok(Mode::Skip),
        1 => {
            let bytes = take(left, size_of::<Fingerprint>())?;
            Ok(Mode::Fingerprint(bytes.try_into().map_err(|_| ReconcileError::Truncated)?))
        }
        2 => {
            let count = varint::take(left)?;
            // The number comes from the other node: nothing is reserved for it before so many ids are seen to be there.
            let count = usize::try_from(count).ok().filter(|count| *count <= left.len() / ID_BYTES);
            let bytes = take(left, count.ok_or(ReconcileError::Truncated)? * ID_BYTES)?;
            let mut ids: Vec<OpId> = bytes.as_chunks::<ID_BYTES>().0.iter().map(|id| OpId::from_bytes(*id)).collect();
            ids.sort_unstable();
            if !ids.is_sorted_by(|one, next| one < next) {
                return Err(ReconcileError::Repeated);
            }
            Ok(Mode::List(ids))
        }
        other => Err(ReconcileError::Mode(other)),
    }
}

fn take<'a>(left: &mut &'a [u8], count: usize) -> Result<&'a [u8], ReconcileError> {
    let (taken, rest) = left.split_at_checked(count).ok_or(ReconcileError::Truncated)?;
    *left = rest;
    Ok(taken)
}

/// Writes a message, range by range.
#[derive(Clone, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    timestamp: u64,
    /// Where what is skipped ends, while that is not written.
    skipped: Option<Bound>,
}

impl Default for Writer {
    fn default() -> Self {
        Self { bytes: vec![PROTOCOL_BYTE], timestamp: 0, skipped: None }
    }
}

impl Writer {
    /// Skips a range. Nothing is written for it before something is said behind it.
    pub fn skip(&mut self, end: Bound) {
        self.skipped = Some(end);
    }

    /// Says a fingerprint of a range.
    pub fn fingerprint(&mut self, end: Bound, fingerprint: &Fingerprint) {
        self.range(end, 1);
        self.bytes.extend(fingerprint);
    }

    /// Lists what a range holds.
    pub fn list(&mut self, end: Bound, ids: &[OpId]) {
        self.range(end, 2);
        varint::write(&mut self.bytes, u64::try_from(ids.len()).unwrap_or(u64::MAX));
        ids.iter().for_each(|id| self.bytes.extend(id.as_bytes()));
    }

    fn range(&mut self, end: Bound, mode: u64) {
        if let Some(skipped) = self.skipped.take() {
            self.bound(skipped);
            varint::write(&mut self.bytes, 0);
        }
        self.bound(end);
        varint::write(&mut self.bytes, mode);
    }

    fn bound(&mut self, bound: Bound) {
        let timestamp = bound.key.timestamp.bits();
        if timestamp == u64::MAX {
            varint::write(&mut self.bytes, 0);
        } else {
            varint::write(&mut self.bytes, timestamp.saturating_sub(self.timestamp) + 1);
        }
        self.timestamp = timestamp;
        varint::write(&mut self.bytes, u64::try_from(bound.length).unwrap_or_default());
        self.bytes.extend(bound.key.id.as_bytes().get(..bound.length).unwrap_or_default());
    }

    /// Bytes up to now.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The message; `None` when it says nothing.
    pub fn finish(self) -> Option<Vec<u8>> {
        (self.bytes.len() > 1).then_some(self.bytes)
    }
}
