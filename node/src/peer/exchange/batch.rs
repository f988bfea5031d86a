//! One frame of operations, as it fills up.

use bytes::Bytes;
use dmpc::{
    OpKey,
    wire::schemas::{PEER_OPERATIONS_BYTES_MAX, PEER_OPERATIONS_MAX},
};

use super::{bounds::READ_TOGETHER, replica::Replica};

/// Operations and bytes that may still be on their way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) operations: usize,
    pub(super) bytes: usize,
    /// Nothing is on its way: then one operation may be, however large.
    pub(super) is_idle: bool,
}

/// Operations of one frame.
#[derive(Debug)]
pub(super) struct Batch {
    room: Room,
    pub(super) operations: Vec<Bytes>,
    pub(super) keys: Vec<OpKey>,
    bytes: usize,
    is_full: bool,
}

impl Batch {
    pub(super) fn new(room: Room) -> Self {
        Self { room, operations: Vec::new(), keys: Vec::new(), bytes: 0, is_full: false }
    }

    /// Whether one that did not fit was seen.
    pub(super) fn is_full(&self) -> bool {
        self.is_full || self.operations.len() >= PEER_OPERATIONS_MAX
    }

    /// Reads operations and takes them up to the one that does not fit, which it gives; those that are not in the log are
    /// passed over, and those that `takes` does not want.
    pub(super) fn fill<R: Replica>(
        &mut self,
        replica: &R,
        keys: &[OpKey],
        takes: impl Fn(&Bytes) -> bool,
    ) -> Result<Option<OpKey>, R::Error> {
        for together in keys.chunks(READ_TOGETHER) {
            for (key, operation) in together.iter().zip(replica.operations(together)?) {
                let Some(operation) = operation.filter(&takes) else { continue };
                if !self.fits(operation.len()) {
                    self.is_full = true;
                    return Ok(Some(*key));
                }
                self.bytes += operation.len();
                self.operations.push(operation);
                self.keys.push(*key);
            }
        }
        Ok(None)
    }

    fn fits(&self, bytes: usize) -> bool {
        let bytes = self.bytes + bytes;
        if self.operations.is_empty() && self.room.is_idle {
            return true;
        }
        self.operations.len() < PEER_OPERATIONS_MAX.min(self.room.operations)
            && bytes <= self.room.bytes
            && (bytes <= PEER_OPERATIONS_BYTES_MAX || self.operations.is_empty())
    }
}
