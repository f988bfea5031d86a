//! Keys: those of small order are refused wherever a key stands; the texts of keys.

use dmpc::{
    Permissions,
    error::Classified,
    hash::Domain,
    keys::{DecryptionKey, EncryptionKey, KeyError, SigningKey, VerifyingKey, verify_batch},
    kinds::{Kind, UserCreate},
    v1,
};
use prost::Message;

use super::{
    forge::{Parts, field, refusal, verify},
    vectors::{json, text, unhex},
};
use crate::support::operations::{Cast, Seeded, at};

/// Every encoding of the eight points of small order, as C2SP/CCTV lists them (ed25519/README.md).
const SMALL_ORDER: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn small_order() -> impl Iterator<Item = [u8; 32]> {
    SMALL_ORDER.into_iter().map(|key| unhex(key).try_into().unwrap())
}

/// The identity point as R and zero as s: under a key of small order, a signature of every message.
fn universal_signature() -> [u8; 64] {
    let mut signature = [0; 64];
    signature[0] = 1;
    signature
}

#[test]
fn a_key_of_small_order_has_a_signature_for_every_message_and_is_refused() {
    for key in small_order() {
        let library = ed25519_zebra::VerificationKey::try_from(key).unwrap();
        assert!(library.verify(&universal_signature().into(), b"anything").is_ok(), "that is why");
        assert_eq!(VerifyingKey::from_bytes(key), Err(KeyError::SmallOrderSigningKey));
    }
}

#[test]
fn issuers_with_keys_of_small_order_are_refused() {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    for key in small_order() {
        let channel = Some(dmpc::ChannelId::from_bytes([3; 32]));
        let mut parts = Parts::of(alice, Kind::ChannelClose, channel, at(0), Vec::new());
        parts.header.issuer_key = field(key);
        let signature = field(universal_signature());
        let forged = v1::Operation { signature, ..parts.signed(alice, Domain::SignOperation) };
        assert_eq!(verify(&forged).err(), Some("small_order_signing_key"));
    }
}

#[test]
fn certifiers_with_keys_of_small_order_are_refused() {
    let cast = Cast::new(1);
    let (alice, root) = (cast.identity("alice"), cast.identity("root"));
    let channel = Some(dmpc::ChannelId::from_bytes([3; 32]));
    let parts = Parts::of(alice, Kind::ChannelClose, channel, at(0), Vec::new()).certified_by(&root.user);
    for key in small_order() {
        let mut forged = parts.certified(alice, root, |certification| certification.certifier_key = field(key));
        forged.certification_signature = field(universal_signature());
        assert_eq!(verify(&forged).err(), Some("small_order_signing_key"));
    }
}

#[test]
fn users_with_keys_of_small_order_are_neither_created_nor_made_by_updates() {
    let cast = Cast::new(1);
    let root = cast.identity("root");
    let create = UserCreate::encode(&cast.public("alice"), Permissions::NONE, "");
    let create = v1::UserCreate::decode(create.as_slice()).unwrap();
    let update = v1::UserUpdate { user: field(cast.user("alice")), ..Default::default() };
    let countersignature = field(universal_signature());
    let refused = |kind, payload: Vec<u8>| refusal(root, &Parts::of(root, kind, None, at(0), payload));
    for key in small_order() {
        let created =
            v1::UserCreate { signing_key: field(key), countersignature: countersignature.clone(), ..create.clone() };
        assert_eq!(refused(Kind::UserCreate, created.encode_to_vec()), Some("small_order_signing_key"));
        let updated =
            v1::UserUpdate { signing_key: field(key), countersignature: countersignature.clone(), ..update.clone() };
        assert_eq!(refused(Kind::UserUpdate, updated.encode_to_vec()), Some("small_order_signing_key"));
    }
    let created = v1::UserCreate { encryption_key: field([0; 32]), ..create };
    assert_eq!(refused(Kind::UserCreate, created.encode_to_vec()), Some("small_order_encryption_key"));
    let updated = v1::UserUpdate { encryption_key: field([0; 32]), ..update };
    assert_eq!(refused(Kind::UserUpdate, updated.encode_to_vec()), Some("small_order_encryption_key"));
}

#[test]
fn a_key_that_is_no_point_verifies_nothing() {
    let no_point = (2..=255_u8).map(|first| {
        let mut key = [0; 32];
        key[0] = first;
        key
    });
    let no_point = no_point.into_iter().find(|key| ed25519_zebra::VerificationKey::try_from(*key).is_err()).unwrap();
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let channel = Some(dmpc::ChannelId::from_bytes([3; 32]));
    let mut parts = Parts::of(alice, Kind::ChannelClose, channel, at(0), Vec::new());
    parts.header.issuer_key = field(no_point);
    assert_eq!(refusal(alice, &parts), Some("bad_signature"));
    let operation = parts.signed(alice, Domain::SignOperation).encode_to_vec();
    let checks: Vec<_> = dmpc::SignedOperation::decode(operation.into()).unwrap().checks().collect();
    assert_eq!(verify_batch(&checks, Seeded::new(1, "batch")), Err(KeyError::BadSignature));
}

#[test]
fn encryption_keys_of_small_order_are_refused_in_every_encoding_and_no_others() {
    let Some(file) = json("wycheproof", "x25519_test.json") else { return };
    let tests = file["testGroups"].as_array().unwrap().iter().flat_map(|group| group["tests"].as_array().unwrap());
    let (mut small, mut others) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for test in tests {
        let key: [u8; 32] = unhex(text(test, "public")).try_into().unwrap();
        let is_small = unhex(text(test, "shared")) == [0; 32];
        if is_small {
            small.insert(key)
        } else {
            others.insert(key)
        };
        let expected = is_small.then_some(KeyError::SmallOrderEncryptionKey);
        assert_eq!(EncryptionKey::from_bytes(key).err(), expected, "{}", text(test, "public"));
    }
    eprintln!("wycheproof x25519: {} keys of small order, {} others", small.len(), others.len());
    assert_eq!((small.len(), others.len()), (14, 479));
}

#[test]
fn the_texts_of_keys_round_trip() {
    let mut rng = Seeded::new(1, "keys");
    for _ in 0..50 {
        let signing = SigningKey::generate(&mut rng);
        let again = SigningKey::from_text(&signing.to_text().unwrap()).unwrap();
        assert_eq!(again.verifying_key(), signing.verifying_key());
        let decryption = DecryptionKey::generate(&mut rng).unwrap();
        let again = DecryptionKey::from_text(&decryption.to_text()).unwrap();
        let public = decryption.encryption_key().unwrap();
        assert_eq!(again.encryption_key(), Ok(public));
        assert_eq!(public.to_string().parse(), Ok(public));
        assert!(public.to_string().starts_with("age1"));
    }
}

#[test]
fn mistyped_secrets_are_refused() {
    let mut rng = Seeded::new(1, "keys");
    let signing = SigningKey::generate(&mut rng).to_text().unwrap();
    let decryption = DecryptionKey::generate(&mut rng).unwrap().to_text();
    assert!(signing.starts_with("DMPC-SIGNING-KEY-1") && decryption.starts_with("AGE-SECRET-KEY-1"));
    for (secret, parse) in [
        (&signing, (|text| SigningKey::from_text(text).map(drop)) as fn(&str) -> Result<(), KeyError>),
        (&decryption, |text| DecryptionKey::from_text(text).map(drop)),
    ] {
        assert_eq!(parse(secret), Ok(()));
        for place in 0..secret.len() {
            let letter = if &secret[place..=place] == "Q" { "P" } else { "Q" };
            let mistyped = format!("{}{letter}{}", &secret[..place], &secret[place + 1..]);
            assert_eq!(parse(&mistyped), Err(KeyError::BadSecret), "place {place}");
        }
        let mixed = format!("{}{}", &secret[..20], secret[20..].to_lowercase());
        assert_eq!(parse(&mixed), Err(KeyError::BadSecret), "bech32 does not mix cases");
    }
    assert_eq!(SigningKey::from_text(&decryption).map(drop), Err(KeyError::BadSecret));
    assert_eq!(DecryptionKey::from_text(&signing).map(drop), Err(KeyError::BadSecret));
}

#[test]
fn a_public_key_is_no_secret_and_says_so() {
    let text = Cast::new(1).encryption_key("alice").to_string();
    let mistyped = text.replace("age1", "age1q");
    let error = mistyped.parse::<EncryptionKey>().unwrap_err();
    assert_eq!((error, error.reason()), (KeyError::BadEncryptionKey, "bad_encryption_key"));
    assert!(!error.to_string().contains("secret"), "'{error}' of a mistyped recipient");
}
