//! Bytes replaced, flipped, inserted, deleted, cut off, exchanged, repeated, anywhere: nothing is taken for what it was.
//!
//! A changed operation is refused, or it is another one with another id; a changed seal, request or transaction is refused,
//! or says something else than the original did.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use dmpc::{
    OpId, Permissions, Rights, SignedOperation, VerifiedOperation,
    error::Classified,
    kinds::FieldWrite,
    operation::{Issue, OperationError},
    request::{Query, VerifiedRequest, sign_request},
    seal::{EpochKey, open_age, open_content, seal_age},
    transaction::{Content, PipelineOptions, Transaction, encode},
    v1,
};
use prost::Message;

use crate::support::operations::{Cast, Seeded, at};

/// Changes tried of operations of all kinds, of what is sealed, and of requests.
const OPERATION_CHANGES: usize = 60_000;
const SEALED_CHANGES: usize = 30_000;
const REQUEST_CHANGES: usize = 10_000;
const _: () = assert!(OPERATION_CHANGES + SEALED_CHANGES + REQUEST_CHANGES >= 100_000);

/// One operation of each kind and way of certifying.
fn operations(cast: &mut Cast) -> Vec<VerifiedOperation> {
    let (open, room) = cast.open("alice", "lounge", &[("bob", Rights::READ)], at(0));
    let name = |name: &str| [FieldWrite::DisplayName(name.into()), FieldWrite::Active(true)];
    vec![
        cast.create("root", "alice", Permissions::ALL, "Alice", at(1)),
        cast.create(("bob", "root"), "bob", Permissions::NONE, "Bob", at(2)),
        cast.update("alice", "alice", &name("A"), at(3)),
        cast.update(("bob", "root", at(5)), "bob", &name("B"), at(4)),
        cast.rotate("carol", "carol", "former carol", at(5)),
        open,
        cast.members("alice", &room, &[("carol", Rights::ALL)], &["bob"], at(6)),
        cast.epoch("alice", &room, &["carol"], at(7)).0,
        cast.message("carol", &room, "hello", at(8)),
        cast.message(("bob", "alice"), &room, "hello", at(9)),
        cast.close("alice", &room, at(10)),
    ]
}

/// One of the ways to change bytes; never gives the original.
fn changed(original: &[u8], rng: &mut Seeded) -> (&'static str, Vec<u8>) {
    loop {
        let mut bytes = original.to_vec();
        let place = rng.below(bytes.len());
        let other = rng.below(bytes.len());
        let byte = u8::try_from(rng.below(256)).unwrap();
        let length = 1 + rng.below(8);
        let way = match rng.below(10) {
            0..3 => {
                bytes[place] ^= 1 << rng.below(8);
                "flip"
            }
            3 => {
                bytes[place] = byte;
                "replace"
            }
            4 => {
                let inserted: Vec<u8> = (0..length).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
                bytes.splice(place..place, inserted);
                "insert"
            }
            5 => {
                bytes.drain(place..(place + length).min(original.len()));
                "delete"
            }
            6 => {
                bytes.truncate(place);
                "truncate"
            }
            7 => {
                bytes.swap(place, other);
                "swap"
            }
            8 => {
                let end = (place + length).min(bytes.len());
                let repeated = bytes[place..end].to_vec();
                bytes.splice(other..other, repeated);
                "copy"
            }
            _ => {
                bytes.extend((0..length).map(|_| byte));
                "append"
            }
        };
        if bytes != original {
            return (way, bytes);
        }
    }
}

/// What changes came to.
#[derive(Default)]
struct Tally {
    tried: usize,
    ways: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<&'static str, usize>,
    /// Accepted as something else than the original.
    others: usize,
}

impl Tally {
    /// Tries changes of bytes and fails where one of them is taken for the original. `read` gives all that the bytes say.
    fn try_changes<T: PartialEq + Debug>(
        &mut self,
        original: &[u8],
        times: usize,
        rng: &mut Seeded,
        read: impl Fn(Bytes) -> Result<T, &'static str>,
    ) {
        let meant = read(Bytes::copy_from_slice(original)).unwrap();
        for _ in 0..times {
            let (way, bytes) = changed(original, rng);
            match read(Bytes::from(bytes.clone())) {
                Ok(said) => {
                    assert_ne!(said, meant, "accepted as the original after a {way}: {bytes:02x?}");
                    self.others += 1;
                }
                Err(reason) => *self.reasons.entry(reason).or_default() += 1,
            }
            *self.ways.entry(way).or_default() += 1;
            self.tried += 1;
        }
    }

    fn report(&self, what: &str) {
        eprintln!("{what}: {} changes, {} accepted as others", self.tried, self.others);
        eprintln!("  ways: {:?}\n  refused: {:?}", self.ways, self.reasons);
        assert_eq!(self.tried, self.others + self.reasons.values().sum::<usize>());
        assert_eq!(self.ways.len(), 8, "each way is tried");
    }
}

fn verify(bytes: Bytes) -> Result<OpId, &'static str> {
    let operation = SignedOperation::decode(bytes).map_err(|error| error.reason())?;
    operation.verify().map(|operation| operation.id()).map_err(|error| error.reason())
}

#[test]
fn no_changed_operation_is_accepted_as_the_original() {
    let operations = operations(&mut Cast::new(7));
    let mut rng = Seeded::new(7, "mutations");
    let mut tally = Tally::default();
    for operation in &operations {
        tally.try_changes(operation.bytes(), OPERATION_CHANGES.div_ceil(operations.len()), &mut rng, verify);
    }
    tally.report("operations");
    assert!(tally.tried >= OPERATION_CHANGES);
    assert_eq!(tally.others, 0, "nobody makes another operation by chance");
    assert!(tally.reasons.contains_key("bad_signature") && tally.reasons.len() > 15, "{:?}", tally.reasons);
}

#[test]
fn no_changed_issue_is_shown_to_its_certifier_as_the_original() {
    let mut cast = Cast::new(7);
    let (_, room) = cast.open("alice", "lounge", &[("bob", Rights::READ)], at(0));
    let message = cast.message(("bob", "alice"), &room, "hello", at(9));
    let wire = v1::Operation::decode(message.bytes().clone()).unwrap();
    let issue = v1::Operation { certification: Bytes::new(), certification_signature: Bytes::new(), ..wire };
    let read =
        |bytes| Issue::decode(bytes).map(|issue| issue.bytes().clone()).map_err(|error: OperationError| error.reason());
    let mut tally = Tally::default();
    tally.try_changes(&issue.encode_to_vec(), 5_000, &mut Seeded::new(7, "issue mutations"), read);
    tally.report("issues");
    assert_eq!(tally.others, 0);
}

#[test]
fn an_id_changes_with_every_byte_but_those_of_the_signatures() {
    let mut rng = Seeded::new(8, "mutations");
    let mut decoded = 0;
    for operation in operations(&mut Cast::new(7)) {
        for _ in 0..3_000 {
            let (_, bytes) = changed(operation.bytes(), &mut rng);
            let Ok(other) = SignedOperation::decode(bytes.into()) else { continue };
            assert_eq!(other.id() == operation.id(), identified(&other) == identified(&operation));
            decoded += 1;
        }
    }
    assert!(decoded > 1_000, "{decoded} are well formed");
}

/// What the id of an operation is taken over: everything but its signatures.
fn identified(operation: &SignedOperation) -> (Bytes, Bytes) {
    let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    (wire.body, wire.certification)
}

#[test]
fn nothing_sealed_is_opened_as_the_original_once_it_is_changed() {
    let mut cast = Cast::new(7);
    let (_, room) = cast.open("alice", "lounge", &[], at(0));
    let message = cast.message("alice", &room, "four operations and a request", at(1));
    let (bob, to) = (cast.identity("bob"), cast.encryption_key("bob"));
    let mut rng = Seeded::new(7, "sealed mutations");
    let mut tally = Tally::default();
    let times = SEALED_CHANGES.div_ceil(4);

    // An answer, sealed to who asked.
    let answer = v1::ReadUsersResponse { latest: 7, ..Default::default() }.encode_to_vec();
    let sealed = seal_age(&answer, &[to]).unwrap();
    tally.try_changes(&sealed, times, &mut rng, |bytes| {
        open_age(&bytes, &bob.encryption, 1, 1_000).map(|_| ()).map_err(|error| error.reason())
    });

    // A wrap.
    let wrap = room.key.wrap(&room.id, bob.user, to).unwrap();
    tally.try_changes(&wrap.sealed, times, &mut rng, |bytes| {
        let key = EpochKey::unwrap(&bytes, &bob.encryption, &room.id, &bob.user, &room.key.key_id());
        key.map(|_| ()).map_err(|error| error.reason())
    });

    // A sealed transaction. Its envelope is nobody's signature: what is inside must be what was sealed.
    let content = Content::Operations(vec![message.bytes().clone()]);
    let sealed = encode(&content, PipelineOptions::default(), &[cast.encryption_key("alice"), to]).unwrap();
    tally.try_changes(&v1::Transaction::decode(sealed).unwrap().sealed, times, &mut rng, |bytes| {
        let whole = v1::Transaction { version: 1, sealed: bytes, ..Default::default() }.encode_to_vec();
        let transaction = Transaction::decode(&whole.into()).map_err(|error| error.reason())?;
        transaction.open(&bob.encryption, false).map(|_| ()).map_err(|error| error.reason())
    });

    // The content of a message: ciphertext and nonce, in an operation that a member who has the key signs anew.
    let payload = body(&message).payload;
    tally.try_changes(&payload, times, &mut rng, |bytes| {
        let forged =
            cast.identity("alice").signing.sign(dmpc::hash::Domain::SignOperation, &[&with_payload(&message, &bytes)]);
        let whole = v1::Operation {
            body: with_payload(&message, &bytes).into(),
            signature: Bytes::copy_from_slice(&forged.0),
            ..Default::default()
        };
        let operation = SignedOperation::decode(whole.encode_to_vec().into()).map_err(|error| error.reason())?;
        open_content(&room.key, &operation.verify().unwrap()).map(|_| ()).map_err(|error| error.reason())
    });

    tally.report("sealed");
    assert!(tally.tried >= SEALED_CHANGES);
    assert_eq!(tally.others, 0);
    for reason in ["tampered_seal", "foreign_stanza", "not_age"] {
        assert!(tally.reasons.contains_key(reason), "{:?}", tally.reasons);
    }
}

fn body(operation: &SignedOperation) -> v1::Body {
    v1::Body::decode(v1::Operation::decode(operation.bytes().clone()).unwrap().body).unwrap()
}

fn with_payload(operation: &SignedOperation, payload: &Bytes) -> Vec<u8> {
    v1::Body { payload: payload.clone(), ..body(operation) }.encode_to_vec()
}

#[test]
fn no_changed_request_is_accepted_as_the_original() {
    let cast = Cast::new(7);
    let node = dmpc::NodeId::from_bytes([2; 32]);
    let query = Query::Messages {
        channel: dmpc::ChannelId::from_bytes([3; 32]),
        cursor: Bytes::new(),
        limit: 5,
        backward: true,
    };
    let signed = sign_request(cast.identity("bob"), &node, [4; 16], 1_000, &query, Some(&cast.encryption_key("bob")));
    let mut tally = Tally::default();
    tally.try_changes(&signed, REQUEST_CHANGES, &mut Seeded::new(7, "request mutations"), |bytes| {
        VerifiedRequest::decode(&bytes).map(|request| request.nonce).map_err(|error| error.reason())
    });
    tally.report("requests");
    assert!(tally.tried >= REQUEST_CHANGES);
    assert_eq!(tally.others, 0);
    assert!(tally.reasons.contains_key("bad_signature"), "{:?}", tally.reasons);
}

#[test]
fn a_changed_transaction_in_the_open_runs_no_operation_that_was_not_signed() {
    let mut cast = Cast::new(7);
    let operations = operations(&mut cast);
    let bytes = operations.iter().take(4).map(|operation| operation.bytes().clone()).collect();
    let whole = encode(&Content::Operations(bytes), PipelineOptions::default(), &[]).unwrap();
    let known: Vec<OpId> = operations.iter().map(|operation| operation.id()).collect();
    let mut rng = Seeded::new(7, "transaction mutations");
    let (mut opened, mut ran) = (0, 0);
    for _ in 0..10_000 {
        let (_, bytes) = changed(&whole, &mut rng);
        let Ok(transaction) = Transaction::decode(&bytes.into()) else { continue };
        let inside = transaction.open(&cast.identity("bob").encryption, true);
        let Ok(Content::Operations(inside)) = inside.map(|opened| opened.content) else {
            continue;
        };
        opened += 1;
        let authentic: Vec<OpId> = inside.into_iter().filter_map(|bytes| verify(bytes).ok()).collect();
        ran += authentic.len();
        assert!(authentic.iter().all(|id| known.contains(id)));
    }
    assert!(opened > 100 && ran > 100, "{opened} are transactions, with {ran} operations that verify");
}
