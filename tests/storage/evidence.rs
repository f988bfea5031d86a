//! Evidence of lanes: a function of the places alone, the same for every order of arrival, every page and every restart.

use std::collections::BTreeMap;

use bytes::Bytes;
use dmpc::{
    LaneId, OpId, OpKey, VerifiedOperation, cursor::KeyUse, equivocation::Equivocation, kinds::FieldWrite,
    operation::Link,
};
use dmpc_storage::{
    Reader, Source, Store, Submission, Writer,
    evidence::{Evidence, Places, evidence},
    forks,
    reader::LaneView,
};

use crate::support::{
    operations::{Cast, Seeded, at},
    store::open,
    world::genesis,
};

fn id(byte: u8) -> OpId {
    OpId::from_bytes([byte; 32])
}

fn key(byte: u8, time: u64) -> OpKey {
    OpKey { timestamp: at(time), id: id(byte) }
}

/// The evidence of places (seq, id, time, prev).
fn of(places: &[(u64, u8, u64, u8)]) -> Vec<Evidence> {
    let place = |(seq, byte, time, prev): &(u64, u8, u64, u8)| ((*seq, id(*byte)), (at(*time), id(*prev)));
    evidence(&places.iter().map(place).collect())
}

#[test]
fn a_chain_whose_time_increases_is_evidence_of_nothing() {
    assert_eq!(of(&[]), []);
    assert_eq!(of(&[(1, 9, 1, 0), (2, 3, 2, 9), (3, 7, 3, 3)]), []);
}

#[test]
fn a_place_that_is_missing_is_a_gap() {
    assert_eq!(of(&[(3, 1, 1, 9)]), [Evidence::Gap { first: 1, last: 2 }]);
    assert_eq!(of(&[(1, 1, 1, 0), (5, 2, 2, 9)]), [Evidence::Gap { first: 2, last: 4 }]);
    assert_eq!(of(&[(u64::MAX, 1, 1, 9)]), [Evidence::Gap { first: 1, last: u64::MAX - 1 }]);
}

#[test]
fn two_operations_at_one_place_are_a_fork_and_three_are_two() {
    let two = [(1, 1, 1, 0), (1, 2, 5, 0)];
    assert_eq!(of(&two), [Evidence::Fork { seq: 1, first: key(1, 1), second: key(2, 5) }]);
    let three = of(&[(1, 1, 1, 0), (1, 3, 2, 0), (1, 2, 3, 0)]);
    let expected = [
        Evidence::Fork { seq: 1, first: key(1, 1), second: key(2, 3) },
        Evidence::Fork { seq: 1, first: key(2, 3), second: key(3, 2) },
    ];
    assert_eq!(three, expected);
    // Both branches may go on, each from its own.
    let branches = [(1, 1, 1, 0), (1, 2, 5, 0), (2, 3, 2, 1), (2, 4, 6, 2)];
    assert!(of(&branches).iter().all(|found| matches!(found, Evidence::Fork { .. })));
}

#[test]
fn time_that_does_not_increase_along_the_chain_goes_back() {
    for time in [4, 5] {
        let back = of(&[(1, 1, 5, 0), (2, 2, time, 1)]);
        assert_eq!(back, [Evidence::Time { seq: 2, operation: key(2, time), before: key(1, 5) }]);
    }
    let over_a_gap = of(&[(1, 1, 5, 0), (4, 2, 4, 9)]);
    let expected =
        [Evidence::Gap { first: 2, last: 3 }, Evidence::Time { seq: 4, operation: key(2, 4), before: key(1, 5) }];
    assert_eq!(over_a_gap, expected);
}

#[test]
fn an_operation_that_names_another_one_before_it_breaks_the_chain() {
    let broken = of(&[(1, 1, 1, 0), (2, 2, 2, 9)]);
    assert_eq!(broken, [Evidence::Prev { seq: 2, operation: key(2, 2), named: id(9) }]);
}

/// Operations of the root at random places of two lanes: with gaps, forks, broken chains and times that go back.
fn operations(seed: u64) -> (Cast, Vec<VerifiedOperation>) {
    let mut rng = Seeded::new(seed, "lanes");
    let mut cast = Cast::with_blank_wraps(seed);
    let mut made: Vec<VerifiedOperation> = Vec::new();
    for number in 0..rng.below(24) {
        let lane = LaneId::from_bytes([u8::try_from(1 + rng.below(2)).unwrap(); 16]);
        let seq = u64::try_from(1 + rng.below(6)).unwrap();
        let before: Vec<OpId> =
            made.iter().filter(|op| op.link().lane == lane && op.link().seq + 1 == seq).map(|op| op.id()).collect();
        let prev = if before.is_empty() || rng.below(4) == 0 { id(7) } else { before[rng.below(before.len())] };
        let link = if seq == 1 { Link::first(lane) } else { Link { lane, seq, prev } };
        cast.set_next_link("root", None, link);
        let time = at(1 + u64::try_from(rng.below(12)).unwrap());
        made.push(cast.update("root", "root", &[FieldWrite::DisplayName(number.to_string())], time));
    }
    (cast, made)
}

/// What the definition says of each lane.
fn expected(operations: &[VerifiedOperation]) -> BTreeMap<LaneId, Vec<Evidence>> {
    let mut lanes: BTreeMap<LaneId, Places> = BTreeMap::new();
    for operation in operations {
        let link = operation.link();
        let place = ((link.seq, operation.id()), (operation.timestamp(), link.prev));
        lanes.entry(link.lane).or_default().extend([place]);
    }
    lanes.into_iter().map(|(lane, places)| (lane, evidence(&places))).collect()
}

fn commit(writer: &mut Writer, operations: &[VerifiedOperation]) {
    let submission =
        |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
    let batch: Vec<_> = operations.iter().map(submission).collect();
    writer.commit(&batch, at(100_000).millis()).unwrap();
}

/// The root's lanes, read by pages of so many.
fn lanes(reader: &Reader, cast: &Cast, limit: usize) -> Vec<LaneView> {
    let (root, key) = (cast.user("root"), cast.identity("root").signing.verifying_key());
    let (mut whole, mut cursor) = (Vec::<LaneView>::new(), Some(Bytes::new()));
    while let Some(from) = cursor {
        let page = reader.lanes(&root, &key, &from, limit).unwrap();
        for lane in page.items {
            match whole.last_mut() {
                Some(last) if last.lane == lane.lane => {
                    assert!(lane.head >= last.head);
                    last.head = lane.head;
                    last.operations += lane.operations;
                    last.evidence.extend(lane.evidence);
                }
                _ => whole.push(lane),
            }
        }
        cursor = page.cursor;
        assert_ne!(cursor.as_ref(), Some(&from), "a page makes progress");
    }
    whole
}

#[test]
fn any_order_of_arrival_gives_the_same_evidence_on_pages_of_any_size() {
    for seed in 0..48 {
        let (cast, made) = operations(seed);
        let expected = expected(&made);
        let mut rng = Seeded::new(seed, "order");
        for order in 0..3 {
            let mut arriving = made.clone();
            for place in (1..arriving.len()).rev() {
                arriving.swap(place, rng.below(place + 1));
            }
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("store");
            Store::init(&path, &genesis(&cast)).unwrap();
            let (mut writer, reader) = open(&path);
            arriving.chunks(1 + order * 3).for_each(|batch| commit(&mut writer, batch));
            for limit in [1, 2, 5, 1_000] {
                let lanes = lanes(&reader, &cast, limit);
                let found: BTreeMap<LaneId, Vec<Evidence>> = lanes
                    .iter()
                    .map(|lane| (lane.lane, lane.evidence.iter().map(|found| found.evidence).collect()))
                    .collect();
                assert_eq!(found, expected, "seed {seed}, pages of {limit}");
                let operations: u64 = lanes.iter().map(|lane| lane.operations).sum();
                assert_eq!(operations, u64::try_from(made.len()).unwrap());
            }
        }
    }
}

#[test]
fn a_fork_carries_its_proof_and_every_fork_of_a_store_is_found_beside_its_writer() {
    let mut proven = 0;
    for seed in 0..24 {
        let (cast, made) = operations(seed);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Store::init(&path, &genesis(&cast)).unwrap();
        let (mut writer, reader) = open(&path);
        commit(&mut writer, &made);
        let mut proofs = Vec::new();
        for found in lanes(&reader, &cast, 3).into_iter().flat_map(|lane| lane.evidence) {
            let is_fork = matches!(found.evidence, Evidence::Fork { .. });
            match found.operations.as_slice() {
                [one, other] if is_fork => {
                    proofs.push(Equivocation::decode(one.clone(), other.clone()).unwrap().to_text())
                }
                operations => assert!(operations.is_empty() && !is_fork),
            }
        }
        for user in [None, Some(cast.user("root")), Some(cast.user("alice"))] {
            let mut beside = Vec::new();
            let scratch = tempfile::tempdir().unwrap();
            forks(&path, scratch.path(), user.as_ref(), |one, other| {
                beside.push(Equivocation::decode(one, other).unwrap().to_text());
            })
            .unwrap();
            let expected = if user == Some(cast.user("alice")) { &[] } else { proofs.as_slice() };
            assert_eq!(beside, expected);
        }
        proven += proofs.len();
    }
    assert!(proven > 20, "only {proven} forks were made");
}

#[test]
fn a_gap_closes_when_what_was_missing_arrives() {
    let mut cast = Cast::with_blank_wraps(3);
    let made: Vec<_> = (1..4)
        .map(|time| cast.update("root", "root", &[FieldWrite::DisplayName(time.to_string())], at(time)))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(&path);
    let found =
        |reader: &Reader| lanes(reader, &cast, 9).into_iter().flat_map(|lane| lane.evidence).collect::<Vec<_>>();
    commit(&mut writer, &made[..1]);
    commit(&mut writer, &made[2..]);
    assert_eq!(found(&reader)[0].evidence, Evidence::Gap { first: 2, last: 2 });
    commit(&mut writer, &made[1..2]);
    assert_eq!(found(&reader), []);
}

#[test]
fn keys_are_shown_from_when_to_when_they_were_the_users() {
    let mut cast = Cast::with_blank_wraps(5);
    let create = cast.create("root", "alice", dmpc::Permissions::NONE, "", at(1));
    let first = cast.identity("alice").signing.verifying_key();
    let rotations: Vec<_> =
        (0..3).map(|number| cast.rotate("alice", "alice", &format!("former {number}"), at(10 + number))).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(&path);
    commit(&mut writer, std::slice::from_ref(&create));
    for rotation in rotations.iter().rev() {
        commit(&mut writer, std::slice::from_ref(rotation));
    }
    let read = |user: &str, limit: usize| {
        let (mut keys, mut cursor) = (Vec::new(), Some(Bytes::new()));
        while let Some(from) = cursor {
            let page = reader.keys(&cast.user(user), &from, limit).unwrap();
            keys.extend(page.items);
            cursor = page.cursor;
        }
        keys
    };
    let keys = read("alice", 100);
    for limit in 1..9 {
        assert_eq!(read("alice", limit), keys, "{limit}");
    }
    let times = [create.key(), rotations[0].key(), rotations[1].key(), rotations[2].key()];
    for purpose in [KeyUse::Signing, KeyUse::Encryption] {
        let of: Vec<_> = keys.iter().filter(|key| key.purpose == purpose).collect();
        assert_eq!(of.iter().map(|key| key.from).collect::<Vec<_>>(), times);
        let untils = [Some(times[1]), Some(times[2]), Some(times[3]), None];
        assert_eq!(of.iter().map(|key| key.until).collect::<Vec<_>>(), untils);
    }
    assert_eq!((keys[0].key, keys[0].purpose, keys.len()), (*first.as_bytes(), KeyUse::Signing, 8));
    let of_root = read("root", 1);
    assert_eq!(of_root.iter().map(|key| (key.from, key.until)).collect::<Vec<_>>(), [(OpKey::MIN, None); 2]);
}
