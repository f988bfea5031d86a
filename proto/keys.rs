//! Keys and signatures. Signatures follow one rule everywhere, ZIP 215, under which single and batch verification accept the
//! same set; keys of small order are refused. Source: docs/PROTOCOL.md, "Keys and signatures"; ZIP 215; RFC 7748.

use std::{fmt, str::FromStr};

use age::secrecy::ExposeSecret;
use ed25519_zebra as zebra;
use rand_core::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use crate::{
    error::{Classified, ErrorClass},
    hash::Domain,
    ids::{IdError, from_bech32, to_bech32},
};

/// Why a key or signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An ed25519 key of small order: anybody can make signatures for it.
    #[error("the signing key has small order")]
    SmallOrderSigningKey,
    /// An X25519 key of small order: nothing sealed to it is secret.
    #[error("the encryption key has small order")]
    SmallOrderEncryptionKey,
    /// The signature does not verify under the key.
    #[error("the signature does not verify under the key")]
    BadSignature,
    /// A text that is no encryption key.
    #[error("the text is no encryption key (age1...), or mistyped")]
    BadEncryptionKey,
    /// A text that is no secret key. The text is left out on purpose.
    #[error("the text is no secret key of this kind, or mistyped")]
    BadSecret,
}

impl Classified for KeyError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Unauthentic
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::SmallOrderSigningKey => "small_order_signing_key",
            Self::SmallOrderEncryptionKey => "small_order_encryption_key",
            Self::BadSignature => "bad_signature",
            Self::BadEncryptionKey => "bad_encryption_key",
            Self::BadSecret => "bad_secret_key",
        }
    }
}

/// The y coordinates (sign bit cleared) of the eight points of small order on edwards25519, in every encoding that
/// ZIP 215 accepts.
const SMALL_ORDER_Y: [[u8; 32]; 7] = [
    edge(0x00, 0x00, 0x00),
    edge(0x01, 0x00, 0x00),
    edge(0xec, 0xff, 0x7f),
    edge(0xed, 0xff, 0x7f),
    edge(0xee, 0xff, 0x7f),
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
];

/// The u coordinates (top bit cleared) of the points of small order on curve25519 and its twist.
const SMALL_ORDER_U: [[u8; 32]; 7] = [
    edge(0x00, 0x00, 0x00),
    edge(0x01, 0x00, 0x00),
    edge(0xec, 0xff, 0x7f),
    edge(0xed, 0xff, 0x7f),
    edge(0xee, 0xff, 0x7f),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

/// A little-endian field element that is near 0 or near 2^255 - 19.
const fn edge(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [head, .., tail] = &mut bytes;
    *head = first;
    *tail = last;
    bytes
}

fn is_among(table: &[[u8; 32]], key: &[u8; 32]) -> bool {
    let mut masked = *key;
    let [.., last] = &mut masked;
    *last &= 0x7f;
    table.contains(&masked)
}

/// An ed25519 public key that is not of small order. Whether it is a point shows when a signature is verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The human-readable prefix of its text form.
    pub const PREFIX: &'static str = "dmpcsign";

    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyError::SmallOrderSigningKey`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        if is_among(&SMALL_ORDER_Y, &bytes) {
            return Err(KeyError::SmallOrderSigningKey);
        }
        Ok(Self(bytes))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_bech32(Self::PREFIX, &self.0)?)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifyingKey {
    type Err = VerifyingKeyError;

    fn from_str(text: &str) -> Result<Self, VerifyingKeyError> {
        Ok(Self::from_bytes(from_bech32("signing key", Self::PREFIX, text)?)?)
    }
}

/// Why a text is no signing key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyingKeyError {
    /// Not the text of one.
    #[error(transparent)]
    Text(#[from] IdError),
    /// One that nobody may use.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An X25519 public key that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncryptionKey([u8; 32]);

impl EncryptionKey {
    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyError::SmallOrderEncryptionKey`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        if is_among(&SMALL_ORDER_U, &bytes) {
            return Err(KeyError::SmallOrderEncryptionKey);
        }
        Ok(Self(bytes))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As a recipient of age.
    ///
    /// # Errors
    /// [`KeyError::SmallOrderEncryptionKey`] when age refuses the key.
    pub(crate) fn recipient(&self) -> Result<age::x25519::Recipient, KeyError> {
        let text = self.to_string();
        text.parse().map_err(|_| KeyError::SmallOrderEncryptionKey)
    }
}

impl fmt::Display for EncryptionKey {
    /// As age writes recipients: `age1...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_bech32("age", &self.0)?)
    }
}

impl FromStr for EncryptionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(from_bech32("encryption key", "age", text).map_err(|_| KeyError::BadEncryptionKey)?)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature(pub [u8; 64]);

/// One signature to verify: the bytes alone decide, no state is read.
#[derive(Clone, Debug)]
pub struct Check {
    key: zebra::VerificationKeyBytes,
    signature: zebra::Signature,
    message: [u8; 32],
}

impl Check {
    /// That `key` made `signature` over `parts` in `domain`.
    pub fn new(key: &VerifyingKey, signature: &Signature, domain: Domain, parts: &[&[u8]]) -> Self {
        Self {
            key: zebra::VerificationKeyBytes::from(key.0),
            signature: zebra::Signature::from_bytes(&signature.0),
            message: domain.hash(parts),
        }
    }

    /// Verifies this one.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(&self) -> Result<(), KeyError> {
        zebra::VerificationKey::try_from(self.key)
            .and_then(|key| key.verify(&self.signature, &self.message))
            .map_err(|_| KeyError::BadSignature)
    }
}

/// Verifies many at once, about twice as fast; says only that all verify or that some do not.
///
/// # Errors
/// [`KeyError::BadSignature`] when at least one does not verify.
pub fn verify_batch<'a, R: RngCore + CryptoRng>(
    checks: impl IntoIterator<Item = &'a Check>,
    rng: R,
) -> Result<(), KeyError> {
    let mut batch = zebra::batch::Verifier::new();
    for check in checks {
        batch.queue((check.key, check.signature, &check.message));
    }
    batch.verify(rng).map_err(|_| KeyError::BadSignature)
}

/// A secret as bech32 in capitals, in the one piece of memory that is wiped.
fn secret_text(prefix: &'static str, secret: &[u8]) -> Result<Zeroizing<String>, KeyError> {
    let mut text = Zeroizing::new(to_bech32(prefix, secret).map_err(|_| KeyError::BadSecret)?);
    text.make_ascii_uppercase();
    Ok(text)
}

/// What begins all that TLS 1.3 signs.
const HANDSHAKE_PAD: [u8; 64] = [b' '; 64];
/// What a client signs in a handshake.
const HANDSHAKE_CLIENT: &[u8] = b"TLS 1.3, client CertificateVerify\0";
/// What a server signs in a handshake.
const HANDSHAKE_SERVER: &[u8] = b"TLS 1.3, server CertificateVerify\0";

/// An ed25519 secret key. Zeroized when dropped; never shown.
#[derive(Clone)]
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    /// What is computed from the seed, with the public key: once, because that costs as much as a signature.
    expanded: Zeroizing<zebra::SigningKey>,
}

impl SigningKey {
    const PREFIX: &'static str = "dmpc-signing-key-";

    /// Makes a key.
    pub fn generate<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::expand(seed)
    }

    /// From the text that [`SigningKey::to_text`] gives.
    ///
    /// # Errors
    /// [`KeyError::BadSecret`]
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let seed = from_bech32("signing key", Self::PREFIX, text).map_err(|_| KeyError::BadSecret)?;
        Ok(Self::expand(Zeroizing::new(seed)))
    }

    /// Its text for an identity file: `DMPC-SIGNING-KEY-1...`. A secret.
    ///
    /// # Errors
    /// None in practice: the prefix is a constant.
    pub fn to_text(&self) -> Result<Zeroizing<String>, KeyError> {
        secret_text(Self::PREFIX, self.seed.as_ref())
    }

    fn expand(seed: Zeroizing<[u8; 32]>) -> Self {
        let expanded = Zeroizing::new(zebra::SigningKey::from(*seed));
        Self { seed, expanded }
    }

    /// Its public key.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(zebra::VerificationKeyBytes::from(&*self.expanded).into())
    }

    /// Signs what TLS 1.3 has the holder of a key sign in a handshake (RFC 8446, section 4.4.3); nothing for any other message.
    /// Those begin with 64 spaces and are longer; everything else that is signed in DMPC is a hash of 32 bytes. So no signature
    /// of one passes for one of the other.
    pub fn sign_handshake(&self, message: &[u8]) -> Option<Signature> {
        let said = message.strip_prefix(&HANDSHAKE_PAD)?;
        (said.starts_with(HANDSHAKE_CLIENT) || said.starts_with(HANDSHAKE_SERVER))
            .then(|| Signature(self.expanded.sign(message).to_bytes()))
    }

    /// Signs `parts` in `domain`.
    pub fn sign(&self, domain: Domain, parts: &[&[u8]]) -> Signature {
        Signature(self.expanded.sign(&domain.hash(parts)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.verifying_key())
    }
}

/// An X25519 secret key, an age identity. Zeroized when dropped; never shown.
#[derive(Clone)]
pub struct DecryptionKey {
    identity: age::x25519::Identity,
}

impl DecryptionKey {
    /// Makes a key.
    ///
    /// # Errors
    /// [`KeyError::BadSecret`] when age refuses the bytes, which it does for none.
    pub fn generate<R: RngCore + CryptoRng>(rng: &mut R) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(secret.as_mut());
        Self::from_text(&secret_text("age-secret-key-", secret.as_ref())?)
    }

    /// From its text: `AGE-SECRET-KEY-1...`.
    ///
    /// # Errors
    /// [`KeyError::BadSecret`]
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self { identity: text.parse().map_err(|_| KeyError::BadSecret)? })
    }

    /// Its text for an identity file. A secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.identity.to_string().expose_secret().to_owned())
    }

    /// Its public key.
    ///
    /// # Errors
    /// [`KeyError::SmallOrderEncryptionKey`], which no clamped secret gives.
    pub fn encryption_key(&self) -> Result<EncryptionKey, KeyError> {
        self.identity.to_public().to_string().parse()
    }

    /// As an identity of age.
    pub(crate) fn age(&self) -> &age::x25519::Identity {
        &self.identity
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey(of {})", self.identity.to_public())
    }
}
