//! Rotation of one's own keys. The new ones lie durably beside the identity file before anything is sent, and take its place
//! when the node has them: whenever this ends, one of the two files holds the keys that count.
//!
//! ```text
//! FILE.next written -> operation signed by the old key, in the outbox -> sent -> in effect -> FILE.next becomes FILE
//! ```

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use dmpc::{
    Identity,
    identity::{FORMER_KEYS_MAX, countersign},
    keys::{DecryptionKey, SigningKey},
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::Draft,
};
use dmpc_storage::identity_file::{directory_of, sync_directory};

use super::update::{Updated, present};
use crate::{context::Context, error::CliError, identity_file, output::note, session::Session, writer::Writer};

/// Which keys are to be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) signing: bool,
    pub(super) encryption: bool,
}

impl Wanted {
    /// Which keys another identity of the same user has anew.
    fn between(old: &Identity, next: &Identity) -> Result<Self, CliError> {
        Ok(Self {
            signing: old.signing.verifying_key() != next.signing.verifying_key(),
            encryption: old.encryption.encryption_key()? != next.encryption.encryption_key()?,
        })
    }

    /// The flags that ask for these.
    const fn flags(self) -> &'static str {
        match (self.signing, self.encryption) {
            (true, true) => "--rotate-signing-key --rotate-encryption-key",
            (true, false) => "--rotate-signing-key",
            (false, true) => "--rotate-encryption-key",
            (false, false) => "no rotation",
        }
    }
}

/// Rotates the keys of the identity of the command line; `writes` are written by the same operation.
///
/// # Errors
/// [`CliError`]; after one, the same command goes on with the keys that it made.
pub(super) async fn run(context: &Context, wanted: Wanted, mut writes: Vec<FieldWrite>) -> Result<Updated, CliError> {
    let path = context.identity_path()?;
    let next_path = next_of(path);
    // What an earlier run left in the outbox goes out here, its rotation too.
    let mut writer = Writer::open(context).await?;
    let left = if next_path.exists() { Some(identity_file::read(&next_path, &context.passphrases)?) } else { None };
    if let Some(next) = left
        && in_effect(context, next).await?
    {
        replace(&next_path, path)?;
        note(
            "note: an earlier rotation had not ended; your identity file has its keys now. Run this again for another",
        );
        return Ok(Updated { user: writer.session.identity.user.to_string(), operation: None, outcome: "duplicate" });
    }
    let next = stage(context, &writer.session.identity, &next_path, wanted)?;
    let old = &writer.session.identity;
    let encryption_key = next.encryption.encryption_key()?;
    if encryption_key != old.encryption.encryption_key()? {
        writes.push(FieldWrite::EncryptionKey(encryption_key));
    }
    let signing_key = next.signing.verifying_key();
    if signing_key != old.signing.verifying_key() {
        writes.push(FieldWrite::SigningKey(signing_key, countersign(&next.signing, &next.user)));
    }
    let payload = UserUpdate::encode(&next.user, &writes);
    let operation = writer.sign(Draft::user(Kind::UserUpdate), |_| Ok(payload)).await?;
    let kept = writer.submit(&operation).await?;
    let user = next.user.to_string();
    if in_effect(context, next).await? {
        replace(&next_path, path)?;
    } else {
        note(format_args!("note: not in effect yet; the new keys wait in {}; run this again", next_path.display()));
    }
    Ok(Updated { user, operation: Some(operation.id().to_string()), outcome: kept.word() })
}

/// The identity with new keys, durably in a file of its own. One that an earlier run left is used, because its
/// operation may be anywhere by now; but only for the rotation that it was made for.
///
/// # Errors
/// [`CliError::Usage`] when other keys wait there than those that are wanted; [`CliError`].
fn stage(context: &Context, old: &Identity, path: &Path, wanted: Wanted) -> Result<Identity, CliError> {
    if path.exists() {
        let next = identity_file::read(path, &context.passphrases)?;
        let staged = Wanted::between(old, &next)?;
        if next.user != old.user || staged != wanted {
            return Err(CliError::Usage(format!(
                "{} holds the keys of an earlier rotation that has not ended; end it first: dmpc-cli user update {}",
                path.display(),
                staged.flags()
            )));
        }
        return Ok(next);
    }
    let mut rng = context.rng();
    let signing = wanted.signing.then(|| SigningKey::generate(&mut rng));
    let encryption = if wanted.encryption { Some(DecryptionKey::generate(&mut rng)?) } else { None };
    if wanted.encryption && old.former.len() >= FORMER_KEYS_MAX {
        note(format_args!(
            "note: an identity keeps {FORMER_KEYS_MAX} former keys; what was wrapped to the oldest alone cannot be opened any more"
        ));
    }
    let next = old.with_keys(signing, encryption);
    identity_file::create_like(path, &next, context.identity_path()?, &context.passphrases)?;
    Ok(next)
}

/// Whether the node has the keys of an identity for the present ones of its user.
async fn in_effect(context: &Context, next: Identity) -> Result<bool, CliError> {
    let (user, signing) = (next.user, next.signing.verifying_key());
    let encryption = next.encryption.encryption_key()?;
    let mut session = Session::open_as(context, next).await?;
    match present(&mut session, user).await {
        Ok(found) => {
            Ok(found.signing_key.as_ref() == signing.as_bytes()
                && found.encryption_key.as_ref() == encryption.as_bytes())
        }
        Err(CliError::Node { reason, .. }) if reason == "key_not_current" => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts the new file in the place of the old one, in one step.
fn replace(next: &Path, path: &Path) -> Result<(), CliError> {
    fs::rename(next, path).and_then(|()| sync_directory(&directory_of(path))).map_err(CliError::file(path))
}

/// Where the new keys are until they count.
fn next_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".next");
    path.with_file_name(name)
}
