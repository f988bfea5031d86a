//! The whole report as JSON, for `--export`. docs/REPORT.md says what the words mean.

use dmpc::{ChannelId, Hlc, OpKey, UserId, kinds::Kind};
use dmpc_storage::{
    evidence::Evidence,
    replay::{ChannelState, Flip, LaneEvidence, UserState},
};
use serde::Serialize;

use super::{
    Shown,
    json::{Summary, word},
};
use crate::{error::CliError, hex, time::rfc3339};

/// The version of the report.
const VERSION: u32 = 1;

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
