//! Two stores on disk, as the machine sees them through their readers.

use std::collections::BTreeSet;

use bytes::Bytes;
use dmpc::{OpKey, peer::Scopes};
use dmpc_node::peer::exchange::{
    Action, Exchange, Memory, Role,
    replica::{Keys, Replica, Scope},
    told,
};
use dmpc_storage::{Reader, Source, Store, Submission, Writer};

use super::pair::config;
use crate::support::{operations::Seeded, operations::at, store::audited, store::open, world::World};

/// Worlds that are tried, and operations of each.
const WORLDS: u64 = 6;
const OPERATIONS: usize = 400;
/// A time after all of theirs.
const NOW: u64 = 1_000_000;

struct Side {
    exchange: Exchange,
    writer: Writer,
    reader: Reader,
}

impl Side {
    fn speak(&mut self) -> Vec<Bytes> {
        let mut said = Vec::new();
        while let Some(action) = self.exchange.next(&self.reader).unwrap() {
            match action {
                Action::Send(bytes) => said.push(bytes),
                Action::Ingest(handed) => {
                    let verified = handed.operations.into_iter().map(|operation| operation.verify().unwrap());
                    let batch: Vec<Submission> =
                        verified.map(|operation| Submission { operation, source: Source([2; 16]) }).collect();
                    let outcomes = self.writer.commit(&batch, at(NOW).millis()).unwrap();
                    self.exchange.ingested(handed.number, outcomes.iter().map(told).collect());
                    self.exchange.log_grew();
                }
                Action::End(ended) => panic!("{ended:?}"),
            }
        }
        said
    }
}

fn keys(reader: &Reader, scope: &Scope) -> Vec<OpKey> {
    let keys = reader.scope(match scope {
        Scope::Users => dmpc_storage::reader::LogScope::Users,
        Scope::Channel(id) => dmpc_storage::reader::LogScope::Channel(id),
        Scope::Everything => dmpc_storage::reader::LogScope::Whole,
    });
    keys.unwrap().keys(0, OPERATIONS * 2).unwrap()
}

fn exchanged(world: &World, seed: u64, scopes: &Scopes) -> [(tempfile::TempDir, Reader); 2] {
    let mut rng = Seeded::new(seed, "halves");
    let mut sides = [Role::Initiator, Role::Responder].map(|role| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Store::init(&path, &world.genesis).unwrap();
        let (writer, reader) = open(&path);
        let mut own = config(role);
        own.scopes = scopes.clone();
        (directory, Side { exchange: Exchange::new(own, Memory::default()), writer, reader })
    });
    for operation in &world.operations {
        let places: &[usize] = [&[0][..], &[1], &[0, 1]][rng.below(3)];
        for place in places {
            let submission = Submission { operation: operation.clone(), source: Source([1; 16]) };
            sides[*place].1.writer.commit(&[submission], at(NOW).millis()).unwrap();
        }
    }
    let [(_, one), (_, other)] = &mut sides;
    let (mut to_other, mut to_one) = (one.speak(), other.speak());
    while !to_other.is_empty() || !to_one.is_empty() {
        to_other.iter().for_each(|frame| other.exchange.receive(frame, &other.reader).unwrap());
        to_one.iter().for_each(|frame| one.exchange.receive(frame, &one.reader).unwrap());
        (to_other, to_one) = (one.speak(), other.speak());
    }
    for side in [&*one, &*other] {
        assert_eq!(side.exchange.status().reconciliations, 1, "seed {seed}");
    }
    sides.map(|(directory, side)| {
        side.writer.close().unwrap();
        (directory, side.reader)
    })
}

#[test]
fn two_stores_that_exchanged_everything_have_equal_logs_and_states() {
    for seed in 0..WORLDS {
        let world = World::random(seed, OPERATIONS);
        let sides = exchanged(&world, seed, &Scopes::Everything);
        let [one, other] = sides.each_ref().map(|(_, reader)| reader.head().unwrap());
        assert_eq!(one, other, "seed {seed}");
        for (directory, reader) in sides {
            drop(reader);
            audited(&directory.path().join("store"));
        }
    }
}

#[test]
fn two_stores_that_exchanged_a_channel_have_it_and_the_operations_on_users() {
    let world = World::random(2, OPERATIONS);
    let channels: BTreeSet<_> = world.operations.iter().filter_map(|operation| operation.channel()).collect();
    let channel = *channels.first().unwrap();
    let [(_one, one), (_other, other)] = exchanged(&world, 9, &Scopes::channels(vec![channel]));
    for scope in [Scope::Users, Scope::Channel(channel)] {
        assert_eq!(keys(&one, &scope), keys(&other, &scope), "{scope:?}");
    }
    assert_ne!(keys(&one, &Scope::Everything), keys(&other, &Scope::Everything));
    assert_eq!(
        Replica::scope(&one, &Scope::Users).unwrap().size(),
        Keys::size(&Replica::scope(&other, &Scope::Users).unwrap())
    );
}
