//! Exported logs: what is written is read again, and every change of a byte is found.

use std::path::Path;

use dmpc::{SignedOperation, VerifiedOperation};
use dmpc_storage::{
    Genesis, Source, Store, Submission,
    export::{Selection, write_log},
    log_file::{Flaw, Header, LogFileError, LogFileReader, LogFileWriter, Scope, Trailer, Verification, verify},
};

use crate::support::{
    operations::{Cast, Seeded, at},
    store::open,
    world::{World, genesis},
};

/// A conversation of alice, in the order of keys.
fn told() -> (Genesis, Vec<VerifiedOperation>) {
    let mut cast = Cast::with_blank_wraps(1);
    let mut operations = vec![cast.create("root", "alice", dmpc::Permissions::ALL, "alice", at(1))];
    let (open, room) = cast.open("alice", "tea", &[], at(2));
    operations.push(open);
    operations.extend((3..9).map(|time| cast.message("alice", &room, "a cup", at(time))));
    operations.sort_unstable_by_key(|operation| operation.key());
    (genesis(&cast), operations)
}

fn written(scope: Scope, genesis: &Genesis, operations: &[VerifiedOperation]) -> (Vec<u8>, Trailer) {
    let header = Header { scope, genesis: genesis.clone() };
    let mut writer = LogFileWriter::new(Vec::new(), &header).unwrap();
    operations.iter().for_each(|operation| writer.push(operation.key(), operation.bytes()).unwrap());
    writer.finish().unwrap()
}

fn verified(bytes: &[u8]) -> Result<Verification, LogFileError> {
    Ok(verify(LogFileReader::new(bytes)?, 2, || Seeded::new(1, "verify"), |_, _| ()))
}

fn first(bytes: &[u8]) -> Flaw {
    verified(bytes).unwrap().first.expect("a flaw").flaw
}

#[test]
fn what_is_written_is_read_again_byte_by_byte() {
    let (genesis, operations) = told();
    let (bytes, trailer) = written(Scope::Part, &genesis, &operations);
    let mut reader = LogFileReader::new(bytes.as_slice()).unwrap();
    assert_eq!(*reader.header(), Header { scope: Scope::Part, genesis });
    for (number, operation) in (1..).zip(&operations) {
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!((frame.number, &frame.bytes), (number, operation.bytes()));
        let at = usize::try_from(frame.offset).unwrap() + 4;
        assert_eq!(bytes[at..at + frame.bytes.len()], frame.bytes);
    }
    assert_eq!(reader.trailer(), None);
    assert_eq!(reader.next_frame().unwrap(), None);
    assert_eq!(reader.trailer(), Some(&trailer));
    assert_eq!(reader.offset(), u64::try_from(bytes.len()).unwrap());
    assert_eq!(reader.next_frame().unwrap(), None);
}

#[test]
fn a_file_that_is_whole_has_no_flaw() {
    let (genesis, operations) = told();
    for operations in [operations.as_slice(), &[]] {
        let (bytes, trailer) = written(Scope::Whole, &genesis, operations);
        let found = verified(&bytes).unwrap();
        assert_eq!((found.flaws.len(), found.trailer), (0, Some(trailer)), "{:?}", found.first);
        assert_eq!((found.operations, found.log_digest), (trailer.operations, trailer.log_digest));
        assert_eq!(found.span.is_some(), !operations.is_empty());
    }
}

#[test]
fn a_writer_takes_no_operation_twice_or_out_of_order() {
    let (genesis, operations) = told();
    let header = Header { scope: Scope::Whole, genesis };
    let mut writer = LogFileWriter::new(Vec::new(), &header).unwrap();
    writer.push(operations[1].key(), operations[1].bytes()).unwrap();
    for again in [&operations[1], &operations[0]] {
        let refused = writer.push(again.key(), again.bytes());
        assert!(matches!(refused, Err(LogFileError::Order { .. })), "{refused:?}");
    }
}

#[test]
fn every_truncation_is_found() {
    let (genesis, operations) = told();
    let (bytes, _) = written(Scope::Whole, &genesis, &operations);
    for length in 0..bytes.len() {
        match verified(&bytes[..length]) {
            Err(LogFileError::Magic) => assert!(length < 8),
            Err(LogFileError::Truncated { offset: 0 }) => assert!(length < 8 + 4 + 1 + 4 + 32 + 96),
            Err(other) => panic!("at {length}: {other}"),
            Ok(found) => match found.first.expect("a flaw").flaw {
                Flaw::File(LogFileError::Truncated { .. }) => {}
                other => panic!("at {length}: {other}"),
            },
        }
    }
}

#[test]
fn every_changed_bit_is_found() {
    let (genesis, operations) = told();
    let (bytes, _) = written(Scope::Whole, &genesis, &operations[..3]);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            if let Ok(found) = verified(&changed) {
                assert!(found.first.is_some(), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn bytes_behind_the_trailer_and_a_later_version_are_refused() {
    let (genesis, operations) = told();
    let (bytes, _) = written(Scope::Whole, &genesis, &operations);
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(first(&longer), Flaw::File(LogFileError::TrailingBytes { .. })));
    let mut later = bytes.clone();
    later[11] = 2;
    assert!(matches!(verified(&later), Err(LogFileError::Version(2))));
    assert!(matches!(verified(b"something else"), Err(LogFileError::Magic)));
}

#[test]
fn a_frame_longer_than_any_operation_is_refused_before_it_is_read() {
    let (genesis, _) = told();
    let (bytes, _) = written(Scope::Whole, &genesis, &[]);
    let header = bytes.len() - 4 - 8 - 32 - 32;
    let mut long = bytes[..header].to_vec();
    long.extend(u32::MAX.to_be_bytes());
    let offset = u64::try_from(header).unwrap();
    match first(&long) {
        Flaw::File(LogFileError::Length { offset: at, bytes: u32::MAX }) => assert_eq!(at, offset),
        other => panic!("{other}"),
    }
}

/// A file that is whole by itself, with these operations, whatever they are.
fn forged(genesis: &Genesis, operations: &[(dmpc::OpKey, Vec<u8>)]) -> Vec<u8> {
    let header = Header { scope: Scope::Whole, genesis: genesis.clone() };
    let mut writer = LogFileWriter::new(Vec::new(), &header).unwrap();
    operations.iter().for_each(|(key, bytes)| writer.push(*key, bytes).unwrap());
    writer.finish().unwrap().0
}

#[test]
fn all_flaws_are_counted_and_the_first_is_named() {
    let (genesis, operations) = told();
    let mut forging: Vec<_> =
        operations.iter().map(|operation| (operation.key(), operation.bytes().to_vec())).collect();
    // One with another signature, one that is not canonical, two that stand in each other's place.
    let (key, bytes) = &mut forging[2];
    let other = (0..bytes.len()).find_map(|byte| {
        let mut changed = bytes.clone();
        changed[byte] ^= 1;
        SignedOperation::decode(changed.clone().into()).ok().filter(|op| op.key() == *key).map(|_| changed)
    });
    *bytes = other.unwrap();
    forging[4].1.push(0);
    let (sixth, seventh) = (forging[5].1.clone(), forging[6].1.clone());
    (forging[5].1, forging[6].1) = (seventh, sixth);
    let found = verified(&forged(&genesis, &forging)).unwrap();
    let counts: Vec<_> = found.flaws.iter().map(|(word, count)| (*word, *count)).collect();
    assert_eq!(counts, [("bad_operation", 1), ("bad_signature", 1), ("digest", 1), ("order", 1)]);
    let first = found.first.unwrap();
    assert_eq!((first.number, first.key), (3, Some(operations[2].key())));
    assert!(matches!(first.flaw, Flaw::BadSignature));
    assert_eq!(found.operations, 8);
}

/// A store with the operations of a world, closed.
fn store(world: &World, path: &Path) -> ([u8; 32], u64) {
    Store::init(path, &world.genesis).unwrap();
    let (mut writer, reader) = open(path);
    let submissions: Vec<_> = world
        .operations
        .iter()
        .map(|operation| Submission { operation: operation.clone(), source: Source([1; 16]) })
        .collect();
    submissions.chunks(9).for_each(|batch| drop(writer.commit(batch, at(1_000).millis()).unwrap()));
    let info = reader.info().unwrap();
    drop(reader);
    writer.close().unwrap();
    (info.log_digest, info.operations)
}

#[test]
fn the_export_of_a_store_has_its_log_digest_and_selections_are_parts_of_it() {
    for seed in 0..6 {
        let world = World::random(seed, 60);
        let folder = tempfile::tempdir().unwrap();
        let (path, scratch) = (folder.path().join("store"), folder.path().join("scratch"));
        let (log_digest, operations) = store(&world, &path);
        let export = |selection: &Selection| {
            let (bytes, trailer) = write_log(&path, &scratch, selection, Vec::new(), |_, _| ()).unwrap();
            let found = verified(&bytes).unwrap();
            assert!(found.first.is_none(), "{:?}", found.first);
            let mut reader = LogFileReader::new(bytes.as_slice()).unwrap();
            let mut operations = Vec::new();
            while let Some(frame) = reader.next_frame().unwrap() {
                operations.push(SignedOperation::decode(frame.bytes).unwrap());
            }
            (found.scope, trailer, operations)
        };
        let (scope, trailer, all) = export(&Selection::default());
        assert_eq!((scope, trailer), (Scope::Whole, Trailer { operations, log_digest }));
        let someone = all[all.len() / 2].issuer();
        let middle = all[all.len() / 2].timestamp();
        let channel = all.iter().find_map(|operation| operation.channel());
        let selections = [
            Selection { users: [someone].into(), ..Selection::default() },
            Selection { channels: channel.into_iter().collect(), ..Selection::default() },
            Selection { from: Some(middle), ..Selection::default() },
            Selection { until: Some(middle), ..Selection::default() },
            Selection { from: Some(middle), users: [someone].into(), ..Selection::default() },
        ];
        for selection in selections.iter().filter(|selection| !selection.is_everything()) {
            let (scope, _, some) = export(selection);
            assert_eq!(scope, Scope::Part);
            let expected: Vec<_> = all.iter().filter(|op| selection.holds(op)).map(|op| op.key()).collect();
            assert_eq!(some.iter().map(|op| op.key()).collect::<Vec<_>>(), expected, "seed {seed}: {selection:?}");
            let held = some.iter().all(|op| {
                (selection.users.is_empty()
                    || op.issuer() == someone
                    || op.certifier() == someone
                    || op.channel().is_none())
                    && (selection.channels.is_empty() || op.channel() == channel)
                    && selection.from.is_none_or(|from| op.timestamp() >= from)
                    && selection.until.is_none_or(|until| op.timestamp() <= until)
            });
            assert!(held, "seed {seed}: {selection:?}");
        }
    }
}
