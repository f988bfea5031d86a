//! Records of an outbox file: how they are framed, and what a damaged end looks like.
//!
//! ```text
//! length u32 | crc-32 u32 | tag u8, fields ...      length and checksum cover tag and fields; big-endian
//! origin     1 | text
//! operation  2 | node id 32 | operation bytes
//! done       3 | operation id 32
//! carried    4 | operation bytes
//! ```

use bytes::{Buf, BufMut, Bytes};
use dmpc::{NodeId, OpId, wire::schemas::OPERATION_BYTES_MAX};
use flate2::Crc;

/// Bytes of length and checksum.
const FRAME_BYTES: usize = 8;
/// Bytes of a record without its frame.
const RECORD_BYTES_MAX: usize = OPERATION_BYTES_MAX + 64;

const ORIGIN: u8 = 1;
const OPERATION: u8 = 2;
const DONE: u8 = 3;
const CARRIED: u8 = 4;

/// What an outbox file holds, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Where the lanes of the operations that follow live; those before are not continued.
    Origin(String),
    /// Signed bytes, before they are sent.
    Operation {
        /// The node that they are for.
        node: NodeId,
        /// The operation.
        bytes: Bytes,
    },
    /// The node said what became of this operation.
    Done(OpId),
    /// Signed bytes that somebody carries: they leave through a pipe or file, and nobody sends them from here.
    Carried(Bytes),
}

impl Record {
    /// Appends the record to `out`.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut fields = Vec::new();
        match self {
            Self::Origin(text) => {
                fields.put_u8(ORIGIN);
                fields.put_slice(text.as_bytes());
            }
            Self::Operation { node, bytes } => {
                fields.put_u8(OPERATION);
                fields.put_slice(node.as_bytes());
                fields.put_slice(bytes);
            }
            Self::Carried(bytes) => {
                fields.put_u8(CARRIED);
                fields.put_slice(bytes);
            }
            Self::Done(id) => {
                fields.put_u8(DONE);
                fields.put_slice(id.as_bytes());
            }
        }
        out.put_u32(u32::try_from(fields.len()).unwrap_or(u32::MAX));
        out.put_u32(checksum(&fields));
        out.put_slice(&fields);
    }

    fn decode(mut fields: Bytes) -> Option<Self> {
        match fields.try_get_u8().ok()? {
            ORIGIN => Some(Self::Origin(String::from_utf8(fields.to_vec()).ok()?)),
            OPERATION => {
                let node = NodeId::from_slice(fields.get(..NodeId::LEN)?).ok()?;
                Some(Self::Operation { node, bytes: fields.slice(NodeId::LEN..) })
            }
            CARRIED => Some(Self::Carried(fields)),
            DONE => Some(Self::Done(OpId::from_slice(&fields).ok()?)),
            _ => None,
        }
    }
}

/// The records of a file, and how many bytes of it they take. Fewer than there are: the end is torn or damaged.
pub(super) fn decode_all(file: &Bytes) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let mut rest = file.clone();
    while let Some((record, length)) = decode_first(&rest) {
        records.push(record);
        rest.advance(length);
    }
    (records, file.len() - rest.len())
}

/// Whether whole records stand after the damage that `rest` begins with: then its end was not torn, and signed bytes would
/// be lost with it.
pub(super) fn goes_on_after_damage(rest: &Bytes) -> bool {
    (1..rest.len()).any(|at| decode_first(&rest.slice(at..)).is_some())
}

fn decode_first(bytes: &Bytes) -> Option<(Record, usize)> {
    let mut frame = bytes.get(..FRAME_BYTES)?;
    let length = usize::try_from(frame.get_u32()).ok()?;
    let sum = frame.get_u32();
    if length > RECORD_BYTES_MAX || bytes.len() - FRAME_BYTES < length {
        return None;
    }
    let fields = bytes.slice(FRAME_BYTES..FRAME_BYTES + length);
    if checksum(&fields) != sum {
        return None;
    }
    Some((Record::decode(fields)?, FRAME_BYTES + length))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
