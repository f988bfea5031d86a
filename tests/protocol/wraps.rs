//! Wraps: an epoch's key sealed to one member, bound to its channel and its recipient.

use dmpc::{
    ChannelId, KeyId, UserId,
    keys::DecryptionKey,
    seal::{EpochKey, SealError, seal_age},
    v1,
    wire::WireFault,
};
use prost::Message;

use super::forge::field;
use crate::support::operations::{Cast, Seeded};

const CHANNEL: ChannelId = ChannelId::from_bytes([3; 32]);

fn key(label: &str) -> EpochKey {
    EpochKey::generate(&mut Seeded::new(1, label))
}

fn unwrap(sealed: &[u8], cast: &Cast, channel: &ChannelId, user: &UserId, key_id: &KeyId) -> Result<KeyId, SealError> {
    let opener: &DecryptionKey = &cast.identity("bob").encryption;
    EpochKey::unwrap(sealed, opener, channel, user, key_id).map(|key| key.key_id())
}

#[test]
fn a_member_opens_its_wrap_and_gets_the_key() {
    let cast = Cast::new(1);
    let key = key("epoch");
    let wrap = key.wrap(&CHANNEL, cast.user("bob"), cast.encryption_key("bob")).unwrap();
    assert_eq!((wrap.user, wrap.encryption_key), (cast.user("bob"), cast.encryption_key("bob")));
    assert_eq!(unwrap(&wrap.sealed, &cast, &CHANNEL, &cast.user("bob"), &key.key_id()), Ok(key.key_id()));
}

#[test]
fn a_wrap_is_bound_to_channel_recipient_and_key() {
    let cast = Cast::new(1);
    let (key, other) = (key("epoch"), key("other epoch"));
    let bob = cast.user("bob");
    let wrap = key.wrap(&CHANNEL, bob, cast.encryption_key("bob")).unwrap();
    let other_channel = ChannelId::from_bytes([4; 32]);
    let moved = unwrap(&wrap.sealed, &cast, &other_channel, &bob, &key.key_id());
    assert_eq!(moved, Err(SealError::WrapMismatch), "of another channel");
    let moved = unwrap(&wrap.sealed, &cast, &CHANNEL, &cast.user("carol"), &key.key_id());
    assert_eq!(moved, Err(SealError::WrapMismatch), "of another member");
    let announced = unwrap(&wrap.sealed, &cast, &CHANNEL, &bob, &other.key_id());
    assert_eq!(announced, Err(SealError::KeyIdMismatch), "another key than announced");
}

#[test]
fn nobody_else_opens_a_wrap() {
    let cast = Cast::new(1);
    let key = key("epoch");
    let wrap = key.wrap(&CHANNEL, cast.user("carol"), cast.encryption_key("carol")).unwrap();
    let opened = unwrap(&wrap.sealed, &cast, &CHANNEL, &cast.user("carol"), &key.key_id());
    assert_eq!(opened, Err(SealError::NotForThisKey));
}

fn inside() -> (Cast, v1::WrappedKey, KeyId) {
    let cast = Cast::new(1);
    let secret = [7; 32];
    let wrapped = v1::WrappedKey {
        purpose: "dmpc.v1 epoch key".into(),
        channel: field(CHANNEL),
        recipient: field(cast.user("bob")),
        key: field(secret),
    };
    (cast, wrapped, KeyId::from_bytes(dmpc::hash::Domain::KeyId.hash(&[&secret])))
}

fn opened(inside: &[u8], cast: &Cast, key_id: &KeyId) -> Result<KeyId, SealError> {
    let sealed = seal_age(inside, &[cast.encryption_key("bob")]).unwrap();
    unwrap(&sealed, cast, &CHANNEL, &cast.user("bob"), key_id)
}

#[test]
fn what_is_sealed_for_another_purpose_is_no_key() {
    let (cast, mut wrapped, key_id) = inside();
    assert_eq!(opened(&wrapped.encode_to_vec(), &cast, &key_id), Ok(key_id));
    for purpose in ["", "dmpc.v1 epoch", "dmpc.v1 epoch key ", "dmpc.v1 message"] {
        wrapped.purpose = purpose.into();
        assert_eq!(opened(&wrapped.encode_to_vec(), &cast, &key_id), Err(SealError::WrapMismatch));
    }
}

#[test]
fn a_wrap_misses_nothing_inside() {
    let changes: [fn(&mut v1::WrappedKey); 3] =
        [|wrapped| wrapped.channel.clear(), |wrapped| wrapped.recipient.clear(), |wrapped| wrapped.key.clear()];
    for change in changes {
        let (cast, mut wrapped, key_id) = inside();
        change(&mut wrapped);
        assert_eq!(opened(&wrapped.encode_to_vec(), &cast, &key_id), Err(SealError::WrapMismatch));
    }
}

#[test]
fn a_wrap_is_strict_inside() {
    let (cast, wrapped, key_id) = inside();
    let with_more = [wrapped.encode_to_vec(), super::raw::number(5, 1)].concat();
    let Err(SealError::Wire(error)) = opened(&with_more, &cast, &key_id) else { panic!("accepted") };
    assert_eq!((error.message, error.field, error.fault), ("WrappedKey", 5, WireFault::UnknownField));
}

#[test]
fn a_wrap_is_small_and_for_one_recipient() {
    let (cast, wrapped, key_id) = inside();
    assert!(matches!(opened(&[0; 300], &cast, &key_id), Err(SealError::TooLarge(_))));
    let both = [cast.encryption_key("bob"), cast.encryption_key("carol")];
    let sealed = seal_age(&wrapped.encode_to_vec(), &both).unwrap();
    let refused = unwrap(&sealed, &cast, &CHANNEL, &cast.user("bob"), &key_id);
    assert_eq!(refused, Err(SealError::RecipientCount { actual: 2, allowed: 1 }));
}

#[test]
fn every_wrap_fits_into_the_bytes_that_a_wrap_may_have() {
    let cast = Cast::new(1);
    let key = key("epoch");
    let sizes: Vec<usize> = (0..200)
        .map(|_| key.wrap(&CHANNEL, cast.user("bob"), cast.encryption_key("bob")).unwrap().sealed.len())
        .collect();
    let largest = sizes.iter().max().unwrap();
    assert!(*largest <= dmpc::wire::schemas::WRAP_BYTES_MAX / 2 + 256, "{largest} bytes, grease included");
}

#[test]
fn a_key_shows_its_id_and_not_itself() {
    let key = key("epoch");
    assert_eq!(format!("{key:?}"), format!("EpochKey({})", key.key_id()));
}
