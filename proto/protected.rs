//! Identities as text, protected by a passphrase or not. A protected one is an armored age file for one passphrase (age's
//! scrypt recipient), holding the text of the identity: `age -d` opens it too. Nothing that travels is ever sealed so.
//! Source: docs/PROTOCOL.md, "Keys and signatures"; C2SP age, "scrypt recipient stanza".

use std::io::{self, Read, Write};

use age::{
    DecryptError,
    armor::{ArmoredReader, ArmoredWriter, Format},
    scrypt,
    secrecy::SecretString,
};
use zeroize::Zeroizing;

use crate::identity::{Identity, IdentityError};

/// Bytes of the text of an identity, protected or not, comments included.
pub const IDENTITY_TEXT_BYTES_MAX: usize = 16 * 1024;
/// log2 of scrypt's N for what is protected here: 128 MiB, about half a second.
pub const WORK_FACTOR: u8 = 17;
/// log2 of scrypt's N up to which a passphrase is tried: 512 MiB, some seconds. A file that asks for more is refused
/// before any work is done.
pub const WORK_FACTOR_MAX: u8 = 19;
/// Bytes of a passphrase.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;

const ARMOR_START: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Why a protected identity cannot be made or opened. Shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// Longer than any passphrase.
    #[error("the passphrase has more than {PASSPHRASE_BYTES_MAX} bytes")]
    LongPassphrase,
    /// Another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Opening it would take too much memory and time.
    #[error("opening it takes scrypt with N = 2^{0}; more than 2^{WORK_FACTOR_MAX} is refused")]
    TooMuchWork(u8),
    /// Sealed to keys, not to a passphrase.
    #[error("it is an age file, but not one for a passphrase")]
    NotForPassphrase,
    /// Not what was written.
    #[error("the age file is damaged")]
    Damaged,
    /// What was inside is no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// A passphrase. Zeroized when dropped; never shown.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes a passphrase.
    ///
    /// # Errors
    /// [`ProtectionError::EmptyPassphrase`], [`ProtectionError::LongPassphrase`].
    pub fn new(text: &str) -> Result<Self, ProtectionError> {
        if text.is_empty() {
            return Err(ProtectionError::EmptyPassphrase);
        }
        if text.len() > PASSPHRASE_BYTES_MAX {
            return Err(ProtectionError::LongPassphrase);
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(...)")
    }
}

/// The text of an identity, as it is kept.
#[derive(Debug)]
pub enum IdentityText {
    /// Whoever has the text has the identity.
    Plain(Box<Identity>),
    /// Needs the passphrase.
    Protected(ProtectedIdentity),
}

impl IdentityText {
    /// Reads either form.
    ///
    /// # Errors
    /// [`IdentityError`] when it is neither; it shows no secret.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        if text.trim_start().starts_with(ARMOR_START) {
            return Ok(Self::Protected(ProtectedIdentity { text: text.trim().to_owned() }));
        }
        Ok(Self::Plain(Box::new(Identity::from_text(text)?)))
    }
}

/// An identity that needs its passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedIdentity {
    text: String,
}

impl ProtectedIdentity {
    /// Protects an identity. age draws the randomness.
    ///
    /// # Errors
    /// [`ProtectionError::Identity`] when the identity has no text, which checked keys do not give.
    pub fn seal(identity: &Identity, passphrase: &Passphrase) -> Result<Self, ProtectionError> {
        let text = identity.to_text().map_err(IdentityError::Key)?;
        let mut recipient = scrypt::Recipient::new(passphrase.0.clone());
        recipient.set_work_factor(WORK_FACTOR);
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|_| ProtectionError::Damaged)?;
        let write = || -> io::Result<Vec<u8>> {
            let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
            let mut writer = encryptor.wrap_output(armor)?;
            writer.write_all(text.as_bytes())?;
            writer.finish()?.finish()
        };
        let sealed = write().map_err(|_| ProtectionError::Damaged)?;
        Ok(Self { text: String::from_utf8(sealed).map_err(|_| ProtectionError::Damaged)? })
    }

    /// The text of the file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`ProtectionError`], one variant for each thing that may be wrong.
    pub fn open(&self, passphrase: &Passphrase) -> Result<Identity, ProtectionError> {
        let decryptor =
            age::Decryptor::new(ArmoredReader::new(self.text.as_bytes())).map_err(|error| from_age(&error))?;
        if !decryptor.is_scrypt() {
            return Err(ProtectionError::NotForPassphrase);
        }
        let mut key = scrypt::Identity::new(passphrase.0.clone());
        key.set_max_work_factor(WORK_FACTOR_MAX);
        let reader =
            decryptor.decrypt(std::iter::once(&key as &dyn age::Identity)).map_err(|error| from_age(&error))?;
        // All of its room at once: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(IDENTITY_TEXT_BYTES_MAX));
        let limit = u64::try_from(IDENTITY_TEXT_BYTES_MAX).unwrap_or(u64::MAX);
        reader.take(limit).read_to_string(&mut text).map_err(|_| ProtectionError::Damaged)?;
        Ok(Identity::from_text(&text)?)
    }
}

fn from_age(error: &DecryptError) -> ProtectionError {
    match error {
        DecryptError::ExcessiveWork { required, .. } => ProtectionError::TooMuchWork(*required),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => ProtectionError::WrongPassphrase,
        DecryptError::NoMatchingKeys => ProtectionError::NotForPassphrase,
        _ => ProtectionError::Damaged,
    }
}
