//! The payloads of channel.open, channel.members, channel.epoch, channel.message and channel.close: each broken rule is
//! refused with a reason of its own.

use bytes::Bytes;
use dmpc::{
    ChannelId, Rights, UserId,
    kinds::{Kind, Payload, channel_id},
    v1,
    wire::schemas::{MEMBERS_MAX, WRAPS_MAX},
};
use prost::Message;

use super::forge::{Parts, field, refusal};
use crate::support::operations::{Cast, at};

const CHANNEL: ChannelId = ChannelId::from_bytes([3; 32]);
/// Bytes with the header of an age file for one X25519 recipient.
const SEALED: &[u8] = b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n";

fn refused(kind: Kind, payload: &impl Message) -> Option<&'static str> {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    refusal(alice, &Parts::of(alice, kind, Some(CHANNEL), at(0), payload.encode_to_vec()))
}

fn user(number: usize) -> Bytes {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    field(id)
}

fn member(number: usize) -> v1::Member {
    v1::Member { user: user(number), rights: 3 }
}

fn wrap(number: usize, key: u8) -> v1::Wrap {
    v1::Wrap { user: user(number), encryption_key: field([key; 32]), sealed: field(SEALED) }
}

fn epoch(wraps: Vec<v1::Wrap>) -> v1::EpochWraps {
    v1::EpochWraps { key_id: field([6; 32]), wraps }
}

/// Opens the channel that the genesis names; `change` may spoil the open.
fn open_refused(genesis: v1::ChannelGenesis, wraps: Vec<v1::Wrap>) -> Option<&'static str> {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let genesis: Bytes = genesis.encode_to_vec().into();
    let channel = channel_id(&alice.user, &genesis);
    let open = v1::ChannelOpen { genesis, wraps };
    refusal(alice, &Parts::of(alice, Kind::ChannelOpen, Some(channel), at(0), open.encode_to_vec()))
}

fn genesis(members: Vec<v1::Member>) -> v1::ChannelGenesis {
    v1::ChannelGenesis { nonce: field([1; 32]), name: "lounge".into(), members, key_id: field([6; 32]) }
}

#[test]
fn a_channel_is_the_hash_of_opener_and_genesis() {
    assert_eq!(open_refused(genesis(Vec::new()), Vec::new()), None);
    let cast = Cast::new(1);
    let (alice, bob) = (cast.identity("alice"), cast.identity("bob"));
    let bytes: Bytes = genesis(Vec::new()).encode_to_vec().into();
    let payload = v1::ChannelOpen { genesis: bytes.clone(), wraps: Vec::new() }.encode_to_vec();
    let of_alice = channel_id(&alice.user, &bytes);
    let stolen = Parts::of(bob, Kind::ChannelOpen, Some(of_alice), at(0), payload.clone());
    assert_eq!(refusal(bob, &stolen), Some("channel_id_mismatch"), "nobody opens it in the opener's place");
    let other: Bytes = v1::ChannelGenesis { name: "other".into(), ..genesis(Vec::new()) }.encode_to_vec().into();
    let payload = v1::ChannelOpen { genesis: other, wraps: Vec::new() }.encode_to_vec();
    let replaced = Parts::of(alice, Kind::ChannelOpen, Some(of_alice), at(0), payload);
    assert_eq!(refusal(alice, &replaced), Some("channel_id_mismatch"), "nor replaces what it is");
}

#[test]
fn the_opener_is_the_issuer_whoever_certifies() {
    let mut cast = Cast::new(1);
    let (operation, room) = cast.open(("alice", "root"), "lounge", &[("bob", Rights::READ)], at(0));
    assert_eq!((operation.issuer(), operation.certifier()), (cast.user("alice"), cast.user("root")));
    assert_eq!(operation.channel(), Some(room.id));
    let Payload::ChannelOpen(open) = operation.payload() else { panic!("{:?}", operation.kind()) };
    assert_eq!(open.members.iter().map(|member| member.user).collect::<Vec<_>>(), [cast.user("bob")]);
    assert_eq!((open.name.as_str(), open.epoch.key_id), ("lounge", room.key.key_id()));
}

#[test]
fn an_opener_among_the_first_members_is_refused() {
    let alice = v1::Member { user: field(Cast::new(1).user("alice")), rights: 1 };
    assert_eq!(open_refused(genesis(vec![alice]), Vec::new()), Some("opener_listed"));
}

#[test]
fn a_genesis_misses_nothing_and_is_strict() {
    let without_nonce = v1::ChannelGenesis { nonce: Bytes::new(), ..genesis(Vec::new()) };
    assert_eq!(open_refused(without_nonce, Vec::new()), Some("missing_field"));
    let without_key_id = v1::ChannelGenesis { key_id: Bytes::new(), ..genesis(Vec::new()) };
    assert_eq!(open_refused(without_key_id, Vec::new()), Some("missing_field"));
    assert_eq!(refused(Kind::ChannelOpen, &v1::ChannelOpen::default()), Some("missing_field"));
    let spoiled = v1::ChannelOpen { genesis: super::raw::number(9, 1).into(), wraps: Vec::new() };
    assert_eq!(refused(Kind::ChannelOpen, &spoiled), Some("unknown_field"));
    let long = v1::ChannelGenesis { name: "a".repeat(129), ..genesis(Vec::new()) };
    assert_eq!(open_refused(long, Vec::new()), Some("too_long"));
}

#[test]
fn members_stand_in_ascending_order_none_twice() {
    for (members, reason) in
        [(vec![1, 2, 9], None), (vec![2, 1], Some("not_ascending")), (vec![1, 1], Some("not_ascending"))]
    {
        let set: Vec<_> = members.iter().copied().map(member).collect();
        assert_eq!(open_refused(genesis(set.clone()), Vec::new()), reason);
        let change = v1::ChannelMembers { set, ..Default::default() };
        assert_eq!(refused(Kind::ChannelMembers, &change), reason);
        let remove = v1::ChannelMembers { remove: members.into_iter().map(user).collect(), ..Default::default() };
        assert_eq!(refused(Kind::ChannelMembers, &remove), reason);
    }
}

#[test]
fn a_member_has_known_rights_and_at_least_one() {
    for (rights, reason) in [(0, Some("bad_value")), (16, Some("bad_value")), (1 << 8, Some("bad_value")), (15, None)] {
        let set = vec![v1::Member { user: user(1), rights }];
        assert_eq!(open_refused(genesis(set.clone()), Vec::new()), reason);
        assert_eq!(refused(Kind::ChannelMembers, &v1::ChannelMembers { set, ..Default::default() }), reason);
    }
    let nobody = v1::ChannelMembers { set: vec![v1::Member { user: Bytes::new(), rights: 1 }], ..Default::default() };
    assert_eq!(refused(Kind::ChannelMembers, &nobody), Some("missing_field"));
}

#[test]
fn a_change_of_members_that_changes_nothing_is_refused() {
    assert_eq!(refused(Kind::ChannelMembers, &v1::ChannelMembers::default()), Some("changes_nothing"));
    let empty_epoch = v1::ChannelMembers { epochs: vec![epoch(Vec::new())], ..Default::default() };
    assert_eq!(refused(Kind::ChannelMembers, &empty_epoch), Some("changes_nothing"));
}

#[test]
fn nobody_is_set_and_removed_at_once() {
    let change = |set, remove| v1::ChannelMembers { set, remove, ..Default::default() };
    assert_eq!(refused(Kind::ChannelMembers, &change(vec![member(1), member(3)], vec![user(2)])), None);
    let both = change(vec![member(1), member(3)], vec![user(2), user(3)]);
    assert_eq!(refused(Kind::ChannelMembers, &both), Some("set_and_removed"));
}

#[test]
fn a_wrap_is_for_somebody_whom_the_change_sets() {
    let change = |wraps| v1::ChannelMembers {
        set: vec![member(1), member(3)],
        remove: vec![user(2)],
        epochs: vec![epoch(wraps)],
        ..Default::default()
    };
    assert_eq!(refused(Kind::ChannelMembers, &change(vec![wrap(1, 9), wrap(3, 9)])), None);
    assert_eq!(refused(Kind::ChannelMembers, &change(vec![wrap(1, 9), wrap(4, 9)])), Some("wrap_for_stranger"));
    assert_eq!(
        refused(Kind::ChannelMembers, &change(vec![wrap(2, 9)])),
        Some("wrap_for_stranger"),
        "nor for the removed"
    );
}

#[test]
fn the_first_epoch_is_wrapped_for_first_members_and_the_opener() {
    let opener = v1::Wrap { user: field(Cast::new(1).user("alice")), ..wrap(1, 9) };
    let mut both = vec![wrap(1, 9), opener];
    both.sort_by(|a, b| a.user.cmp(&b.user));
    assert_eq!(open_refused(genesis(vec![member(1)]), both), None);
    assert_eq!(open_refused(genesis(vec![member(1)]), vec![wrap(2, 9)]), Some("wrap_for_stranger"));
}

#[test]
fn wraps_stand_in_ascending_order_of_user_and_key_none_twice() {
    let cases = [
        (vec![wrap(1, 9), wrap(2, 8)], None),
        (vec![wrap(1, 8), wrap(1, 9)], None),
        (vec![wrap(2, 8), wrap(1, 9)], Some("not_ascending")),
        (vec![wrap(1, 9), wrap(1, 8)], Some("not_ascending")),
        (vec![wrap(1, 9), wrap(1, 9)], Some("not_ascending")),
    ];
    for (wraps, reason) in cases {
        let further = v1::ChannelEpoch { epoch: Some(epoch(wraps.clone())) };
        assert_eq!(refused(Kind::ChannelEpoch, &further), reason);
        let set = vec![member(1), member(2)];
        assert_eq!(open_refused(genesis(set.clone()), wraps.clone()), reason);
        let change = v1::ChannelMembers { set, epochs: vec![epoch(wraps)], ..Default::default() };
        assert_eq!(refused(Kind::ChannelMembers, &change), reason);
    }
}

#[test]
fn a_wrap_misses_nothing_and_is_sealed_to_one_x25519_recipient() {
    let of = |wrap| refused(Kind::ChannelEpoch, &v1::ChannelEpoch { epoch: Some(epoch(vec![wrap])) });
    assert_eq!(of(wrap(1, 9)), None);
    assert_eq!(of(v1::Wrap { user: Bytes::new(), ..wrap(1, 9) }), Some("missing_field"));
    assert_eq!(of(v1::Wrap { encryption_key: Bytes::new(), ..wrap(1, 9) }), Some("missing_field"));
    assert_eq!(of(v1::Wrap { sealed: Bytes::new(), ..wrap(1, 9) }), Some("not_age"));
    assert_eq!(of(v1::Wrap { encryption_key: field([0; 32]), ..wrap(1, 9) }), Some("small_order_encryption_key"));
    let two = String::from_utf8(SEALED.to_vec()).unwrap().replace("---", "-> X25519 AAAA\nAAAA\n---");
    assert_eq!(of(v1::Wrap { sealed: two.into(), ..wrap(1, 9) }), Some("recipient_count"));
    let scrypt = String::from_utf8(SEALED.to_vec()).unwrap().replace("X25519", "scrypt");
    assert_eq!(of(v1::Wrap { sealed: scrypt.into(), ..wrap(1, 9) }), Some("scrypt_stanza"));
}

#[test]
fn an_epoch_has_a_key_id() {
    assert_eq!(refused(Kind::ChannelEpoch, &v1::ChannelEpoch::default()), Some("missing_field"));
    let nameless = v1::EpochWraps { key_id: Bytes::new(), wraps: vec![wrap(1, 9)] };
    assert_eq!(refused(Kind::ChannelEpoch, &v1::ChannelEpoch { epoch: Some(nameless) }), Some("missing_field"));
}

#[test]
fn epochs_of_a_change_stand_in_ascending_order_none_twice_and_none_empty() {
    let of = |epochs: Vec<(u8, usize)>| {
        let epochs = epochs.into_iter().map(|(first, count)| v1::EpochWraps {
            key_id: vec![first; 32].into(),
            wraps: (0..count).map(|number| wrap(number, 9)).collect(),
        });
        let set = (0..2).map(member).collect();
        refused(Kind::ChannelMembers, &v1::ChannelMembers { set, epochs: epochs.collect(), ..Default::default() })
    };
    assert_eq!(of(vec![(1, 2), (2, 1)]), None);
    assert_eq!(of(vec![(2, 1), (1, 2)]), Some("not_ascending"));
    assert_eq!(of(vec![(1, 1), (1, 1)]), Some("not_ascending"));
    assert_eq!(of(vec![(1, 1), (2, 0)]), Some("changes_nothing"));
}

#[test]
fn members_and_wraps_of_all_parts_together_are_bounded() {
    let change = |set: usize, remove: usize| v1::ChannelMembers {
        set: (0..set).map(member).collect(),
        remove: (set..set + remove).map(user).collect(),
        ..Default::default()
    };
    assert_eq!(refused(Kind::ChannelMembers, &change(MEMBERS_MAX / 2, MEMBERS_MAX / 2)), None);
    assert_eq!(refused(Kind::ChannelMembers, &change(MEMBERS_MAX / 2, MEMBERS_MAX / 2 + 1)), Some("too_many"));
    let wrapped = |first: usize, second: usize| {
        let wraps = |count: usize| epoch((0..count).map(|number| wrap(number, 9)).collect());
        let later = v1::EpochWraps { key_id: Bytes::from_static(&[0xff; 32]), ..wraps(second) };
        v1::ChannelMembers { epochs: vec![wraps(first), later], ..change(WRAPS_MAX, 0) }
    };
    assert_eq!(refused(Kind::ChannelMembers, &wrapped(WRAPS_MAX / 2, WRAPS_MAX / 2)), None);
    assert_eq!(refused(Kind::ChannelMembers, &wrapped(WRAPS_MAX / 2, WRAPS_MAX / 2 + 1)), Some("too_many"));
}

#[test]
fn a_message_has_a_nonce_and_at_least_a_tag() {
    let cast = Cast::new(1);
    let alice = cast.identity("alice");
    let of = |nonce: &[u8], ciphertext: &[u8]| {
        let message = v1::ChannelMessage { nonce: field(nonce), ciphertext: field(ciphertext) };
        let parts = Parts::of(alice, Kind::ChannelMessage, Some(CHANNEL), at(0), message.encode_to_vec());
        refusal(alice, &parts.under(&dmpc::KeyId::from_bytes([6; 32])))
    };
    assert_eq!(of(&[1; 24], &[2; 16]), None);
    assert_eq!(of(&[], &[2; 16]), Some("missing_field"));
    assert_eq!(of(&[1; 23], &[2; 16]), Some("wrong_length"));
    assert_eq!(of(&[1; 24], &[]), Some("missing_field"));
    assert_eq!(of(&[1; 24], &[2; 15]), Some("ciphertext_too_short"));
    assert_eq!(of(&[1; 24], &[2; 1]), Some("ciphertext_too_short"));
}

#[test]
fn a_close_carries_nothing() {
    assert_eq!(refused(Kind::ChannelClose, &v1::ChannelClose {}), None);
    assert_eq!(refused(Kind::ChannelClose, &member(1)), Some("unknown_field"));
}

#[test]
fn a_payload_of_another_kind_is_refused() {
    assert!(
        refused(Kind::ChannelEpoch, &v1::ChannelMessage { nonce: field([1; 24]), ciphertext: field([2; 16]) })
            .is_some()
    );
    assert!(refused(Kind::ChannelMembers, &v1::ChannelOpen { genesis: field([9; 40]), wraps: Vec::new() }).is_some());
}

#[test]
fn the_cast_sorts_members_and_wraps() {
    let mut cast = Cast::new(1);
    let all = [("carol", Rights::ALL), ("root", Rights::READ), ("bob", Rights::WRITE)];
    let (_, room) = cast.open("alice", "lounge", &all, at(0));
    let operation = cast.members("alice", &room, &all[..2], &["bob"], at(1));
    let Payload::ChannelMembers(change) = operation.payload() else { panic!("{:?}", operation.kind()) };
    let users: Vec<UserId> = change.set.iter().map(|member| member.user).collect();
    assert!(users.is_sorted() && users.len() == 2 && change.remove == [cast.user("bob")]);
    assert_eq!(change.epochs[0].wraps.iter().map(|wrap| wrap.user).collect::<Vec<_>>(), users);
}
