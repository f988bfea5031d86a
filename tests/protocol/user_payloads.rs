//! user.create and user.update: their fields, and the proof that a new signing key is its holder's.

use bytes::Bytes;
use dmpc::{
    Identity, Permissions,
    hash::Domain,
    identity::{countersign, user_id},
    keys::{DecryptionKey, SigningKey},
    kinds::{FieldWrite, Kind, Payload, UserCreate, UserUpdate},
    v1,
};
use prost::Message;

use super::forge::{Parts, field, refusal};
use crate::support::operations::{Cast, at};

fn create_refused(change: impl FnOnce(&mut v1::UserCreate, &Cast)) -> Option<&'static str> {
    let cast = Cast::new(1);
    let payload = UserCreate::encode(&cast.public("alice"), Permissions::CHANNEL_ADD, "Alice");
    let mut wire = v1::UserCreate::decode(payload.as_slice()).unwrap();
    change(&mut wire, &cast);
    let root = cast.identity("root");
    refusal(root, &Parts::of(root, Kind::UserCreate, None, at(0), wire.encode_to_vec()))
}

fn update_refused(change: impl FnOnce(&mut v1::UserUpdate, &Cast)) -> Option<&'static str> {
    let cast = Cast::new(1);
    let mut wire = v1::UserUpdate { user: field(cast.user("alice")), ..Default::default() };
    change(&mut wire, &cast);
    let root = cast.identity("root");
    refusal(root, &Parts::of(root, Kind::UserUpdate, None, at(0), wire.encode_to_vec()))
}

#[test]
fn a_user_is_the_fingerprint_of_its_two_genesis_keys() {
    let mut cast = Cast::new(1);
    let operation = cast.create("root", "alice", Permissions::USER_READ, "Alice", at(0));
    let Payload::UserCreate(create) = operation.payload() else { panic!("{:?}", operation.kind()) };
    let public = cast.public("alice");
    assert_eq!(create.user, user_id(&public.signing_key, &public.encryption_key));
    assert_eq!(create.user, cast.user("alice"));
    assert_eq!((create.permissions, create.display_name.as_str()), (Permissions::USER_READ, "Alice"));
}

#[test]
fn nobody_claims_a_key_that_it_does_not_hold() {
    assert_eq!(create_refused(|_, _| {}), None);
    let of = |name: &'static str| {
        move |wire: &mut v1::UserCreate, cast: &Cast| {
            wire.countersignature = field(cast.public(name).countersignature.0)
        }
    };
    assert_eq!(create_refused(of("bob")), Some("bad_signature"), "of another key");
    let other_user = |wire: &mut v1::UserCreate, cast: &Cast| {
        wire.countersignature = field(countersign(&cast.identity("alice").signing, &cast.user("bob")).0);
    };
    assert_eq!(create_refused(other_user), Some("bad_signature"), "for another user");
    let other_domain = |wire: &mut v1::UserCreate, cast: &Cast| {
        let alice = cast.identity("alice");
        let key = alice.signing.verifying_key();
        let parts: [&[u8]; 2] = [alice.user.as_bytes(), key.as_bytes()];
        wire.countersignature = field(alice.signing.sign(Domain::SignOperation, &parts).0);
    };
    assert_eq!(create_refused(other_domain), Some("bad_signature"), "in another domain");
}

#[test]
fn a_created_users_keys_cannot_be_exchanged() {
    let encryption = |wire: &mut v1::UserCreate, cast: &Cast| {
        wire.encryption_key = field(cast.encryption_key("bob").as_bytes());
    };
    assert_eq!(create_refused(encryption), Some("bad_signature"), "it makes another user, whom the key did not sign");
    let signing =
        |wire: &mut v1::UserCreate, cast: &Cast| wire.signing_key = field(cast.public("bob").signing_key.as_bytes());
    assert_eq!(create_refused(signing), Some("bad_signature"));
}

#[test]
fn a_create_misses_nothing() {
    assert_eq!(create_refused(|wire, _| wire.signing_key = Bytes::new()), Some("missing_field"));
    assert_eq!(create_refused(|wire, _| wire.encryption_key = Bytes::new()), Some("missing_field"));
    assert_eq!(create_refused(|wire, _| wire.countersignature = Bytes::new()), Some("missing_field"));
}

#[test]
fn unknown_permissions_are_refused() {
    for bits in [1 << 8, 1 << 31, u32::MAX] {
        assert_eq!(create_refused(|wire, _| wire.permissions = bits), Some("bad_value"));
        assert_eq!(update_refused(|wire, _| wire.grant = bits), Some("bad_value"));
        assert_eq!(update_refused(|wire, _| wire.revoke = bits), Some("bad_value"));
    }
}

#[test]
fn a_commitment_to_a_next_key_is_kept_in_the_bytes_without_effect() {
    assert_eq!(create_refused(|wire, _| wire.next_key = field([8; 32])), None);
    assert_eq!(create_refused(|wire, _| wire.next_key = field([8; 31])), Some("wrong_length"));
}

#[test]
fn a_display_name_has_at_most_64_bytes() {
    assert_eq!(create_refused(|wire, _| wire.display_name = "é".repeat(32)), None);
    assert_eq!(create_refused(|wire, _| wire.display_name = "é".repeat(32) + "a"), Some("too_long"));
    assert_eq!(update_refused(|wire, _| wire.display_name = Some("a".repeat(65))), Some("too_long"));
}

#[test]
fn an_update_writes_what_it_carries_and_nothing_else() {
    let mut cast = Cast::new(1);
    let writes = [FieldWrite::Active(false), FieldWrite::DisplayName(String::new())];
    let operation = cast.update("root", "alice", &writes, at(0));
    let Payload::UserUpdate(update) = operation.payload() else { panic!("{:?}", operation.kind()) };
    assert_eq!((update.user, update.active), (cast.user("alice"), Some(false)));
    assert_eq!(update.display_name.as_deref(), Some(""), "an empty name is written, an absent one is not");
    assert!(update.encryption_key.is_none() && update.signing_key.is_none() && update.permissions().is_empty());
}

#[test]
fn an_update_that_writes_nothing_is_refused() {
    assert_eq!(update_refused(|_, _| {}), Some("changes_nothing"));
}

#[test]
fn each_field_alone_is_an_update() {
    assert_eq!(update_refused(|wire, _| wire.active = Some(false)), None);
    assert_eq!(update_refused(|wire, _| wire.active = Some(true)), None);
    assert_eq!(update_refused(|wire, cast| wire.encryption_key = field(cast.encryption_key("bob").as_bytes())), None);
    assert_eq!(update_refused(|wire, _| wire.grant = 1), None);
    assert_eq!(update_refused(|wire, _| wire.revoke = 1), None);
    assert_eq!(update_refused(|wire, _| wire.display_name = Some(String::new())), None);
}

#[test]
fn an_update_names_its_subject() {
    let nobody = |wire: &mut v1::UserUpdate, _: &Cast| {
        wire.user = Bytes::new();
        wire.grant = 1;
    };
    assert_eq!(update_refused(nobody), Some("missing_field"));
}

#[test]
fn a_permission_is_not_granted_and_revoked_at_once() {
    let both = |wire: &mut v1::UserUpdate, _: &Cast| (wire.grant, wire.revoke) = (0b0110, 0b0010);
    assert_eq!(update_refused(both), Some("bad_value"));
    let apart = |wire: &mut v1::UserUpdate, _: &Cast| (wire.grant, wire.revoke) = (0b0110, 0b1001);
    assert_eq!(update_refused(apart), None);
}

fn rotation(wire: &mut v1::UserUpdate, key: &SigningKey, signer: &SigningKey, user: &dmpc::UserId) {
    wire.signing_key = field(key.verifying_key().as_bytes());
    wire.countersignature = field(countersign(signer, user).0);
}

#[test]
fn a_new_signing_key_countersigns_for_the_subject() {
    let fresh = || SigningKey::generate(&mut crate::support::operations::Seeded::new(9, "fresh"));
    assert_eq!(update_refused(|wire, cast| rotation(wire, &fresh(), &fresh(), &cast.user("alice"))), None);
    let by_old = |wire: &mut v1::UserUpdate, cast: &Cast| {
        rotation(wire, &fresh(), &cast.identity("alice").signing, &cast.user("alice"));
    };
    assert_eq!(update_refused(by_old), Some("bad_signature"));
    let for_bob = |wire: &mut v1::UserUpdate, cast: &Cast| rotation(wire, &fresh(), &fresh(), &cast.user("bob"));
    assert_eq!(update_refused(for_bob), Some("bad_signature"));
}

#[test]
fn a_new_signing_key_and_its_countersignature_stand_together() {
    let alone =
        |wire: &mut v1::UserUpdate, cast: &Cast| wire.signing_key = field(cast.public("bob").signing_key.as_bytes());
    assert_eq!(update_refused(alone), Some("missing_field"));
    let without =
        |wire: &mut v1::UserUpdate, cast: &Cast| wire.countersignature = field(cast.public("bob").countersignature.0);
    assert_eq!(update_refused(without), Some("bad_value"));
}

#[test]
fn an_id_stays_when_its_keys_are_rotated() {
    let mut cast = Cast::new(1);
    let (before, user) = (cast.public("alice"), cast.user("alice"));
    let operation = cast.rotate("alice", "alice", "alice before", at(0));
    assert_eq!(operation.certifier_key(), before.signing_key, "signed with the old key");
    assert_eq!((cast.user("alice"), cast.user("alice before")), (user, user));
    assert_ne!(cast.public("alice").signing_key, before.signing_key);
    assert_eq!(cast.public("alice before"), before);
    let Payload::UserUpdate(update) = operation.payload() else { panic!("{:?}", operation.kind()) };
    assert_eq!(update.encryption_key, Some(cast.encryption_key("alice")));
    assert_eq!(update.signing_key.map(|(key, _)| key), Some(cast.public("alice").signing_key));
}

#[test]
fn encoding_an_update_loses_nothing() {
    let mut rng = crate::support::operations::Seeded::new(9, "keys");
    let holder = Identity::generate(&mut rng).unwrap();
    let public = holder.public().unwrap();
    let encryption = DecryptionKey::generate(&mut rng).unwrap().encryption_key().unwrap();
    let writes = [
        FieldWrite::Active(true),
        FieldWrite::EncryptionKey(encryption),
        FieldWrite::SigningKey(public.signing_key, public.countersignature),
        FieldWrite::Grant(Permissions::CHANNEL_ADD),
        FieldWrite::Grant(Permissions::USER_ADD),
        FieldWrite::Revoke(Permissions::USER_READ),
        FieldWrite::DisplayName("Bob".into()),
    ];
    let wire = v1::UserUpdate::decode(UserUpdate::encode(&holder.user, &writes).as_slice()).unwrap();
    let mut cast = Cast::new(1);
    let operation = cast.act("root", dmpc::operation::Draft::user(Kind::UserUpdate), at(0), |_| wire.encode_to_vec());
    let Payload::UserUpdate(update) = operation.payload() else { panic!("{:?}", operation.kind()) };
    assert_eq!((update.active, update.encryption_key), (Some(true), Some(encryption)));
    assert_eq!(update.signing_key, Some((public.signing_key, public.countersignature)));
    assert_eq!(update.grant, Permissions::CHANNEL_ADD.union(Permissions::USER_ADD));
    assert_eq!((update.revoke, update.display_name.as_deref()), (Permissions::USER_READ, Some("Bob")));
}
