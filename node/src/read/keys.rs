//! The keys of a user, and for one of them its lanes and what they are evidence of.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, LaneId, OpId, OpKey, Permissions, Rights, SignedOperation, UserId, cursor, keys::VerifyingKey,
    kinds::Kind, v1,
};
use dmpc_storage::{
    Reader,
    evidence::Evidence,
    reader::{Found, KeyView, LaneView},
};

use super::{ReadError, admission::Asker, answers::page_items};

/// What is wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) user: &'a UserId,
    /// The signing key whose lanes are wanted.
    pub(super) key: Option<&'a VerifyingKey>,
    pub(super) cursor: &'a Bytes,
    pub(super) limit: u32,
}

/// The keys, or the lanes of one.
pub(super) fn answer(
    reader: &Reader,
    asker: &Asker,
    wanted: &Wanted<'_>,
    latest: Hlc,
) -> Result<v1::ReadKeysResponse, ReadError> {
    require_may_see(asker, wanted.user)?;
    let mut answer = v1::ReadKeysResponse { latest: latest.bits(), ..Default::default() };
    let limit = page_items(wanted.limit);
    if let Some(key) = wanted.key {
        let page = reader.lanes(wanted.user, key, wanted.cursor, limit)?;
        for view in page.items {
            answer.lanes.push(lane(reader, asker, wanted.user, view)?);
        }
        answer.cursor = page.cursor.unwrap_or_default();
    } else {
        let page = reader.keys(wanted.user, wanted.cursor, limit)?;
        answer.keys = page.items.iter().map(key).collect();
        answer.cursor = page.cursor.unwrap_or_default();
    }
    Ok(answer)
}

/// The end of one lane of a key; nothing where the node has nothing of it.
pub(super) fn lane_end(
    reader: &Reader,
    asker: &Asker,
    user: &UserId,
    key: &VerifyingKey,
    lane: &LaneId,
    latest: Hlc,
) -> Result<v1::ReadKeysResponse, ReadError> {
    require_may_see(asker, user)?;
    let mut answer = v1::ReadKeysResponse { latest: latest.bits(), ..Default::default() };
    if let Some(end) = reader.lane_end(user, key, lane)? {
        let mut lane = lane_of(reader, asker, user, &end.lane, end.channel.as_ref())?;
        lane.head = end.seq;
        lane.last = end.last.iter().map(id).collect();
        answer.lanes.push(lane);
    }
    Ok(answer)
}

/// That the asker may see the keys of a user: its own, or with the permission.
fn require_may_see(asker: &Asker, user: &UserId) -> Result<(), ReadError> {
    if *user == asker.user || asker.view.permissions.contains(Permissions::USER_READ) {
        return Ok(());
    }
    Err(ReadError::PermissionMissing("user.read"))
}

fn key(view: &KeyView) -> v1::UserKey {
    let purpose = match view.purpose {
        cursor::KeyUse::Signing => v1::KeyUse::Signing,
        cursor::KeyUse::Encryption => v1::KeyUse::Encryption,
    };
    let operation = if view.from == OpKey::MIN { Bytes::new() } else { id(&view.from.id) };
    v1::UserKey {
        r#use: purpose.into(),
        key: Bytes::copy_from_slice(&view.key),
        from: view.from.timestamp.bits(),
        operation,
        until: view.until.map_or(0, |until| until.timestamp.bits()),
    }
}

fn lane(reader: &Reader, asker: &Asker, user: &UserId, view: LaneView) -> Result<v1::Lane, ReadError> {
    let mut evidence = Vec::with_capacity(view.evidence.len());
    for found in view.evidence {
        evidence.push(piece(reader, asker, user, found)?);
    }
    let mut lane = lane_of(reader, asker, user, &view.lane, view.channel.as_ref())?;
    (lane.head, lane.operations, lane.evidence) = (view.head, view.operations, evidence);
    Ok(lane)
}

/// A lane of a user without what stands in it. That somebody has a part in a channel is told to those alone who may ask for
/// the channel, and to the user.
fn lane_of(
    reader: &Reader,
    asker: &Asker,
    user: &UserId,
    lane: &LaneId,
    channel: Option<&ChannelId>,
) -> Result<v1::Lane, ReadError> {
    let shown = match channel {
        Some(channel) if asker.user == *user || may_see(reader, asker, channel)? => {
            Bytes::copy_from_slice(channel.as_bytes())
        }
        Some(_) | None => Bytes::new(),
    };
    Ok(v1::Lane {
        lane: Bytes::copy_from_slice(lane.as_bytes()),
        channel_hidden: channel.is_some() && shown.is_empty(),
        channel: shown,
        ..Default::default()
    })
}

/// Whether the asker may ask for a channel.
fn may_see(reader: &Reader, asker: &Asker, channel: &ChannelId) -> Result<bool, ReadError> {
    Ok(asker.view.permissions.contains(Permissions::CHANNEL_READ) || !reader.rights(channel, &asker.user)?.is_empty())
}

fn piece(reader: &Reader, asker: &Asker, user: &UserId, found: Found) -> Result<v1::Evidence, ReadError> {
    let mut piece = v1::Evidence::default();
    match found.evidence {
        Evidence::Gap { first, last } => {
            piece.set_kind(v1::EvidenceKind::Gap);
            (piece.seq, piece.last) = (first, last);
        }
        Evidence::Fork { seq, first, second } => {
            piece.set_kind(v1::EvidenceKind::Fork);
            piece.seq = seq;
            (piece.operation, piece.timestamp) = (id(&first.id), first.timestamp.bits());
            (piece.other, piece.other_timestamp) = (id(&second.id), second.timestamp.bits());
            if may_have(reader, asker, user, &found.operations)? {
                piece.operations = found.operations;
            }
        }
        Evidence::Time { seq, operation, before } => {
            piece.set_kind(v1::EvidenceKind::Time);
            piece.seq = seq;
            (piece.operation, piece.timestamp) = (id(&operation.id), operation.timestamp.bits());
            (piece.other, piece.other_timestamp) = (id(&before.id), before.timestamp.bits());
        }
        Evidence::Prev { seq, operation, named } => {
            piece.set_kind(v1::EvidenceKind::Prev);
            piece.seq = seq;
            (piece.operation, piece.timestamp) = (id(&operation.id), operation.timestamp.bits());
            piece.other = id(&named);
        }
    }
    Ok(piece)
}

/// Whether the asker may be given operations of a user: its own; those on users; those of a channel, as far as it may read
/// that channel, and messages with the right to read them.
fn may_have(reader: &Reader, asker: &Asker, user: &UserId, operations: &[Bytes]) -> Result<bool, ReadError> {
    if asker.user == *user {
        return Ok(true);
    }
    for bytes in operations {
        let operation = SignedOperation::decode(bytes.clone()).map_err(|error| {
            tracing::error!(%error, "an operation of the log is none");
            ReadError::Store
        })?;
        let Some(channel) = operation.channel() else { continue };
        let may = if operation.kind() == Kind::ChannelMessage {
            reader.rights(&channel, &asker.user)?.contains(Rights::READ)
        } else {
            may_see(reader, asker, &channel)?
        };
        if !may {
            return Ok(false);
        }
    }
    Ok(true)
}

fn id(id: &OpId) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}
