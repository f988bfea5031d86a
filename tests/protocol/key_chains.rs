//! Chains of keys: what a user changed itself is proven by the changes, and nothing else is.

use bytes::Bytes;
use dmpc::{
    Permissions, VerifiedOperation,
    key_chain::{ChainFault, prove},
    keys::{EncryptionKey, VerifyingKey},
    v1::{KeyUse, UserKey},
};

use crate::support::operations::{Cast, at};

type Keys = (VerifyingKey, EncryptionKey);

fn keys(cast: &Cast, name: &str) -> Keys {
    (cast.identity(name).signing.verifying_key(), cast.encryption_key(name))
}

/// What a node gives for these keys in their order, each put there by the operation beside it.
fn chain(links: &[(Keys, &VerifiedOperation)]) -> Vec<UserKey> {
    let entry = |purpose: KeyUse, key: &[u8; 32], operation: &VerifiedOperation| UserKey {
        r#use: purpose.into(),
        key: Bytes::copy_from_slice(key),
        operation_bytes: operation.bytes().clone(),
        ..Default::default()
    };
    let signing = links.iter().map(|((signing, _), by)| entry(KeyUse::Signing, signing.as_bytes(), by));
    let encryption = links.iter().map(|((_, encryption), by)| entry(KeyUse::Encryption, encryption.as_bytes(), by));
    signing.chain(encryption).collect()
}

/// Bob, whose keys were changed twice, the second time by `second`.
struct Story {
    cast: Cast,
    operations: [VerifiedOperation; 3],
    keys: [Keys; 3],
}

impl Story {
    fn new(second: &str) -> Self {
        let mut cast = Cast::new(1);
        let create = cast.create("root", "bob", Permissions::NONE, "", at(1));
        let first = keys(&cast, "bob");
        let one = cast.rotate("bob", "bob", "bob at first", at(2));
        let then = keys(&cast, "bob");
        let two = cast.rotate(second, "bob", "bob then", at(3));
        let now = keys(&cast, "bob");
        Self { cast, operations: [create, one, two], keys: [first, then, now] }
    }

    fn links(&self) -> Vec<(Keys, &VerifiedOperation)> {
        self.keys.iter().copied().zip(&self.operations).collect()
    }

    fn proven(&self, links: &[(Keys, &VerifiedOperation)], present: Keys) -> Result<(), ChainFault> {
        prove(self.cast.user("bob"), &chain(links), present)
    }
}

#[test]
fn changes_by_the_user_itself_lead_from_the_id_to_its_keys() {
    let story = Story::new("bob");
    let links = story.links();
    for (count, present) in (1..=3).zip(story.keys) {
        assert_eq!(story.proven(&links[..count], present), Ok(()));
    }
}

#[test]
fn a_chain_with_a_link_missing_proves_nothing() {
    let story = Story::new("bob");
    let links = story.links();
    let now = story.keys[2];
    assert_eq!(story.proven(&links[..2], now), Err(ChainFault::Broken), "without the last");
    assert_eq!(story.proven(&[links[0], links[2]], now), Err(ChainFault::Broken), "without the one between");
    assert_eq!(story.proven(&links[1..], now), Err(ChainFault::Broken), "without the first keys");
    assert_eq!(story.proven(&[], now), Err(ChainFault::Broken));
    let mut mixed = now;
    mixed.1 = story.keys[1].1;
    assert_eq!(story.proven(&links, mixed), Err(ChainFault::Broken), "with an encryption key of before");
}

#[test]
fn a_change_by_another_proves_nothing_and_is_named() {
    let story = Story::new("root");
    let by = ChainFault::ByAnother(story.cast.user("root"));
    assert_eq!(story.proven(&story.links(), story.keys[2]), Err(by));
}

#[test]
fn a_change_that_is_not_authentic_or_another_users_proves_nothing() {
    let mut story = Story::new("bob");
    let links = story.links();
    let mut forged = chain(&links);
    for key in &mut forged {
        let mut bytes = key.operation_bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        key.operation_bytes = bytes.into();
    }
    assert_eq!(prove(story.cast.user("bob"), &forged, story.keys[2]), Err(ChainFault::Broken));
    let of_alice = story.cast.rotate("alice", "alice", "alice at first", at(4));
    let links = [(story.keys[0], &story.operations[0]), (keys(&story.cast, "alice"), &of_alice)];
    assert_eq!(story.proven(&links, keys(&story.cast, "alice")), Err(ChainFault::Broken));
    // Signed with a key that was replaced before.
    let late = {
        let first = story.cast.identity("bob at first").with_keys(None, None);
        story.cast.add("thief", first);
        story.cast.rotate("thief", "thief", "thief at first", at(5))
    };
    let links = [
        (story.keys[0], &story.operations[0]),
        (story.keys[1], &story.operations[1]),
        (keys(&story.cast, "thief"), &late),
    ];
    assert_eq!(story.proven(&links, keys(&story.cast, "thief")), Err(ChainFault::Broken));
}
