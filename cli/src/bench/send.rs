//! Sending: each connection keeps so many transactions under way, and notes how long each took.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use dmpc::v1;
use futures::future::try_join_all;

use super::{
    Load,
    measure::{Measured, Tally},
    sign::Parcel,
};
use crate::{client::Pipe, error::CliError, progress::Progress};

/// Transactions that go into one message to the node.
const ITEMS_MAX: usize = 256;
/// Bytes of these, unless one alone has more.
const ITEMS_BYTES_MAX: usize = 512 * 1024;
/// How often it is noted what was done.
const SECOND: Duration = Duration::from_secs(1);

/// Sends all, over all connections at once.
///
/// # Errors
/// [`CliError`] when a connection breaks.
pub(super) async fn send(
    load: &Load,
    parcels: Vec<Parcel>,
    pipes: &mut [Pipe],
    measured: &mut Measured,
) -> Result<(), CliError> {
    let bar = Progress::of("messages");
    let before = measured.messages;
    bar.set_length(before + parcels.iter().map(|parcel| u64::try_from(parcel.messages).unwrap_or(0)).sum::<u64>());
    let mut shares: Vec<Vec<Parcel>> = pipes.iter().map(|_| Vec::new()).collect();
    for (number, parcel) in parcels.into_iter().enumerate() {
        let connection = number % shares.len().max(1);
        if let Some(share) = shares.get_mut(connection) {
            share.push(parcel);
        }
    }
    let tally = Mutex::new(Tally::new()?);
    let began = Instant::now();
    let lines = pipes.iter_mut().zip(shares);
    let all = try_join_all(lines.map(|(pipe, share)| Line::new(pipe, share, load, &tally).run()));
    tokio::pin!(all);
    let mut ticks = tokio::time::interval_at((began + SECOND).into(), SECOND);
    let ended = loop {
        tokio::select! {
            ended = &mut all => break ended,
            _ = ticks.tick() => {
                measured.take(&mut tally.lock().unwrap_or_else(PoisonError::into_inner))?;
                bar.advance(measured.messages);
                bar.rate(measured.messages - before, "messages");
            }
        }
    };
    measured.elapsed += began.elapsed();
    measured.take(&mut tally.lock().unwrap_or_else(PoisonError::into_inner))?;
    bar.finish();
    ended.map(drop)
}

/// One connection and what goes over it.
struct Line<'a> {
    pipe: &'a mut Pipe,
    parcels: Vec<Parcel>,
    /// When each that was sent left, by its place.
    left: Vec<Instant>,
    acknowledged: usize,
    in_flight: usize,
    tally: &'a Mutex<Tally>,
}

impl<'a> Line<'a> {
    fn new(pipe: &'a mut Pipe, parcels: Vec<Parcel>, load: &Load, tally: &'a Mutex<Tally>) -> Self {
        let left = Vec::with_capacity(parcels.len());
        Self { pipe, parcels, left, acknowledged: 0, in_flight: load.in_flight.get(), tally }
    }

    async fn run(mut self) -> Result<(), CliError> {
        let batches = self.pipe.batches.clone();
        while self.acknowledged < self.parcels.len() {
            let next = self.next_items();
            tokio::select! {
                permit = batches.reserve(), if next > 0 => {
                    // When the other side is gone, the acks say why.
                    if let Ok(permit) = permit {
                        let items = self.parcels.iter().zip(1_u64..).skip(self.left.len()).take(next);
                        let item = |(parcel, client_id): (&Parcel, u64)| v1::Item { client_id, transaction: parcel.transaction.clone() };
                        let items: Vec<v1::Item> = items.map(item).collect();
                        let now = Instant::now();
                        self.left.extend(items.iter().map(|_| now));
                        permit.send(v1::SubmitBatch { items });
                    }
                }
                acks = self.pipe.acks.recv() => {
                    let acks = acks.ok_or_else(|| CliError::Disconnected("the node ended the stream".to_owned()))??;
                    self.note(acks)?;
                }
            }
        }
        Ok(())
    }

    /// How many may go out now.
    fn next_items(&self) -> usize {
        let room = self.in_flight.saturating_sub(self.left.len() - self.acknowledged).min(ITEMS_MAX);
        let mut bytes = 0;
        let fits = self.parcels.iter().skip(self.left.len()).take(room).enumerate().take_while(|(number, parcel)| {
            bytes += parcel.transaction.len();
            *number == 0 || bytes <= ITEMS_BYTES_MAX
        });
        fits.count()
    }

    fn note(&mut self, batch: v1::AckBatch) -> Result<(), CliError> {
        let now = Instant::now();
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        for ack in batch.acks {
            match ack.state() {
                v1::TicketState::Success | v1::TicketState::Failed => {}
                v1::TicketState::Unspecified | v1::TicketState::Queued | v1::TicketState::Running => continue,
            }
            let place = usize::try_from(ack.client_id).ok().and_then(|id| id.checked_sub(1));
            let found = place.and_then(|place| Some((self.left.get(place)?, self.parcels.get(place)?)));
            let (left, parcel) = found.ok_or_else(|| CliError::Answer("an ack of nothing".to_owned()))?;
            tally.note(now.duration_since(*left), parcel.messages, &ack);
            self.acknowledged += 1;
        }
        Ok(())
    }
}
