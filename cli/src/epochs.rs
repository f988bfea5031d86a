//! A further epoch of a channel: a new key, wrapped for everybody who reads at present, in as many operations as that takes.

use std::collections::BTreeMap;

use dmpc::{
    ChannelId, Identity, Rights, UserId,
    keys::EncryptionKey,
    kinds::{Part, epoch_parts},
    seal::EpochKey,
    v1,
};

use crate::{
    context::Context,
    error::CliError,
    keyring::Keyring,
    output::note,
    recipients::member_keys,
    session::Session,
    wrapping::wrap_all,
    writer::{Kept, Writer},
};

/// A new key, and the operations that hand it out.
pub struct NewEpoch {
    /// The key.
    pub key: EpochKey,
    /// The operations, in their order: the first one opens the epoch, the others continue it.
    pub parts: Vec<Part>,
    /// How many it is wrapped for.
    pub wraps: usize,
}

impl NewEpoch {
    /// Makes a key and wraps it for readers.
    ///
    /// # Errors
    /// [`CliError::Seal`]
    pub fn make(
        context: &Context,
        channel: &ChannelId,
        readers: &BTreeMap<UserId, EncryptionKey>,
    ) -> Result<Self, CliError> {
        let key = EpochKey::generate(&mut context.rng());
        let parts = epoch_parts(wrap_all(&key, channel, readers)?);
        Ok(Self { key, parts, wraps: readers.len() })
    }
}

/// An epoch that was opened.
pub struct Opened {
    /// Its key.
    pub key: EpochKey,
    /// The operations that opened it.
    pub operations: Vec<String>,
    /// How many it was wrapped for.
    pub wraps: usize,
    /// What became of it.
    pub kept: Kept,
}

/// Opens a further epoch for those who read a channel at present, as the node tells them.
///
/// # Errors
/// [`CliError::Denied`] without the right to manage; [`CliError::Unproven`] for keys of a member that its id does not prove,
/// unless `trust_rotated`; [`CliError`].
pub async fn open(
    context: &Context,
    writer: &mut Writer,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    trust_rotated: bool,
) -> Result<Opened, CliError> {
    if !rights(require_open(answer)?).contains(Rights::MANAGE) {
        return Err(CliError::Denied("only who manages the channel opens epochs; you do not".to_owned()));
    }
    let epoch = plan(context, &writer.session.identity, channel, answer, trust_rotated)?;
    let signed = writer.sign_parts(channel, &epoch.parts).await?;
    let kept = writer.submit_all(&signed).await?;
    let operations = signed.iter().map(|operation| operation.id().to_string()).collect();
    Ok(Opened { key: epoch.key, operations, wraps: epoch.wraps, kept })
}

/// Plans a further epoch for those who read a channel at present, as the node tells them.
///
/// # Errors
/// [`CliError::Unproven`] for keys of a member that its id does not prove, unless `trust_rotated`; [`CliError`].
pub fn plan(
    context: &Context,
    identity: &Identity,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    trust_rotated: bool,
) -> Result<NewEpoch, CliError> {
    let readers = member_keys(identity, answer, |_, rights| rights.contains(Rights::READ), trust_rotated)?;
    note_unknown(readers.unknown.len());
    NewEpoch::make(context, &channel, &readers.keys)
}

/// The key that a message is sealed under, and the epoch that is opened before it. When somebody who could read has left, a
/// new epoch is due: who manages the channel opens it first. Who does not cannot, and is told; its message goes out under the
/// current key, because the alternative is silence, and the node does not hand it to whoever left.
///
/// # Errors
/// [`CliError::Denied`] when the channel is closed, or the current key is not one's own; [`CliError::Unproven`]; [`CliError`].
pub async fn for_message(
    context: &Context,
    session: &mut Session,
    channel: ChannelId,
    answer: &v1::ReadChannelResponse,
    trust_rotated: bool,
) -> Result<(EpochKey, Option<NewEpoch>), CliError> {
    let rights = rights(require_open(answer)?);
    if answer.epoch_due && rights.contains(Rights::MANAGE) {
        let answer = session.channel(channel).await?;
        let epoch = plan(context, &session.identity, channel, &answer, trust_rotated)?;
        return Ok((epoch.key.clone(), Some(epoch)));
    }
    if answer.epoch_due {
        note(
            "warning: somebody who could read has left and still has the key; whoever manages the channel should open a new epoch",
        );
    }
    let key = Keyring::open(&session.identity, channel, &answer.epochs)?.current().cloned()?;
    Ok((key, None))
}

/// One's rights in a channel.
pub fn rights(channel: &v1::Channel) -> Rights {
    Rights::from_bits(channel.rights).unwrap_or(Rights::NONE)
}

/// That a channel is open: an operation in a closed one would be rejected, and stay in the log for good.
///
/// # Errors
/// [`CliError::Denied`], [`CliError::Answer`]
pub fn require_open(answer: &v1::ReadChannelResponse) -> Result<&v1::Channel, CliError> {
    let channel = answer.channel.as_ref().ok_or_else(|| CliError::Answer("it has no channel".to_owned()))?;
    if channel.closed_at == 0 { Ok(channel) } else { Err(CliError::Denied("the channel is closed".to_owned())) }
}

/// Says that some members have no keys yet.
pub fn note_unknown(count: usize) {
    if count > 0 {
        note(format_args!(
            "note: {count} members are no users of the node yet; once they are, give them the key again"
        ));
    }
}
