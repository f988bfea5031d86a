//! The payloads of operations: one file per kind, each with its fields and its checks.
//! A payload that exists here is well formed; whether it takes effect is the projection's question.
//! Source: docs/PROTOCOL.md, "Kinds".

mod channel_close;
mod channel_epoch;
mod channel_members;
mod channel_message;
mod channel_open;
mod parts;
mod user_create;
mod user_update;
mod wraps;

pub use channel_epoch::ChannelEpoch;
pub use channel_members::ChannelMembers;
pub use channel_message::ChannelMessage;
pub use channel_open::{ChannelOpen, channel_id};
pub use parts::{PAYLOAD_BYTES_MAX, Part, epoch_parts, genesis_members, members_parts, open_wraps};
pub use user_create::UserCreate;
pub use user_update::{FieldWrite, UserUpdate};
pub use wraps::{EpochWraps, Member, Wrap};

use bytes::Bytes;

use crate::{
    ids::{ChannelId, UserId},
    keys::Check,
    operation::OperationError,
    v1,
};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `user.create`
    UserCreate,
    /// `user.update`
    UserUpdate,
    /// `channel.open`
    ChannelOpen,
    /// `channel.members`
    ChannelMembers,
    /// `channel.epoch`
    ChannelEpoch,
    /// `channel.message`
    ChannelMessage,
    /// `channel.close`
    ChannelClose,
}

impl Kind {
    /// Every kind, ascending by number.
    pub const ALL: [Self; 7] = [
        Self::UserCreate,
        Self::UserUpdate,
        Self::ChannelOpen,
        Self::ChannelMembers,
        Self::ChannelEpoch,
        Self::ChannelMessage,
        Self::ChannelClose,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserCreate => "user.create",
            Self::UserUpdate => "user.update",
            Self::ChannelOpen => "channel.open",
            Self::ChannelMembers => "channel.members",
            Self::ChannelEpoch => "channel.epoch",
            Self::ChannelMessage => "channel.message",
            Self::ChannelClose => "channel.close",
        }
    }

    /// Its number on the wire.
    pub const fn to_wire(self) -> v1::Kind {
        match self {
            Self::UserCreate => v1::Kind::UserCreate,
            Self::UserUpdate => v1::Kind::UserUpdate,
            Self::ChannelOpen => v1::Kind::ChannelOpen,
            Self::ChannelMembers => v1::Kind::ChannelMembers,
            Self::ChannelEpoch => v1::Kind::ChannelEpoch,
            Self::ChannelMessage => v1::Kind::ChannelMessage,
            Self::ChannelClose => v1::Kind::ChannelClose,
        }
    }

    /// From its number on the wire.
    pub fn from_wire(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_wire() as i32 == number)
    }

    /// Whether it belongs to a channel.
    pub const fn is_channel(self) -> bool {
        !matches!(self, Self::UserCreate | Self::UserUpdate)
    }
}

/// A checked payload.
#[derive(Clone, Debug)]
pub enum Payload {
    /// `user.create`
    UserCreate(UserCreate),
    /// `user.update`
    UserUpdate(UserUpdate),
    /// `channel.open`
    ChannelOpen(ChannelOpen),
    /// `channel.members`
    ChannelMembers(ChannelMembers),
    /// `channel.epoch`
    ChannelEpoch(ChannelEpoch),
    /// `channel.message`
    ChannelMessage(ChannelMessage),
    /// `channel.close`
    ChannelClose,
}

impl Payload {
    /// Decodes and checks the payload of the header's kind.
    /// Decodes a payload strictly. What an operation's header adds to its meaning is given apart, so that a draft can be
    /// read before there is one.
    ///
    /// # Errors
    /// [`OperationError`], one variant per broken rule.
    pub fn decode(
        kind: Kind,
        channel: Option<ChannelId>,
        issuer: &UserId,
        bytes: &Bytes,
    ) -> Result<Self, OperationError> {
        Ok(match kind {
            Kind::UserCreate => Self::UserCreate(UserCreate::decode(bytes)?),
            Kind::UserUpdate => Self::UserUpdate(UserUpdate::decode(bytes)?),
            Kind::ChannelOpen => Self::ChannelOpen(ChannelOpen::decode(channel, issuer, bytes)?),
            Kind::ChannelMembers => Self::ChannelMembers(ChannelMembers::decode(bytes)?),
            Kind::ChannelEpoch => Self::ChannelEpoch(ChannelEpoch::decode(bytes)?),
            Kind::ChannelMessage => Self::ChannelMessage(ChannelMessage::decode(bytes)?),
            Kind::ChannelClose => {
                channel_close::decode(bytes)?;
                Self::ChannelClose
            }
        })
    }

    /// Signatures inside the payload that must verify too.
    pub fn check(&self) -> Option<Check> {
        match self {
            Self::UserCreate(create) => Some(create.check()),
            Self::UserUpdate(update) => update.check(),
            Self::ChannelOpen(_)
            | Self::ChannelMembers(_)
            | Self::ChannelEpoch(_)
            | Self::ChannelMessage(_)
            | Self::ChannelClose => None,
        }
    }

    /// Every batch of wraps in it.
    pub fn wraps(&self) -> &[EpochWraps] {
        match self {
            Self::ChannelOpen(open) => std::slice::from_ref(&open.epoch),
            Self::ChannelEpoch(epoch) => std::slice::from_ref(&epoch.epoch),
            Self::ChannelMembers(members) => &members.epochs,
            Self::UserCreate(_) | Self::UserUpdate(_) | Self::ChannelMessage(_) | Self::ChannelClose => &[],
        }
    }
}
