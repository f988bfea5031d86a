//! ZIP 215 on the public ed25519 vectors: single and batch verification accept the same set, whatever the batch.
//!
//! The protocol signs hashes of its own, so public messages cannot go through [`dmpc::keys::Check`]; they go to the same
//! library by the same two calls.

use dmpc::{
    error::Classified,
    keys::{KeyError, VerifyingKey},
};
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};

use super::{
    public_vectors::Row,
    vectors::{json, text, unhex},
};
use crate::support::operations::Seeded;

/// The one vector that RFC 8032 refuses and ZIP 215 accepts: R encodes y = 1 with the sign of an x that is zero.
const ACCEPTED_BY_ZIP215: u64 = 151;

struct Vector {
    key: VerificationKeyBytes,
    signature: Signature,
    message: Vec<u8>,
    valid: bool,
}

impl Vector {
    /// `None` where the signature does not have 64 bytes, which the decoder refuses before any key is asked.
    fn new(key: &str, signature: &str, message: Vec<u8>, valid: bool) -> Option<Self> {
        let key: [u8; 32] = unhex(key).try_into().unwrap();
        let signature: [u8; 64] = unhex(signature).try_into().ok()?;
        Some(Self { key: key.into(), signature: signature.into(), message, valid })
    }

    fn verifies_alone(&self) -> bool {
        VerificationKey::try_from(self.key).is_ok_and(|key| key.verify(&self.signature, &self.message).is_ok())
    }
}

fn verify_together<'a>(vectors: impl IntoIterator<Item = &'a Vector>) -> bool {
    let mut batch = batch::Verifier::new();
    for vector in vectors {
        batch.queue((vector.key, vector.signature, &vector.message));
    }
    batch.verify(Seeded::new(1, "batch")).is_ok()
}

/// What the protocol makes of vectors: a key that it refuses is not asked.
fn row(suite: &'static str, vectors: &[Vector]) -> Row {
    let mut row = Row::new(suite);
    for vector in vectors {
        match (VerifyingKey::from_bytes(vector.key.into()), vector.verifies_alone()) {
            (Err(error), true) => row.refused_by_rule(error.reason()),
            (Ok(_), true) => row.accepted += 1,
            (Ok(_) | Err(_), false) => row.refused += 1,
        }
    }
    row
}

pub(super) fn cctv_row() -> Option<Row> {
    Some(row("CCTV ed25519", &cctv()?))
}

pub(super) fn wycheproof_row() -> Option<Row> {
    let (vectors, unsized_signatures) = wycheproof()?;
    let mut row = row("Wycheproof ed25519", &vectors);
    row.refused += unsized_signatures;
    Some(row)
}

fn cctv() -> Option<Vec<Vector>> {
    let file = json("ed25519", "ed25519vectors.json")?;
    let vector = |vector: &serde_json::Value| {
        let flags = vector["flags"].as_array().cloned().unwrap_or_default();
        // All but those whose k was made over re-encoded points are valid under ZIP 215.
        let valid = !flags.iter().any(|flag| flag == "reencoded_k");
        let message = text(vector, "msg").as_bytes().to_vec();
        Vector::new(text(vector, "key"), text(vector, "sig"), message, valid).unwrap()
    };
    Some(file.as_array().unwrap().iter().map(vector).collect())
}

/// Vectors whose signatures have 64 bytes, and how many others there are.
fn wycheproof() -> Option<(Vec<Vector>, usize)> {
    let file = json("wycheproof", "ed25519_test.json")?;
    let (mut vectors, mut unsized_signatures) = (Vec::new(), 0);
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let valid = text(test, "result") == "valid" || test["tcId"] == ACCEPTED_BY_ZIP215;
            match Vector::new(text(&group["publicKey"], "pk"), text(test, "sig"), unhex(text(test, "msg")), valid) {
                Some(vector) => vectors.push(vector),
                None => {
                    assert!(!valid, "{test}");
                    unsized_signatures += 1;
                }
            }
        }
    }
    Some((vectors, unsized_signatures))
}

#[test]
fn single_and_batch_verification_agree_on_every_edge_case() {
    let Some(vectors) = cctv() else { return };
    let valid = vectors.iter().filter(|vector| vector.verifies_alone()).count();
    for (number, vector) in vectors.iter().enumerate() {
        assert_eq!(vector.verifies_alone(), verify_together([vector]), "vector {number}");
        if vector.valid {
            assert!(vector.verifies_alone(), "vector {number}");
        }
    }
    assert!(verify_together(vectors.iter().filter(|vector| vector.verifies_alone())));
    assert!(!verify_together(&vectors));
    eprintln!("ed25519 edge cases: {} vectors, {valid} verify", vectors.len());
    assert_eq!(vectors.len(), 914);
    assert!(valid >= 914 - 146);
}

#[test]
fn single_and_batch_verification_agree_with_wycheproof() {
    let Some((vectors, unsized_signatures)) = wycheproof() else { return };
    for (number, vector) in vectors.iter().enumerate() {
        assert_eq!(
            (vector.verifies_alone(), verify_together([vector])),
            (vector.valid, vector.valid),
            "vector {number}"
        );
    }
    let valid = vectors.iter().filter(|vector| vector.valid).count();
    assert!(verify_together(vectors.iter().filter(|vector| vector.valid)));
    eprintln!(
        "wycheproof ed25519: {} vectors, {valid} verify; {unsized_signatures} signatures of other lengths",
        vectors.len()
    );
    assert_eq!((vectors.len() + unsized_signatures, valid), (151, 89));
}

#[test]
fn one_bad_signature_among_good_ones_fails_the_batch() {
    let Some((vectors, _)) = wycheproof() else { return };
    let good: Vec<&Vector> = vectors.iter().filter(|vector| vector.valid).collect();
    for bad in vectors.iter().filter(|vector| !vector.valid) {
        assert!(!verify_together(good.iter().copied().chain([bad])));
    }
}

#[test]
fn keys_of_small_order_are_refused_in_every_encoding_and_no_others() {
    let Some(file) = json("ed25519", "ed25519vectors.json") else { return };
    let (mut small, mut others) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for vector in file.as_array().unwrap() {
        let key: [u8; 32] = unhex(text(vector, "key")).try_into().unwrap();
        let flags = vector["flags"].as_array().cloned().unwrap_or_default();
        let is_small = flags.iter().any(|flag| flag == "low_order_A");
        if is_small {
            small.insert(key)
        } else {
            others.insert(key)
        };
        let expected = is_small.then_some(KeyError::SmallOrderSigningKey);
        assert_eq!(VerifyingKey::from_bytes(key).err(), expected, "{}", text(vector, "key"));
    }
    assert_eq!((small.len(), others.len()), (14, 8));
}
