//! The rules of the exchange between honest nodes, one at a time.

use dmpc::{
    OpId, OpKey, SignedOperation, VerifiedOperation,
    peer::{Frame, OutcomeKind, Reconcile, Scopes},
    reconcile::{Message, Mode},
};
use dmpc_node::peer::exchange::{Exchange, Memory, Phase, Role, Told, replica::Scope};

use super::{
    book::Book,
    pair::{Pair, Side, config},
};
use crate::support::operations::{Cast, Room, Seeded, at};

/// Root, with two channels and so many messages in each, and operations on users.
pub(super) struct Story {
    pub(super) rooms: [Room; 2],
    pub(super) operations: Vec<VerifiedOperation>,
}

pub(super) fn story(messages: u64) -> Story {
    let mut cast = Cast::with_blank_wraps(11);
    let mut operations = vec![
        cast.create("root", "alice", dmpc::Permissions::ALL, "", at(1)),
        cast.create("root", "bob", dmpc::Permissions::ALL, "", at(2)),
    ];
    let rooms = [3, 4].map(|time| {
        let (open, room) = cast.open("root", "room", &[], at(time));
        operations.push(open);
        room
    });
    for number in 0..messages {
        operations.extend([0, 1].map(|room: usize| cast.message("root", &rooms[room], "text", at(10 + number))));
    }
    Story { rooms, operations }
}

pub(super) fn book<'a>(operations: impl IntoIterator<Item = &'a VerifiedOperation>) -> Book {
    let mut book = Book::default();
    for operation in operations {
        book.insert(operation.key(), operation.channel(), operation.bytes().clone());
    }
    book
}

fn ids(book: &Book) -> Vec<OpId> {
    book.ids(&Scope::Everything)
}

pub(super) fn reason(side: &Side) -> &str {
    side.ended.as_ref().map_or("goes on", |ended| &ended.reason)
}

pub(super) fn refused(_: &SignedOperation) -> Told {
    (OutcomeKind::Refused, Some("overloaded".to_owned()))
}

#[test]
fn both_have_what_either_had() {
    let story = story(300);
    let (mut rng, mut books) = (Seeded::new(1, "split"), [Book::default(), Book::default()]);
    for operation in &story.operations {
        let places: &[usize] = [&[0][..], &[1], &[0, 1]][rng.below(3)];
        for place in places {
            books[*place].insert(operation.key(), operation.channel(), operation.bytes().clone());
        }
    }
    let mut pair = Pair::of(books, |_| {});
    pair.run();
    assert_eq!(ids(&pair.initiator.book), ids(&pair.responder.book));
    assert_eq!(ids(&pair.initiator.book).len(), story.operations.len());
    for side in [&pair.initiator, &pair.responder] {
        let status = side.exchange.status();
        assert_eq!(status.phase, Phase::Following);
        let agreement = status.agreement.unwrap();
        assert!(agreement.logs_agree() && agreement.left.is_empty() && !agreement.is_unexplained(), "{agreement:?}");
        // Nothing goes twice, and nothing comes back.
        assert_eq!(status.received.of(OutcomeKind::Duplicate), 0);
        let keys: Vec<OpKey> = side.ingested.iter().map(|operation| operation.key()).collect();
        assert!(keys.is_sorted(), "what introduces comes before what needs it");
    }
}

#[test]
fn what_is_new_is_handed_over_as_it_comes_and_does_not_come_back() {
    let story = story(40);
    let (before, after) = story.operations.split_at(20);
    let mut pair = Pair::of([book(before), book(before)], |_| {});
    pair.run();
    for (operation, place) in after.iter().zip(0..) {
        let side = if place % 2 == 0 { &mut pair.initiator } else { &mut pair.responder };
        side.book.insert(operation.key(), operation.channel(), operation.bytes().clone());
        side.exchange.log_grew();
        pair.run();
        assert_eq!(ids(&pair.initiator.book), ids(&pair.responder.book));
    }
    for side in [&pair.initiator, &pair.responder] {
        assert_eq!(side.exchange.status().received.of(OutcomeKind::Duplicate), 0);
        assert_eq!(side.exchange.status().rounds, 1, "nothing was asked again");
    }
}

#[test]
fn what_comes_during_the_reconciliation_is_not_lost() {
    let story = story(100);
    let (before, after) = story.operations.split_at(100);
    let mut pair = Pair::of([book(&before[..50]), book(&before[50..])], |_| {});
    let mut left = after.iter();
    // A part of the way, with something new at each side at each step.
    let mut to_responder = pair.initiator.speak();
    let mut to_initiator = pair.responder.speak();
    while !to_responder.is_empty() || !to_initiator.is_empty() {
        for side in [&mut pair.initiator, &mut pair.responder] {
            if let Some(operation) = left.next() {
                side.book.insert(operation.key(), operation.channel(), operation.bytes().clone());
                side.exchange.log_grew();
            }
        }
        to_responder.iter().for_each(|frame| pair.responder.hear(frame));
        to_initiator.iter().for_each(|frame| pair.initiator.hear(frame));
        to_responder = pair.initiator.speak();
        to_initiator = pair.responder.speak();
    }
    assert!(left.len() < after.len());
    assert_eq!(ids(&pair.initiator.book), ids(&pair.responder.book));
}

#[test]
fn one_that_pulls_takes_and_one_that_pushes_hands_over_and_no_more() {
    let story = story(30);
    let halves = story.operations.split_at(20);
    for (pushes, pulls) in [(true, false), (false, true)] {
        let books = [book(halves.0), book(halves.1)];
        let mut pair = Pair::of(books, |_| {});
        let mut own = config(Role::Initiator);
        (own.pushes, own.pulls) = (pushes, pulls);
        pair.initiator.exchange = Exchange::new(own, Memory::default());
        pair.run();
        let (here, there) = (ids(&pair.initiator.book).len(), ids(&pair.responder.book).len());
        let all = story.operations.len();
        let expected = if pushes { (halves.0.len(), all) } else { (all, halves.1.len()) };
        assert_eq!((here, there), expected, "pushes {pushes}, pulls {pulls}");
        let left = pair.initiator.exchange.status().agreement.unwrap().left;
        let (missing, others) = if pushes { (left.here, left.there) } else { (left.there, left.here) };
        assert_eq!(missing.operations, u64::try_from(all - if pushes { here } else { there }).unwrap());
        assert!(missing.earliest.is_some() && others.operations == 0, "{left:?}");
        assert!(!pair.initiator.exchange.status().agreement.unwrap().is_unexplained());
    }
    let mut pair = Pair::of([Book::default(), Book::default()], |config| config.pushes = false);
    pair.run();
    assert_eq!((reason(&pair.initiator), reason(&pair.responder)), ("nothing_common", "nothing_common"));
}

#[test]
fn a_partial_replica_gets_its_channels_and_the_operations_on_users() {
    let story = story(50);
    let mut pair = Pair::of([Book::default(), book(&story.operations)], |_| {});
    let mut own = config(Role::Initiator);
    own.scopes = Scopes::channels(vec![story.rooms[1].id]);
    pair.initiator.exchange = Exchange::new(own, Memory::default());
    pair.run();
    let belongs =
        |operation: &&VerifiedOperation| operation.channel().is_none_or(|channel| channel == story.rooms[1].id);
    let mut expected: Vec<OpKey> = story.operations.iter().filter(belongs).map(|operation| operation.key()).collect();
    expected.sort_unstable();
    assert_eq!(ids(&pair.initiator.book), expected.iter().map(|key| key.id).collect::<Vec<_>>());
    assert!(pair.initiator.ingested[0].channel().is_none(), "users come first");
    // What is new in another channel stays where it is.
    let mut cast = Cast::with_blank_wraps(12);
    for (room, comes) in [(&story.rooms[0], false), (&story.rooms[1], true)] {
        let message = cast.message("root", room, "more", at(1_000));
        pair.responder.book.insert(message.key(), message.channel(), message.bytes().clone());
        pair.responder.exchange.log_grew();
        pair.run();
        assert_eq!(pair.initiator.book.has(&message.key()), comes);
    }
    assert_eq!((reason(&pair.initiator), reason(&pair.responder)), ("goes on", "goes on"));
}

#[test]
fn a_cut_costs_another_reconciliation_of_what_differs() {
    let story = story(2_000);
    let mut pair = Pair::of([Book::default(), book(&story.operations)], |_| {});
    let (mut to_responder, mut to_initiator) = (pair.initiator.speak(), pair.responder.speak());
    while ids(&pair.initiator.book).len() < 2_000 {
        to_responder.iter().for_each(|frame| pair.responder.hear(frame));
        to_initiator.iter().for_each(|frame| pair.initiator.hear(frame));
        (to_responder, to_initiator) = (pair.initiator.speak(), pair.responder.speak());
    }
    let had = ids(&pair.initiator.book).len();
    let mut again = Pair::of([pair.initiator.book, pair.responder.book], |_| {});
    again.run();
    assert_eq!(again.initiator.ingested.len(), story.operations.len() - had);
    assert_eq!(ids(&again.initiator.book), ids(&again.responder.book));
}

#[test]
fn what_was_refused_is_not_offered_again_in_the_same_reconciliation_and_later_each_time() {
    let story = story(20);
    let mut pair = Pair::of([book(&story.operations), Book::default()], |_| {});
    pair.responder.judge = refused;
    pair.run();
    let offered = pair.responder.ingested.len();
    assert_eq!(offered, story.operations.len(), "each once");
    let missing = pair.initiator.exchange.status().agreement.unwrap().left.there;
    assert_eq!(missing.operations, u64::try_from(offered).unwrap());
    assert_eq!(missing.earliest, story.operations.iter().map(|operation| operation.key().timestamp).min());
    let mut times = Vec::new();
    for _ in 0..16 {
        let before = pair.responder.ingested.len();
        pair.initiator.exchange.reconcile_again();
        pair.run();
        times.push(pair.responder.ingested.len() > before);
    }
    let offers: Vec<usize> = (0..16).filter(|round| times[*round]).collect();
    assert_eq!(offers, [0, 2, 6, 14], "after 1, 2, 4 and 8 reconciliations");
    // It is remembered over exchanges, and forgotten once it is taken.
    let memory =
        std::mem::replace(&mut pair.initiator.exchange, Exchange::new(config(Role::Initiator), Memory::default()));
    let mut next = Pair::of([pair.initiator.book, Book::default()], |_| {});
    next.initiator.exchange = Exchange::new(config(Role::Initiator), memory.into_memory());
    next.run();
    assert!(next.responder.ingested.is_empty());
}

#[test]
fn a_window_of_one_operation_and_no_bytes_is_enough() {
    let story = story(20);
    let halves = story.operations.split_at(15);
    let mut pair = Pair::of([book(halves.0), book(halves.1)], |config| {
        (config.window_operations, config.window_bytes) = (1, 0);
    });
    pair.run();
    assert_eq!(ids(&pair.initiator.book).len(), story.operations.len());
    assert_eq!(ids(&pair.initiator.book), ids(&pair.responder.book));
}

#[test]
fn the_other_end_hears_why_it_ends() {
    let mut pair = Pair::of([Book::default(), Book::default()], |config| config.once = true);
    pair.run();
    assert_eq!((reason(&pair.initiator), reason(&pair.responder)), ("done", "done"));
    assert_eq!(pair.responder.ended.as_ref().unwrap().own, None);
    assert_eq!(pair.responder.exchange.status().phase, Phase::Ended);
}

#[test]
fn equal_sets_are_seen_to_be_equal_by_one_message() {
    let story = story(100);
    let mut pair = Pair::of([book(&story.operations), book(&story.operations)], |_| {});
    pair.run();
    let messages: Vec<Message> = pair
        .frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Reconcile(Reconcile { message, .. }) => Some(Message::decode(message).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].ranges.iter().all(|range| matches!(range.mode, Mode::Fingerprint(_))));
    assert!(messages[1].ranges.is_empty());
}
