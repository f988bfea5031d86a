//! The testkit of age: what the protocol opens is what age says can be opened, less what its own rules refuse before.

use std::{collections::BTreeMap, fs, io::Read};

use dmpc::{error::Classified, keys::DecryptionKey, seal::open_age, wire::schemas::RECIPIENTS_MAX};

use super::{public_vectors::Row, vectors::folder};

/// Larger than what any vector holds.
const PLAIN_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why the protocol refuses what age opens.
const OURS: [&str; 7] =
    ["not_age", "armored", "scrypt_stanza", "ssh_stanza", "post_quantum_stanza", "foreign_stanza", "recipient_count"];

struct Vector {
    name: String,
    expect: String,
    identities: Vec<DecryptionKey>,
    armored: bool,
    file: Vec<u8>,
}

impl Vector {
    /// Reads the header lines up to the empty one; the rest is the age file.
    fn new(name: String, bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let header = std::str::from_utf8(&bytes[..end]).unwrap();
        let all = |key: &str| {
            let value = |line: &str| line.strip_prefix(key).map(str::to_owned);
            header.lines().filter_map(value).collect::<Vec<String>>()
        };
        let file = &bytes[end + 2..];
        let file = if all("compressed: ") == ["zlib"] { inflate(file) } else { file.to_vec() };
        Self {
            name,
            expect: all("expect: ").concat(),
            identities: all("identity: ").iter().filter_map(|text| DecryptionKey::from_text(text).ok()).collect(),
            armored: !all("armored: ").is_empty(),
            file,
        }
    }

    /// What the protocol makes of it with each of its identities, the first success or else the last refusal.
    fn open(&self) -> Result<Vec<u8>, &'static str> {
        let stranger = DecryptionKey::generate(&mut crate::support::operations::Seeded::new(1, "stranger")).unwrap();
        let mut outcome = Err("no identity");
        for identity in self.identities.iter().chain(self.identities.is_empty().then_some(&stranger)) {
            outcome = open_age(&self.file, identity, RECIPIENTS_MAX, PLAIN_BYTES_MAX)
                .map(|plain| plain.to_vec())
                .map_err(|error| error.reason());
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut inflated).unwrap();
    inflated
}

fn vectors() -> Option<Vec<Vector>> {
    let folder = folder("age")?;
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(|entry| entry.file_name());
    let vector =
        |entry: &fs::DirEntry| Vector::new(entry.file_name().into_string().unwrap(), &fs::read(entry.path()).unwrap());
    Some(entries.iter().map(vector).collect())
}

pub(super) fn row() -> Option<Row> {
    let mut row = Row::new("age testkit");
    for vector in vectors()? {
        match vector.open() {
            Ok(_) => row.accepted += 1,
            Err(reason) if vector.expect == "success" => row.refused_by_rule(reason),
            Err(_) => row.refused += 1,
        }
    }
    Some(row)
}

#[test]
fn what_age_refuses_is_refused_and_what_it_opens_is_opened_or_refused_by_a_rule_of_ours() {
    let Some(vectors) = vectors() else { return };
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for vector in &vectors {
        let outcome = vector.open();
        let reason = outcome.as_ref().map_or_else(|reason| *reason, |_| "opened");
        *counts.entry((&vector.expect, reason)).or_default() += 1;
        if vector.expect != "success" {
            assert!(outcome.is_err(), "{} is to be refused: {}", vector.name, vector.expect);
        } else if outcome.is_err() {
            let ours = OURS.contains(&reason);
            assert!(ours, "{} is to be opened, and is refused: {reason}", vector.name);
        }
    }
    for ((expect, reason), count) in &counts {
        eprintln!("age testkit: {count:3} of '{expect}': {reason}");
    }
    assert_eq!(vectors.len(), 143);
    let expected = [
        (("HMAC failure", "tampered_seal"), 1),
        (("armor failure", "armored"), 18),
        (("armor failure", "not_age"), 4),
        (("header failure", "armored"), 2),
        (("header failure", "foreign_stanza"), 9),
        (("header failure", "not_age"), 11),
        (("header failure", "post_quantum_stanza"), 8),
        (("header failure", "scrypt_stanza"), 20),
        (("header failure", "tampered_seal"), 12),
        (("no match", "armored"), 1),
        (("no match", "foreign_stanza"), 3),
        (("no match", "not_sealed_to_this_key"), 2),
        (("no match", "post_quantum_stanza"), 4),
        (("no match", "scrypt_stanza"), 3),
        (("payload failure", "armored"), 1),
        (("payload failure", "tampered_seal"), 18),
        (("success", "armored"), 6),
        (("success", "foreign_stanza"), 5),
        (("success", "not_age"), 1),
        (("success", "opened"), 10),
        (("success", "post_quantum_stanza"), 3),
        (("success", "scrypt_stanza"), 1),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn of_what_age_opens_only_armor_and_foreign_stanzas_are_refused() {
    let Some(vectors) = vectors() else { return };
    let refused = |vector: &&Vector| vector.expect == "success" && vector.open().is_err();
    let names = |armored: bool| -> Vec<&str> {
        let those = vectors.iter().filter(refused).filter(|vector| vector.armored == armored);
        those.map(|vector| vector.name.as_str()).collect()
    };
    let expected = [
        "hybrid",
        "hybrid_and_x25519",
        "hybrid_grease",
        "hybrid_multiple_recipients",
        "scrypt",
        "stanza_empty_body",
        "stanza_empty_last_line",
        "stanza_valid_characters",
        "x25519_grease",
    ];
    assert_eq!(names(false), expected);
    assert_eq!(names(true).len(), 7);
}

#[test]
fn armor_is_always_refused() {
    let Some(vectors) = vectors() else { return };
    let armored: Vec<&Vector> = vectors.iter().filter(|vector| vector.armored).collect();
    assert!(armored.iter().all(|vector| matches!(vector.open(), Err("armored" | "not_age"))));
    assert!(armored.len() > 20, "{}", armored.len());
}

#[test]
fn what_is_opened_is_what_was_sealed() {
    let Some(vectors) = vectors() else { return };
    let plain = |name: &str| vectors.iter().find(|vector| vector.name == name).unwrap().open().unwrap();
    assert_eq!(plain("x25519"), plain("x25519_multiple_recipients"));
    assert_eq!((plain("stream_empty_payload").len(), plain("stream_last_chunk_full").len()), (0, 65_536));
}
