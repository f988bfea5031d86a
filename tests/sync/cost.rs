//! What a reconciliation costs: bytes and round trips by what differs, and not by what the nodes hold.

use dmpc::{Hlc, OpId, OpKey, SignedOperation, VerifiedOperation};

use super::{
    book::{Book, Sorted},
    pair::Pair,
};
use crate::support::operations::{Cast, Seeded, at};

/// Operations that both have.
const SHARED: usize = 1_000_000;

/// Keys of operations that nobody asks for, since both have them.
fn shared(count: usize) -> Sorted {
    let mut rng = Seeded::new(1, "shared");
    let key = |place: usize| OpKey {
        timestamp: Hlc::from_bits(at(u64::try_from(place).unwrap()).bits()),
        id: OpId::from_bytes(rng.array()),
    };
    Sorted::new((0..count).map(key).collect())
}

/// Messages at random times among the shared operations.
fn messages(count: usize, among: usize) -> Vec<VerifiedOperation> {
    let mut cast = Cast::with_blank_wraps(1);
    let (_, room) = cast.open("root", "room", &[], at(1));
    let mut rng = Seeded::new(2, "different");
    let mut time = || at(u64::try_from(rng.below(among)).unwrap());
    (0..count).map(|_| cast.message("root", &room, &"x".repeat(100), time())).collect()
}

/// A pair that has `among` operations together; of the others each has every other.
fn pair(among: usize, different: usize) -> (Pair, usize) {
    let others = shared(among);
    let mut books = [Book::over(others.clone()), Book::over(others)];
    let messages = messages(different, among);
    for (message, place) in messages.iter().zip(0..) {
        books[place % 2].insert(message.key(), message.channel(), message.bytes().clone());
    }
    let bytes = messages.iter().map(|message| message.bytes().len()).sum();
    (Pair::of(books, |config| config.once = true), bytes)
}

fn agrees(pair: &Pair, different: usize) {
    let count = |operations: &[SignedOperation]| operations.len();
    assert_eq!(count(&pair.initiator.ingested) + count(&pair.responder.ingested), different);
    for side in [&pair.initiator, &pair.responder] {
        let ended = side.ended.as_ref().unwrap();
        assert_eq!(ended.reason, "done", "{ended:?}");
        assert!(side.exchange.status().agreement.unwrap().logs_agree());
    }
}

#[test]
fn ten_differences_among_a_million_operations_move_under_100_kb_in_under_6_round_trips() {
    let (mut pair, bytes) = pair(SHARED, 10);
    pair.run();
    agrees(&pair, 10);
    assert!(pair.bytes < 100_000, "{} bytes, of which {bytes} are the operations", pair.bytes);
    assert!(pair.round_trips() < 6.0, "{} round trips", pair.round_trips());
}

#[test]
fn equal_logs_cost_a_few_frames() {
    let (mut pair, _) = pair(100_000, 0);
    pair.run();
    agrees(&pair, 0);
    assert!(pair.bytes < 2_500, "{} bytes", pair.bytes);
    assert!(pair.round_trips() <= 3.0, "{} round trips", pair.round_trips());
}

#[test]
fn ten_thousand_differences_cost_what_differs() {
    let (mut pair, bytes) = pair(100_000, 10_000);
    pair.run();
    agrees(&pair, 10_000);
    assert!(pair.bytes < bytes * 3, "{} bytes, of which {bytes} are the operations", pair.bytes);
}
