//! Wycheproof on the primitives below age and below sealed content: the same versions of the same libraries, by the calls
//! that are used.

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use dmpc::{error::Classified, keys::EncryptionKey};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::Sha256;

use super::{
    public_vectors::Row,
    vectors::{json, text, unhex},
};

/// Every test of a file, beside its group.
fn tests(file: &str) -> Option<Vec<(Value, Value)>> {
    let file = json("wycheproof", file)?;
    let groups = file["testGroups"].as_array().unwrap();
    let tests = |group: &Value| {
        let tests = group["tests"].as_array().unwrap().clone();
        tests.into_iter().map(|test| (group.clone(), test)).collect::<Vec<_>>()
    };
    Some(groups.iter().flat_map(tests).collect())
}

fn bytes(test: &Value, key: &str) -> Vec<u8> {
    unhex(text(test, key))
}

/// Opens and seals every vector; a nonce of another length is refused before the cipher sees it.
fn aead<C: KeyInit + Aead>(suite: &'static str, file: &str) -> Option<Row> {
    let mut row = Row::new(suite);
    for (_, test) in tests(file)? {
        let cipher = C::new_from_slice(&bytes(&test, "key")).unwrap();
        let (nonce, aad, plain) = (bytes(&test, "iv"), bytes(&test, "aad"), bytes(&test, "msg"));
        let sealed = [bytes(&test, "ct"), bytes(&test, "tag")].concat();
        let fits = nonce.len() == chacha20poly1305::aead::Nonce::<C>::default().len();
        let nonce = || chacha20poly1305::aead::Nonce::<C>::from_slice(&nonce);
        let opened = fits.then(|| cipher.decrypt(nonce(), Payload { msg: &sealed, aad: &aad }).ok()).flatten();
        let valid = text(&test, "result") == "valid";
        assert_eq!(opened.is_some(), valid, "{suite}: {test}");
        match opened {
            None => row.refused += 1,
            Some(opened) => {
                assert_eq!(opened, plain, "{suite}: {test}");
                let again = cipher.encrypt(nonce(), Payload { msg: &plain, aad: &aad });
                assert_eq!(again.unwrap(), sealed, "{suite}: {test}");
                row.accepted += 1;
            }
        }
    }
    Some(row)
}

pub(super) fn xchacha_row() -> Option<Row> {
    aead::<XChaCha20Poly1305>("Wycheproof XChaCha20-Poly1305", "xchacha20_poly1305_test.json")
}

pub(super) fn chacha_row() -> Option<Row> {
    aead::<ChaCha20Poly1305>("Wycheproof ChaCha20-Poly1305", "chacha20_poly1305_test.json")
}

/// Every shared secret is computed; public keys of small order are refused by the protocol before that.
pub(super) fn x25519_row() -> Option<Row> {
    let mut row = Row::new("Wycheproof X25519");
    for (_, test) in tests("x25519_test.json")? {
        let [secret, public, shared] =
            ["private", "public", "shared"].map(|key| <[u8; 32]>::try_from(bytes(&test, key)).unwrap());
        assert_eq!(x25519_dalek::x25519(secret, public), shared, "{test}");
        match EncryptionKey::from_bytes(public) {
            Ok(_) => {
                assert_ne!(shared, [0; 32], "a key of small order is accepted: {test}");
                row.accepted += 1;
            }
            Err(error) => {
                assert_eq!(shared, [0; 32], "a key that is not of small order is refused: {test}");
                row.refused_by_rule(error.reason());
            }
        }
    }
    Some(row)
}

pub(super) fn hkdf_row() -> Option<Row> {
    let mut row = Row::new("Wycheproof HKDF-SHA-256");
    for (_, test) in tests("hkdf_sha256_test.json")? {
        let size = usize::try_from(test["size"].as_u64().unwrap()).unwrap();
        let mut output = vec![0; size];
        let hkdf = Hkdf::<Sha256>::new(Some(&bytes(&test, "salt")), &bytes(&test, "ikm"));
        let expanded = hkdf.expand(&bytes(&test, "info"), &mut output).is_ok();
        assert_eq!(expanded, text(&test, "result") == "valid", "{test}");
        if expanded {
            assert_eq!(output, bytes(&test, "okm"), "{test}");
            row.accepted += 1;
        } else {
            row.refused += 1;
        }
    }
    Some(row)
}
