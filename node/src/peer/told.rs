//! What an exchange has done so far, told to those outside: counts, how it stands, and those who wait for its end.

use dmpc::{
    local::{Exchanged, LocalAnswer},
    peer::OutcomeKind,
};
use dmpc_storage::reader::Info;
use tokio::sync::mpsc;

use super::{
    Parts,
    exchange::{self, Exchange, Missing, Phase, Status, Tally},
    state::{Seen, State},
};
use crate::metrics;

/// Somebody who waits for the end of a reconciliation.
#[derive(Debug)]
struct Waiting {
    tell: mpsc::Sender<LocalAnswer>,
    /// How many reconciliations there are then.
    until: u64,
    before: Counts,
}

/// Counts of one exchange.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    operations_in: u64,
    operations_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    new_in: u64,
    new_out: u64,
}

impl Counts {
    fn of(status: &Status) -> Self {
        let new = |tally: &Tally| tally.total() - tally.of(OutcomeKind::Duplicate);
        Self {
            operations_in: status.received.total(),
            operations_out: status.sent.total(),
            bytes_in: status.bytes_in,
            bytes_out: status.bytes_out,
            new_in: new(&status.received),
            new_out: new(&status.sent),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Told {
    name: String,
    is_dialed: bool,
    waiting: Vec<Waiting>,
    /// As it was told last.
    last: Status,
    /// At the beginning of the present reconciliation.
    began: Counts,
    /// Bad operations that ingest found; the exchange counts them with those that it found itself.
    bad: u64,
    last_bad: u64,
}

impl Told {
    pub(super) fn begin(name: &str, is_dialed: bool) -> Self {
        Self {
            name: name.to_owned(),
            is_dialed,
            waiting: Vec::new(),
            last: Status::default(),
            began: Counts::default(),
            bad: 0,
            last_bad: 0,
        }
    }

    /// Takes over those who wait; says whether a reconciliation is to begin for them. One that goes on is theirs too: what is
    /// new since it began is handed over as it comes.
    pub(super) fn adopt(&mut self, waiting: &mut Vec<mpsc::Sender<LocalAnswer>>, exchange: &Exchange) -> bool {
        let status = exchange.status();
        let (until, before) = (status.reconciliations + 1, Counts::of(status));
        let begins = !waiting.is_empty() && status.phase == Phase::Following;
        self.waiting.extend(waiting.drain(..).map(|tell| Waiting { tell, until, before }));
        begins
    }

    /// Gives back those who still wait: the next link is theirs too.
    pub(super) fn give_back(&mut self) -> impl Iterator<Item = mpsc::Sender<LocalAnswer>> {
        std::mem::take(&mut self.waiting).into_iter().map(|waiting| waiting.tell)
    }

    /// Counts what was refused by ingest, by reason.
    pub(super) fn refused(&mut self, outcomes: &[exchange::Told], state: &State) {
        for (kind, reason) in outcomes {
            self.bad += u64::from(*kind == OutcomeKind::Bad);
            if !kind.is_kept() {
                state.refuse(&self.name, reason.as_deref().unwrap_or("unknown"), 1);
            }
        }
    }

    /// Tells those who wait how far it is. Who does not listen is not waited for.
    pub(super) fn progress(&self) {
        for Waiting { tell, before, .. } in &self.waiting {
            tell.try_send(LocalAnswer::Progress(self.exchanged(before))).ok();
        }
    }

    /// Tells how it stands.
    pub(super) fn look(&mut self, exchange: &Exchange, own: &Info, parts: &Parts, state: &State) {
        let status = exchange.status();
        self.count(status, state);
        if status.phase == Phase::Reconciling && self.last.phase != Phase::Reconciling {
            self.began = Counts::of(&self.last);
        }
        let ended_one = status.reconciliations > self.last.reconciliations;
        self.last = status.clone();
        let now_ms = parts.clock.now_ms();
        let (here, there) = self.found();
        let lag = exchange.lag(own.operations);
        let same_roots =
            status.terms.as_ref().is_some_and(|terms| terms.roots == parts.reader.genesis().roots_digest());
        state.see(|seen| {
            (seen.lag, seen.lag_at) = (lag, own.operations);
            if status.phase == Phase::Reconciling || ended_one {
                (seen.missing_here, seen.missing_there) = (here, there);
            }
            if ended_one {
                seen.last_exchange_ms = Some(now_ms);
                since(&mut seen.missing_here_since_ms, &status.left.here, now_ms);
                since(&mut seen.missing_there_since_ms, &status.left.there, now_ms);
            }
            if let Some(other) = &status.other
                && status.phase == Phase::Following
            {
                seen.same_state = same_roots.then_some(other.state_digest == own.state_digest);
                same_log(seen, other.log_digest == own.log_digest, now_ms);
            }
        });
        if ended_one {
            self.tell_end();
        }
    }

    fn tell_end(&mut self) {
        let reconciliations = self.last.reconciliations;
        let (done, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|one| one.until <= reconciliations);
        self.waiting = waiting;
        let done: Vec<Waiting> = done;
        for Waiting { tell, before, .. } in done {
            let answer = LocalAnswer::Synced(self.exchanged(&before));
            // Who asked may have progress to take first, or be gone; the exchange does not wait for that.
            tokio::spawn(async move { tell.send(answer).await.ok() });
        }
    }

    /// What the reconciliation found, here and there. The one that answers does not learn it, but sees what went over.
    fn found(&self) -> (u64, u64) {
        if self.is_dialed {
            return (self.last.found.here.operations, self.last.found.there.operations);
        }
        let now = Counts::of(&self.last);
        (now.new_in.saturating_sub(self.began.new_in), now.new_out.saturating_sub(self.began.new_out))
    }

    fn exchanged(&self, before: &Counts) -> Exchanged {
        let now = Counts::of(&self.last);
        let (missing_here, missing_there) = self.found();
        let kept = |kind: &OutcomeKind| !kind.is_kept();
        let refused = OutcomeKind::ALL.into_iter().filter(kept);
        Exchanged {
            name: self.name.clone(),
            missing_here,
            missing_there,
            operations_in: now.operations_in.saturating_sub(before.operations_in),
            operations_out: now.operations_out.saturating_sub(before.operations_out),
            bytes_in: now.bytes_in.saturating_sub(before.bytes_in),
            bytes_out: now.bytes_out.saturating_sub(before.bytes_out),
            round_trips: self.last.rounds,
            refused_here: refused.clone().map(|kind| self.last.received.of(kind)).sum(),
            refused_there: refused.map(|kind| self.last.sent.of(kind)).sum(),
        }
    }

    /// Adds what is new to the counts of the peer.
    fn count(&mut self, status: &Status, state: &State) {
        let (last, now) = (Counts::of(&self.last), Counts::of(status));
        let (bytes_in, bytes_out) = (now.bytes_in - last.bytes_in, now.bytes_out - last.bytes_out);
        state.count(|totals| {
            totals.operations_in += now.operations_in - last.operations_in;
            totals.operations_out += now.operations_out - last.operations_out;
            totals.bytes_in += bytes_in;
            totals.bytes_out += bytes_out;
        });
        ::metrics::counter!(metrics::PEER_BYTES_IN, "peer" => self.name.clone()).increment(bytes_in);
        ::metrics::counter!(metrics::PEER_BYTES_OUT, "peer" => self.name.clone()).increment(bytes_out);
        for kind in OutcomeKind::ALL {
            let ways = [
                (metrics::PEER_OPERATIONS_IN, status.received.of(kind) - self.last.received.of(kind)),
                (metrics::PEER_OPERATIONS_OUT, status.sent.of(kind) - self.last.sent.of(kind)),
            ];
            for (name, more) in ways.into_iter().filter(|(_, more)| *more > 0) {
                let labels = [("peer", self.name.clone()), ("outcome", kind.word().to_owned())];
                ::metrics::counter!(name, &labels).increment(more);
            }
        }
        // What ingest refused is counted by its reason.
        let malformed = status.offences.bad.saturating_sub(self.bad);
        state.refuse(&self.name, "malformed", malformed.saturating_sub(self.last_bad));
        self.last_bad = self.last_bad.max(malformed);
        state.refuse(&self.name, "unasked", status.offences.unasked - self.last.offences.unasked);
        state.refuse(&self.name, "withheld", status.offences.withheld - self.last.offences.withheld);
    }
}

/// Since when it is known to be so.
fn since(seen: &mut Option<u64>, missing: &Missing, now_ms: u64) {
    *seen = if missing.operations > 0 { seen.or(Some(now_ms)) } else { None };
}

fn same_log(seen: &mut Seen, same: bool, now_ms: u64) {
    seen.same_log = Some(same);
    seen.logs_differ_since_ms = if same { None } else { seen.logs_differ_since_ms.or(Some(now_ms)) };
}
