//! People with public test keys: each byte of the seeds of a person is one number.

use anyhow::Result;
use dmpc::{
    Identity, UserId,
    identity::{PublicIdentity, user_id},
    keys::{DecryptionKey, EncryptionKey, SigningKey},
};
use rand_core::{CryptoRng, RngCore};

use super::json::Json;

/// Somebody with known secrets.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    signing_seed: u8,
    encryption_secret: u8,
    pub(crate) identity: Identity,
}

/// Gives one byte again and again, where a secret is to be drawn.
pub(crate) struct Given(pub(crate) u8);

impl RngCore for Given {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes([self.0; 4])
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes([self.0; 8])
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Given {}

impl Person {
    pub(crate) fn new(name: &'static str, signing_seed: u8, encryption_secret: u8) -> Result<Self> {
        let signing = SigningKey::generate(&mut Given(signing_seed));
        let encryption = DecryptionKey::generate(&mut Given(encryption_secret))?;
        let user = user_id(&signing.verifying_key(), &encryption.encryption_key()?);
        Ok(Self {
            name,
            signing_seed,
            encryption_secret,
            identity: Identity { user, signing, encryption, former: Vec::new() },
        })
    }

    /// One of the cast: root, alice, bob, carol, dave, node.
    pub(crate) fn called(name: &'static str) -> Result<Self> {
        let number = match name {
            "root" => 1,
            "alice" => 2,
            "bob" => 3,
            "carol" => 4,
            "dave" => 5,
            "node" => 9,
            _ => anyhow::bail!("nobody is called {name}"),
        };
        Self::new(name, number, number | 0x10)
    }

    /// The same user after its keys were replaced.
    pub(crate) fn rotated(&self, signing_seed: u8, encryption_secret: u8) -> Result<Self> {
        let mut new = Self::new(self.name, signing_seed, encryption_secret)?;
        new.identity.user = self.user();
        Ok(new)
    }

    pub(crate) fn user(&self) -> UserId {
        self.identity.user
    }

    pub(crate) fn encryption_key(&self) -> Result<EncryptionKey> {
        Ok(self.identity.encryption.encryption_key()?)
    }

    pub(crate) fn public(&self) -> Result<PublicIdentity> {
        Ok(self.identity.public()?)
    }

    /// Its secrets, for the inputs of a case.
    pub(crate) fn secrets(&self) -> Json {
        Json::Object(vec![
            ("name", self.name.into()),
            ("user", Json::hex(self.user())),
            ("signing_seed", Json::hex([self.signing_seed; 32])),
            ("encryption_secret", Json::hex([self.encryption_secret; 32])),
        ])
    }
}
