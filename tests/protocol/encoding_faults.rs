//! One content has one encoding: what protobuf lets pass and the scanner refuses, each with a fault of its own.

use dmpc::{
    error::Classified,
    wire::{Presence, Schema, Shape, WireError, WireFault, scan},
};

use super::{
    raw,
    strict::{ALL, fields, full, sample, wire_type, with_value},
};

fn refused(schema: &'static Schema, bytes: &[u8], field: u32, fault: WireFault) {
    let error = scan(schema, bytes).expect_err(&format!("{} accepts {fault:?} in field {field}", schema.name));
    assert_eq!((error.message, error.field, error.fault), (schema.name, field, fault));
}

/// All fields but one, and that one replaced.
fn with_replaced(schema: &'static Schema, number: u32, replacement: &[u8]) -> Vec<u8> {
    let piece =
        |field| if { field as &dmpc::wire::Field }.number == number { replacement.to_vec() } else { sample(field) };
    schema.fields.iter().map(piece).collect::<Vec<_>>().concat()
}

#[test]
fn every_message_with_all_or_some_of_its_fields_is_accepted() {
    for strict in ALL {
        let pieces = full(strict.schema);
        assert_eq!(scan(strict.schema, &pieces.concat()), Ok(()));
        for absent in 0..pieces.len() {
            let rest = pieces.iter().enumerate().filter(|(index, _)| *index != absent).map(|(_, piece)| piece.clone());
            assert_eq!(scan(strict.schema, &rest.collect::<Vec<_>>().concat()), Ok(()), "{}", strict.schema.name);
        }
    }
}

#[test]
fn unknown_fields_are_refused() {
    for strict in ALL {
        let message = full(strict.schema).concat();
        let highest = strict.schema.fields.last().map_or(0, |field| field.number);
        let is_reserved = |number: &u32| dmpc::wire::schemas::RESERVED.contains(&(strict.schema.name, *number));
        let numbers = [0, highest + 1, highest + 2, highest + 3, 1000, (1 << 29) - 1];
        for number in numbers.into_iter().filter(|number| !is_reserved(number)) {
            for field in [raw::number(number, 1), raw::bytes(number, b"x"), raw::fixed64(number, 1)] {
                let bytes = [message.clone(), field].concat();
                refused(strict.schema, &bytes, number, WireFault::UnknownField);
            }
        }
    }
}

#[test]
fn fields_reserved_for_ruleset_2_are_refused_as_such() {
    let reserved = [
        (&dmpc::wire::schemas::USER_UPDATE, 9, raw::bytes(9, b"cuts")),
        (&dmpc::wire::schemas::USER_UPDATE, 10, raw::number(10, 1)),
        (&dmpc::wire::schemas::CHANNEL_MEMBERS, 4, raw::bytes(4, b"cuts")),
        (&dmpc::wire::schemas::CHANNEL_MEMBERS, 5, raw::number(5, 1)),
    ];
    assert_eq!(reserved.each_ref().map(|(schema, number, _)| (schema.name, *number)), dmpc::wire::schemas::RESERVED);
    for (schema, number, field) in reserved {
        refused(schema, &[full(schema).concat(), field].concat(), number, WireFault::Reserved);
    }
    // In the same messages, what is reserved nowhere is unknown.
    refused(&dmpc::wire::schemas::CHANNEL_MEMBERS, &raw::number(9, 1), 9, WireFault::UnknownField);
}

#[test]
fn repeated_fields_are_refused_next_to_each_other_and_apart() {
    for (schema, field) in fields().filter(|(_, field)| !matches!(field.presence, Presence::Repeated(_))) {
        let twice = [sample(field), sample(field)].concat();
        refused(schema, &with_replaced(schema, field.number, &twice), field.number, WireFault::Repeated);
        if schema.fields.last().is_some_and(|last| last.number != field.number) {
            let apart = [full(schema).concat(), sample(field)].concat();
            refused(schema, &apart, field.number, WireFault::Misordered);
        }
    }
}

#[test]
fn misordered_fields_are_refused() {
    for strict in ALL {
        for first in 1..strict.schema.fields.len() {
            let mut pieces = full(strict.schema);
            pieces.swap(first - 1, first);
            let late = strict.schema.fields[first - 1].number;
            refused(strict.schema, &pieces.concat(), late, WireFault::Misordered);
        }
    }
}

#[test]
fn non_minimal_varints_are_refused_in_tags_lengths_and_values() {
    for (schema, field) in fields() {
        let whole = sample(field);
        let key = raw::tag(field.number, wire_type(field));
        let padded_tag =
            [raw::padded_varint(u64::from(field.number) << 3 | wire_type(field)), whole[key.len()..].to_vec()];
        let before = scan(schema, &padded_tag.concat()).unwrap_err();
        assert_eq!(before.fault, WireFault::NonMinimal, "tag of {} {}", schema.name, field.number);
        match field.shape {
            Shape::Fixed64 => {}
            Shape::Varint(_) => {
                let value = [key, raw::padded_varint(1)].concat();
                refused(schema, &value, field.number, WireFault::NonMinimal);
            }
            Shape::Exactly(_) | Shape::AtMost(_) | Shape::Text(_) | Shape::Message(_) => {
                let rest = &whole[key.len()..];
                let length = rest.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
                let (length, value) = rest.split_at(length);
                let mut padded = length.to_vec();
                *padded.last_mut().unwrap() |= 0x80;
                let bytes = [key, padded, vec![0], value.to_vec()].concat();
                refused(schema, &bytes, field.number, WireFault::NonMinimal);
            }
        }
    }
}

#[test]
fn varints_that_do_not_fit_64_bits_are_refused() {
    let schema = &dmpc::wire::schemas::LINK;
    let greatest = [raw::tag(2, raw::VARINT), vec![0xff; 9], vec![0x01]].concat();
    assert_eq!(scan(schema, &greatest), Ok(()));
    for end in [&[0x02][..], &[0x7f], &[0x81, 0x00], &[0xff, 0x01], &[0x80, 0x80, 0x01]] {
        let bytes = [raw::tag(2, raw::VARINT), vec![0xff; 9], end.to_vec()].concat();
        refused(schema, &bytes, 2, WireFault::NonMinimal);
    }
}

#[test]
fn defaults_written_out_are_refused_unless_the_field_is_optional() {
    for (schema, field) in fields() {
        let default: &[u8] = match field.shape {
            Shape::Varint(_) => &[0],
            Shape::Fixed64 => &[0; 8],
            Shape::AtMost(_) | Shape::Text(_) => &[],
            Shape::Exactly(_) | Shape::Message(_) => continue,
        };
        let bytes = with_replaced(schema, field.number, &with_value(field, default));
        match field.presence {
            Presence::Implicit => refused(schema, &bytes, field.number, WireFault::DefaultWritten),
            Presence::Optional | Presence::Repeated(_) => assert_eq!(scan(schema, &bytes), Ok(())),
        }
    }
}

#[test]
fn other_wire_types_are_refused() {
    for (schema, field) in fields() {
        for other in (0..8).filter(|other| *other != wire_type(field)) {
            let bytes = [raw::tag(field.number, other), vec![1; 16]].concat();
            refused(schema, &bytes, field.number, WireFault::WireType);
        }
    }
}

#[test]
fn messages_cut_off_inside_a_field_are_refused_at_every_byte() {
    for strict in ALL {
        let pieces = full(strict.schema);
        let message = pieces.concat();
        let ends: Vec<usize> = pieces
            .iter()
            .scan(0, |end, piece| {
                *end += piece.len();
                Some(*end)
            })
            .collect();
        for cut in 1..message.len() {
            let outcome = scan(strict.schema, &message[..cut]).map_err(|error| error.fault);
            let expected = if ends.contains(&cut) { Ok(()) } else { Err(WireFault::Truncated) };
            assert_eq!(outcome, expected, "{} cut at {cut}", strict.schema.name);
        }
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for strict in ALL {
        let message = full(strict.schema).concat();
        refused(strict.schema, &[message, vec![0]].concat(), 0, WireFault::UnknownField);
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    for (schema, field) in fields().filter(|(_, field)| matches!(field.shape, Shape::Text(_))) {
        for text in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"a\x80"] {
            refused(schema, &raw::bytes(field.number, text), field.number, WireFault::NotUtf8);
        }
    }
}

#[test]
fn faults_of_a_nested_message_name_that_message() {
    for (outer, field) in fields() {
        let Shape::Message(inner) = field.shape else { continue };
        let bytes = raw::bytes(field.number, &raw::number(77, 1));
        let error = scan(outer, &bytes).unwrap_err();
        assert_eq!((error.message, error.field, error.fault), (inner.name, 77, WireFault::UnknownField));
    }
}

#[test]
fn every_fault_has_a_reason_of_its_own() {
    use WireFault as F;
    let faults = [
        F::UnknownField,
        F::Reserved,
        F::Repeated,
        F::Misordered,
        F::NonMinimal,
        F::DefaultWritten,
        F::WireType,
        F::Truncated,
        F::TooLarge(1),
        F::WrongLength(1, 2),
        F::TooLong(1),
        F::TooMany(1),
        F::NotUtf8,
        F::Missing,
        F::BadValue,
        F::Undecodable,
    ];
    let reason = |fault| WireError { message: "Body", field: 1, offset: 0, fault }.reason();
    let reasons: std::collections::BTreeSet<_> = faults.into_iter().map(reason).collect();
    assert_eq!(reasons.len(), faults.len());
}
