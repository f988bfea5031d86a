//! Transactions: sealed to the nodes that are to run them; open only where a listener says so.

use bytes::Bytes;
use dmpc::{
    error::{Classified, ErrorClass},
    keys::EncryptionKey,
    seal::seal_age,
    transaction::{Content, Outgoing, PipelineOptions, Transaction, encode},
    v1,
    wire::schemas::{RECIPIENTS_MAX, TRANSACTION_BYTES_MAX, TRANSACTION_OPERATIONS_MAX, TRANSMISSION_BYTES_MAX},
};
use prost::Message;

use super::forge::field;
use crate::support::operations::{Cast, Seeded};

fn operations(count: usize) -> Content {
    Content::Operations((0..count).map(|number| field(number.to_be_bytes())).collect())
}

fn opened(bytes: &Bytes, cast: &Cast, name: &str, accept_open: bool) -> Result<Content, &'static str> {
    let transaction = Transaction::decode(bytes).map_err(|error| error.reason())?;
    let opened = transaction.open(&cast.identity(name).encryption, accept_open).map_err(|error| error.reason())?;
    Ok(opened.content)
}

fn keys(cast: &Cast, names: &[&str]) -> Vec<EncryptionKey> {
    names.iter().map(|name| cast.encryption_key(name)).collect()
}

/// A transaction around this content, not sealed.
fn around(content: &v1::TransactionContent) -> v1::Transaction {
    v1::Transaction { version: 1, open: content.encode_to_vec().into(), ..Default::default() }
}

fn refused(transaction: &v1::Transaction) -> Option<&'static str> {
    opened(&transaction.encode_to_vec().into(), &Cast::new(1), "alice", true).err()
}

#[test]
fn each_of_several_recipients_opens_it_and_nobody_else() {
    let cast = Cast::new(1);
    let sealed = encode(&operations(3), PipelineOptions::default(), &keys(&cast, &["alice", "bob"])).unwrap();
    for name in ["alice", "bob"] {
        assert_eq!(opened(&sealed, &cast, name, false), Ok(operations(3)));
        assert_eq!(opened(&sealed, &cast, name, true), Ok(operations(3)));
    }
    assert_eq!(opened(&sealed, &cast, "carol", true), Err("not_sealed_to_this_key"));
}

#[test]
fn an_open_one_is_refused_where_open_ones_are_not_accepted() {
    let cast = Cast::new(1);
    let open = encode(&operations(1), PipelineOptions::default(), &[]).unwrap();
    assert_eq!(opened(&open, &cast, "alice", true), Ok(operations(1)));
    assert_eq!(opened(&open, &cast, "alice", false), Err("seal_required"));
    let error = Transaction::decode(&open).unwrap().open(&cast.identity("alice").encryption, false).unwrap_err();
    assert_eq!(error.class(), ErrorClass::SealRequired);
}

#[test]
fn options_that_ask_for_nothing_are_left_out() {
    let content = v1::TransactionContent { operations: vec![field([7; 3])], ..Default::default() };
    assert_eq!(refused(&around(&content)), None);
    let empty = v1::Transaction { options: Some(v1::PipelineOptions::default()), ..around(&content) };
    assert_eq!(refused(&empty), Some("default_written"), "absence says the same");
}

#[test]
fn its_options_arrive() {
    for bits in 0..8 {
        let options = PipelineOptions {
            read_status_updates: bits & 1 != 0,
            read_result: bits & 2 != 0,
            keep_alive: bits & 4 != 0,
        };
        let bytes = encode(&operations(1), options, &[]).unwrap();
        assert_eq!(Transaction::decode(&bytes).unwrap().options, options);
    }
}

#[test]
fn it_carries_operations_or_one_request_and_not_both() {
    let cast = Cast::new(1);
    let request = Content::Request(field(b"request"));
    for recipients in [Vec::new(), keys(&cast, &["alice"])] {
        let bytes = encode(&request, PipelineOptions::default(), &recipients).unwrap();
        assert_eq!(opened(&bytes, &cast, "alice", true), Ok(request.clone()));
    }
    let both = v1::TransactionContent {
        operations: vec![field(b"operation")],
        request: field(b"request"),
        ..Default::default()
    };
    assert_eq!(refused(&around(&both)), Some("content_mixed"));
    let sealed = seal_age(&both.encode_to_vec(), &keys(&cast, &["alice"])).unwrap();
    let sealed = v1::Transaction { version: 1, sealed: sealed.into(), ..Default::default() };
    assert_eq!(refused(&sealed), Some("content_mixed"));
    let nothing = seal_age(b"", &keys(&cast, &["alice"])).unwrap();
    assert_eq!(refused(&v1::Transaction { sealed: nothing.into(), ..sealed }), Some("content_mixed"));
}

#[test]
fn the_key_of_sealed_answers_stands_beside_operations_alone_and_is_checked() {
    let cast = Cast::new(1);
    let key = cast.encryption_key("bob");
    let reply_to = Some(key);
    let recipients = keys(&cast, &["alice"]);
    let one = operations(1);
    let outgoing = |content| Outgoing {
        content,
        options: PipelineOptions::default(),
        transmission: b"by pigeon",
        reply_to,
        recipients: &recipients,
    };
    let bytes = outgoing(&one).encode().unwrap();
    let transaction = Transaction::decode(&bytes).unwrap();
    assert_eq!(transaction.transmission, b"by pigeon".as_slice());
    let opened = transaction.open(&cast.identity("alice").encryption, false).unwrap();
    assert_eq!((opened.content, opened.reply_to), (operations(1), reply_to));

    let request = Content::Request(field(b"request"));
    assert_eq!(outgoing(&request).encode().unwrap_err().reason(), "reply_to_misplaced");
    let content = |operations: Vec<Bytes>, request, reply_to| v1::TransactionContent { operations, request, reply_to };
    let beside_request = content(Vec::new(), field(b"request"), field(key.as_bytes()));
    assert_eq!(refused(&around(&beside_request)), Some("reply_to_misplaced"));
    let small = content(vec![field(b"operation")], Bytes::new(), field([0; 32]));
    assert_eq!(refused(&around(&small)), Some("small_order_encryption_key"));
    let short = content(vec![field(b"operation")], Bytes::new(), field([9; 31]));
    assert_eq!(refused(&around(&short)), Some("wrong_length"));
    let large = Outgoing { transmission: &[0; TRANSMISSION_BYTES_MAX + 1], ..outgoing(&one) };
    assert_eq!(large.encode().unwrap_err().reason(), "too_long");
}

#[test]
fn it_is_sealed_or_open_and_not_both() {
    let cast = Cast::new(1);
    let content =
        v1::TransactionContent { operations: vec![field(b"operation")], request: Bytes::new(), ..Default::default() };
    let open = around(&content);
    assert_eq!(refused(&open), None);
    let sealed: Bytes = seal_age(&content.encode_to_vec(), &keys(&cast, &["alice"])).unwrap().into();
    assert_eq!(refused(&v1::Transaction { sealed, ..open.clone() }), Some("content_misplaced"));
    assert_eq!(refused(&v1::Transaction { open: Bytes::new(), ..open }), Some("content_misplaced"));
}

#[test]
fn an_unknown_version_is_refused() {
    let content =
        v1::TransactionContent { operations: vec![field(b"operation")], request: Bytes::new(), ..Default::default() };
    for version in [0, 2, u32::MAX] {
        assert_eq!(refused(&v1::Transaction { version, ..around(&content) }), Some("unknown_version"));
    }
}

#[test]
fn what_its_network_keeps_in_it_is_bounded_and_not_read() {
    let content =
        v1::TransactionContent { operations: vec![field(b"operation")], request: Bytes::new(), ..Default::default() };
    let with = |bytes: usize| v1::Transaction { transmission: vec![0xff; bytes].into(), ..around(&content) };
    assert_eq!(refused(&with(TRANSMISSION_BYTES_MAX)), None);
    assert_eq!(refused(&with(TRANSMISSION_BYTES_MAX + 1)), Some("too_long"));
}

#[test]
fn it_is_for_at_most_16_recipients() {
    let mut rng = Seeded::new(1, "recipients");
    let mut recipient = || dmpc::keys::DecryptionKey::generate(&mut rng).unwrap().encryption_key().unwrap();
    let recipients: Vec<EncryptionKey> = (0..=RECIPIENTS_MAX).map(|_| recipient()).collect();
    assert!(encode(&operations(1), PipelineOptions::default(), &recipients[1..]).is_ok());
    let refusal = encode(&operations(1), PipelineOptions::default(), &recipients).unwrap_err();
    assert_eq!((refusal.reason(), refusal.class()), ("recipient_count", ErrorClass::TooLarge));
    let sealed = seal_age(b"content", &recipients).unwrap();
    let sealed = v1::Transaction { version: 1, sealed: sealed.into(), ..Default::default() };
    assert_eq!(refused(&sealed), Some("recipient_count"));
}

#[test]
fn one_over_the_limit_is_refused_by_who_sends_and_by_who_receives() {
    let large = |bytes: usize| Content::Operations(vec![vec![7; bytes].into(); 2]);
    assert!(encode(&large(TRANSACTION_BYTES_MAX / 2 - 20), PipelineOptions::default(), &[]).is_ok());
    let refusal = encode(&large(TRANSACTION_BYTES_MAX / 2), PipelineOptions::default(), &[]).unwrap_err();
    assert_eq!((refusal.reason(), refusal.class()), ("transaction_too_large", ErrorClass::TooLarge));
    let bytes = Bytes::from(vec![0; TRANSACTION_BYTES_MAX + 1]);
    assert_eq!(Transaction::decode(&bytes).unwrap_err().reason(), "transaction_too_large");
}

#[test]
fn it_carries_at_most_1024_operations() {
    let content = |count| v1::TransactionContent {
        operations: vec![field(b"x"); count],
        request: Bytes::new(),
        ..Default::default()
    };
    assert_eq!(refused(&around(&content(TRANSACTION_OPERATIONS_MAX))), None);
    assert_eq!(refused(&around(&content(TRANSACTION_OPERATIONS_MAX + 1))), Some("too_many"));
}

#[test]
fn whatever_is_encoded_can_be_decoded() {
    let cast = Cast::new(1);
    let contents = [
        operations(0),
        operations(1),
        operations(TRANSACTION_OPERATIONS_MAX),
        operations(TRANSACTION_OPERATIONS_MAX + 1),
        Content::Request(Bytes::new()),
        Content::Request(vec![7; 70_000].into()),
    ];
    for content in contents {
        for recipients in [Vec::new(), keys(&cast, &["alice"])] {
            let Ok(bytes) = encode(&content, PipelineOptions::default(), &recipients) else { continue };
            assert_eq!(opened(&bytes, &cast, "alice", true).as_ref(), Ok(&content));
        }
    }
}

#[test]
fn seals_of_another_form_are_refused_before_any_key_is_tried() {
    let sealed = |header: &str| v1::Transaction {
        version: 1,
        sealed: format!("age-encryption.org/v1\n{header}--- AAAA\n").into(),
        ..Default::default()
    };
    assert_eq!(refused(&sealed("-> scrypt AAAA 18\nAAAA\n")), Some("scrypt_stanza"));
    assert_eq!(refused(&sealed("-> X25519 AAAA\nAAAA\n-> ssh-ed25519 AAAA BBBB\nAAAA\n")), Some("ssh_stanza"));
    let armored = v1::Transaction { sealed: field(b"-----BEGIN AGE ENCRYPTED FILE-----\n"), ..sealed("") };
    assert_eq!(refused(&armored), Some("armored"));
    let error = Transaction::decode(&armored.encode_to_vec().into()).unwrap_err();
    assert_eq!(error.class(), ErrorClass::CannotUnseal);
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    for bytes in [&b""[..], b"\0", b"hello", b"\x08\x01", b"\x08\x01\x08\x01", &[0xff; 40]] {
        assert!(Transaction::decode(&field(bytes)).is_err(), "{bytes:?}");
    }
}
