//! The report as JSON: a summary on one line, and the whole of it for `--export`. Scripts rely on the words; docs/REPORT.md
//! says what they mean.

use dmpc::{ChannelId, Hlc, OpKey, UserId, kinds::Kind};
use dmpc_storage::{
    Verdict,
    evidence::Evidence,
    replay::{ChannelState, Fault, Flip, LaneEvidence, UserState},
};
use serde::Serialize;

use super::Shown;
use crate::{error::CliError, hex, time::rfc3339};

/// The version of the exported report.
const VERSION: u32 = 1;

/// What an audit comes to.
#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) operations: u64,
    pub(super) applied: u64,
    pub(super) pending: u64,
    pub(super) rejected: u64,
    pub(super) digest: String,
    pub(super) stored_digest: String,
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
            stored_digest: hex::encode(&report.stored_state_digest),
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

/// The whole report.
#[derive(Serialize)]
pub(super) struct Full {
    report_version: u32,
    summary: Summary,
    roots: Vec<String>,
    compared: std::collections::BTreeMap<&'static str, u64>,
    users: Vec<UserRow>,
    channels: Vec<ChannelRow>,
    flips: Vec<FlipRow>,
    flips_found: u64,
    evidence: Vec<EvidenceRow>,
    evidence_found: u64,
}

/// An operation, by id and time.
#[derive(Serialize)]
struct At {
    operation: String,
    time: String,
}

#[derive(Serialize)]
struct UserRow {
    user: String,
    name: Option<String>,
    root: bool,
    active: bool,
    permissions: Vec<String>,
    created: Option<At>,
    signing_key: Option<String>,
    signing_key_since: Option<At>,
    encryption_key: Option<String>,
    encryption_key_since: Option<At>,
    operations: u64,
    applied: u64,
}

#[derive(Serialize)]
struct ChannelRow {
    channel: String,
    name: Option<String>,
    opener: Option<String>,
    opened: Option<At>,
    closed: Option<At>,
    members: Vec<MemberRow>,
    epochs: u64,
    current_epoch: Option<String>,
    messages: u64,
    digest: Option<String>,
}

#[derive(Serialize)]
struct MemberRow {
    user: String,
    rights: String,
}

#[derive(Serialize)]
struct FlipRow {
    sequence: u64,
    channel: Option<String>,
    operation: String,
    last: Option<String>,
    count: u64,
    change: &'static str,
    verdict: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct EvidenceRow {
    user: String,
    key: String,
    lane: String,
    evidence: &'static str,
    seq: u64,
    last: Option<u64>,
    operations: Vec<String>,
}

fn at(key: &OpKey) -> Option<At> {
    (key.timestamp > Hlc::ZERO).then(|| At { operation: key.id.to_string(), time: rfc3339(key.timestamp) })
}

impl Full {
    pub(super) fn new(shown: &Shown<'_>) -> Self {
        let report = shown.report;
        let users = report.users.iter().filter(|(id, _)| shown.restriction.shows_user(report, id));
        let channels = report.channels.iter().filter(|(id, _)| shown.restriction.shows_channel(report, id));
        Self {
            report_version: VERSION,
            summary: Summary::new(shown, true),
            roots: report.genesis.roots.iter().map(|root| root.user.to_string()).collect(),
            compared: report.compared.clone(),
            users: users.map(|(id, user)| UserRow::new(shown, id, user)).collect(),
            channels: channels.map(|(id, channel)| ChannelRow::new(shown, id, channel)).collect(),
            flips: report.flips.named.iter().map(FlipRow::new).collect(),
            flips_found: report.flips.count,
            evidence: report.evidence.named.iter().map(EvidenceRow::new).collect(),
            evidence_found: report.evidence.count,
        }
    }

    /// As text.
    pub(super) fn text(&self) -> Result<String, CliError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| CliError::Stdout(error.into()))?;
        Ok(text + "\n")
    }
}

/// Operations that a user certified: all, and those applied.
pub(super) fn certified(shown: &Shown<'_>, user: &UserId) -> (u64, u64) {
    let rows = shown.report.tally.iter().filter(|((certifier, ..), _)| certifier == user);
    rows.fold((0, 0), |(all, applied), ((.., verdict), count)| {
        (all + count, applied + if verdict.is_applied() { *count } else { 0 })
    })
}

/// Applied messages of a channel.
pub(super) fn messages(shown: &Shown<'_>, channel: &ChannelId) -> u64 {
    let rows = shown.report.tally.iter().filter(|((_, of, kind, verdict), _)| {
        *of == Some(*channel) && *kind == Kind::ChannelMessage && verdict.is_applied()
    });
    rows.map(|(_, count)| count).sum()
}

impl UserRow {
    fn new(shown: &Shown<'_>, id: &UserId, user: &UserState) -> Self {
        let (operations, applied) = certified(shown, id);
        Self {
            user: id.to_string(),
            name: user.name.as_deref().map(str::to_owned),
            root: user.is_root,
            active: user.is_active,
            permissions: user.permissions.iter().map(|permission| permission.to_string()).collect(),
            created: user.created.as_ref().and_then(at),
            signing_key: user.signing_key.map(|(_, key)| hex::encode(&key)),
            signing_key_since: user.signing_key.as_ref().and_then(|(key, _)| at(key)),
            encryption_key: user.encryption_key.map(|(_, key)| hex::encode(&key)),
            encryption_key_since: user.encryption_key.as_ref().and_then(|(key, _)| at(key)),
            operations,
            applied,
        }
    }
}

impl ChannelRow {
    fn new(shown: &Shown<'_>, id: &ChannelId, channel: &ChannelState) -> Self {
        let members = channel.members.iter();
        Self {
            channel: id.to_string(),
            name: channel.name.as_deref().map(str::to_owned),
            opener: channel.opener.map(|opener| opener.to_string()),
            opened: channel.opened.as_ref().and_then(at),
            closed: channel.closed.as_ref().and_then(at),
            members: members.map(|(id, r)| MemberRow { user: id.to_string(), rights: r.to_string() }).collect(),
            epochs: channel.epochs,
            current_epoch: channel.current_epoch.map(|epoch| epoch.to_string()),
            messages: messages(shown, id),
            digest: shown.report.channel_digests.get(id).map(|digest| hex::encode(digest)),
        }
    }
}

impl FlipRow {
    fn new(flip: &Flip) -> Self {
        Self {
            sequence: flip.sequence,
            channel: flip.channel.map(|channel| channel.to_string()),
            operation: flip.operation.id.to_string(),
            last: flip.last.map(|last| last.id.to_string()),
            count: flip.count,
            change: if flip.verdict.is_applied() { "restored" } else { "retracted" },
            verdict: word(flip.verdict),
            reason: flip.verdict.word(),
        }
    }
}

impl EvidenceRow {
    fn new(found: &LaneEvidence) -> Self {
        let (evidence, seq, last, operations) = parts(&found.evidence);
        let (user, key, lane) = (found.user.to_string(), hex::encode(&found.key), found.lane.to_string());
        Self { user, key, lane, evidence, seq, last, operations }
    }
}

/// The word of a piece of evidence, its place, and the operations that it names.
pub(super) fn parts(evidence: &Evidence) -> (&'static str, u64, Option<u64>, Vec<String>) {
    match evidence {
        Evidence::Gap { first, last } => ("gap", *first, Some(*last), Vec::new()),
        Evidence::Fork { seq, first, second } => {
            ("fork", *seq, None, vec![first.id.to_string(), second.id.to_string()])
        }
        Evidence::Time { seq, operation, before } => {
            ("time", *seq, None, vec![operation.id.to_string(), before.id.to_string()])
        }
        Evidence::Prev { seq, operation, named } => {
            ("prev", *seq, None, vec![operation.id.to_string(), named.to_string()])
        }
    }
}
