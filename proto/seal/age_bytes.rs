//! age as the protocol uses it: binary, X25519 recipients alone (beside grease, which age itself adds and ignores).

use std::io::{Read, Write};

use age::DecryptError;
use zeroize::Zeroizing;

use super::{ForeignStanza, SealError};
use crate::keys::{DecryptionKey, EncryptionKey};

const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
const ARMOR_START: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const STANZA_START: &[u8] = b"-> ";
const MAC_START: &[u8] = b"---";
const X25519: &[u8] = b"X25519";
const GREASE_END: &[u8] = b"-grease";

/// Checks the header of age bytes: the binary format, from one to `allowed` X25519 recipients, nothing else but grease.
///
/// # Errors
/// [`SealError::NotAge`], [`SealError::Armored`], [`SealError::ForeignStanza`], [`SealError::RecipientCount`].
pub fn require_plain_x25519(bytes: &[u8], allowed: usize) -> Result<(), SealError> {
    if bytes.starts_with(ARMOR_START) {
        return Err(SealError::Armored);
    }
    let header = bytes.strip_prefix(VERSION_LINE).ok_or(SealError::NotAge)?;
    let mut recipients = 0_usize;
    for line in header.split(|byte| *byte == b'\n') {
        if line.starts_with(MAC_START) {
            return if (1..=allowed).contains(&recipients) {
                Ok(())
            } else {
                Err(SealError::RecipientCount { actual: recipients, allowed })
            };
        }
        let Some(stanza) = line.strip_prefix(STANZA_START) else { continue };
        let tag = stanza.split(|byte| *byte == b' ').next().unwrap_or_default();
        if tag == X25519 {
            recipients += 1;
        } else if !tag.ends_with(GREASE_END) {
            return Err(SealError::ForeignStanza(ForeignStanza::of(tag)));
        }
    }
    Err(SealError::NotAge)
}

/// Seals bytes to recipients. age draws the randomness.
///
/// # Errors
/// [`SealError::BadRecipient`] when there is no recipient, or one that cannot be sealed to.
pub fn seal_age(plain: &[u8], recipients: &[EncryptionKey]) -> Result<Vec<u8>, SealError> {
    let recipients = recipients.iter().map(EncryptionKey::recipient).collect::<Result<Vec<_>, _>>()?;
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as _))
        .map_err(|_| SealError::BadRecipient)?;
    let mut sealed = Vec::with_capacity(plain.len() + 512);
    let write = |sealed: &mut Vec<u8>| -> std::io::Result<()> {
        let mut writer = encryptor.wrap_output(sealed)?;
        writer.write_all(plain)?;
        writer.finish().map(|_| ())
    };
    write(&mut sealed).map_err(|_| SealError::BadRecipient)?;
    Ok(sealed)
}

/// Opens age bytes that hold at most `max` bytes, sealed to at most `allowed` recipients.
///
/// # Errors
/// [`SealError`] says whether the bytes are no age of ours, not for this key, changed, or too large.
pub fn open_age(
    sealed: &[u8],
    key: &DecryptionKey,
    allowed: usize,
    max: usize,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    require_plain_x25519(sealed, allowed)?;
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|error| from_age(&error))?;
    let reader = decryptor.decrypt(std::iter::once(key.age() as _)).map_err(|error| from_age(&error))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len().min(max)));
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut plain).map_err(|_| SealError::Tampered)?;
    if plain.len() > max {
        return Err(SealError::TooLarge(max));
    }
    Ok(plain)
}

fn from_age(error: &DecryptError) -> SealError {
    match error {
        DecryptError::NoMatchingKeys => SealError::NotForThisKey,
        DecryptError::UnknownFormat => SealError::NotAge,
        _ => SealError::Tampered,
    }
}
