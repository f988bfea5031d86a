//! What an audit comes to, as one JSON object. Scripts rely on the words; docs/REPORT.md says what they mean.

use dmpc::kinds::Kind;
use dmpc_storage::{Verdict, replay::Fault};
use serde::Serialize;

use super::Shown;
use crate::{hex, time::rfc3339};

/// What an audit comes to.
#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) operations: u64,
    pub(super) applied: u64,
    pub(super) pending: u64,
    pub(super) rejected: u64,
    pub(super) digest: String,
    pub(super) stored_digest: Option<String>,
    pub(super) log_digest: String,
    pub(super) stored_log_digest: String,
    pub(super) agrees: bool,
    pub(super) signatures_verified: bool,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) node: String,
    pub(super) fault: Option<String>,
    pub(super) faults: Vec<FaultRow>,
    pub(super) faults_found: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<AsOf>,
    pub(super) seconds: f64,
    pub(super) operations_per_second: u64,
    pub(super) verdicts: Vec<Row>,
    pub(super) channels: Vec<DigestRow>,
}

/// Operations of one kind with one verdict.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) verdict: &'static str,
    pub(super) reason: &'static str,
    pub(super) count: u64,
}

/// Something that does not agree.
#[derive(Serialize)]
pub(super) struct FaultRow {
    what: &'static str,
    operation: Option<String>,
    family: Option<&'static str>,
    detail: String,
}

/// The digest of a channel.
#[derive(Serialize)]
pub(super) struct DigestRow {
    pub(super) channel: String,
    pub(super) digest: String,
}

/// The state as of a time.
#[derive(Serialize)]
pub(super) struct AsOf {
    pub(super) time: String,
    pub(super) logical: String,
    pub(super) digest: String,
    pub(super) log_digest: String,
}

/// The word of a verdict.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Applied => "applied",
        Verdict::Pending(_) => "pending",
        Verdict::Rejected(_) => "rejected",
    }
}

impl Row {
    fn new((kind, verdict, count): (Kind, Verdict, u64)) -> Self {
        Self { kind: kind.name(), verdict: word(verdict), reason: verdict.word(), count }
    }
}

impl FaultRow {
    fn new(fault: &Fault) -> Self {
        let operation = fault.operation().map(|key| key.id.to_string());
        Self { what: fault.word(), operation, family: fault.family(), detail: fault.to_string() }
    }
}

impl Summary {
    pub(super) fn new(shown: &Shown<'_>, with_channels: bool) -> Self {
        let report = shown.report;
        let verdicts = shown.restriction.verdicts(report);
        let count = |of: fn(Verdict) -> bool| verdicts.iter().filter(|row| of(row.1)).map(|row| row.2).sum();
        let (applied, pending, rejected) = (
            count(Verdict::is_applied),
            count(|verdict| matches!(verdict, Verdict::Pending(_))),
            count(|verdict| matches!(verdict, Verdict::Rejected(_))),
        );
        let digests = report.channel_digests.iter().filter(|_| with_channels);
        let channels = digests.map(|(id, digest)| DigestRow { channel: id.to_string(), digest: hex::encode(digest) });
        Self {
            operations: report.operations,
            applied,
            pending,
            rejected,
            digest: hex::encode(&report.state_digest),
            stored_digest: report.stored_state_digest.map(|digest| hex::encode(&digest)),
            log_digest: hex::encode(&report.log_digest),
            stored_log_digest: hex::encode(&report.stored_log_digest),
            agrees: report.agrees(),
            signatures_verified: shown.verified,
            first: report.span.map(|(first, _)| rfc3339(first)),
            last: report.span.map(|(_, last)| rfc3339(last)),
            node: report.genesis.node.to_string(),
            fault: report.fault().map(ToString::to_string),
            faults: report.faults.named().iter().map(FaultRow::new).collect(),
            faults_found: report.faults.count(),
            until: as_of(shown),
            seconds: shown.took.as_secs_f64(),
            operations_per_second: shown.speed(),
            verdicts: verdicts.into_iter().map(Row::new).collect(),
            channels: channels.collect(),
        }
    }
}

fn as_of(shown: &Shown<'_>) -> Option<AsOf> {
    let (until, (digest, log_digest)) = shown.until.zip(shown.report.as_of)?;
    let (digest, log_digest) = (hex::encode(&digest), hex::encode(&log_digest));
    Some(AsOf { time: rfc3339(until), logical: until.to_string(), digest, log_digest })
}
