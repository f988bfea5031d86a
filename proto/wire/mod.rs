//! Strict decoding: one content has one encoding.
//!
//! [`scan`] walks the bytes beside a [`Schema`] and refuses what protobuf lets pass: unknown, repeated or misordered fields,
//! non-minimal varints, defaults written out, wrong lengths, trailing bytes. Only then does prost see them.
//! Source: docs/PROTOCOL.md, "Bytes".

pub mod json;
mod scan;
mod schema;
pub mod schemas;

pub use scan::{WireError, WireFault, scan};
pub use schema::{Field, Presence, Schema, Shape};

use bytes::Bytes;

/// Scans `bytes` beside `schema`, then decodes them.
///
/// # Errors
/// [`WireError`] names the message, the field and the fault.
pub fn decode<M: prost::Message + Default>(schema: &'static Schema, bytes: &Bytes) -> Result<M, WireError> {
    scan(schema, bytes)?;
    M::decode(bytes.clone()).map_err(|_| WireError {
        message: schema.name,
        field: 0,
        offset: 0,
        fault: WireFault::Undecodable,
    })
}
