//! The answering end of a session: acknowledgements in the order of their transactions, in batches that fit a frame.

use std::{collections::VecDeque, sync::Arc};

use dmpc::v1;
use tokio::sync::mpsc;

use super::room::Room;
use crate::{
    config::{ACK_BATCH_OUTCOMES_MAX, BATCH_ITEMS_MAX},
    lifecycle::{Interrupted, Lifecycle},
};

/// Acknowledgements that became ready together, and the room that their transactions took.
#[derive(Debug, Default)]
pub(super) struct AckGroup {
    pub(super) acks: Vec<v1::Ack>,
    pub(super) operations: usize,
    pub(super) bytes: usize,
}

/// The answering end of a session. A client that does not take its answers gets no room for more transactions.
#[derive(Debug)]
pub struct Acks {
    groups: mpsc::UnboundedReceiver<AckGroup>,
    taken: VecDeque<v1::Ack>,
    room: Arc<Room>,
    lifecycle: Lifecycle,
}

impl Acks {
    pub(super) fn new(groups: mpsc::UnboundedReceiver<AckGroup>, room: Arc<Room>, lifecycle: Lifecycle) -> Self {
        Self { groups, taken: VecDeque::new(), room, lifecycle }
    }

    /// The next batch; `None` when the session was dropped and everything in it is answered. May be dropped while it
    /// waits.
    ///
    /// # Errors
    /// [`Interrupted::Failed`]: what was not acknowledged has an unknown fate.
    pub async fn next(&mut self) -> Result<Option<v1::AckBatch>, Interrupted> {
        while self.taken.is_empty() {
            let group = tokio::select! {
                biased;
                group = self.groups.recv() => group,
                () = self.lifecycle.failed() => return Err(Interrupted::Failed),
            };
            match group {
                Some(group) => self.take(group),
                None if self.lifecycle.has_failed() => return Err(Interrupted::Failed),
                None => return Ok(None),
            }
        }
        while self.taken.len() < BATCH_ITEMS_MAX {
            let Ok(group) = self.groups.try_recv() else { break };
            self.take(group);
        }
        Ok(Some(v1::AckBatch { acks: self.cut() }))
    }

    fn take(&mut self, group: AckGroup) {
        self.taken.extend(group.acks);
        self.room.free(group.operations, group.bytes);
    }

    /// As many as fit a batch; at least one.
    fn cut(&mut self) -> Vec<v1::Ack> {
        let mut acks = Vec::with_capacity(self.taken.len().min(BATCH_ITEMS_MAX));
        let mut outcomes = 0;
        while let Some(ack) = self.taken.pop_front() {
            outcomes += 1 + ack.outcomes.len();
            if !acks.is_empty() && outcomes > ACK_BATCH_OUTCOMES_MAX {
                self.taken.push_front(ack);
                break;
            }
            acks.push(ack);
            if acks.len() == BATCH_ITEMS_MAX {
                break;
            }
        }
        acks
    }
}

impl Drop for Acks {
    fn drop(&mut self) {
        self.room.leave();
    }
}
