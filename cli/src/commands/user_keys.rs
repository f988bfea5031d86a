//! `user keys`: the keys of a user over time, the lanes of each signing key, and what they are evidence of.

use dmpc::{
    ChannelId, Hlc, LaneId, OpId,
    keys::{EncryptionKey, VerifyingKey},
    v1,
};
use serde::Serialize;

use crate::{
    answer::id,
    context::Context,
    error::CliError,
    examples,
    naming::Users,
    output::{self, Output},
    session::Session,
    time,
};

/// Arguments of `user keys`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli user keys", "dmpc-cli user keys bob --json"])]
pub struct Args {
    /// The user.
    user: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    user: String,
    keys: Vec<Key>,
    lanes: Vec<Lane>,
}

/// A key, and when it was the user's.
#[derive(Serialize)]
pub(super) struct Key {
    r#use: &'static str,
    key: String,
    /// `null` for a root's first.
    from: Option<String>,
    /// `null` while it is the user's.
    until: Option<String>,
    operation: Option<String>,
}

#[derive(Serialize)]
struct Lane {
    key: String,
    lane: String,
    channel: Option<String>,
    /// It is of a channel that the node does not show to who asks.
    channel_hidden: bool,
    head: u64,
    operations: u64,
    evidence: Vec<Evidence>,
}

#[derive(Serialize)]
struct Evidence {
    kind: &'static str,
    seq: u64,
    /// With `gap`: the last place that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let mut session = Session::open(context).await?;
    let user = Users::new(context).resolve_if(args.user.as_deref()).await?.unwrap_or(session.identity.user);
    let keys = session.keys(user).await?;
    if keys.is_empty() {
        return Err(CliError::NotFound(format!("the node knows no user {user}")));
    }
    let mut shown = Shown { user: user.to_string(), keys: Vec::new(), lanes: Vec::new() };
    for key in &keys {
        shown.keys.push(key_shown(key)?);
    }
    for key in signing_keys(&keys)? {
        for lane in session.lanes(user, key).await? {
            shown.lanes.push(lane_shown(&key, &lane)?);
        }
    }
    output::object(context.json, shown, |output, shown| print(output, &shown))
}

/// The signing keys among these, each once.
///
/// # Errors
/// [`CliError::Answer`] when one is none.
pub(super) fn signing_keys(keys: &[v1::UserKey]) -> Result<Vec<VerifyingKey>, CliError> {
    let mut found: Vec<VerifyingKey> = Vec::new();
    for key in keys.iter().filter(|key| key.r#use() == v1::KeyUse::Signing) {
        let key = verifying_key(&key.key)?;
        if !found.contains(&key) {
            found.push(key);
        }
    }
    Ok(found)
}

fn bytes_of(key: &[u8]) -> Result<[u8; 32], CliError> {
    key.try_into().map_err(|_| CliError::Answer("a key has not 32 bytes".to_owned()))
}

fn verifying_key(key: &[u8]) -> Result<VerifyingKey, CliError> {
    VerifyingKey::from_bytes(bytes_of(key)?).map_err(CliError::answer)
}

fn unknown(what: &str) -> CliError {
    CliError::Answer(format!("{what} that this version does not know"))
}

/// As the node says it.
pub(super) fn key_shown(key: &v1::UserKey) -> Result<Key, CliError> {
    let (purpose, text) = match key.r#use() {
        v1::KeyUse::Signing => ("signing", verifying_key(&key.key)?.to_string()),
        v1::KeyUse::Encryption => {
            ("encryption", EncryptionKey::from_bytes(bytes_of(&key.key)?).map_err(CliError::answer)?.to_string())
        }
        v1::KeyUse::Unspecified => return Err(unknown("a use of a key")),
    };
    let when = |bits| (bits != 0).then(|| time::rfc3339(Hlc::from_bits(bits)));
    Ok(Key {
        r#use: purpose,
        key: text,
        from: when(key.from),
        until: when(key.until),
        operation: operation(&key.operation)?,
    })
}

fn operation(bytes: &[u8]) -> Result<Option<String>, CliError> {
    if bytes.is_empty() { Ok(None) } else { Ok(Some(id(OpId::from_slice(bytes))?.to_string())) }
}

fn lane_shown(key: &VerifyingKey, lane: &v1::Lane) -> Result<Lane, CliError> {
    let channel = match lane.channel.as_ref() {
        [] => None,
        bytes => Some(id(ChannelId::from_slice(bytes))?.to_string()),
    };
    Ok(Lane {
        key: key.to_string(),
        lane: id(LaneId::from_slice(&lane.lane))?.to_string(),
        channel,
        channel_hidden: lane.channel_hidden,
        head: lane.head,
        operations: lane.operations,
        evidence: lane.evidence.iter().map(evidence).collect::<Result<_, _>>()?,
    })
}

fn evidence(piece: &v1::Evidence) -> Result<Evidence, CliError> {
    let kind = match piece.kind() {
        v1::EvidenceKind::Gap => "gap",
        v1::EvidenceKind::Fork => "fork",
        v1::EvidenceKind::Time => "time",
        v1::EvidenceKind::Prev => "prev",
        v1::EvidenceKind::Unspecified => return Err(unknown("a kind of evidence")),
    };
    Ok(Evidence {
        kind,
        seq: piece.seq,
        last: (piece.last != 0).then_some(piece.last),
        operation: operation(&piece.operation)?,
        other: operation(&piece.other)?,
    })
}

fn print(output: &mut Output, shown: &Shown) -> Result<(), CliError> {
    output.line(format_args!("user: {}", shown.user))?;
    output.line("")?;
    let or = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
    let row =
        |key: &Key| vec![key.r#use.to_owned(), or(&key.from, "the beginning"), or(&key.until, "now"), key.key.clone()];
    output.table(&["USE", "FROM", "UNTIL", "KEY"], shown.keys.iter().map(row).collect())?;
    output.line("")?;
    let row = |lane: &Lane| {
        let (head, operations) = (lane.head.to_string(), lane.operations.to_string());
        let found = lane.evidence.len().to_string();
        let none = if lane.channel_hidden { "hidden" } else { "none" };
        vec![lane.lane.clone(), head, operations, found, or(&lane.channel, none), lane.key.clone()]
    };
    let header = ["LANE", "HEAD", "OPERATIONS", "EVIDENCE", "CHANNEL", "KEY"];
    output.table(&header, shown.lanes.iter().map(row).collect())?;
    let found = shown.lanes.iter().flat_map(|lane| lane.evidence.iter().map(move |piece| (lane, piece)));
    let rows: Vec<Vec<String>> = found.map(|(lane, piece)| piece_row(&lane.lane, piece)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    output.line("")?;
    output.table(&["EVIDENCE", "LANE", "PLACE", "OPERATION", "OTHER"], rows)
}

fn piece_row(lane: &str, piece: &Evidence) -> Vec<String> {
    let place = match piece.last {
        Some(last) => format!("{}-{last}", piece.seq),
        None => piece.seq.to_string(),
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![piece.kind.to_owned(), lane.to_owned(), place, text(&piece.operation), text(&piece.other)]
}
