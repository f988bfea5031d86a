//! From the store's views to the messages on the wire.

use bytes::Bytes;
use dmpc::{OpKey, Rights, keys::EncryptionKey, seal::seal_age, v1};
use dmpc_storage::reader::{Change, ChannelView, EpochView, FeedEvent, MemberView, UserView};

use super::ReadError;

/// The age bytes of an encoded answer.
pub(super) fn seal(plain: &impl prost::Message, reply_to: &EncryptionKey) -> Result<Bytes, ReadError> {
    Ok(seal_age(&plain.encode_to_vec(), &[*reply_to]).map_err(ReadError::Seal)?.into())
}

pub(super) fn user(view: UserView) -> v1::User {
    v1::User {
        id: Bytes::copy_from_slice(view.id.as_bytes()),
        signing_key: Bytes::copy_from_slice(view.signing_key.as_bytes()),
        encryption_key: Bytes::copy_from_slice(view.encryption_key.as_bytes()),
        active: view.active,
        permissions: view.permissions.bits().into(),
        display_name: view.display_name,
        root: view.root,
    }
}

pub(super) fn channel(view: ChannelView, rights: Rights) -> v1::Channel {
    v1::Channel {
        id: Bytes::copy_from_slice(view.id.as_bytes()),
        name: view.name,
        opener: Bytes::copy_from_slice(view.opener.as_bytes()),
        opened_at: view.opened_at.bits(),
        closed_at: view.closed_at.map_or(0, dmpc::Hlc::bits),
        messages: view.messages,
        members: view.members,
        rights: rights.bits().into(),
    }
}

pub(super) fn member(view: MemberView) -> v1::ChannelMember {
    let [encryption_key, signing_key] = view.keys.map_or_else(Default::default, |(encryption, signing)| {
        [encryption.as_bytes(), signing.as_bytes()].map(|key| Bytes::copy_from_slice(key))
    });
    v1::ChannelMember {
        user: Bytes::copy_from_slice(view.user.as_bytes()),
        rights: view.rights.bits().into(),
        display_name: view.display_name,
        encryption_key,
        signing_key,
    }
}

pub(super) fn epoch(view: EpochView) -> v1::Epoch {
    v1::Epoch {
        key_id: Bytes::copy_from_slice(view.key_id.as_bytes()),
        wraps: view.wraps,
        introduced_at: view.introduced_at.bits(),
    }
}

/// An event of a channel's feed; changes of users have a feed of their own, which no query reads.
pub(super) fn event(event: FeedEvent) -> Option<v1::Event> {
    let FeedEvent { change, key: OpKey { timestamp, id }, through, operation, cursor } = event;
    let (through, count) = through.map_or_else(Default::default, |(last, count)| (last.to_bytes().to_vec(), count));
    let (kind, reason) = match change {
        Change::Message => (v1::EventKind::Message, ""),
        Change::Opened => (v1::EventKind::Opened, ""),
        Change::Closed => (v1::EventKind::Closed, ""),
        Change::Members => (v1::EventKind::Members, ""),
        Change::Epoch => (v1::EventKind::Epoch, ""),
        Change::Retracted(verdict) => (v1::EventKind::Retracted, verdict.word()),
        Change::Restored => (v1::EventKind::Restored, ""),
        Change::User => return None,
    };
    Some(v1::Event {
        kind: kind.into(),
        cursor,
        operation: operation.unwrap_or_default(),
        operation_id: Bytes::copy_from_slice(id.as_bytes()),
        timestamp: timestamp.bits(),
        reason: reason.to_owned(),
        through: through.into(),
        count,
    })
}

/// All stored events were sent; what follows is live.
pub(super) fn caught_up(cursor: &Bytes) -> v1::Event {
    v1::Event { kind: v1::EventKind::CaughtUp.into(), cursor: cursor.clone(), ..v1::Event::default() }
}
