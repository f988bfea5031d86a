//! The sending half of a load: parcels go to the node over one connection or in turn over several, a bounded number at a time,
//! without waiting for each other.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use dmpc::v1;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Packed, Seals, Tally, parcel::Parcel};
use crate::{answer::unseal, client::Pipe, error::CliError};

/// Parcels under way: at most 2,048 operations and 4 MiB, but for those of one large operation.
const UNDER_WAY_MAX: usize = 32;

/// Batches that come back on any connection; none when one has ended.
type Acks = BoxStream<'static, Option<Result<v1::AckBatch, CliError>>>;

/// Connections to a node.
pub(super) struct Line {
    pipes: VecDeque<mpsc::Sender<v1::SubmitBatch>>,
    acks: Acks,
    seals: Arc<Seals>,
    /// Parcels that are sent and not acknowledged, by number: where their operations stand.
    under_way: BTreeMap<u64, Vec<u64>>,
    last_number: u64,
}

impl Line {
    pub(super) fn new(pipes: Vec<Pipe>, seals: Arc<Seals>) -> Self {
        let (mut batches, mut acks) = (VecDeque::new(), Vec::new());
        for pipe in pipes {
            batches.push_back(pipe.batches);
            // Its end is an item too: a merged stream would hide it.
            acks.push(ReceiverStream::new(pipe.acks).map(Some).chain(stream::iter([None])));
        }
        let acks = stream::select_all(acks).boxed();
        Self { pipes: batches, acks, seals, under_way: BTreeMap::new(), last_number: 0 }
    }

    /// Sends parcels until there are no more and all are acknowledged. Gives the places of the operations that are refused.
    /// `progress` is told how many operations the node has.
    pub(super) async fn send(
        &mut self,
        mut parcels: mpsc::Receiver<Packed>,
        tally: &mut Tally,
        progress: impl Fn(u64),
    ) -> Result<Vec<u64>, CliError> {
        let mut refused = Vec::new();
        let (mut more, mut next): (bool, Option<Parcel>) = (true, None);
        while more || next.is_some() || !self.under_way.is_empty() {
            let has_room = self.under_way.len() < UNDER_WAY_MAX;
            let pipe = self.pipes.front().cloned();
            tokio::select! {
                parcel = parcels.recv(), if more && next.is_none() => match parcel {
                    Some(parcel) => next = Some(parcel?),
                    None => more = false,
                },
                permit = reserve(pipe), if next.is_some() && has_room => match (permit, next.take()) {
                    (Some(permit), Some(parcel)) => self.submit(permit, parcel),
                    // It ended; why, comes with its acks.
                    (None, _) => return Err(self.reason().await),
                    (Some(_), None) => {}
                },
                acks = self.acks.next() => {
                    let batch = acks.flatten().unwrap_or_else(|| Err(ended()))?;
                    for ack in batch.acks {
                        self.settle(ack, tally, &mut refused)?;
                    }
                    progress(tally.durable());
                }
            }
        }
        Ok(refused)
    }

    /// Sends a parcel; the one after it goes over the next connection.
    fn submit(&mut self, permit: mpsc::OwnedPermit<v1::SubmitBatch>, parcel: Parcel) {
        self.pipes.rotate_left(1);
        self.last_number += 1;
        let item = v1::Item { client_id: self.last_number, transaction: parcel.transaction };
        self.under_way.insert(self.last_number, parcel.places);
        permit.send(v1::SubmitBatch { items: vec![item] });
    }

    fn settle(&mut self, ack: v1::Ack, tally: &mut Tally, refused: &mut Vec<u64>) -> Result<(), CliError> {
        let other = |what: &str| CliError::Answer(what.to_owned());
        match ack.state() {
            v1::TicketState::Queued | v1::TicketState::Running => return Ok(()),
            v1::TicketState::Unspecified => return Err(other("a ticket without a state")),
            v1::TicketState::Success | v1::TicketState::Failed => {}
        }
        let number = ack.client_id;
        let places = self.under_way.remove(&number).ok_or_else(|| other("an ack of nothing"))?;
        // What the node could not open it answers in the clear. Everything else is believed only under seal.
        let ack = if ack.sealed.is_empty() && ack.outcomes.is_empty() { ack } else { unseal(ack, &self.seals.reply)? };
        if ack.client_id != number {
            return Err(other("an acknowledgement is sealed into another one"));
        }
        if ack.outcomes.len() != places.len() {
            let error = ack.error.ok_or_else(|| other("not one outcome for each operation"))?;
            tally.refuse(&error.reason, u64::try_from(places.len()).unwrap_or(u64::MAX));
            refused.extend(places);
            return Ok(());
        }
        for (place, outcome) in places.into_iter().zip(ack.outcomes) {
            if tally.add(outcome)? {
                refused.push(place);
            }
        }
        Ok(())
    }

    /// Why a connection takes nothing more: that comes with its acks.
    async fn reason(&mut self) -> CliError {
        while let Some(acks) = self.acks.next().await.flatten() {
            if let Err(error) = acks {
                return error;
            }
        }
        ended()
    }
}

/// Waits for room in a connection; none when it has ended.
async fn reserve(pipe: Option<mpsc::Sender<v1::SubmitBatch>>) -> Option<mpsc::OwnedPermit<v1::SubmitBatch>> {
    pipe?.reserve_owned().await.ok()
}

fn ended() -> CliError {
    CliError::Disconnected(
        "the node ended the connection; load the file again, what it has is answered as such".to_owned(),
    )
}
