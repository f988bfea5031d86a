//! Users and channels as the state has them.

use std::{collections::BTreeMap, sync::Arc};

use dmpc::{ChannelId, KeyId, OpKey, Permissions, Rights, UserId};

use crate::projection::{
    definition::State,
    register::{Register, Value},
};

/// A user.
#[derive(Clone, Debug)]
pub struct UserState {
    /// A root of the node.
    pub is_root: bool,
    /// The operation that created it; [`OpKey::MIN`] of a root.
    pub created: Option<OpKey>,
    /// Whether it may do anything.
    pub is_active: bool,
    /// Global permissions that it holds.
    pub permissions: Permissions,
    /// A name for people; it authenticates nothing.
    pub name: Option<Arc<str>>,
    /// The operation that set the present signing key.
    pub signing_key: Option<(OpKey, [u8; 32])>,
    /// The operation that set the present encryption key.
    pub encryption_key: Option<(OpKey, [u8; 32])>,
}

impl Default for UserState {
    fn default() -> Self {
        Self {
            is_root: false,
            created: None,
            is_active: true,
            permissions: Permissions::NONE,
            name: None,
            signing_key: None,
            encryption_key: None,
        }
    }
}

/// A channel.
#[derive(Clone, Debug, Default)]
pub struct ChannelState {
    /// Its label.
    pub name: Option<Arc<str>>,
    /// Who opened it.
    pub opener: Option<UserId>,
    /// The operation that opened it.
    pub opened: Option<OpKey>,
    /// The operation that closed it.
    pub closed: Option<OpKey>,
    /// Members with any right.
    pub members: BTreeMap<UserId, Rights>,
    /// Epochs that were introduced.
    pub epochs: u64,
    /// The epoch introduced last.
    pub current_epoch: Option<KeyId>,
}

/// Users that were created and channels that were opened.
pub(super) fn people(state: &State) -> (BTreeMap<UserId, UserState>, BTreeMap<ChannelId, ChannelState>) {
    let mut users: BTreeMap<UserId, UserState> = BTreeMap::new();
    let mut channels: BTreeMap<ChannelId, ChannelState> = BTreeMap::new();
    for (register, (key, value)) in state.entries() {
        match register {
            Register::UserRoot(id)
            | Register::UserCreated(id)
            | Register::UserActive(id)
            | Register::UserPermission(id, _)
            | Register::UserName(id)
            | Register::UserSigningKey(id)
            | Register::UserEncryptionKey(id) => note_user(users.entry(*id).or_default(), register, key, value),
            Register::ChannelOpened(id)
            | Register::ChannelClosed(id)
            | Register::ChannelMember(id, _)
            | Register::ChannelEpoch(id, _)
            | Register::ChannelCurrentEpoch(id) => {
                note_channel(channels.entry(*id).or_default(), register, key, value);
            }
            Register::IssueTaken(_) => {}
        }
    }
    // Nothing is written of who is not created, but a permission may be revoked of nobody: no rule lets that happen.
    users.retain(|_, user| user.created.is_some());
    (users, channels)
}

fn note_user(user: &mut UserState, register: &Register, key: &OpKey, value: &Value) {
    match (register, value) {
        (Register::UserRoot(_), _) => user.is_root = true,
        (Register::UserCreated(_), _) => user.created = Some(*key),
        (Register::UserActive(_), value) => user.is_active = value.as_flag(),
        (Register::UserPermission(_, bit), Value::Flag(true)) => {
            let held = Permissions::from_bits(u32::from(*bit)).unwrap_or(Permissions::NONE);
            user.permissions = user.permissions.union(held);
        }
        (Register::UserName(_), Value::Text(name)) => user.name = Some(Arc::clone(name)),
        (Register::UserSigningKey(_), Value::Key(bytes)) => user.signing_key = Some((*key, *bytes)),
        (Register::UserEncryptionKey(_), Value::Key(bytes)) => user.encryption_key = Some((*key, *bytes)),
        (_, _) => {}
    }
}

fn note_channel(channel: &mut ChannelState, register: &Register, key: &OpKey, value: &Value) {
    match (register, value) {
        (Register::ChannelOpened(_), Value::Opened(opener, name)) => {
            channel.opened = Some(*key);
            channel.opener = Some(*opener);
            channel.name = Some(Arc::clone(name));
        }
        (Register::ChannelClosed(_), _) => channel.closed = Some(*key),
        (Register::ChannelMember(_, user), value) if !value.as_rights().is_empty() => {
            channel.members.insert(*user, value.as_rights());
        }
        (Register::ChannelEpoch(..), _) => channel.epochs += 1,
        (Register::ChannelCurrentEpoch(_), Value::Key(bytes)) => {
            channel.current_epoch = Some(KeyId::from_bytes(*bytes));
        }
        (_, _) => {}
    }
}
