//! Wraps of one epoch key for many: each costs two multiplications on a curve, so many of them are made on all cores.

use std::{collections::BTreeMap, num::NonZero, thread};

use dmpc::{
    ChannelId, UserId,
    keys::EncryptionKey,
    kinds::{EpochWraps, Wrap},
    seal::{EpochKey, SealError},
};

/// Wraps that are worth a thread.
const WRAPS_PER_THREAD_MIN: usize = 16;

/// Wraps a key for each recipient; the wraps ascend by user.
///
/// # Errors
/// [`SealError::BadRecipient`] when a key cannot be sealed to.
pub fn wrap_all(
    epoch: &EpochKey,
    channel: &ChannelId,
    recipients: &BTreeMap<UserId, EncryptionKey>,
) -> Result<EpochWraps, SealError> {
    let recipients: Vec<(UserId, EncryptionKey)> = recipients.iter().map(|(user, key)| (*user, *key)).collect();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(recipients.len().div_ceil(WRAPS_PER_THREAD_MIN)).max(1);
    let share = recipients.len().div_ceil(threads).max(1);
    let wrap = |share: &[(UserId, EncryptionKey)]| -> Result<Vec<Wrap>, SealError> {
        share.iter().map(|(user, key)| epoch.wrap(channel, *user, *key)).collect()
    };
    let mut shares = recipients.chunks(share);
    let own = shares.next().unwrap_or_default();
    let wraps = thread::scope(|scope| -> Result<Vec<Wrap>, SealError> {
        let others: Vec<_> = shares.map(|share| scope.spawn(|| wrap(share))).collect();
        let mut wraps = wrap(own)?;
        for other in others {
            wraps.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(wraps)
    })?;
    Ok(EpochWraps { key_id: epoch.key_id(), wraps })
}
