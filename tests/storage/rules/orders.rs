//! A story under the definition, and under the engine in many orders of arrival: verdicts, facts, digests and the net effect
//! of the feed must be the same.

use std::collections::BTreeMap;

use dmpc::{OpKey, VerifiedOperation};
use dmpc_storage::{
    Genesis, Verdict,
    digest::Digests,
    projection::{
        Register, Value,
        definition::{Definition, root_facts},
        memory::Memory,
    },
};

use super::Story;
use crate::{storage::subscriber::Subscriber, support::operations::Seeded};

/// Shuffles in a sample.
const SHUFFLES: u64 = 20;

/// Orders of arrival that are tried.
pub(super) enum Orders {
    /// All of them.
    Every,
    /// That of keys, its reverse, and shuffles.
    Sample,
}

/// What the definition makes of a set of operations.
struct Truth {
    verdicts: BTreeMap<OpKey, Verdict>,
    facts: BTreeMap<(Register, OpKey), Value>,
    digests: Digests,
}

impl Truth {
    fn of<'a>(genesis: &Genesis, operations: impl Iterator<Item = &'a VerifiedOperation>) -> Self {
        let sorted: BTreeMap<OpKey, _> = operations.map(|operation| (operation.key(), operation)).collect();
        let mut definition = Definition::new(genesis);
        let roots = genesis.roots.iter().flat_map(root_facts);
        let mut facts: BTreeMap<_, _> = roots.map(|(register, value)| ((register, OpKey::MIN), value)).collect();
        let mut verdicts = BTreeMap::new();
        for (key, operation) in sorted {
            let judgement = definition.fold(operation).unwrap();
            facts.extend(judgement.writes.into_iter().map(|(register, value)| ((register, key), value)));
            verdicts.insert(key, judgement.verdict);
        }
        Self { verdicts, facts, digests: definition.digests().clone() }
    }

    fn last(&self, register: &Register) -> Option<&Value> {
        self.facts.range((*register, OpKey::MIN)..=(*register, OpKey::MAX)).next_back().map(|(_, value)| value)
    }
}

/// Holds the definition to what the story says, and the engine to the definition.
pub(super) fn hold(story: &Story, orders: Orders) {
    let truth = Truth::of(&story.genesis, story.told.iter().map(|(operation, _)| operation));
    assert_eq!(truth.verdicts.len(), story.told.len(), "an operation is told twice");
    for (number, (operation, expected)) in story.told.iter().enumerate() {
        let found = truth.verdicts.get(&operation.key()).unwrap();
        assert_eq!(found, expected, "operation {} of the story, {}", number + 1, operation.kind().name());
    }
    for (register, expected) in &story.in_the_end {
        assert_eq!(truth.last(register), expected.as_ref(), "{register:?} in the end");
    }
    let mut told: Vec<&VerifiedOperation> = story.told.iter().map(|(operation, _)| operation).collect();
    told.sort_unstable_by_key(|operation| operation.key());
    let mut hold = |order: &[&VerifiedOperation]| hold_in(&story.genesis, &truth, order);
    match orders {
        Orders::Every => permute(&mut told, 0, &mut hold),
        Orders::Sample => sample(&mut told, &mut hold),
    }
}

/// Every order of what stands at `fixed` and after it.
fn permute<T: Copy>(items: &mut [T], fixed: usize, visit: &mut impl FnMut(&[T])) {
    if fixed + 1 >= items.len() {
        return visit(items);
    }
    for chosen in fixed..items.len() {
        items.swap(fixed, chosen);
        permute(items, fixed + 1, visit);
        items.swap(fixed, chosen);
    }
}

fn sample<T: Copy>(items: &mut [T], visit: &mut impl FnMut(&[T])) {
    visit(items);
    items.reverse();
    visit(items);
    for seed in 0..SHUFFLES {
        let mut rng = Seeded::new(seed, "orders");
        for last in (1..items.len()).rev() {
            items.swap(last, rng.below(last + 1));
        }
        visit(items);
    }
}

/// The engine learns of one operation after the other, and ends where the definition does.
fn hold_in(genesis: &Genesis, truth: &Truth, order: &[&VerifiedOperation]) {
    let mut memory = Memory::new(genesis);
    let mut subscriber = Subscriber::default();
    for operation in order {
        let events = memory.absorb(std::slice::from_ref(*operation));
        subscriber.learn((*operation).clone());
        subscriber.hear(&events);
    }
    let place = |operation: &&VerifiedOperation| truth.verdicts.range(..operation.key()).count() + 1;
    let order: Vec<usize> = order.iter().map(place).collect();
    let records = memory.records().iter();
    let verdicts: BTreeMap<OpKey, Verdict> = records.map(|(key, record)| (*key, record.verdict)).collect();
    assert_eq!(verdicts, truth.verdicts, "verdicts, in the order {order:?}");
    assert_eq!(memory.facts(), &truth.facts, "facts, in the order {order:?}");
    assert_eq!(memory.digests(), &truth.digests, "digests, in the order {order:?}");
    let applied = truth.verdicts.iter().filter(|(_, verdict)| verdict.is_applied());
    let applied: Vec<OpKey> = applied.map(|(key, _)| *key).collect();
    assert_eq!(subscriber.believes(), applied, "what the feed tells, in the order {order:?}");
}

#[test]
fn all_orders_of_seven_are_tried_once() {
    let mut seen = std::collections::BTreeSet::new();
    permute(&mut [1, 2, 3, 4, 5, 6, 7], 0, &mut |order: &[u8]| assert!(seen.insert(order.to_vec())));
    assert_eq!(seen.len(), 5_040);
}
