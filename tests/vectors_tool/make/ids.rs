//! Ids, their texts, and identity files.

use anyhow::Result;
use dmpc::{ChannelId, IssueId, KeyId, LaneId, NodeId, OpId, UserId, hash::Domain, identity::node_id};

use super::{
    file::{Case, File},
    json::Json,
    people::Person,
    sealed::Sealed,
};

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    Ok(vec![fingerprints()?, texts(), refused_texts()?, identity_files()?, refused_identity_files()?])
}

fn fingerprints() -> Result<File> {
    let mut file = File::new(
        "id/fingerprints",
        "fingerprint",
        "From the two seeds of a user or node to its public keys and its id, in bytes and as text.",
    );
    for name in ["root", "alice", "bob", "carol", "dave", "node"] {
        let person = Person::called(name)?;
        let signing = person.identity.signing.verifying_key();
        let encryption = person.encryption_key()?;
        file = file.case(
            Case::new(name, "")
                .input("person", person.secrets())
                .value("signing_key", Json::hex(signing.as_bytes()))
                .value("encryption_key", Json::hex(encryption.as_bytes()))
                .value(
                    "countersignature_hash",
                    Json::hex(Domain::SignCountersignature.hash(&[person.user().as_bytes(), signing.as_bytes()])),
                )
                .expect("user_id", Json::hex(person.user()))
                .expect("user_text", person.user().to_string())
                .expect("node_id", Json::hex(node_id(&signing, &encryption)))
                .expect("node_text", node_id(&signing, &encryption).to_string())
                .expect("recipient_text", encryption.to_string())
                .expect("signing_secret_text", person.identity.signing.to_text()?.as_str())
                .expect("encryption_secret_text", person.identity.encryption.to_text().as_str())
                .expect("countersignature", Json::hex(person.public()?.countersignature.0)),
        );
    }
    Ok(file)
}

fn texts() -> File {
    let bytes = [0xd5; 32];
    let case = |name: &str, bytes: &[u8], text: String| {
        Case::new(name, "").input("type", name).input("text", text).accepted().expect("bytes", Json::hex(bytes))
    };
    File::new("id/texts", "id_text", "bech32 of every id; and in upper case, which is read too.").cases([
        case("user", &bytes, UserId::from_bytes(bytes).to_string()),
        case("user", &bytes, UserId::from_bytes(bytes).to_string().to_uppercase()),
        case("channel", &bytes, ChannelId::from_bytes(bytes).to_string()),
        case("node", &bytes, NodeId::from_bytes(bytes).to_string()),
        case("operation", &bytes, OpId::from_bytes(bytes).to_string()),
        case("issue", &bytes, IssueId::from_bytes(bytes).to_string()),
        case("key", &bytes, KeyId::from_bytes(bytes).to_string()),
        case("lane", &[0xd5; 16], LaneId::from_bytes([0xd5; 16]).to_string()),
        case("user", &[0; 32], UserId::from_bytes([0; 32]).to_string()),
    ])
}

fn refused_texts() -> Result<File> {
    let good = UserId::from_bytes([0xd5; 32]).to_string();
    let mut mistyped = good.clone();
    mistyped.replace_range(20..21, if &good[20..21] == "q" { "p" } else { "q" });
    let case = |name: &str, text: String| {
        Case::new(name, "").input("type", "user").input("text", text).expect("result", "refused")
    };
    Ok(File::new("id/flaw/texts", "id_text", "Texts that are no user id.").cases([
        case("one letter changed", mistyped),
        case("mixed case", good.replacen("dmpc", "Dmpc", 1)),
        case("prefix of a channel", ChannelId::from_bytes([0xd5; 32]).to_string()),
        case("16 bytes", bech32_of("dmpc", &[0xd5; 16])?),
        case("33 bytes", bech32_of("dmpc", &[0xd5; 33])?),
        case("bech32m instead of bech32", bech32m_of("dmpc", &[0xd5; 32])?),
        case("a space before it", format!(" {good}")),
        case("empty", String::new()),
    ]))
}

/// The checksum polynomial of BIP 173.
fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .fold(shifted, |sum, (bit, word)| if top >> bit & 1 == 1 { sum ^ word } else { sum })
    })
}

fn encode(prefix: &str, bytes: &[u8], constant: u32) -> Result<String> {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let words = bits.chunks(5).map(|chunk| chunk.iter().fold(0, |sum, bit| sum << 1 | bit) << (5 - chunk.len()));
    let words: Vec<u8> = words.collect();
    let expanded = prefix.bytes().map(|byte| byte >> 5).chain([0]).chain(prefix.bytes().map(|byte| byte & 31));
    let sum = polymod(expanded.chain(words.iter().copied()).chain([0; 6])) ^ constant;
    let checksum = (0..6_u32).map(|place| u8::try_from(sum >> (5 * (5 - place)) & 31));
    let checksum = checksum.collect::<Result<Vec<u8>, _>>()?;
    let letters = words.iter().chain(&checksum).map(|word| char::from(LETTERS[usize::from(*word)]));
    Ok(prefix.chars().chain(['1']).chain(letters).collect())
}

fn bech32_of(prefix: &str, bytes: &[u8]) -> Result<String> {
    encode(prefix, bytes, 1)
}

fn bech32m_of(prefix: &str, bytes: &[u8]) -> Result<String> {
    encode(prefix, bytes, 0x2bc8_30a3)
}

fn identity_files() -> Result<File> {
    let alice = Person::called("alice")?;
    let text = alice.identity.to_text()?;
    let bare: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let backward: String = bare.iter().rev().map(|line| format!("\n  {line}  \n# a remark\n")).collect();
    let case =
        |name: &str, text: &str| Case::new(name, "").input("text", text).accepted().expect("person", alice.secrets());
    Ok(File::new("id/identity_files", "identity_file", "The text that keeps the secrets of a user.")
        .case(case("as it is written", &text))
        .case(case("in another order, with remarks, empty lines and spaces", &backward)))
}

fn refused_identity_files() -> Result<File> {
    let text = Person::called("alice")?.identity.to_text()?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let [user, signing, encryption] = lines.as_slice() else { anyhow::bail!("an identity has three lines") };
    let case =
        |name: &str, lines: &[&str]| Case::new(name, "").input("text", lines.join("\n")).expect("result", "refused");
    Ok(File::new("id/flaw/identity_files", "identity_file", "Texts that are no identity.").cases([
        case("without the user", &[signing, encryption]),
        case("without the signing key", &[user, encryption]),
        case("without the encryption key", &[user, signing]),
        case("the user twice", &[user, user, signing, encryption]),
        case("a line of another name", &[user, signing, encryption, "name: alice"]),
        case("a line without a colon", &[user, signing, encryption, "alice"]),
        case(
            "the keys exchanged",
            &[user, &signing.replace("signing:", "encryption:"), &encryption.replace("encryption:", "signing:")],
        ),
    ]))
}
