//! Encoding faults, for every strictly decoded message: one file for each fault.

use anyhow::Result;
use dmpc::wire::{
    Field, Presence, Schema, Shape,
    schemas::{self as s, RESERVED},
};

use super::{
    file::{Case, File},
    json::Json,
    raw,
    sealed::Sealed,
};

/// Every strictly decoded message.
const MESSAGES: [&Schema; 29] = [
    &s::OPERATION,
    &s::BODY,
    &s::HEADER,
    &s::LINK,
    &s::CERTIFICATION,
    &s::USER_CREATE,
    &s::USER_UPDATE,
    &s::MEMBER,
    &s::EPOCH_WRAPS,
    &s::WRAP,
    &s::WRAPPED_KEY,
    &s::CHANNEL_OPEN,
    &s::CHANNEL_GENESIS,
    &s::CHANNEL_MEMBERS,
    &s::CHANNEL_EPOCH,
    &s::CHANNEL_MESSAGE,
    &s::CHANNEL_CLOSE,
    &s::TRANSACTION,
    &s::PIPELINE_OPTIONS,
    &s::TRANSACTION_CONTENT,
    &s::SIGNED_REQUEST,
    &s::REQUEST,
    &s::QUERY,
    &s::READ_USERS,
    &s::READ_CHANNEL,
    &s::LIST_CHANNELS,
    &s::READ_MESSAGES,
    &s::READ_KEYS,
    &s::SUBSCRIBE,
];

fn wire_type(field: &Field) -> u64 {
    match field.shape {
        Shape::Varint(_) => raw::VARINT,
        Shape::Fixed64 => raw::FIXED64,
        _ => raw::LENGTH_DELIMITED,
    }
}

/// One field with a value that is not its default.
fn sample(field: &Field) -> Vec<u8> {
    match &field.shape {
        Shape::Varint(_) => raw::number(field.number, 1),
        Shape::Fixed64 => raw::fixed64(field.number, 1),
        Shape::Exactly(length) => raw::bytes(field.number, vec![7; *length]),
        Shape::AtMost(_) => raw::bytes(field.number, [7; 3]),
        Shape::Text(_) => raw::bytes(field.number, "abc"),
        Shape::Message(schema) => raw::bytes(field.number, full(schema)),
    }
}

/// Every field once, in order.
fn full(schema: &Schema) -> Vec<u8> {
    schema.fields.iter().flat_map(sample).collect()
}

fn case(schema: &Schema, field: u32, bytes: impl AsRef<[u8]>) -> Case {
    let name = if field == 0 { schema.name.to_owned() } else { format!("{}.{field}", schema.name) };
    Case::new(name, "").input("message", schema.name).input("bytes", Json::hex(bytes))
}

/// A file of one fault. `make` gives bytes for a field, or none where the field cannot have the fault.
fn fault(
    path: &str,
    class: &'static str,
    reason: &'static str,
    description: &str,
    make: impl Fn(&Schema, &Field) -> Option<Vec<u8>>,
) -> File {
    let fields = MESSAGES.iter().flat_map(|schema| schema.fields.iter().map(move |field| (*schema, field)));
    let cases = fields.filter_map(|(schema, field)| {
        let bytes = make(schema, field)?;
        Some(case(schema, field.number, bytes).refused(class, reason))
    });
    File::new(format!("wire/{path}"), "wire", description).cases(cases.collect::<Vec<_>>())
}

/// As [`fault`], for faults that make the bytes malformed.
fn malformed(reason: &'static str, description: &str, make: impl Fn(&Schema, &Field) -> Option<Vec<u8>>) -> File {
    fault(reason, "malformed", reason, description, make)
}

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let valid = File::new("wire/valid", "wire", "Every message with all of its fields, and with none: well encoded.");
    let valid = valid.cases(
        MESSAGES.iter().flat_map(|schema| [case(schema, 0, full(schema)).accepted(), case(schema, 0, []).accepted()]),
    );
    let unknown = File::new("wire/unknown_field", "wire", "A field 15 that no message has.").cases(
        MESSAGES.iter().map(|schema| {
            case(schema, 15, [full(schema), raw::number(15, 1)].concat()).refused("malformed", "unknown_field")
        }),
    );
    let reserved = File::new("wire/reserved_field", "wire", "Fields that are kept for ruleset 2.").cases(
        MESSAGES.iter().flat_map(|schema| {
            let of_message = RESERVED.iter().filter(|(message, _)| *message == schema.name);
            of_message.map(|(_, number)| {
                case(schema, *number, raw::number(*number, 1)).refused("malformed", "reserved_field")
            })
        }),
    );
    let mut files = vec![valid, unknown, reserved];
    files.extend(structure());
    files.extend(values());
    Ok(files)
}

fn structure() -> Vec<File> {
    let is_repeated = |field: &Field| matches!(field.presence, Presence::Repeated(_));
    vec![
        malformed("repeated_field", "A field that is not repeated stands twice.", |_, field| {
            (!is_repeated(field)).then(|| [sample(field), sample(field)].concat())
        }),
        malformed("misordered_field", "A field stands after the last one.", |schema, field| {
            let last = schema.fields.last().filter(|last| last.number != field.number)?;
            Some([sample(last), sample(field)].concat())
        }),
        fault(
            "non_minimal_tag",
            "malformed",
            "non_minimal_varint",
            "A tag in one byte more than it needs.",
            |_, field| {
                let tag = raw::tag(field.number, wire_type(field));
                let rest = sample(field).split_off(tag.len());
                Some([raw::padded(u64::from(field.number) << 3 | wire_type(field)), rest].concat())
            },
        ),
        fault(
            "non_minimal_value",
            "malformed",
            "non_minimal_varint",
            "A value or length in one byte more than it needs.",
            |_, field| {
                let tag = raw::tag(field.number, wire_type(field));
                match field.shape {
                    Shape::Fixed64 => None,
                    Shape::Varint(_) => Some([tag, raw::padded(1)].concat()),
                    _ => Some([tag, raw::padded(0)].concat()),
                }
            },
        ),
        fault(
            "varint_over_64_bits",
            "malformed",
            "non_minimal_varint",
            "A varint of eleven bytes, and one of ten with bit 64.",
            |_, field| {
                let large = if field.number % 2 == 0 {
                    [vec![0xff; 10], vec![1]].concat()
                } else {
                    [vec![0xff; 9], vec![2]].concat()
                };
                matches!(field.shape, Shape::Varint(_)).then(|| [raw::tag(field.number, raw::VARINT), large].concat())
            },
        ),
        malformed("wrong_wire_type", "Another wire type than the field's.", |_, field| {
            Some(match field.shape {
                Shape::Varint(_) => raw::fixed64(field.number, 1),
                Shape::Fixed64 => raw::bytes(field.number, [1; 8]),
                _ => raw::number(field.number, 1),
            })
        }),
        fault("wire_type_5", "malformed", "wrong_wire_type", "Four fixed bytes, which no field has.", |_, field| {
            Some([raw::tag(field.number, 5), vec![1; 4]].concat())
        }),
        malformed("truncated", "The last byte of the field is missing.", |_, field| {
            let mut bytes = sample(field);
            bytes.pop();
            Some(bytes)
        }),
    ]
}

fn values() -> Vec<File> {
    vec![
        malformed("default_written", "A default is written out.", |_, field| {
            let tag = raw::tag(field.number, wire_type(field));
            let default = match field.shape {
                Shape::Varint(_) | Shape::AtMost(_) | Shape::Text(_) => vec![0],
                Shape::Fixed64 => vec![0; 8],
                Shape::Exactly(_) | Shape::Message(_) => return None,
            };
            (field.presence == Presence::Implicit).then(|| [tag, default].concat())
        }),
        malformed("wrong_length", "One byte too few, which for an id may be none.", |_, field| match field.shape {
            Shape::Exactly(length) if field.number % 2 == 0 => Some(raw::bytes(field.number, vec![7; length - 1])),
            Shape::Exactly(_) => Some(raw::bytes(field.number, [])),
            _ => None,
        }),
        malformed("value_too_large", "A number over the field's limit.", |_, field| match field.shape {
            Shape::Varint(max) if max < u64::MAX => Some(raw::number(field.number, max + 1)),
            _ => None,
        }),
        malformed(
            "not_utf8",
            "Text that is not UTF-8: a surrogate, an overlong form, a byte that never stands.",
            |_, field| {
                let wrong: &[u8] = match field.number % 3 {
                    0 => &[0xed, 0xa0, 0x80],
                    1 => &[0xc0, 0xaf],
                    _ => &[0xff],
                };
                matches!(field.shape, Shape::Text(_)).then(|| raw::bytes(field.number, wrong))
            },
        ),
        fault(
            "too_long",
            "too_large",
            "too_long",
            "One byte more than the field may have, where that is little.",
            |_, field| match field.shape {
                Shape::AtMost(max) | Shape::Text(max) if max <= 4_096 => {
                    Some(raw::bytes(field.number, vec![b'n'; max + 1]))
                }
                _ => None,
            },
        ),
        fault(
            "too_many",
            "too_large",
            "too_many",
            "One element more than the field may have. Elements are as short as may be.",
            |schema, field| {
                let Presence::Repeated(max) = field.presence else { return None };
                let element = match (schema.name, &field.shape) {
                    ("TransactionContent" | "ChannelMembers", Shape::AtMost(_) | Shape::Message(_)) => {
                        raw::bytes(field.number, [])
                    }
                    ("ChannelGenesis" | "ChannelOpen" | "EpochWraps", _) => raw::bytes(field.number, []),
                    _ => return None,
                };
                Some(element.repeat(max + 1))
            },
        ),
    ]
}
