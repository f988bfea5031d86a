//! Positions, pages and fingerprints of a channel, against counting: after inserts anywhere, retractions, splits and
//! restarts, and while the writer goes on. Seeds are printed with a failure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
};

use dmpc::{ChannelId, Hlc, OpKey, Permissions, Rights, SignedOperation, VerifiedOperation, kinds::FieldWrite};
use dmpc_storage::{
    Genesis, Reader, Source, Store, Submission, Verdict, Writer, projection::definition::Definition, reader::LogScope,
};

use crate::support::{
    operations::{Cast, Room, Seeded, at},
    store::open,
    world::genesis,
};

/// Stories that are told, and messages in each: some buckets' worth.
const STORIES: u64 = 12;
const MESSAGES: usize = 1_500;
/// Milliseconds over which they spread.
const SPAN: usize = 4_000;
/// More channels than the store remembers sums of.
const CHANNELS: u64 = 4_400;

fn time(rng: &mut Seeded) -> Hlc {
    at(u64::try_from(10 + rng.below(SPAN)).unwrap())
}

/// A channel of alice and bob, and operations on it in a random order: many messages, and changes that retract and restore
/// bob's.
struct Story {
    genesis: Genesis,
    beginning: Vec<VerifiedOperation>,
    room: Room,
    operations: Vec<VerifiedOperation>,
}

fn beginning(cast: &mut Cast) -> (Vec<VerifiedOperation>, Room) {
    let mut created = Vec::from(["alice", "bob"].map(|name| cast.create("root", name, Permissions::ALL, "", at(1))));
    let (open, room) = cast.open("alice", "room", &[("bob", Rights::ALL)], at(2));
    created.push(open);
    (created, room)
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut cast = Cast::with_blank_wraps(seed);
        let mut rng = Seeded::new(seed, "ranks");
        let (beginning, room) = beginning(&mut cast);
        let mut operations: Vec<VerifiedOperation> = (0..MESSAGES)
            .map(|_| cast.message(["alice", "bob", "bob"][rng.below(3)], &room, "text", time(&mut rng)))
            .collect();
        for _ in 0..12 {
            let write = FieldWrite::Active(rng.below(2) == 0);
            operations.push(cast.update("root", "bob", &[write], time(&mut rng)));
            let rights = if rng.below(2) == 0 { Rights::READ } else { Rights::ALL };
            operations.push(cast.members("alice", &room, &[("bob", rights)], &[], time(&mut rng)));
        }
        if rng.below(3) == 0 {
            operations.push(cast.close("alice", &room, time(&mut rng)));
        }
        for last in (1..operations.len()).rev() {
            operations.swap(last, rng.below(last + 1));
        }
        Self { genesis: genesis(&cast), beginning, room, operations }
    }
}

fn commit(writer: &mut Writer, operations: &[VerifiedOperation]) {
    let submission =
        |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
    let batch: Vec<Submission> = operations.iter().map(submission).collect();
    writer.commit(&batch, at(1_000_000).millis()).unwrap();
}

/// What is logged, with its verdicts, by the definition.
fn judged(story: &Story, logged: &[VerifiedOperation]) -> BTreeMap<OpKey, (Option<ChannelId>, Verdict)> {
    let sorted: BTreeMap<OpKey, &VerifiedOperation> = logged.iter().map(|op| (op.key(), op)).collect();
    let mut definition = Definition::new(&story.genesis);
    sorted.into_iter().map(|(key, op)| (key, (op.channel(), definition.fold(op).unwrap().verdict))).collect()
}

/// All messages by pages of random sizes: positions and keys.
fn paged(reader: &Reader, room: &Room, rng: &mut Seeded, backward: bool) -> Vec<(u64, OpKey)> {
    let mut messages = Vec::new();
    let mut cursor = Vec::new();
    loop {
        let page = reader.messages(&room.id, &cursor, 1 + rng.below(600), backward).unwrap();
        let key = |bytes| SignedOperation::decode(bytes).unwrap().key();
        messages.extend(page.items.into_iter().map(|item| (item.position, key(item.operation))));
        match page.cursor {
            Some(next) => cursor = next.to_vec(),
            None => return messages,
        }
    }
}

/// Adds ids as little-endian numbers, one byte after the other.
fn added(ids: impl Iterator<Item = [u8; 32]>) -> [u8; 32] {
    ids.fold([0; 32], |mut sum, id| {
        let mut carry = 0;
        for index in 0..32 {
            carry += u32::from(sum[index]) + u32::from(id[index]);
            sum[index] = u8::try_from(carry & 0xff).unwrap();
            carry >>= 8;
        }
        sum
    })
}

/// Compares all that the reader says with what counting says.
fn compare(story: &Story, reader: &Reader, logged: &[VerifiedOperation], rng: &mut Seeded, seed: u64) {
    let judged = judged(story, logged);
    let is_message = |key: &OpKey| logged.iter().any(|op| op.key() == *key && op.header().key_id.is_some());
    let accepted: Vec<OpKey> = judged
        .iter()
        .filter(|(key, (_, verdict))| verdict.is_applied() && is_message(key))
        .map(|(key, _)| *key)
        .collect();
    let mut expected: Vec<(u64, OpKey)> = (0..).zip(accepted.iter().copied()).collect();
    let count = reader.channel(&story.room.id).unwrap().unwrap().messages;
    assert_eq!(count, u64::try_from(accepted.len()).unwrap(), "count of seed {seed}");
    assert!(paged(reader, &story.room, rng, false) == expected, "pages of seed {seed}");
    expected.reverse();
    assert!(paged(reader, &story.room, rng, true) == expected, "backward pages of seed {seed}");
    let keys: Vec<OpKey> = judged.keys().copied().collect();
    for _ in 0..20 {
        let key = keys[rng.below(keys.len())];
        let before = accepted.iter().filter(|other| **other < key).count();
        let position = reader.position(&story.room.id, &key).unwrap();
        assert_eq!(position, u64::try_from(before).unwrap(), "position of seed {seed}");
        let (from, end) = (keys[rng.below(keys.len())], [key, OpKey::MAX][rng.below(2)]);
        for channel in [Some(story.room.id), None] {
            let range = judged.iter().filter(|(key, (at, _))| **key >= from && **key < end && *at == channel);
            let ids: Vec<[u8; 32]> = range.map(|(key, _)| *key.id.as_bytes()).collect();
            let found = reader.fingerprint(channel.as_ref(), &from, &end).unwrap();
            assert_eq!(found.operations, u64::try_from(ids.len()).unwrap(), "range of seed {seed}");
            assert_eq!(found.sum, added(ids.into_iter()), "range of seed {seed}");
        }
    }
}

/// Compares what the reader says of the log as sets of keys with what counting says.
fn compare_scopes(story: &Story, reader: &Reader, logged: &[VerifiedOperation], rng: &mut Seeded, seed: u64) {
    for scope in [LogScope::Whole, LogScope::Users, LogScope::Channel(&story.room.id)] {
        let belongs = |operation: &&VerifiedOperation| match scope {
            LogScope::Whole => true,
            LogScope::Users => operation.channel().is_none(),
            LogScope::Channel(channel) => operation.channel() == Some(*channel),
        };
        let keys: BTreeSet<OpKey> = logged.iter().filter(belongs).map(|operation| operation.key()).collect();
        let keys: Vec<OpKey> = keys.into_iter().collect();
        let found = reader.scope(scope).unwrap();
        let number = |length: usize| u64::try_from(length).unwrap();
        assert_eq!(found.size(), number(keys.len()), "size of seed {seed}, {scope:?}");
        for _ in 0..20 {
            let (one, other) = (rng.below(keys.len() + 1), rng.below(keys.len() + 1));
            let (from, end) = (one.min(other), one.max(other));
            let sum = found.sum(number(from), number(end)).unwrap();
            let ids = keys[from..end].iter().map(|key| *key.id.as_bytes());
            assert_eq!(sum.to_bytes(), added(ids), "sum of seed {seed}, {scope:?}");
            let limit = rng.below(600);
            let expected: Vec<OpKey> = keys[from..].iter().take(limit).copied().collect();
            assert!(found.keys(number(from), limit).unwrap() == expected, "keys of seed {seed}, {scope:?}");
            let mut key = keys.get(from).copied().unwrap_or(OpKey::MAX);
            assert_eq!(found.lower_bound(&key).unwrap(), number(from), "bound of seed {seed}, {scope:?}");
            key.timestamp = time(rng);
            let before = keys.partition_point(|other| *other < key);
            assert_eq!(found.lower_bound(&key).unwrap(), number(before), "bound of seed {seed}, {scope:?}");
        }
    }
    let arrived: Vec<OpKey> = logged.iter().map(|operation| operation.key()).collect();
    let after = rng.below(arrived.len());
    assert_eq!(
        reader.arrivals(u64::try_from(after).unwrap(), 100).unwrap(),
        arrived[after..].iter().take(100).copied().collect::<Vec<_>>()
    );
    let some: Vec<OpKey> = arrived.iter().copied().skip(after).take(3).chain([OpKey::MAX]).collect();
    let bytes = reader.operations(&some).unwrap();
    assert_eq!(bytes.last(), Some(&None));
    assert!(
        bytes.iter().zip(&logged[after..]).take(3).all(|(bytes, operation)| bytes.as_ref() == Some(operation.bytes()))
    );
    assert_eq!(reader.log_head().unwrap().operations, u64::try_from(arrived.len()).unwrap());
}

fn hold(seed: u64) {
    let story = Story::new(seed);
    let mut rng = Seeded::new(seed, "arrival");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &story.genesis).unwrap();
    let (mut writer, mut reader) = open(&path);
    commit(&mut writer, &story.beginning);
    let mut logged = story.beginning.clone();
    let mut left = story.operations.as_slice();
    while !left.is_empty() {
        let (batch, rest) = left.split_at(left.len().min(1 + rng.below(300)));
        commit(&mut writer, batch);
        logged.extend_from_slice(batch);
        left = rest;
        if rng.below(4) == 0 {
            drop((writer, reader));
            (writer, reader) = open(&path);
        }
        if rng.below(3) == 0 || left.is_empty() {
            compare(&story, &reader, &logged, &mut rng, seed);
            compare_scopes(&story, &reader, &logged, &mut rng, seed);
        }
    }
}

#[test]
fn positions_pages_and_fingerprints_are_those_of_counting() {
    (0..STORIES).for_each(hold);
}

#[test]
fn a_page_and_its_positions_are_of_one_moment_while_the_writer_goes_on() {
    let mut cast = Cast::with_blank_wraps(5);
    let mut rng = Seeded::new(5, "ranks");
    let (beginning, room) = beginning(&mut cast);
    let messages: Vec<VerifiedOperation> =
        (0..2_000).map(|_| cast.message("alice", &room, "text", time(&mut rng))).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(&path);
    commit(&mut writer, &beginning);
    let written = AtomicBool::new(false);
    let pages = std::thread::scope(|scope| {
        let readers: Vec<_> = [false, true]
            .map(|backward| {
                let (reader, room, written) = (reader.clone(), &room, &written);
                scope.spawn(move || {
                    let mut pages = 0_u32;
                    while !written.load(Ordering::Relaxed) {
                        let page = reader.messages(&room.id, &[], 1_024, backward).unwrap();
                        let positions: Vec<u64> = page.items.iter().map(|item| item.position).collect();
                        let end = positions.iter().max().map_or(0, |last| last + 1);
                        let counted: Vec<u64> =
                            if backward { (0..end).rev().take(1_024).collect() } else { (0..end).collect() };
                        assert_eq!(positions, counted);
                        pages += 1;
                    }
                    pages
                })
            })
            .into_iter()
            .collect();
        messages.chunks(3).for_each(|batch| commit(&mut writer, batch));
        written.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(pages.iter().all(|pages| *pages > 0), "{pages:?}");
    assert_eq!(reader.channel(&room.id).unwrap().unwrap().messages, 2_000);
}

#[test]
fn pages_pass_over_any_number_of_messages_without_effect() {
    let mut cast = Cast::with_blank_wraps(6);
    let (beginning, room) = beginning(&mut cast);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(&path);
    commit(&mut writer, &beginning);
    let of = |millis, cast: &mut Cast| {
        cast.message(if millis == 5_000 { "alice" } else { "bob" }, &room, "text", at(millis))
    };
    let messages: Vec<VerifiedOperation> = (10..5_001).map(|millis| of(millis, &mut cast)).collect();
    messages.chunks(1_000).for_each(|batch| commit(&mut writer, batch));
    let removal = cast.members("alice", &room, &[], &["bob"], at(20));
    commit(&mut writer, std::slice::from_ref(&removal));
    for backward in [false, true] {
        let page = reader.messages(&room.id, &[], 100, backward).unwrap();
        let mut positions: Vec<u64> = page.items.iter().map(|item| item.position).collect();
        positions.sort_unstable();
        // Those of bob up to his removal, and the last one of alice.
        let expected = messages.iter().filter(|op| op.key() < removal.key()).count() + 1;
        assert_eq!(positions, (0..u64::try_from(expected).unwrap()).collect::<Vec<u64>>());
        assert!(page.cursor.is_none());
    }
}

#[test]
fn channels_whose_sums_are_forgotten_are_counted_again() {
    let mut cast = Cast::with_blank_wraps(7);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, reader) = open(&path);
    let mut rooms = Vec::new();
    let mut operations = Vec::new();
    for number in 0..CHANNELS {
        let (open, room) = cast.open("root", "room", &[], at(10 + number));
        operations.extend([open, cast.message("root", &room, "text", at(10_000))]);
        rooms.push(room);
    }
    operations.chunks(1_000).for_each(|batch| commit(&mut writer, batch));
    for again in 0..2 {
        for room in &rooms {
            assert_eq!(reader.position(&room.id, &OpKey::MAX).unwrap(), 1 + again);
        }
        let more: Vec<VerifiedOperation> =
            rooms.iter().map(|room| cast.message("root", room, "more", at(20_000))).collect();
        more.chunks(1_000).for_each(|batch| commit(&mut writer, batch));
    }
}
