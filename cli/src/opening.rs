//! What opens a channel: its genesis, its first epoch's key wrapped for the opener and each member who reads, and the operations
//! that carry what the first one has no room for.

use std::collections::BTreeMap;

use dmpc::{
    ChannelId, Rights, UserId,
    keys::EncryptionKey,
    kinds::{
        ChannelOpen, EpochWraps, Member, Part, channel_id, epoch_parts, genesis_members, members_parts, open_wraps,
    },
    seal::EpochKey,
};

use crate::{context::Context, error::CliError, wrapping::wrap_all};

/// A channel that is about to be opened.
#[derive(Debug)]
pub struct Opening {
    /// Its id.
    pub channel: ChannelId,
    /// The payload of its `channel.open`.
    pub payload: Vec<u8>,
    /// What follows, in its order.
    pub parts: Vec<Part>,
}

impl Opening {
    /// Makes the first epoch's key and wraps it. `members` ascend and have their encryption keys in `keys`.
    ///
    /// # Errors
    /// [`CliError::Seal`]
    pub fn make(
        context: &Context,
        nonce: [u8; 32],
        name: &str,
        members: &[Member],
        opener: (UserId, EncryptionKey),
        keys: &BTreeMap<UserId, EncryptionKey>,
    ) -> Result<Self, CliError> {
        let epoch = EpochKey::generate(&mut context.rng());
        let (in_genesis, later) = members.split_at_checked(genesis_members(name, members)).unwrap_or((members, &[]));
        let genesis = ChannelOpen::encode_genesis(nonce, name, in_genesis, &epoch.key_id());
        let channel = channel_id(&opener.0, &genesis);
        let readers = |members: &[Member]| -> BTreeMap<UserId, EncryptionKey> {
            let reads = members.iter().filter(|member| member.rights.contains(Rights::READ));
            reads.filter_map(|member| Some((member.user, *keys.get(&member.user)?))).collect()
        };
        let mut first_readers = readers(in_genesis);
        first_readers.insert(opener.0, opener.1);
        let mut wraps = wrap_all(&epoch, &channel, &first_readers)?.wraps;
        let left_over = wraps.split_off(open_wraps(&genesis, &wraps));
        let payload = ChannelOpen::encode(genesis, &wraps);
        let mut parts = Vec::new();
        if !later.is_empty() {
            parts = members_parts(later, &[], vec![wrap_all(&epoch, &channel, &readers(later))?]);
        }
        if !left_over.is_empty() {
            parts.extend(epoch_parts(EpochWraps { key_id: epoch.key_id(), wraps: left_over }));
        }
        Ok(Self { channel, payload, parts })
    }
}
