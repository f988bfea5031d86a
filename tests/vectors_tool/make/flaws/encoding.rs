//! Flaws of the bytes themselves.

use bytes::Bytes;
use dmpc::{hash::Domain, v1};
use prost::Message;

use super::super::{
    file::{Case, File},
    forge::sign_body,
    json::Json,
    raw,
};
use super::Stage;

impl Stage {
    pub(super) fn encoding(&mut self) {
        let good = self.close().own(&self.alice);
        let bytes = good.encode_to_vec();
        let more = |tail: Vec<u8>| [bytes.clone(), tail].concat();
        let flaw =
            |stage: &mut Self, name, text, bytes, reason| stage.flaw_bytes(name, text, bytes, "malformed", reason);
        flaw(self, "unknown_field", "A field 5 after all others.", more(raw::number(5, 1)), "unknown_field");
        flaw(
            self,
            "repeated_field",
            "The signature stands twice.",
            more(raw::bytes(2, &good.signature)),
            "repeated_field",
        );
        let misordered = [raw::bytes(2, &good.signature), raw::bytes(1, &good.body)].concat();
        flaw(self, "misordered_field", "The signature stands before the body.", misordered, "misordered_field");
        flaw(self, "trailing_byte", "One zero byte after the operation: field 0.", more(vec![0]), "unknown_field");
        flaw(
            self,
            "trailing_bytes",
            "A field that is cut off after the operation.",
            more(raw::tag(3, raw::LENGTH_DELIMITED)),
            "truncated",
        );
        flaw(self, "truncated", "The last byte is missing.", bytes[..bytes.len() - 1].to_vec(), "truncated");
        let padded =
            [raw::tag(1, 2), raw::padded(good.body.len() as u64), good.body.to_vec(), raw::bytes(2, &good.signature)];
        flaw(
            self,
            "non_minimal_length",
            "The length of the body has one byte more than it needs.",
            padded.concat(),
            "non_minimal_varint",
        );
        flaw(
            self,
            "empty",
            "No bytes: a body, a header and a version that are absent. The version is looked at first.",
            Vec::new(),
            "unknown_version",
        );
        let header = self.close().header_bytes();
        let with_default = [header.clone(), raw::number(10, 0)].concat();
        let body = v1::Body { header: with_default.into(), payload: Bytes::new() }.encode_to_vec();
        self.malformed(
            "unknown_field_in_header",
            "The header has a field 10.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "unknown_field",
        );
        let body = [raw::bytes(1, &header), raw::bytes(2, [])].concat();
        self.malformed(
            "default_written",
            "An empty payload is written out.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "default_written",
        );
        let mut padded_version = vec![0x08, 0x81, 0x00];
        padded_version.extend_from_slice(&header[2..]);
        let body = raw::bytes(1, padded_version);
        self.malformed(
            "non_minimal_varint",
            "The version is 81 00 instead of 01.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "non_minimal_varint",
        );
        let case = Case::new(
            "operation_too_large",
            "524,289 bytes: one more than an operation may have. What is in them does not matter.",
        )
        .input("operation", Json::Object(vec![("times", 524_289_u64.into()), ("hex", "0a".into())]))
        .refused("too_large", "operation_too_large");
        self.files.push(File::of("operation/flaw/operation_too_large", "operation", case));
    }
}
