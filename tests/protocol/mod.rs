//! The protocol: encoding, ids, signatures, sealing.
//!
//! `raw`, `forge`, `strict` and `vectors` are tools: bytes that no honest client makes, the table of strictly decoded
//! messages, and the public test vectors. Everything else is a specification.

mod age_vectors;
mod canonical_encoding;
mod certifications;
mod channel_payloads;
mod content;
mod cursors;
mod edwards_vectors;
mod encoding_faults;
mod encoding_limits;
mod equivocations;
mod forge;
mod fuzz_seeds;
mod headers;
mod identity_text;
mod ids;
mod issues;
mod json_frames;
mod json_vectors;
mod key_chains;
mod keys;
mod links;
mod logical_time;
mod mutations;
mod node_proofs;
mod parts;
mod peer_frames;
mod permissions;
mod pinned;
mod project_vectors;
mod public_vectors;
mod raw;
pub(crate) mod refusals;
mod requests;
mod schemas;
mod stanzas;
mod strict;
mod transactions;
mod user_payloads;
pub(crate) mod vectors;
mod verification;
mod wraps;
mod wycheproof;

use proptest::test_runner::Config;

/// So many cases, and no file written when one fails: the failing input is in the output.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}
