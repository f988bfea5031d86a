//! Two replicas of so many operations that differ in so many.

use dmpc::{OpId, OpKey, VerifiedOperation};

use super::{
    book::{Book, Sorted},
    pair::Pair,
};
use crate::support::operations::{Cast, Seeded, at};

/// Keys of operations that nobody asks for, since both have them.
fn shared(count: usize) -> Sorted {
    let mut rng = Seeded::new(1, "shared");
    let key = |place: usize| OpKey { timestamp: at(u64::try_from(place).unwrap()), id: OpId::from_bytes(rng.array()) };
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

/// A pair that has `among` operations together; of the others each has every other. And the bytes of those others.
pub(crate) fn differing(among: usize, different: usize) -> (Pair, usize) {
    let others = shared(among);
    let mut books = [Book::over(others.clone()), Book::over(others)];
    let messages = messages(different, among);
    for (message, place) in messages.iter().zip(0..) {
        books[place % 2].insert(message.key(), message.channel(), message.bytes().clone());
    }
    let bytes = messages.iter().map(|message| message.bytes().len()).sum();
    (Pair::of(books, |config| config.once = true), bytes)
}
