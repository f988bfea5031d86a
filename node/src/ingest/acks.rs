//! The answering end of a session: acknowledgements in the order of their transactions, in batches that fit a frame, sealed
//! where their transactions asked for it. Sealing is done here, not by the sequencer, which others wait for.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use dmpc::{keys::EncryptionKey, seal::seal_age, v1};
use prost::Message as _;
use tokio::sync::mpsc;

use super::room::Room;
use crate::{
    config::{ACK_BATCH_OUTCOMES_MAX, ACK_BATCH_SEALED_BYTES_MAX, BATCH_ITEMS_MAX},
    lifecycle::{Interrupted, Lifecycle},
};

/// An acknowledgement, and whom it is to be sealed to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) ack: v1::Ack,
    pub(super) reply_to: Option<EncryptionKey>,
}

impl Answer {
    /// One that is not sealed.
    pub(super) const fn open(ack: v1::Ack) -> Self {
        Self { ack, reply_to: None }
    }

    /// Leaves of the acknowledgement what its recipient needs to match it, and seals the whole of it.
    fn seal(&mut self) {
        let Some(reply_to) = self.reply_to.take() else { return };
        let v1::Ack { client_id, state, latest, .. } = self.ack;
        let sealed = match seal_age(&self.ack.encode_to_vec(), &[reply_to]) {
            Ok(sealed) => Bytes::from(sealed),
            Err(error) => {
                // Keys that cannot be sealed to are refused with their transaction.
                tracing::error!(%error, "an acknowledgement cannot be sealed; it is sent without outcomes");
                Bytes::new()
            }
        };
        self.ack = v1::Ack { client_id, state, latest, sealed, ..v1::Ack::default() };
    }
}

/// Acknowledgements that became ready together, and the room that their transactions took.
#[derive(Debug, Default)]
pub(super) struct AckGroup {
    pub(super) acks: Vec<Answer>,
    pub(super) operations: usize,
    pub(super) bytes: usize,
}

/// The answering end of a session. A client that does not take its answers gets no room for more transactions.
#[derive(Debug)]
pub struct Acks {
    groups: mpsc::UnboundedReceiver<AckGroup>,
    taken: VecDeque<Answer>,
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
        self.seal().await;
        Ok(Some(v1::AckBatch { acks: self.cut() }))
    }

    fn take(&mut self, group: AckGroup) {
        self.taken.extend(group.acks);
        self.room.free(group.operations, group.bytes);
    }

    /// Seals what the next batch may hold, in place: whoever stops waiting meanwhile loses nothing. A seal takes some 100
    /// microseconds, so others have their turn after each.
    async fn seal(&mut self) {
        for place in 0..self.taken.len().min(BATCH_ITEMS_MAX) {
            let Some(answer) = self.taken.get_mut(place).filter(|answer| answer.reply_to.is_some()) else { continue };
            answer.seal();
            tokio::task::yield_now().await;
        }
    }

    /// As many as fit a batch; at least one.
    fn cut(&mut self) -> Vec<v1::Ack> {
        let mut acks = Vec::with_capacity(self.taken.len().min(BATCH_ITEMS_MAX));
        let mut outcomes = 0;
        let mut sealed = 0;
        while let Some(answer) = self.taken.pop_front() {
            outcomes += 1 + answer.ack.outcomes.len();
            sealed += answer.ack.sealed.len();
            let is_full = outcomes > ACK_BATCH_OUTCOMES_MAX || sealed > ACK_BATCH_SEALED_BYTES_MAX;
            if !acks.is_empty() && is_full {
                self.taken.push_front(answer);
                break;
            }
            acks.push(answer.ack);
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
