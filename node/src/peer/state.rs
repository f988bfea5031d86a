//! What is seen of a peer from outside: status for its owner, metrics for operators.

use std::collections::BTreeMap;

use dmpc::{local::PeerStatus, peer_settings::PeerSettings};
use parking_lot::Mutex;

use crate::metrics;

/// Reasons that are told apart in what is refused; what goes beyond is counted as `other`.
const REASONS_MAX: usize = 64;

/// Whether there is a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reached {
    /// There is none, until it is dialed again or dials.
    #[default]
    Waiting,
    /// It is being dialed.
    Dialing,
    /// There is one.
    Connected,
    /// One of the two does not know the other's key.
    Refused,
}

impl Reached {
    const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dialing => "dialing",
            Self::Connected => "connected",
            Self::Refused => "refused",
        }
    }
}

/// Counts since the start of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) operations_in: u64,
    pub(super) operations_out: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) refused: BTreeMap<String, u64>,
}

/// What the last exchange found, and what is known since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) last_exchange_ms: Option<u64>,
    pub(super) missing_here: u64,
    pub(super) missing_there: u64,
    pub(super) missing_here_since_ms: Option<u64>,
    pub(super) missing_there_since_ms: Option<u64>,
    /// Operations that the peer has not acknowledged, of a log of so many.
    pub(super) lag: u64,
    pub(super) lag_at: u64,
    pub(super) logs_differ_since_ms: Option<u64>,
    pub(super) same_state: Option<bool>,
    pub(super) same_log: Option<bool>,
}

#[derive(Clone, Debug, Default)]
struct Shown {
    reached: Reached,
    problem: Option<String>,
    totals: Totals,
    seen: Seen,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct State(Mutex<Shown>);

impl State {
    /// There is a link.
    pub(super) fn connected(&self) {
        let mut shown = self.0.lock();
        (shown.reached, shown.problem) = (Reached::Connected, None);
    }

    /// There is none; `problem` says why, unless what is known is to stay.
    pub(super) fn left(&self, reached: Reached, problem: Option<String>) {
        let mut shown = self.0.lock();
        shown.reached = reached;
        shown.problem = problem.or_else(|| shown.problem.take());
    }

    pub(super) fn reached(&self) -> Reached {
        self.0.lock().reached
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.0.lock().problem.clone()
    }

    /// Brings the counts up to date.
    pub(super) fn count(&self, add: impl FnOnce(&mut Totals)) {
        add(&mut self.0.lock().totals);
    }

    /// Brings what is seen of the exchange up to date.
    pub(super) fn see(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.0.lock().seen);
    }

    /// What was refused counts against the peer.
    pub(super) fn refuse(&self, peer: &str, reason: &str, number: u64) {
        if number == 0 {
            return;
        }
        let mut shown = self.0.lock();
        let refused = &mut shown.totals.refused;
        let is_known = refused.contains_key(reason) || refused.len() < REASONS_MAX;
        let reason = if is_known { reason } else { "other" };
        *refused.entry(reason.to_owned()).or_default() += number;
        let labels = [("peer", peer.to_owned()), ("reason", reason.to_owned())];
        ::metrics::counter!(metrics::PEER_REFUSALS, &labels).increment(number);
    }

    /// For a log of so many operations.
    pub(super) fn status(&self, settings: &PeerSettings, operations: u64) -> PeerStatus {
        let Shown { reached, problem, totals, seen } = self.0.lock().clone();
        PeerStatus {
            name: settings.name.clone(),
            state: reached.word().to_owned(),
            direction: settings.direction,
            problem,
            last_exchange_ms: seen.last_exchange_ms,
            missing_here: seen.missing_here,
            missing_there: seen.missing_there,
            missing_here_since_ms: seen.missing_here_since_ms,
            missing_there_since_ms: seen.missing_there_since_ms,
            lag: lag(settings, &seen, operations),
            logs_differ_since_ms: seen.logs_differ_since_ms,
            operations_in: totals.operations_in,
            operations_out: totals.operations_out,
            bytes_in: totals.bytes_in,
            bytes_out: totals.bytes_out,
            refused: totals.refused,
            same_state: seen.same_state,
            same_log: seen.same_log,
        }
    }

    /// Sets the gauges.
    pub(super) fn observe(&self, settings: &PeerSettings, operations: u64) {
        let Shown { reached, seen, .. } = self.0.lock().clone();
        let set = |name: &'static str, value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; it is exact up to 2^53")]
            ::metrics::gauge!(name, "peer" => settings.name.clone()).set(value as f64);
        };
        set(metrics::PEER_CONNECTED, u64::from(reached == Reached::Connected));
        set(metrics::PEER_EXCHANGED, seen.last_exchange_ms.unwrap_or_default() / 1_000);
        set(metrics::PEER_MISSING_HERE, seen.missing_here);
        set(metrics::PEER_MISSING_THERE, seen.missing_there);
        set(metrics::PEER_LAG, lag(settings, &seen, operations));
    }
}

/// While there is no link, everything that is new is not acknowledged.
fn lag(settings: &PeerSettings, seen: &Seen, operations: u64) -> u64 {
    if !settings.direction.gives() {
        return 0;
    }
    seen.lag.saturating_add(operations.saturating_sub(seen.lag_at))
}
