//! Large changes of a channel are spread over several operations: everything is said once, each operation is well formed,
//! and no other way that keeps the order needs fewer.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use dmpc::{
    Hlc, Identity, KeyId, LaneId, Rights, SignedOperation, UserId,
    keys::EncryptionKey,
    kinds::{
        ChannelOpen, EpochWraps, Kind, Member, PAYLOAD_BYTES_MAX, Part, Payload, Wrap, channel_id, epoch_parts,
        genesis_members, members_parts, open_wraps,
    },
    operation::{Draft, Link, OperationError, certify, issue_for, sign},
    wire::schemas::{MEMBERS_EPOCHS_MAX, MEMBERS_MAX, WRAPS_MAX},
};
use proptest::prelude::*;

use super::cases;
use crate::support::operations::{Seeded, at};

fn user(number: usize) -> UserId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    UserId::from_bytes(bytes)
}

fn key_id(number: usize) -> KeyId {
    KeyId::from_bytes(*user(number).as_bytes())
}

/// Bytes that look like age bytes to one recipient, as long as they are wished.
fn sealed(bytes: usize) -> Bytes {
    let mut sealed = b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n".to_vec();
    sealed.resize(bytes.max(sealed.len()), b'x');
    sealed.into()
}

fn wrap(number: usize, bytes: usize) -> Wrap {
    Wrap { user: user(number), encryption_key: EncryptionKey::from_bytes([9; 32]).unwrap(), sealed: sealed(bytes) }
}

fn member(number: usize) -> Member {
    Member { user: user(number), rights: Rights::READ.union(Rights::WRITE) }
}

/// The operation of a payload in its longest form: certified by somebody else, with a link that has every field.
fn operation(draft: Draft, payload: &[u8]) -> Result<SignedOperation, OperationError> {
    let mut rng = Seeded::new(1, "people");
    let (alice, bob) = (Identity::generate(&mut rng).unwrap(), Identity::generate(&mut rng).unwrap());
    let link = Link { lane: LaneId::from_bytes([1; 16]), seq: u64::MAX, prev: dmpc::OpId::from_bytes([7; 32]) };
    let time = Hlc::from_bits(u64::MAX);
    let issue = issue_for(&alice, draft, time, bob.user, |_| Ok::<_, OperationError>(payload.to_vec()))?;
    certify(&bob, &issue, time, link)
}

/// What an operation of a part carries; that it exists says that it is within every limit.
fn carried(part: &Part) -> Payload {
    let draft = Draft::channel(part.kind(), dmpc::ChannelId::from_bytes([5; 32]));
    let payload = part.encode();
    assert!(payload.len() <= PAYLOAD_BYTES_MAX, "{} bytes", payload.len());
    operation(draft, &payload).unwrap().payload().clone()
}

/// Members, removed users, and wraps by epoch, as parts say them all together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Account {
    set: Vec<Member>,
    removed: Vec<UserId>,
    wraps: BTreeMap<KeyId, Vec<Wrap>>,
}

fn account(parts: &[Part]) -> Account {
    let mut account = Account::default();
    for part in parts {
        let payload = carried(part);
        if let Payload::ChannelMembers(members) = &payload {
            account.set.extend(members.set.clone());
            account.removed.extend(members.remove.clone());
        }
        for epoch in payload.wraps() {
            account.wraps.entry(epoch.key_id).or_default().extend(epoch.wraps.clone());
        }
    }
    account
}

/// The fewest runs into which these sizes can be cut, each within both bounds: found by trying all cuts.
fn fewest(sizes: &[usize], count_max: usize, bytes_max: usize) -> usize {
    let mut fewest = vec![usize::MAX; sizes.len() + 1];
    fewest[0] = 0;
    for end in 1..=sizes.len() {
        let mut bytes = 0;
        for begin in (end.saturating_sub(count_max)..end).rev() {
            bytes += sizes[begin];
            if bytes > bytes_max {
                break;
            }
            fewest[end] = fewest[end].min(fewest[begin].saturating_add(1));
        }
    }
    fewest[sizes.len()]
}

/// Bytes of a wrap in an operation.
fn weight(wrap: &Wrap) -> usize {
    let one = EpochWraps { key_id: key_id(0), wraps: vec![wrap.clone()] };
    let none = EpochWraps { key_id: key_id(0), wraps: Vec::new() };
    // Lengths over 127 have two bytes; those of the frames around it are in the constant that is left off below.
    Part::Epoch(one).encode().len() - Part::Epoch(none).encode().len() - 1
}

fn epoch(number: usize, sizes: &[usize]) -> EpochWraps {
    let wraps = sizes.iter().enumerate().map(|(person, bytes)| wrap(person, *bytes)).collect();
    EpochWraps { key_id: key_id(number), wraps }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn every_wrap_of_an_epoch_stands_once_in_few_operations(sizes in prop::collection::vec(60_usize..1_024, 0..2_500)) {
        let whole = epoch(1, &sizes);
        let parts = epoch_parts(whole.clone());
        let expected: BTreeMap<_, _> = [(whole.key_id, whole.wraps.clone())].into();
        prop_assert_eq!(account(&parts), Account { wraps: expected, ..Account::default() });
        let weights: Vec<usize> = whole.wraps.iter().map(weight).collect();
        // 38 bytes frame the wraps: key id, tags and lengths.
        prop_assert_eq!(parts.len(), fewest(&weights, WRAPS_MAX, PAYLOAD_BYTES_MAX - 38).max(1));
    }

    #[test]
    fn members_stand_once_with_a_wrap_of_each_epoch(
        sizes in prop::collection::vec(60_usize..1_024, 0..1_500),
        removed in 0_usize..1_500,
        epochs in 0_usize..4,
        unknown in 1_usize..50,
    ) {
        let set: Vec<Member> = (0..sizes.len()).map(member).collect();
        let remove: Vec<UserId> = (sizes.len()..sizes.len() + removed).map(user).collect();
        let mut epochs: Vec<EpochWraps> = (0..epochs).map(|number| epoch(number, &sizes)).collect();
        // Some members are not known to the node yet, and have no key that one could wrap to.
        epochs.iter_mut().for_each(|epoch| epoch.wraps.retain(|wrap| wrap.user.as_bytes()[7] as usize % unknown != 1));
        let parts = members_parts(&set, &remove, epochs.clone());
        let wraps = epochs.into_iter().filter(|epoch| !epoch.wraps.is_empty()).map(|epoch| (epoch.key_id, epoch.wraps));
        prop_assert_eq!(account(&parts), Account { set, removed: remove, wraps: wraps.collect() });
        prop_assert!(parts.iter().all(|part| part.kind() == Kind::ChannelMembers));
    }

    #[test]
    fn members_with_one_epoch_need_few_operations(sizes in prop::collection::vec(60_usize..1_024, 1..2_500)) {
        let set: Vec<Member> = (0..sizes.len()).map(member).collect();
        let whole = epoch(1, &sizes);
        let weights: Vec<usize> = whole.wraps.iter().map(|wrap| weight(wrap) + 38).collect();
        let parts = members_parts(&set, &[], vec![whole]);
        prop_assert_eq!(parts.len(), fewest(&weights, MEMBERS_MAX, PAYLOAD_BYTES_MAX - 38));
    }

    #[test]
    fn a_long_history_goes_on_behind_the_members(count in 1_usize..40, epochs in 1_usize..150) {
        let set: Vec<Member> = (0..count).map(member).collect();
        let history: Vec<EpochWraps> = (0..epochs).map(|number| epoch(number, &vec![560; count])).collect();
        let parts = members_parts(&set, &[], history.clone());
        let said = account(&parts);
        prop_assert_eq!(&said.set, &set);
        let expected: BTreeMap<_, _> = history.into_iter().map(|epoch| (epoch.key_id, epoch.wraps)).collect();
        prop_assert_eq!(said.wraps, expected);
        let behind: BTreeSet<KeyId> = parts.iter().filter_map(|part| match part {
            Part::Epoch(epoch) => Some(epoch.key_id),
            Part::Members { .. } => None,
        }).collect();
        // The newest ride with the members.
        prop_assert_eq!(behind, (0..epochs.saturating_sub(MEMBERS_EPOCHS_MAX)).map(key_id).collect());
    }
}

#[test]
fn an_epoch_without_readers_is_one_operation() {
    let parts = epoch_parts(epoch(1, &[]));
    assert_eq!(parts, [Part::Epoch(epoch(1, &[]))]);
    carried(&parts[0]);
}

#[test]
fn a_genesis_takes_as_many_members_as_find_room_with_their_wraps() {
    let alice = Identity::generate(&mut Seeded::new(2, "alice")).unwrap();
    let name = "n".repeat(128);
    let members: Vec<Member> = (1..3_000).map(member).collect();
    let first = genesis_members(&name, &members);
    assert!((700..MEMBERS_MAX).contains(&first), "{first}");
    assert_eq!(genesis_members(&name, &members[..10]), 10);
    let silent: Vec<Member> = members.iter().map(|member| Member { rights: Rights::CLOSE, ..*member }).collect();
    assert_eq!(genesis_members(&name, &silent), WRAPS_MAX - 1);

    let genesis = ChannelOpen::encode_genesis([3; 32], &name, &members[..first], &key_id(1));
    for bytes in [60, 480, 1_024] {
        let mut wraps: Vec<Wrap> = (1..=first).map(|number| wrap(number, bytes)).collect();
        let own = Wrap { user: alice.user, ..wraps[0].clone() };
        wraps.push(own);
        wraps.sort_by_key(|wrap| wrap.user);
        let fit = open_wraps(&genesis, &wraps);
        assert_eq!(fit == wraps.len(), bytes <= 480, "{fit} of {} at {bytes} bytes", wraps.len());
        let payload = ChannelOpen::encode(genesis.clone(), &wraps[..fit]);
        assert!(payload.len() <= PAYLOAD_BYTES_MAX);
        let draft = Draft::channel(Kind::ChannelOpen, channel_id(&alice.user, &genesis));
        let link = Link::first(LaneId::from_bytes([1; 16]));
        sign(&alice, draft, at(1), link, |_| Ok::<_, OperationError>(payload)).unwrap();
    }
}
