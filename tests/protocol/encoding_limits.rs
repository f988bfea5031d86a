//! Sizes and counts: what stands at a limit is accepted, one more is refused and the refusal says the limit.

use dmpc::wire::{Field, Presence, Schema, Shape, WireFault, scan, schemas};

use super::{
    raw,
    strict::{fields, sample, with_value},
};

fn fault(schema: &'static Schema, bytes: &[u8]) -> Option<(&'static str, u32, WireFault)> {
    scan(schema, bytes).err().map(|error| (error.message, error.field, error.fault))
}

fn at_limit_and_beyond(schema: &'static Schema, field: &Field, at: &[u8], beyond: &[u8], expected: WireFault) {
    assert_eq!(fault(schema, &with_value(field, at)), None, "{} {}", schema.name, field.number);
    assert_eq!(fault(schema, &with_value(field, beyond)), Some((schema.name, field.number, expected)));
}

#[test]
fn a_value_at_its_limit_is_accepted_and_one_beyond_is_refused() {
    for (schema, field) in fields() {
        match field.shape {
            Shape::Varint(u64::MAX) | Shape::Fixed64 | Shape::Message(_) => {}
            Shape::Varint(max) => {
                let (at, beyond) = (raw::varint(max), raw::varint(max + 1));
                at_limit_and_beyond(schema, field, &at, &beyond, WireFault::TooLarge(max));
            }
            Shape::Exactly(length) => {
                let (at, beyond) = (vec![0; length], vec![0; length + 1]);
                at_limit_and_beyond(schema, field, &at, &beyond, WireFault::WrongLength(length, length + 1));
                at_limit_and_beyond(schema, field, &at, &beyond[2..], WireFault::WrongLength(length, length - 1));
                at_limit_and_beyond(schema, field, &at, &[], WireFault::WrongLength(length, 0));
            }
            Shape::AtMost(max) | Shape::Text(max) => {
                let (at, beyond) = (vec![b'a'; max], vec![b'a'; max + 1]);
                at_limit_and_beyond(schema, field, &at, &beyond, WireFault::TooLong(max));
            }
        }
    }
}

#[test]
fn as_many_elements_as_the_limit_are_accepted_and_one_more_is_refused() {
    for (schema, field) in fields() {
        let Presence::Repeated(max) = field.presence else { continue };
        let (at, beyond) = (sample(field).repeat(max), sample(field).repeat(max + 1));
        assert_eq!(fault(schema, &at), None);
        assert_eq!(fault(schema, &beyond), Some((schema.name, field.number, WireFault::TooMany(max))));
    }
}

#[test]
fn the_limits_are_those_of_the_design() {
    assert_eq!(schemas::OPERATION_BYTES_MAX, 524_288);
    assert_eq!((schemas::MEMBERS_MAX, schemas::WRAPS_MAX), (1_024, 1_024));
    assert_eq!(schemas::TRANSACTION_BYTES_MAX, 1_048_576);
    assert_eq!(schemas::RECIPIENTS_MAX, 16);
    assert_eq!((schemas::DISPLAY_NAME_BYTES_MAX, schemas::CHANNEL_NAME_BYTES_MAX), (64, 128));
}
