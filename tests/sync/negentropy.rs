//! The reconciliation speaks negentropy, version 1: against another implementation of it, the crate of rust-nostr, in both
//! roles, with sets and limits of messages that seeds determine.

use std::collections::BTreeSet;

use bytes::Bytes;
use dmpc::{
    Hlc, OpId, OpKey,
    peer::{Frame, Operations, Reconcile, Terms},
    reconcile::{FRAME_BYTES_MIN, IdSum, Message, Mode, ReconcileError, Writer},
};
use dmpc_node::peer::exchange::Role;
use negentropy::{Id, Negentropy, NegentropyStorageBase, NegentropyStorageVector};

use super::{
    book::{Book, Sorted},
    pair::{Side, config},
};
use crate::support::operations::Seeded;

/// Pairs of sets that are tried, for each role.
const CASES: u64 = 60;
/// Messages after which a reconciliation goes round in circles.
const ROUNDS_MAX: usize = 400;

/// What two nodes have: both, the one here, the crate's.
struct Sets {
    ours: BTreeSet<OpKey>,
    theirs: BTreeSet<OpKey>,
}

impl Sets {
    fn random(rng: &mut Seeded) -> Self {
        // Few timestamps, so that bounds need bytes of ids; and ids that begin alike.
        let span = 1 + rng.below(60);
        let mut keys = |count: usize| -> BTreeSet<OpKey> {
            let key = |_| {
                let mut id: [u8; 32] = rng.array();
                if rng.below(3) == 0 {
                    id[..8].fill(0xaa);
                }
                let timestamp = Hlc::from_bits(u64::try_from(1 + rng.below(span)).unwrap());
                OpKey { timestamp, id: OpId::from_bytes(id) }
            };
            (0..count).map(key).collect()
        };
        let shared = keys(2_500);
        let (ours, theirs) = (keys(700), keys(700));
        let some =
            |own: BTreeSet<OpKey>, count: usize| own.into_iter().take(count).chain(shared.iter().copied()).collect();
        let counts = [0, 1, 5, 60, 700];
        let (few, many) = (counts[rng.below(5)], counts[rng.below(5)]);
        if rng.below(8) == 0 {
            return Self { ours: BTreeSet::new(), theirs: some(theirs, many) };
        }
        if rng.below(8) == 0 {
            return Self { ours: some(ours, few), theirs: BTreeSet::new() };
        }
        Self { ours: some(ours, few), theirs: some(theirs, many) }
    }

    fn only_ours(&self) -> BTreeSet<OpId> {
        self.ours.difference(&self.theirs).map(|key| key.id).collect()
    }

    fn only_theirs(&self) -> BTreeSet<OpId> {
        self.theirs.difference(&self.ours).map(|key| key.id).collect()
    }

    fn vector(&self) -> NegentropyStorageVector {
        let mut vector = NegentropyStorageVector::new();
        for key in &self.theirs {
            vector.insert(key.timestamp.bits(), Id::from_byte_array(*key.id.as_bytes())).unwrap();
        }
        vector.seal().unwrap();
        vector
    }

    /// The machine here, with the terms of the other side.
    fn machine(&self, role: Role, limit: usize) -> (Side, Vec<Frame>) {
        let book = Book::over(Sorted::new(self.ours.iter().copied().collect()));
        let mut own = config(role);
        own.reconcile_bytes = limit;
        let other = config(if role == Role::Initiator { Role::Responder } else { Role::Initiator });
        let mut machine = Side::new(own, book);
        let said = machine.speak();
        let Frame::Terms(terms) = Frame::decode(&said[0]).unwrap() else { panic!("the first frame is the terms") };
        machine.hear_frame(&Frame::Terms(Terms { node: other.node, ..terms }));
        let said = spoken(&mut machine);
        (machine, said)
    }
}

fn spoken(side: &mut Side) -> Vec<Frame> {
    side.speak().iter().map(|bytes| Frame::decode(bytes).unwrap()).collect()
}

fn reconcile(frame: &Frame) -> Option<Bytes> {
    match frame {
        Frame::Reconcile(Reconcile { scope: 0, message }) => Some(message.clone()),
        _ => None,
    }
}

fn limits(rng: &mut Seeded) -> (usize, u64) {
    let ours = [FRAME_BYTES_MIN, 16_384, usize::MAX][rng.below(3)];
    (ours, [0, 4_096, 10_000][rng.below(3)])
}

#[test]
fn who_asks_with_another_implementation_learns_what_differs() {
    for seed in 0..CASES {
        let mut rng = Seeded::new(seed, "asks");
        let sets = Sets::random(&mut rng);
        let (ours, theirs) = limits(&mut rng);
        let (mut machine, _) = sets.machine(Role::Responder, ours);
        let vector = sets.vector();
        let mut other = Negentropy::borrowed(&vector, theirs).unwrap();
        let mut message = other.initiate().unwrap();
        let (mut have, mut need) = (Vec::new(), Vec::new());
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "seed {seed}");
            machine.hear_frame(&Frame::Reconcile(Reconcile { scope: 0, message: message.into() }));
            let answer = spoken(&mut machine).iter().find_map(reconcile).expect("an answer");
            assert!(answer.len() <= ours, "seed {seed}: {} bytes", answer.len());
            match other.reconcile_with_ids(&answer, &mut have, &mut need).unwrap() {
                Some(next) => message = next,
                None => break,
            }
        }
        let ids = |ids: Vec<Id>| ids.into_iter().map(|id| OpId::from_bytes(id.to_bytes())).collect::<BTreeSet<OpId>>();
        assert_eq!(ids(have), sets.only_theirs(), "seed {seed}");
        assert_eq!(ids(need), sets.only_ours(), "seed {seed}");
    }
}

#[test]
fn who_asks_another_implementation_learns_what_differs() {
    for seed in 0..CASES {
        let mut rng = Seeded::new(seed, "is asked");
        let sets = Sets::random(&mut rng);
        let (ours, theirs) = limits(&mut rng);
        let (mut machine, mut said) = sets.machine(Role::Initiator, ours);
        let vector = sets.vector();
        let mut other = Negentropy::borrowed(&vector, theirs).unwrap();
        let mut wanted = BTreeSet::new();
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "seed {seed}");
            let mut answers = Vec::new();
            for frame in &said {
                if let Frame::Want(want) = frame {
                    wanted.extend(want.ids.iter().copied());
                    // Nothing comes of it: what is looked at here is what is asked for.
                    let nothing = Operations { operations: Vec::new(), want: Some(want.number), last: true };
                    answers.push(Frame::Operations(nothing));
                }
                if let Some(message) = reconcile(frame) {
                    assert!(message.len() <= ours, "seed {seed}: {} bytes", message.len());
                    let message = other.reconcile(&message).unwrap().into();
                    answers.push(Frame::Reconcile(Reconcile { scope: 0, message }));
                }
            }
            if answers.is_empty() {
                break;
            }
            answers.iter().for_each(|frame| machine.hear_frame(frame));
            said = spoken(&mut machine);
        }
        assert!(said.iter().any(|frame| matches!(frame, Frame::Reconciled(_))), "seed {seed}: {said:?}");
        let status = machine.exchange.status();
        assert_eq!(wanted, sets.only_theirs(), "seed {seed}");
        assert_eq!(status.found.here.operations, u64::try_from(wanted.len()).unwrap(), "seed {seed}");
        let surplus = u64::try_from(sets.only_ours().len()).unwrap();
        assert_eq!(status.found.there.operations, surplus, "seed {seed}");
        let earliest = |key: Option<&OpKey>| key.map(|key| key.timestamp);
        let first = sets.theirs.difference(&sets.ours).next();
        assert!(status.left.here.earliest <= earliest(first), "seed {seed}");
    }
}

#[test]
fn fingerprints_are_those_of_another_implementation() {
    let mut rng = Seeded::new(3, "fingerprints");
    for count in [0_usize, 1, 2, 127, 128, 300] {
        let ids: Vec<OpId> = (0..count).map(|_| OpId::from_bytes(rng.array())).collect();
        let mut vector = NegentropyStorageVector::new();
        for id in &ids {
            vector.insert(1, Id::from_byte_array(*id.as_bytes())).unwrap();
        }
        vector.seal().unwrap();
        let sum = ids.iter().fold(IdSum::default(), |sum, id| sum.plus(IdSum::of(id)));
        let theirs = vector.fingerprint(0, count).unwrap().to_bytes();
        assert_eq!(sum.fingerprint(u64::try_from(count).unwrap()), theirs);
        let less = ids.iter().skip(1).fold(sum, |sum, id| sum.minus(IdSum::of(id)));
        assert_eq!(less, ids.first().map_or_else(IdSum::default, IdSum::of));
    }
}

#[test]
fn a_message_that_is_none_is_refused_with_what_is_wrong() {
    let end = [0, 0];
    let long_list = [[0x61, 0, 0, 2, 0xc0, 0x80, 0x80, 0x80].as_slice(), &[0]].concat();
    let twice = [[0x61, 0, 0, 2, 2].as_slice(), &[7; 64]].concat();
    let cases: [(&[u8], ReconcileError); 12] = [
        (&[], ReconcileError::Version),
        (&[0x62], ReconcileError::Version),
        (&[0x61, 1], ReconcileError::Truncated),
        (&[0x61, 0x80, 0, 0], ReconcileError::Number),
        (&[0x61, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], ReconcileError::Number),
        (&[0x61, 5, 33], ReconcileError::Bound(33)),
        (&[0x61, 5, 2, 1], ReconcileError::Truncated),
        (&[0x61, 5, 1, 9, 0, 1, 1, 8, 0], ReconcileError::Misordered),
        (&[0x61, 0, 0, 0, 2, 0, 0], ReconcileError::Misordered),
        (&[0x61, 0, 0, 3], ReconcileError::Mode(3)),
        (&long_list, ReconcileError::Truncated),
        (&twice, ReconcileError::Repeated),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::decode(bytes).unwrap_err(), error, "{bytes:?}");
    }
    let skipped = Message::decode(&[&[0x61][..], &end, &[0]].concat()).unwrap();
    assert_eq!(skipped.ranges[0].mode, Mode::Skip);
    assert!(Writer::default().finish().is_none(), "what says nothing is no message");
}
