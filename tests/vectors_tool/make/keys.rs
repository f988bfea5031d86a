//! Keys of small order, and what verifies.

use anyhow::Result;
use dmpc::{hash::Domain, keys::SigningKey};

use super::{
    file::{Case, File},
    json::Json,
    people::Given,
    sealed::Sealed,
};

/// y coordinates of the points of small order, in the encodings that ZIP 215 accepts, without the sign bit.
const SMALL_ED25519: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];

/// u coordinates of the points of small order, without the top bit.
const SMALL_X25519: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
];

/// An honest key beside the one with a component of small order.
const PLAIN_KEY: &str = "96b3c62d3e76fcab6f8a555acd7ddb0619793a6a0b2e0a49ce08f6edf24f32d6";
const PLAIN_SIGNATURE: &str = "c6030230664c039080dc6d736c4e61d999fffb145907c291351b08ef1c37b6623257db74c6fc4d962318b8038c5fc96e999418f920f912c09cd6c8a61feb1c0d";
const S_TOO_LARGE: &str = "c6030230664c039080dc6d736c4e61d999fffb145907c291351b08ef1c37b6621f2bd1d1e05f60eef9b4afa66a59a883999418f920f912c09cd6c8a61feb1c1d";
const SMALL_R: &str = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc057ff4b4150453d26f517737e274635d3d37bf058b62a4d7727d72d3297464b307";
const NON_CANONICAL_R: &str = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f60f253c5f59d7f88a5c0c0980c547df6bb87d66cf09cf445f3a96403a87a2f09";
const TORSION_KEY: &str = "77952353bec92fca35f2cf09af767a842946e48f7bf2590c411bb95df696568f";
const TORSION_SIGNATURE: &str = "c6030230664c039080dc6d736c4e61d999fffb145907c291351b08ef1c37b662d6d414db95004d2f6ccaccca8b3b95af119767a224c0be480c9b0cd90d687e09";
/// No point of the curve has this y.
const NO_POINT: &str = "0200000000000000000000000000000000000000000000000000000000000000";

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    Ok(vec![
        small("signing", "small_order_signing_key", &SMALL_ED25519),
        small("encryption", "small_order_encryption_key", &SMALL_X25519),
        signatures(),
    ])
}

fn small(kind: &'static str, reason: &'static str, table: &[&str; 7]) -> File {
    let description =
        format!("The seven {kind} keys of small order, with the top bit clear and set; and a key that is not.");
    let mut file = File::new(format!("key/small_order_{kind}_keys"), "public_key", description);
    for key in table {
        let with_top = format!("{}{}", &key[..62], if key.ends_with("7f") { "ff" } else { top_set(&key[62..]) });
        for key in [(*key).to_owned(), with_top] {
            file = file
                .case(Case::new(key.clone(), "").input("type", kind).input("key", key).refused("unauthentic", reason));
        }
    }
    file.case(Case::new("an honest key", "").input("type", kind).input("key", PLAIN_KEY).accepted())
}

/// The last byte of a key with its top bit set.
fn top_set(last: &str) -> &'static str {
    match last {
        "00" => "80",
        "7a" => "fa",
        "05" => "85",
        "57" => "d7",
        _ => "ff",
    }
}

fn signatures() -> File {
    let case = |name: &str, description: &str, key: &str, domain: Domain, input: &[u8], signature: &str| {
        Case::new(name, description)
            .input("key", key)
            .input("context", domain.context())
            .input("input", Json::hex(input))
            .input("signature", signature)
            .value("signed_hash", Json::hex(domain.hash(&[input])))
    };
    let domain = Domain::SignOperation;
    let own = SigningKey::generate(&mut Given(2));
    let key = super::json::hex(own.verifying_key().as_bytes());
    let signature = super::json::hex(own.sign(domain, &[b"dmpc"]).0);
    let bad = |case: Case| case.refused("unauthentic", "bad_signature");
    let of = |name, text, key: &str, signature: &str| case(name, text, key, domain, b"dmpc vectors", signature);
    File::new(
        "key/signatures",
        "signature",
        "What verifies by ZIP 215, and what does not. What is signed is the hash, not the input.",
    )
    .case(case("of alice", "The seed of alice is 32 times 02.", &key, domain, b"dmpc", &signature).accepted())
    .case(bad(case("of another input", "", &key, domain, b"DMPC", &signature)))
    .case(bad(case("of another domain", "", &key, Domain::SignIssue, b"dmpc", &signature)))
    .case(bad(case("of another key", "", PLAIN_KEY, domain, b"dmpc", &signature)))
    .case(of("plain", "", PLAIN_KEY, PLAIN_SIGNATURE).accepted())
    .case(bad(of(
        "s_not_below_the_order",
        "S of the signature before it, and the order of the group.",
        PLAIN_KEY,
        S_TOO_LARGE,
    )))
    .case(
        of("r_of_small_order", "R is a point of order 8: valid by the equation with the cofactor.", PLAIN_KEY, SMALL_R)
            .accepted(),
    )
    .case(
        of("r_not_canonical", "R is the neutral element, its y written as p + 1.", PLAIN_KEY, NON_CANONICAL_R)
            .accepted(),
    )
    .case(
        of(
            "key_with_a_component_of_order_8",
            "Valid by the equation with the cofactor alone.",
            TORSION_KEY,
            TORSION_SIGNATURE,
        )
        .accepted(),
    )
    .case(bad(of(
        "key_that_is_no_point",
        "The key is accepted as a key, and verifies nothing.",
        NO_POINT,
        PLAIN_SIGNATURE,
    )))
}
