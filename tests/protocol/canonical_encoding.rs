//! One content, one encoding: whatever the scanner accepts, prost decodes and encodes to the same bytes.

use bytes::Bytes;
use dmpc::wire::{Field, Presence, Schema, Shape, scan};

use super::{
    raw,
    strict::{ALL, Strict, with_value},
};
use crate::support::operations::Seeded;

/// Messages of each type, each also with a few of its bytes changed.
const MESSAGES: usize = 2_000;
const CHANGES: usize = 20;

fn value(field: &Field, rng: &mut Seeded) -> Vec<u8> {
    let random = |rng: &mut Seeded, length: usize| (0..length).map(|_| rng.array::<1>()[0]).collect::<Vec<u8>>();
    match &field.shape {
        Shape::Varint(max) => {
            let bits: u64 = u64::from_be_bytes(rng.array()) >> rng.below(64);
            raw::varint(max.checked_add(1).map_or(bits, |bound| bits % bound))
        }
        Shape::Fixed64 => rng.array::<8>().to_vec(),
        Shape::Exactly(length) => random(rng, *length),
        Shape::AtMost(max) => {
            let length = rng.below(*max.min(&300));
            random(rng, length)
        }
        Shape::Text(_) => ["", "alice", "Ünïcode ☂", "\0"][rng.below(4)].as_bytes().to_vec(),
        Shape::Message(schema) => message(schema, rng),
    }
}

/// A message with some of its fields, some of them with defaults or otherwise refused values.
fn message(schema: &Schema, rng: &mut Seeded) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in schema.fields {
        let times = match field.presence {
            Presence::Implicit | Presence::Optional => rng.below(2),
            Presence::Repeated(_) => rng.below(4),
        };
        for _ in 0..times {
            bytes.extend(with_value(field, &value(field, rng)));
        }
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, rng: &mut Seeded) {
    if bytes.is_empty() {
        return;
    }
    let place = rng.below(bytes.len());
    match rng.below(4) {
        0 => bytes[place] = rng.array::<1>()[0],
        1 => bytes[place] ^= 1 << rng.below(8),
        2 => bytes.insert(place, rng.array::<1>()[0]),
        _ => drop(bytes.remove(place)),
    }
}

/// Whether the scanner accepts it, after checking that it has no other encoding.
fn accepted(strict: &Strict, bytes: &[u8]) -> bool {
    if scan(strict.schema, bytes).is_err() {
        return false;
    }
    let again = (strict.reencode)(Bytes::copy_from_slice(bytes));
    assert_eq!(again.as_deref(), Some(bytes), "{}", strict.schema.name);
    true
}

#[test]
fn whatever_is_accepted_encodes_to_the_same_bytes() {
    let mut rng = Seeded::new(1, "canonical encoding");
    for strict in ALL {
        let (mut whole, mut changed) = (0, 0);
        for _ in 0..MESSAGES {
            let bytes = message(strict.schema, &mut rng);
            whole += usize::from(accepted(strict, &bytes));
            let mut mutant = bytes.clone();
            for _ in 0..CHANGES {
                change(&mut mutant, &mut rng);
                changed += usize::from(mutant != bytes && accepted(strict, &mutant));
                if rng.below(3) == 0 {
                    mutant.clone_from(&bytes);
                }
            }
        }
        assert!(whole > MESSAGES / 10, "{} accepted only {whole} messages", strict.schema.name);
        assert!(changed > 0 || strict.schema.fields.is_empty(), "{} accepted no change", strict.schema.name);
    }
}

#[test]
fn whatever_is_accepted_of_arbitrary_bytes_encodes_to_the_same_bytes() {
    let mut rng = Seeded::new(2, "arbitrary bytes");
    for strict in ALL {
        for _ in 0..MESSAGES {
            let length = rng.below(12);
            let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(rng.below(80)).unwrap()).collect();
            accepted(strict, &bytes);
        }
    }
}
