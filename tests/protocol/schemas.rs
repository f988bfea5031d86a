//! The schemas that the scanner walks by say what the `.proto` files say: every message, field, type, cardinality, and
//! the lengths that the comments give.

use std::{collections::BTreeMap, fs, path::Path};

use dmpc::wire::{Field, Presence, Shape};
use prost::Message;

use super::strict::ALL;

/// The parts of `google.protobuf.FileDescriptorSet` that are asked for here.
#[derive(Clone, PartialEq, Message)]
struct Descriptors {
    #[prost(message, repeated, tag = "1")]
    files: Vec<FileDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
struct FileDescriptor {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<MessageDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
struct MessageDescriptor {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<FieldDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldDescriptor {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, tag = "3")]
    number: u32,
    #[prost(uint32, tag = "4")]
    label: u32,
    #[prost(uint32, tag = "5")]
    kind: u32,
    #[prost(string, tag = "6")]
    type_name: String,
    #[prost(bool, tag = "17")]
    proto3_optional: bool,
}

/// `FieldDescriptorProto.Label.LABEL_REPEATED`
const REPEATED: u32 = 3;

/// The files whose messages are all decoded strictly.
const FILES: [&str; 3] = ["dmpc/v1/operation.proto", "dmpc/v1/transaction.proto", "dmpc/v1/peer.proto"];
/// Fields that ruleset 2 will have: in the files, and refused by this version.
const RESERVED: [(&str, &str); 4] =
    [("UserUpdate", "cuts"), ("UserUpdate", "unlisted"), ("ChannelMembers", "cuts"), ("ChannelMembers", "unlisted")];

fn described() -> BTreeMap<String, Vec<FieldDescriptor>> {
    let files = Descriptors::decode(dmpc::DESCRIPTORS).unwrap().files;
    let strict = files.into_iter().filter(|file| FILES.contains(&file.name.as_str()));
    strict.flat_map(|file| file.messages).map(|message| (message.name, message.fields)).collect()
}

/// The type that a shape stands for, as descriptors number them.
fn kind(shape: &Shape) -> u32 {
    const I32_MAX: u64 = 0x7fff_ffff;
    const U32_MAX: u64 = 0xffff_ffff;
    match shape {
        Shape::Varint(1) => 8,
        Shape::Varint(U32_MAX) => 13,
        Shape::Varint(I32_MAX) => 14,
        Shape::Varint(u64::MAX) => 4,
        Shape::Varint(other) => panic!("no type has the limit {other}"),
        Shape::Fixed64 => 6,
        Shape::Text(_) => 9,
        Shape::Exactly(_) | Shape::AtMost(_) => 12,
        Shape::Message(_) => 11,
    }
}

#[test]
fn every_strict_message_has_a_schema_and_every_schema_a_message() {
    let schemas: Vec<&str> = ALL.iter().map(|strict| strict.schema.name).collect();
    let mut sorted: Vec<&str> = schemas.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, described().keys().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn every_field_has_the_type_and_the_cardinality_that_the_files_give() {
    let described = described();
    for strict in ALL {
        let name = strict.schema.name;
        let reserved = |field: &&FieldDescriptor| RESERVED.contains(&(name, field.name.as_str()));
        let fields: Vec<&FieldDescriptor> = described[name].iter().filter(|field| !reserved(field)).collect();
        let numbers: Vec<u32> = strict.schema.fields.iter().map(|field| field.number).collect();
        assert_eq!(numbers, fields.iter().map(|field| field.number).collect::<Vec<_>>(), "{name}");
        assert!(numbers.is_sorted(), "{name}");
        for (schema, file) in strict.schema.fields.iter().zip(fields) {
            agrees(name, schema, file);
        }
    }
}

fn agrees(message: &str, schema: &Field, file: &FieldDescriptor) {
    assert_eq!(kind(&schema.shape), file.kind, "type of {message}.{}", file.name);
    if let Shape::Message(nested) = schema.shape {
        assert_eq!(file.type_name, format!(".dmpc.v1.{}", nested.name));
    }
    match schema.presence {
        Presence::Repeated(_) => assert_eq!(file.label, REPEATED, "{message}.{}", file.name),
        Presence::Optional => assert!(file.proto3_optional, "{message}.{}", file.name),
        Presence::Implicit => {
            assert!(file.label != REPEATED && !file.proto3_optional, "{message}.{}", file.name);
        }
    }
}

/// A number of bytes in a comment: `32 bytes`, `16 random bytes`, `At most 64 bytes`.
fn length_in(comment: &str) -> Option<usize> {
    let words: Vec<&str> = comment.split_whitespace().collect();
    let place = words.iter().position(|word| word.trim_end_matches([',', '.', ';', ':']) == "bytes")?;
    let before = &words[..place];
    let before = before.strip_suffix(&["random"]).unwrap_or(before);
    before.last()?.parse().ok()
}

/// The lengths that the comments of a file give, by message and field number.
fn lengths(text: &str) -> Vec<(String, u32, usize)> {
    let (mut message, mut comment, mut found) = (String::new(), String::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("//") {
            comment.push_str(words);
        } else if let Some(name) = line.strip_prefix("message ") {
            message = name.split_whitespace().next().unwrap().to_owned();
            comment.clear();
        } else if let Some((_, number)) = line.trim_end_matches(';').rsplit_once(" = ") {
            found.extend(length_in(&comment).map(|length| (message.clone(), number.parse().unwrap(), length)));
            comment.clear();
        }
    }
    found
}

#[test]
fn every_field_has_the_length_that_the_files_comments_give() {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("proto");
    let mut compared = 0;
    for file in FILES {
        for (message, number, length) in lengths(&fs::read_to_string(proto.join(file)).unwrap()) {
            let schema = ALL.iter().find(|strict| strict.schema.name == message).unwrap().schema;
            let field = schema.fields.iter().find(|field| field.number == number).unwrap();
            let (Shape::Exactly(actual) | Shape::AtMost(actual) | Shape::Text(actual)) = field.shape else {
                panic!("{message} {number} has no length")
            };
            assert_eq!(actual, length, "{message} {number}");
            compared += 1;
        }
    }
    assert!(compared >= 35, "only {compared} comments give a length");
}
