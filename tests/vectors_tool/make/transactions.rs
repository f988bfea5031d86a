//! Transactions: sealed and open.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{NodeId, kinds::Kind, request::sign_request, v1};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at},
    json::Json,
    operations::channel,
    people::Person,
    raw,
    requests::channel_query,
    sealed::Sealed,
};

/// What transactions are made of: the node, two operations, and one request.
struct Stage {
    node: Person,
    operations: Vec<Bytes>,
    request: Bytes,
}

impl Stage {
    fn new() -> Result<Self> {
        let [node, alice] = [Person::called("node")?, Person::called("alice")?];
        let close = |time| {
            let parts = Parts::new(&alice, Kind::ChannelClose, at(time), Vec::new()).channel(&channel()?);
            Ok(Bytes::from(parts.own(&alice).encode_to_vec()))
        };
        let operations = [close(1), close(2)].into_iter().collect::<Result<_>>()?;
        let id = NodeId::from_bytes([2; 32]);
        let request = sign_request(&alice.identity, &id, [4; 16], at(0).millis(), &channel_query()?, None);
        Ok(Self { node, operations, request })
    }

    fn content(&self) -> v1::TransactionContent {
        v1::TransactionContent { operations: self.operations.clone(), request: Bytes::new(), ..Default::default() }
    }

    fn case(&self, name: &str, text: &str, bytes: &[u8], accepts_open: bool) -> Case {
        Case::new(name, text)
            .input("transaction", Json::hex(bytes))
            .input("node", self.node.secrets())
            .input("accepts_open", accepts_open)
    }
}

fn open(content: impl Into<Bytes>) -> v1::Transaction {
    v1::Transaction { version: 1, open: content.into(), ..Default::default() }
}

pub(super) fn files(sealed: &mut Sealed) -> Result<Vec<File>> {
    let stage = Stage::new()?;
    let mut files = valid(&stage, sealed)?;
    files.extend(flaws(&stage, sealed)?);
    Ok(files)
}

fn accepted(case: Case, content: &v1::TransactionContent, options: (bool, bool, bool)) -> Case {
    let (updates, result, alive) = options;
    let case = case
        .value("content", Json::hex(content.encode_to_vec()))
        .accepted()
        .expect("read_status_updates", updates)
        .expect("read_result", result)
        .expect("keep_alive", alive)
        .expect("operations", Json::List(content.operations.iter().map(Json::hex).collect()));
    if content.request.is_empty() { case } else { case.expect("request", Json::hex(&content.request)) }
}

fn valid(stage: &Stage, sealed: &mut Sealed) -> Result<Vec<File>> {
    let file = |name: &str, case: Case| File::of(&format!("transaction/{name}"), "transaction", case);
    let content = stage.content();
    let asking =
        v1::TransactionContent { operations: Vec::new(), request: stage.request.clone(), ..Default::default() };
    let options = v1::PipelineOptions { read_status_updates: true, read_result: true, keep_alive: true };
    let plain = content.encode_to_vec();
    let one = sealed.seal("transaction for the node", &plain, &[stage.node.encryption_key()?])?;
    let two = [Person::called("carol")?.encryption_key()?, stage.node.encryption_key()?];
    let two = sealed.seal("transaction for carol and the node", &plain, &two)?;
    let sealed = |bytes: Vec<u8>| v1::Transaction { version: 1, sealed: bytes.into(), ..Default::default() };
    let full = v1::Transaction { options: Some(options), transmission: vec![0x7a; 5].into(), ..open(plain) };
    let none = (false, false, false);
    let case =
        |name: &str, text: &str, wire: &v1::Transaction, open| stage.case(name, text, &wire.encode_to_vec(), open);
    let everything = case("open", "Every option, and bytes for whoever carries it.", &full, true);
    Ok(vec![
        file("open", accepted(everything, &content, (true, true, true))),
        file("sealed", accepted(case("sealed", "Sealed to the node.", &sealed(one), false), &content, none)),
        file(
            "sealed_to_two",
            accepted(case("sealed", "Sealed to somebody else and the node.", &sealed(two), false), &content, none),
        ),
        file(
            "request",
            accepted(
                case("request", "One request instead of operations.", &open(asking.encode_to_vec()), true),
                &asking,
                none,
            ),
        ),
    ])
}

fn flaws(stage: &Stage, sealed: &mut Sealed) -> Result<Vec<File>> {
    let plain = stage.content().encode_to_vec();
    let good = open(plain.clone());
    let for_carol = sealed.seal("transaction for carol", &plain, &[Person::called("carol")?.encryption_key()?])?;
    let mut tampered = sealed.seal("transaction that is changed", &plain, &[stage.node.encryption_key()?])?;
    if let Some(last) = tampered.last_mut() {
        *last ^= 1;
    }
    let sealed = |bytes: Vec<u8>| v1::Transaction { version: 1, sealed: bytes.into(), ..Default::default() };
    let stanzas = |text: &str| sealed(format!("age-encryption.org/v1\n{text}--- AAAA\n").into_bytes());
    let both = [plain.clone(), raw::bytes(2, &stage.request)].concat();
    let neither = v1::Transaction { open: Bytes::new(), ..good.clone() };
    let twice = v1::Transaction { sealed: for_carol.clone().into(), ..good.clone() };
    let cases = [
        (
            "unknown_version",
            "Version 2.",
            v1::Transaction { version: 2, ..good.clone() },
            true,
            "malformed",
            "unknown_version",
        ),
        (
            "empty_options",
            "Options that ask for nothing: absence says the same.",
            v1::Transaction { options: Some(v1::PipelineOptions::default()), ..good.clone() },
            true,
            "malformed",
            "default_written",
        ),
        ("neither_sealed_nor_open", "", neither, true, "malformed", "content_misplaced"),
        ("sealed_and_open", "", twice, true, "malformed", "content_misplaced"),
        ("operations_and_a_request", "", open(both), true, "malformed", "content_mixed"),
        (
            "unknown_field_in_content",
            "The content has a field 4.",
            open([plain, raw::number(4, 1)].concat()),
            true,
            "malformed",
            "unknown_field",
        ),
        (
            "open_where_sealed_ones_are_wanted",
            "The listener takes sealed ones only.",
            good.clone(),
            false,
            "seal_required",
            "seal_required",
        ),
        (
            "sealed_to_somebody_else",
            "Sealed to carol alone.",
            sealed(for_carol),
            true,
            "cannot_unseal",
            "not_sealed_to_this_key",
        ),
        ("seal_changed", "One bit of the last byte.", sealed(tampered), true, "cannot_unseal", "tampered_seal"),
        (
            "sealed_to_17",
            "17 recipients.",
            stanzas(&"-> X25519 AAAA\nAAAA\n".repeat(17)),
            true,
            "too_large",
            "recipient_count",
        ),
        (
            "scrypt",
            "Sealed to a passphrase.",
            stanzas("-> scrypt AAAA 18\nAAAA\n"),
            true,
            "cannot_unseal",
            "scrypt_stanza",
        ),
        ("ssh", "Sealed to a key of SSH.", stanzas("-> ssh-rsa AAAA\nAAAA\n"), true, "cannot_unseal", "ssh_stanza"),
        (
            "post_quantum",
            "Sealed to a hybrid key.",
            stanzas("-> mlkem768x25519 AAAA\nAAAA\n"),
            true,
            "cannot_unseal",
            "post_quantum_stanza",
        ),
        ("plugin", "Sealed by a plugin.", stanzas("-> yubikey AAAA\nAAAA\n"), true, "cannot_unseal", "foreign_stanza"),
        (
            "armored",
            "age in its text form.",
            sealed(b"-----BEGIN AGE ENCRYPTED FILE-----\n".to_vec()),
            true,
            "cannot_unseal",
            "armored",
        ),
        ("not_age", "Bytes that are not age.", sealed(b"age".to_vec()), true, "cannot_unseal", "not_age"),
        (
            "transmission_too_long",
            "4,097 bytes for whoever carries it.",
            v1::Transaction { transmission: vec![0; 4_097].into(), ..good },
            true,
            "too_large",
            "too_long",
        ),
    ];
    let mut files: Vec<File> = Vec::new();
    for (name, text, wire, accepts_open, class, reason) in cases {
        let case = stage.case(name, text, &wire.encode_to_vec(), accepts_open).refused(class, reason);
        files.push(File::of(&format!("transaction/flaw/{name}"), "transaction", case));
    }
    let large = Case::new("transaction_too_large", "1,048,577 bytes: one more than a transaction may have.")
        .input("transaction", Json::Object(vec![("times", 1_048_577_u64.into()), ("hex", "0a".into())]))
        .input("node", stage.node.secrets())
        .input("accepts_open", true)
        .refused("too_large", "transaction_too_large");
    files.push(File::of("transaction/flaw/transaction_too_large", "transaction", large));
    let many = open(raw::bytes(1, []).repeat(1_025));
    let many =
        stage.case("too many", "1,025 operations.", &many.encode_to_vec(), true).refused("too_large", "too_many");
    files.push(File::of("transaction/flaw/too_many_operations", "transaction", many));
    Ok(files)
}
