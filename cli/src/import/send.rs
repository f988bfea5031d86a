//! The sending half of an import: parcels go to the node over one connection or in turn over several, a bounded number of them
//! at a time, without waiting for each other. What the node refuses for now is offered again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dmpc::{error::ErrorClass, keys::DecryptionKey, kinds::Kind, v1};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{error::ImportError, parcel::Parcel, progress::Progress};
use crate::{answer::unseal_ack, client::Pipe, error::CliError};

/// Parcels under way: at most 1,536 operations, and 3 MiB but for those of one large operation, an epoch. What one connection brings earlier than another stays far below the
/// operations of unknown users that a node keeps.
const PARCELS_UNDER_WAY_MAX: usize = 24;
/// How often a parcel is offered.
const TRIES_MAX: u32 = 60;
/// Milliseconds before a refused parcel is offered again.
const PAUSE_MS: u64 = 250;
/// Seconds to learn why a connection takes nothing more.
const REASON_SECONDS_MAX: u64 = 2;

/// What became of the operations that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    /// Part of the state.
    pub(super) applied: u64,
    /// Waiting for what they name.
    pub(super) pending: u64,
    /// Logged without effect, as it stood when they came.
    pub(super) rejected: u64,
    /// Known to the node before.
    pub(super) duplicate: u64,
    /// The first one that was rejected.
    pub(super) first_rejected: Option<Rejected>,
}

impl Outcomes {
    /// All of them.
    pub(super) fn sum(&self) -> u64 {
        self.applied + self.pending + self.rejected + self.duplicate
    }
}

/// A rejected operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    /// The line of its event.
    pub(super) line: u64,
    /// What it would do.
    pub(super) kind: &'static str,
    /// Why.
    pub(super) detail: String,
}

/// A parcel that is sent and not acknowledged, or about to be.
struct UnderWay {
    parcel: Parcel,
    tries: u32,
    /// The outcome of each operation, once it is none that is refused.
    outcomes: Vec<Option<v1::Outcome>>,
}

/// What one ack means.
enum Settled {
    Done(Vec<v1::Outcome>),
    Later(Refusal),
    NotYet,
}

/// What the node will not have, for now.
struct Refusal {
    line: u64,
    reason: String,
    detail: String,
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { line, reason, detail } = refusal;
        Self::Refused { line, reason, detail }
    }
}

/// Sends parcels until there are no more and all are acknowledged. `acknowledged` follows.
///
/// # Errors
/// [`ImportError::Client`] when a connection breaks, [`ImportError::Refused`] when the node will not have a parcel.
pub(super) async fn send(
    mut parcels: mpsc::Receiver<Parcel>,
    pipes: Vec<Pipe>,
    reply: DecryptionKey,
    acknowledged: &Arc<AtomicU64>,
    progress: &Progress,
) -> (Outcomes, Result<(), ImportError>) {
    let mut sending = Sending::new(pipes, reply, acknowledged);
    let result = sending.run(&mut parcels, progress).await;
    (sending.outcomes, result)
}

/// Batches that come back on any connection; none when one has ended.
type Acks = BoxStream<'static, Option<Result<v1::AckBatch, CliError>>>;

struct Sending<'a> {
    lines: VecDeque<mpsc::Sender<v1::SubmitBatch>>,
    acks: Acks,
    /// Opens acknowledgements. What became of operations is believed only under seal.
    reply: DecryptionKey,
    under_way: BTreeMap<u64, UnderWay>,
    /// Parcels to be sent now; at most those under way.
    ready: VecDeque<u64>,
    /// Parcels to be sent later, by time.
    later: VecDeque<(Instant, u64)>,
    acknowledged: &'a AtomicU64,
    /// Behind the last operation that was received from the working half.
    end: u64,
    outcomes: Outcomes,
}

impl<'a> Sending<'a> {
    fn new(pipes: Vec<Pipe>, reply: DecryptionKey, acknowledged: &'a Arc<AtomicU64>) -> Self {
        let (mut lines, mut acks) = (VecDeque::new(), Vec::new());
        for pipe in pipes {
            lines.push_back(pipe.batches);
            // Its end is an item too: a merged stream would hide it.
            acks.push(ReceiverStream::new(pipe.acks).map(Some).chain(stream::iter([None])));
        }
        Self {
            lines,
            acks: stream::select_all(acks).boxed(),
            reply,
            under_way: BTreeMap::new(),
            ready: VecDeque::new(),
            later: VecDeque::new(),
            acknowledged,
            end: 0,
            outcomes: Outcomes::default(),
        }
    }

    async fn run(&mut self, parcels: &mut mpsc::Receiver<Parcel>, progress: &Progress) -> Result<(), ImportError> {
        let mut more = true;
        while more || !self.under_way.is_empty() {
            let room = self.under_way.len() < PARCELS_UNDER_WAY_MAX;
            let due = self.later.front().map(|(due, _)| *due);
            let line = self.ready.front().and(self.lines.front().cloned());
            tokio::select! {
                parcel = parcels.recv(), if more && room => match parcel {
                    Some(parcel) => self.take(parcel),
                    None => more = false,
                },
                permit = reserve(line), if !self.ready.is_empty() => match permit {
                    Some(permit) => self.submit(permit),
                    None => return Err(self.reason().await.into()),
                },
                acks = self.acks.next() => {
                    self.settle(acks.flatten().unwrap_or_else(|| Err(ended()))?, progress)?;
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.ready.extend(self.later.pop_front().map(|(_, first)| first));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, parcel: Parcel) {
        let count = parcel.contents.len();
        self.end = parcel.first + u64::try_from(count).unwrap_or(u64::MAX);
        self.ready.push_back(parcel.first);
        self.under_way.insert(parcel.first, UnderWay { parcel, tries: 0, outcomes: vec![None; count] });
    }

    /// Sends the next parcel; the one after it goes over the next connection.
    fn submit(&mut self, permit: mpsc::OwnedPermit<v1::SubmitBatch>) {
        self.lines.rotate_left(1);
        let Some(under_way) = self.ready.pop_front().and_then(|first| self.under_way.get_mut(&first)) else { return };
        under_way.tries += 1;
        let parcel = &under_way.parcel;
        let item = v1::Item { client_id: parcel.first, transaction: parcel.transaction.clone() };
        permit.send(v1::SubmitBatch { items: vec![item] });
    }

    fn settle(&mut self, batch: v1::AckBatch, progress: &Progress) -> Result<(), ImportError> {
        for ack in batch.acks {
            let first = ack.client_id;
            let under_way = self.under_way.get_mut(&first).ok_or_else(|| other_answer("an ack of nothing"))?;
            match settled(ack, &self.reply, under_way)? {
                Settled::NotYet => {}
                Settled::Later(refusal) if under_way.tries >= TRIES_MAX => return Err(refusal.into()),
                Settled::Later(_) => {
                    let due = Instant::now() + Duration::from_millis(PAUSE_MS);
                    self.later.push_back((due, first));
                }
                Settled::Done(outcomes) => {
                    let contents = under_way.parcel.contents.iter();
                    contents
                        .zip(outcomes)
                        .try_for_each(|(content, outcome)| tally(&mut self.outcomes, *content, outcome))?;
                    progress.advance(under_way.parcel.event, self.outcomes.sum());
                    self.under_way.remove(&first);
                    let upto = self.under_way.keys().next().copied().unwrap_or(self.end);
                    self.acknowledged.store(upto, Ordering::Release);
                }
            }
        }
        Ok(())
    }

    /// Why a connection takes nothing more: that comes with its acks.
    async fn reason(&mut self) -> CliError {
        let until_error = async {
            while let Some(acks) = self.acks.next().await.flatten() {
                if let Err(error) = acks {
                    return error;
                }
            }
            ended()
        };
        timeout(Duration::from_secs(REASON_SECONDS_MAX), until_error).await.unwrap_or_else(|_| ended())
    }
}

/// Waits for room in a connection; none when it has ended.
async fn reserve(line: Option<mpsc::Sender<v1::SubmitBatch>>) -> Option<mpsc::OwnedPermit<v1::SubmitBatch>> {
    line?.reserve_owned().await.ok()
}

/// What an ack means for its parcel. Outcomes that are final are kept while others are offered again.
fn settled(ack: v1::Ack, reply: &DecryptionKey, under_way: &mut UnderWay) -> Result<Settled, ImportError> {
    let failed = match ack.state() {
        v1::TicketState::Queued | v1::TicketState::Running => return Ok(Settled::NotYet),
        v1::TicketState::Unspecified => return Err(other_answer("a ticket without a state").into()),
        v1::TicketState::Success => false,
        v1::TicketState::Failed => true,
    };
    let ack = unseal_ack(ack, reply)?;
    let lines = || under_way.parcel.contents.iter().map(|(_, line)| *line);
    if ack.outcomes.len() != under_way.outcomes.len() {
        let error = ack.error.filter(|_| failed).ok_or_else(|| other_answer("not one outcome for each operation"))?;
        let refusal = Refusal { line: lines().next().unwrap_or_default(), reason: error.reason, detail: error.detail };
        let again = refusal.reason == ErrorClass::Overloaded.word();
        return if again { Ok(Settled::Later(refusal)) } else { Err(refusal.into()) };
    }
    let mut first = None;
    for ((kept, outcome), line) in under_way.outcomes.iter_mut().zip(ack.outcomes).zip(lines()) {
        if outcome.kind() == v1::OutcomeKind::Refused {
            first.get_or_insert(Refusal { line, reason: outcome.reason, detail: outcome.detail });
        } else {
            kept.get_or_insert(outcome);
        }
    }
    if let Some(refusal) = first {
        return Ok(Settled::Later(refusal));
    }
    let all = under_way.outcomes.iter().cloned().collect::<Option<Vec<_>>>();
    Ok(Settled::Done(all.ok_or_else(|| other_answer("an outcome that is missing"))?))
}

fn tally(sum: &mut Outcomes, (kind, line): (Kind, u64), outcome: v1::Outcome) -> Result<(), ImportError> {
    match outcome.kind() {
        v1::OutcomeKind::Applied => sum.applied += 1,
        v1::OutcomeKind::Pending => sum.pending += 1,
        v1::OutcomeKind::Duplicate => sum.duplicate += 1,
        v1::OutcomeKind::Rejected => {
            sum.rejected += 1;
            sum.first_rejected.get_or_insert(Rejected { line, kind: kind.name(), detail: outcome.detail });
        }
        v1::OutcomeKind::Refused | v1::OutcomeKind::Unspecified => {
            return Err(other_answer("an outcome without a kind").into());
        }
    }
    Ok(())
}

fn other_answer(what: &str) -> CliError {
    CliError::Answer(what.to_owned())
}

fn ended() -> CliError {
    CliError::Disconnected("the node ended the connection".to_owned())
}
