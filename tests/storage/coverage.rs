//! The generator of worlds makes what convergence has to be held against: every verdict, every event, every kind with an
//! effect, and the situations that bring them about.

use std::collections::{BTreeMap, BTreeSet};

use dmpc::{
    OpKey, VerifiedOperation,
    kinds::{Kind, Payload},
};
use dmpc_storage::{Verdict, projection::memory::Memory, reader::Change};

use super::convergence::{admitted, arrivals, truth};
use crate::support::{operations::Seeded, world::World};

/// Worlds that are looked at.
const WORLDS: u64 = 600;

/// What worlds hold, counted: verdicts, events, and the situations that make them.
#[derive(Debug, Default)]
struct Coverage {
    verdicts: BTreeMap<Verdict, usize>,
    applied: BTreeMap<Kind, usize>,
    events: BTreeMap<&'static str, usize>,
    situations: BTreeMap<&'static str, usize>,
}

fn name(change: Change) -> &'static str {
    match change {
        Change::Message => "message",
        Change::Opened => "opened",
        Change::Closed => "closed",
        Change::Members => "members",
        Change::User => "user",
        Change::Epoch => "epoch",
        Change::Retracted(_) => "retracted",
        Change::Restored => "restored",
    }
}

impl Coverage {
    fn see(&mut self, seed: u64) {
        let world = World::random(seed, 32);
        let verdicts = truth(&world.genesis, world.operations.iter()).verdicts;
        for operation in &world.operations {
            let verdict = verdicts[&operation.key()];
            *self.verdicts.entry(verdict).or_default() += 1;
            if verdict.is_applied() {
                *self.applied.entry(operation.kind()).or_default() += 1;
                applied_situations(operation).into_iter().for_each(|situation| self.situation(situation));
            }
        }
        let mut memory = Memory::new(&world.genesis);
        let mut batches = arrivals(&mut Seeded::new(seed, "coverage"), &world.operations);
        for event in batches.iter().flat_map(|batch| memory.absorb(batch)) {
            *self.events.entry(name(event.change)).or_default() += 1;
        }
        // Of the set as a whole.
        let distinct: BTreeMap<OpKey, &VerifiedOperation> = world.operations.iter().map(|op| (op.key(), op)).collect();
        let times: BTreeSet<_> = distinct.keys().map(|key| key.timestamp).collect();
        let place =
            |op: &&VerifiedOperation| (op.certifier(), *op.certifier_key().as_bytes(), op.link().lane, op.link().seq);
        let places: BTreeSet<_> = distinct.values().map(place).collect();
        let known = admitted(&world.genesis, &world.operations).len();
        let arrived: usize = batches.iter_mut().map(|batch| batch.len()).sum();
        let whole = [
            ("equal timestamps", times.len() < distinct.len()),
            ("equivocation", places.len() < distinct.len()),
            ("unknown users", known < world.operations.len()),
            ("duplicates", arrived > distinct.len()),
            ("batches of several", batches.iter().any(|batch| batch.len() > 1)),
        ];
        whole.into_iter().filter(|(_, is)| *is).for_each(|(situation, _)| self.situation(situation));
    }

    fn situation(&mut self, situation: &'static str) {
        *self.situations.entry(situation).or_default() += 1;
    }
}

/// What an applied operation is an example of.
fn applied_situations(operation: &VerifiedOperation) -> Vec<&'static str> {
    let mut situations = Vec::new();
    let mut note = |is: bool, situation| situations.extend(is.then_some(situation));
    note(operation.issue().is_some(), "certified by another");
    match operation.payload() {
        Payload::UserCreate(create) => {
            note(create.user == operation.issuer() && operation.issue().is_some(), "invitation");
        }
        Payload::UserUpdate(update) => {
            note(update.signing_key.is_some(), "rotation");
            note(update.active == Some(false), "deactivation");
            note(update.active == Some(true), "reactivation");
            note(!update.grant.is_empty(), "grant");
            note(!update.revoke.is_empty(), "revocation");
        }
        Payload::ChannelMembers(members) => {
            note(!members.set.is_empty(), "member set");
            note(!members.remove.is_empty(), "member removed");
        }
        Payload::ChannelOpen(_) | Payload::ChannelEpoch(_) | Payload::ChannelMessage(_) | Payload::ChannelClose => {}
    }
    situations
}

#[test]
fn worlds_have_every_verdict_every_event_and_every_situation() {
    let mut coverage = Coverage::default();
    (0..WORLDS).for_each(|seed| coverage.see(seed));
    let missing = |what: &str, wanted: &[&'static str], found: Vec<&'static str>| {
        let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(name)).collect();
        assert!(missing.is_empty(), "no {what} {missing:?} in {coverage:#?}");
    };
    let verdicts: Vec<&'static str> = (0..=u8::MAX).filter_map(Verdict::from_code).map(Verdict::word).collect();
    missing("verdict", &verdicts, coverage.verdicts.keys().map(|verdict| verdict.word()).collect());
    let events = ["message", "opened", "closed", "members", "user", "epoch", "retracted", "restored"];
    missing("event", &events, coverage.events.keys().copied().collect());
    let situations = [
        "certified by another",
        "invitation",
        "rotation",
        "deactivation",
        "reactivation",
        "grant",
        "revocation",
        "member set",
        "member removed",
        "equal timestamps",
        "equivocation",
        "unknown users",
        "duplicates",
        "batches of several",
    ];
    missing("situation", &situations, coverage.situations.keys().copied().collect());
    assert_eq!(coverage.applied.len(), Kind::ALL.len(), "every kind takes effect: {coverage:#?}");
}
