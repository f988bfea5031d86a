//! A user's secrets: signing key and encryption key, and their text form. Where the text is kept is the caller's business.

use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::{
    hash::Domain,
    ids::{NodeId, UserId},
    keys::{DecryptionKey, EncryptionKey, KeyError, Signature, SigningKey, VerifyingKey},
};

/// Encryption keys of before that an identity keeps, so that what was wrapped to them can still be opened.
pub const FORMER_KEYS_MAX: usize = 64;
/// Bytes of a line of the text that holds a secret.
const SECRET_LINE_BYTES_MAX: usize = 96;
/// Bytes of the text of an identity without former keys: the comment, its user, two secrets.
const TEXT_BYTES_MAX: usize = 256 + 2 * SECRET_LINE_BYTES_MAX;

/// Why a text is not an identity. Secrets never appear in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A line that an identity does not have.
    #[error("line {line} is none of 'user', 'signing', 'encryption', 'former' or a comment")]
    Line {
        /// Its number, from 1.
        line: usize,
    },
    /// A line is missing.
    #[error("there is no line '{0}: ...'")]
    Missing(&'static str),
    /// A line stands twice.
    #[error("there are two lines '{0}: ...'")]
    Twice(&'static str),
    /// More former keys than an identity keeps.
    #[error("there are more than {FORMER_KEYS_MAX} lines 'former: ...'")]
    TooManyFormer,
    /// A key is not a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The user id is not an id. The text is left out: it may be a secret on the wrong line.
    #[error("the line 'user: ...' holds no user id, or a mistyped one")]
    User,
}

/// A user's secrets. The id is the fingerprint of the genesis keys, so it stays when the keys are rotated.
#[derive(Debug)]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// Signs operations and requests.
    pub signing: SigningKey,
    /// Opens wraps and answers.
    pub encryption: DecryptionKey,
    /// Encryption keys that were replaced, oldest first, at most [`FORMER_KEYS_MAX`]: they open wraps of before.
    pub former: Vec<DecryptionKey>,
}

impl Identity {
    /// Makes a new user.
    ///
    /// # Errors
    /// [`KeyError`], which fresh keys do not give.
    pub fn generate<R: RngCore + CryptoRng>(rng: &mut R) -> Result<Self, KeyError> {
        let signing = SigningKey::generate(rng);
        let encryption = DecryptionKey::generate(rng)?;
        let user = user_id(&signing.verifying_key(), &encryption.encryption_key()?);
        Ok(Self { user, signing, encryption, former: Vec::new() })
    }

    /// Its text form. A secret.
    ///
    /// # Errors
    /// [`KeyError`], which checked keys do not give.
    pub fn to_text(&self) -> Result<Zeroizing<String>, KeyError> {
        // All of its room at once: a text that grows would leave secrets behind.
        let room = TEXT_BYTES_MAX.saturating_add(self.former.len().saturating_mul(SECRET_LINE_BYTES_MAX));
        let mut text = Zeroizing::new(String::with_capacity(room));
        let user = self.user.to_string();
        let (signing, encryption) = (self.signing.to_text()?, self.encryption.to_text());
        let head = ["# DMPC identity. Whoever has this file is ", &user, ".\nuser: ", &user, "\n"];
        let secrets = ["signing: ", &signing, "\nencryption: ", &encryption, "\n"];
        head.into_iter().chain(secrets).for_each(|part| text.push_str(part));
        for key in &self.former {
            ["former: ", &key.to_text(), "\n"].into_iter().for_each(|part| text.push_str(part));
        }
        Ok(text)
    }

    /// From its text form.
    ///
    /// # Errors
    /// [`IdentityError`] says what is wrong, and shows no secret.
    pub fn from_text(text: &str) -> Result<Self, IdentityError> {
        let (mut user, mut signing, mut encryption, mut former) = (None, None, None, Vec::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(IdentityError::Line { line: number + 1 })?;
            let value = value.trim();
            let twice = match name {
                "user" => user.replace(value.parse().map_err(|_| IdentityError::User)?).map(|_| "user"),
                "signing" => signing.replace(SigningKey::from_text(value)?).map(|_| "signing"),
                "encryption" => encryption.replace(DecryptionKey::from_text(value)?).map(|_| "encryption"),
                "former" if former.len() < FORMER_KEYS_MAX => {
                    former.push(DecryptionKey::from_text(value)?);
                    None
                }
                "former" => return Err(IdentityError::TooManyFormer),
                _ => return Err(IdentityError::Line { line: number + 1 }),
            };
            if let Some(name) = twice {
                return Err(IdentityError::Twice(name));
            }
        }
        Ok(Self {
            user: user.ok_or(IdentityError::Missing("user"))?,
            signing: signing.ok_or(IdentityError::Missing("signing"))?,
            encryption: encryption.ok_or(IdentityError::Missing("encryption"))?,
            former,
        })
    }

    /// The same user with other keys. The encryption key that is replaced is kept among the former ones; beyond
    /// [`FORMER_KEYS_MAX`] the oldest of them goes.
    pub fn with_keys(&self, signing: Option<SigningKey>, encryption: Option<DecryptionKey>) -> Self {
        let mut former = self.former.clone();
        if encryption.is_some() {
            former.push(self.encryption.clone());
            former.drain(..former.len().saturating_sub(FORMER_KEYS_MAX));
        }
        let signing = signing.unwrap_or_else(|| self.signing.clone());
        let encryption = encryption.unwrap_or_else(|| self.encryption.clone());
        Self { user: self.user, signing, encryption, former }
    }

    /// Every key that opens what was wrapped for this user, the present one first, then the former ones, newest first.
    pub fn openers(&self) -> impl Iterator<Item = &DecryptionKey> {
        std::iter::once(&self.encryption).chain(self.former.iter().rev())
    }

    /// What others need to create this user: its public keys, and the proof that it holds the signing key.
    ///
    /// # Errors
    /// [`KeyError`], which checked keys do not give.
    pub fn public(&self) -> Result<PublicIdentity, KeyError> {
        let signing_key = self.signing.verifying_key();
        Ok(PublicIdentity {
            user: self.user,
            signing_key,
            encryption_key: self.encryption.encryption_key()?,
            countersignature: countersign(&self.signing, &self.user),
        })
    }
}

/// A user's public keys, countersigned by the signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicIdentity {
    /// The user.
    pub user: UserId,
    /// Verifies its operations.
    pub signing_key: VerifyingKey,
    /// What is sealed to it is sealed to this key.
    pub encryption_key: EncryptionKey,
    /// The signing key's signature over user id and itself: nobody claims a key that it does not hold.
    pub countersignature: Signature,
}

/// The id of the user with these genesis keys.
pub fn user_id(signing: &VerifyingKey, encryption: &EncryptionKey) -> UserId {
    UserId::from_bytes(Domain::UserId.hash(&[signing.as_bytes(), encryption.as_bytes()]))
}

/// The id of the node with these keys.
pub fn node_id(signing: &VerifyingKey, encryption: &EncryptionKey) -> NodeId {
    NodeId::from_bytes(Domain::NodeId.hash(&[signing.as_bytes(), encryption.as_bytes()]))
}

/// The new signing key's proof that its holder is to be `user`.
pub fn countersign(signing: &SigningKey, user: &UserId) -> Signature {
    signing.sign(Domain::SignCountersignature, &[user.as_bytes(), signing.verifying_key().as_bytes()])
}
