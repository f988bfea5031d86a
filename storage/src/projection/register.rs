//! Registers: the state, as named cells that operations write. Each keeps its history, so it can be read at any point
//! of the order. Source: docs/PROTOCOL.md, "State".

use std::sync::Arc;

use dmpc::{ChannelId, IssueId, KeyId, Permissions, Rights, UserId};

/// A cell of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Register {
    /// The user is a root of the node.
    UserRoot(UserId),
    /// The user was created.
    UserCreated(UserId),
    /// Whether the user may do anything.
    UserActive(UserId),
    /// One global permission, by its bit.
    UserPermission(UserId, u8),
    /// A name for people.
    UserName(UserId),
    /// The user's signing key.
    UserSigningKey(UserId),
    /// The user's encryption key.
    UserEncryptionKey(UserId),
    /// The channel was opened.
    ChannelOpened(ChannelId),
    /// The channel was closed.
    ChannelClosed(ChannelId),
    /// A member's rights.
    ChannelMember(ChannelId, UserId),
    /// The epoch was introduced.
    ChannelEpoch(ChannelId, KeyId),
    /// The epoch introduced last.
    ChannelCurrentEpoch(ChannelId),
    /// The issue took effect.
    IssueTaken(IssueId),
}

/// What stands in a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It happened.
    Mark,
    /// Yes or no.
    Flag(bool),
    /// A member's rights; none after its removal.
    Rights(Rights),
    /// A public key or a key id.
    Key([u8; 32]),
    /// Text for people.
    Text(Arc<str>),
    /// Who opened a channel, and its name.
    Opened(UserId, Arc<str>),
}

/// Which operations a change can concern; how they are found is the views' business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Operations that a user issued or certified, or that are about it, in all places from one on: the views number
    /// them, from 0. It is spread over its places before anything in it is judged.
    Everywhere(UserId, u32),
    /// The same in one place: a channel, or those on users. Those on users are joined by the opens of channels, which
    /// need a global permission, too.
    Place(UserId, Option<ChannelId>),
    /// Every operation of a channel but messages.
    Controls(ChannelId),
    /// The messages of a channel.
    Messages(ChannelId),
    /// Operations that certify an issue.
    Issue(IssueId),
}

impl Register {
    /// Which later operations can be concerned when another value stands in the register than before: those whose
    /// rules read it. None for registers that no rule reads.
    pub fn scopes(&self, old: Option<&Value>, new: Option<&Value>) -> Vec<Scope> {
        match *self {
            Self::UserRoot(user) | Self::UserCreated(user) | Self::UserActive(user) | Self::UserSigningKey(user) => {
                vec![Scope::Everywhere(user, 0)]
            }
            Self::UserPermission(user, _) => vec![Scope::Place(user, None)],
            Self::UserName(_) | Self::UserEncryptionKey(_) | Self::ChannelCurrentEpoch(_) => Vec::new(),
            Self::ChannelOpened(channel) | Self::ChannelClosed(channel) | Self::ChannelEpoch(channel, _) => {
                vec![Scope::Controls(channel), Scope::Messages(channel)]
            }
            Self::ChannelMember(channel, user) => {
                let may_write = |value: Option<&Value>| value.is_some_and(|v| v.as_rights().contains(Rights::WRITE));
                // A message asks for the right to write alone.
                let is_about_messages = may_write(old) != may_write(new);
                vec![if is_about_messages { Scope::Place(user, Some(channel)) } else { Scope::Controls(channel) }]
            }
            Self::IssueTaken(issue) => vec![Scope::Issue(issue)],
        }
    }

    /// The channel whose digest it belongs to.
    pub fn channel(&self) -> Option<ChannelId> {
        match *self {
            Self::ChannelOpened(channel)
            | Self::ChannelClosed(channel)
            | Self::ChannelMember(channel, _)
            | Self::ChannelEpoch(channel, _)
            | Self::ChannelCurrentEpoch(channel) => Some(channel),
            Self::UserRoot(_)
            | Self::UserCreated(_)
            | Self::UserActive(_)
            | Self::UserPermission(..)
            | Self::UserName(_)
            | Self::UserSigningKey(_)
            | Self::UserEncryptionKey(_)
            | Self::IssueTaken(_) => None,
        }
    }

    /// Its bytes in a digest; `None` for what follows from other entries.
    pub fn digest_bytes(&self) -> Option<Vec<u8>> {
        let parts: (u8, &[u8], &[u8]) = match self {
            Self::UserCreated(user) => (1, user.as_bytes(), &[]),
            Self::UserActive(user) => (2, user.as_bytes(), &[]),
            Self::UserPermission(user, bit) => (3, user.as_bytes(), std::slice::from_ref(bit)),
            Self::UserName(user) => (4, user.as_bytes(), &[]),
            Self::UserSigningKey(user) => (5, user.as_bytes(), &[]),
            Self::UserEncryptionKey(user) => (6, user.as_bytes(), &[]),
            Self::ChannelOpened(channel) => (7, channel.as_bytes(), &[]),
            Self::ChannelClosed(channel) => (8, channel.as_bytes(), &[]),
            Self::ChannelMember(channel, user) => (9, channel.as_bytes(), user.as_bytes()),
            Self::ChannelEpoch(channel, key) => (10, channel.as_bytes(), key.as_bytes()),
            Self::UserRoot(_) | Self::ChannelCurrentEpoch(_) | Self::IssueTaken(_) => return None,
        };
        let (tag, first, second) = parts;
        Some([&[tag], first, second].concat())
    }
}

impl Value {
    /// Its bytes: a tag, then the content. The same in digests and in the store.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Mark => vec![0],
            Self::Flag(flag) => vec![1, u8::from(*flag)],
            Self::Rights(rights) => vec![2, rights.bits()],
            Self::Key(key) => [&[3], key.as_slice()].concat(),
            Self::Text(text) => [&[4], text.as_bytes()].concat(),
            Self::Opened(opener, name) => [&[5], opener.as_bytes().as_slice(), name.as_bytes()].concat(),
        }
    }

    /// From the bytes that [`Value::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(Arc::from);
        match bytes {
            [0] => Some(Self::Mark),
            [1, flag] => Some(Self::Flag(*flag != 0)),
            [2, rights] => Rights::from_bits(u32::from(*rights)).map(Self::Rights),
            [3, key @ ..] => key.try_into().ok().map(Self::Key),
            [4, rest @ ..] => text(rest).map(Self::Text),
            [5, rest @ ..] => {
                let (opener, name) = rest.split_first_chunk::<32>()?;
                Some(Self::Opened(UserId::from_bytes(*opener), text(name)?))
            }
            _ => None,
        }
    }

    /// As a flag; other values are `false`.
    pub fn as_flag(&self) -> bool {
        matches!(self, Self::Flag(true))
    }

    /// As rights; other values are none.
    pub fn as_rights(&self) -> Rights {
        match self {
            Self::Rights(rights) => *rights,
            Self::Mark | Self::Flag(_) | Self::Key(_) | Self::Text(_) | Self::Opened(..) => Rights::NONE,
        }
    }

    /// As a key.
    pub fn as_key(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Key(key) => Some(key),
            Self::Mark | Self::Flag(_) | Self::Rights(_) | Self::Text(_) | Self::Opened(..) => None,
        }
    }
}

/// The registers of a set of permissions.
pub fn permission_registers(user: UserId, permissions: Permissions) -> impl Iterator<Item = Register> {
    permissions.iter().map(move |permission| Register::UserPermission(user, permission.bits()))
}
