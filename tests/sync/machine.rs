//! The rules of the exchange, one at a time.

use bytes::Bytes;
use dmpc::{
    Hlc, NodeId, OpId, OpKey, SignedOperation, VerifiedOperation,
    peer::{Frame, Operations, OutcomeKind, Outcomes, Reconcile, Scopes, Want},
    reconcile::{Bound, Message, Mode, Writer},
};
use dmpc_node::peer::exchange::{
    Exchange, Memory, Phase, Role, Told,
    bounds::{BAD_MAX, UNASKED_MAX, USELESS_MAX, WITHHELD_MAX},
    replica::{Replica, Scope},
};

use super::{
    book::Book,
    pair::{Pair, Side, config},
};
use crate::support::operations::{Cast, Room, Seeded, at};

/// Root, with two channels and so many messages in each, and operations on users.
struct Story {
    rooms: [Room; 2],
    operations: Vec<VerifiedOperation>,
}

fn story(messages: u64) -> Story {
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

fn book<'a>(operations: impl IntoIterator<Item = &'a VerifiedOperation>) -> Book {
    let mut book = Book::default();
    for operation in operations {
        book.insert(operation.key(), operation.channel(), operation.bytes().clone());
    }
    book
}

fn ids(book: &Book) -> Vec<OpId> {
    book.ids(&Scope::Everything)
}

fn reason(side: &Side) -> &str {
    side.ended.as_ref().map_or("goes on", |ended| &ended.reason)
}

fn refused(_: &SignedOperation) -> Told {
    (OutcomeKind::Refused, Some("overloaded".to_owned()))
}

fn bad(_: &SignedOperation) -> Told {
    (OutcomeKind::Bad, Some("bad_signature".to_owned()))
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
fn operations_that_are_not_authentic_end_the_exchange_beyond_a_bound() {
    let story = story(20);
    for role in [Role::Initiator, Role::Responder] {
        let mut pair = if role == Role::Initiator {
            Pair::of([Book::default(), book(&story.operations)], |_| {})
        } else {
            Pair::of([book(&story.operations), Book::default()], |_| {})
        };
        let victim = if role == Role::Initiator { &mut pair.initiator } else { &mut pair.responder };
        victim.judge = bad;
        pair.run();
        let victim = if role == Role::Initiator { &pair.initiator } else { &pair.responder };
        assert_eq!(reason(victim), "bad_operations");
        assert!(victim.ended.as_ref().unwrap().own.unwrap().is_offence());
        assert!(victim.exchange.status().offences.bad > BAD_MAX);
    }
}

/// A responder that has the terms of an initiator whom the test speaks for.
fn victim(book: Book) -> Side {
    let mut victim = Side::new(config(Role::Responder), book);
    let mut other = Side::new(config(Role::Initiator), Book::default());
    other.speak().iter().for_each(|frame| victim.hear(frame));
    victim.speak();
    victim
}

/// An initiator that has the terms of a responder whom the test speaks for, and asked its first question.
fn asking(book: Book) -> Side {
    let mut asking = Side::new(config(Role::Initiator), book);
    let mut other = Side::new(config(Role::Responder), Book::default());
    other.speak().iter().for_each(|frame| asking.hear(frame));
    asking.speak();
    asking
}

fn operations(operations: Vec<Bytes>) -> Frame {
    Frame::Operations(Operations { operations, want: None, last: false })
}

#[test]
fn bytes_that_are_no_operation_end_the_exchange_beyond_a_bound() {
    let mut victim = victim(Book::default());
    for _ in 0..=BAD_MAX {
        assert_eq!(reason(&victim), "goes on");
        victim.hear_frame(&operations(vec![Bytes::from_static(b"no operation")]));
        let said = victim.speak();
        let told = Frame::decode(&said[0]).unwrap();
        let Frame::Outcomes(Outcomes { outcomes }) = told else { continue };
        assert_eq!(outcomes[0].0, OutcomeKind::Bad);
    }
    assert_eq!(reason(&victim), "bad_operations");
    assert!(victim.ingested.is_empty());
}

#[test]
fn operations_outside_of_what_is_exchanged_are_refused_and_end_it_beyond_a_bound() {
    let story = story(20);
    let mut own = config(Role::Responder);
    own.scopes = Scopes::channels(vec![story.rooms[0].id]);
    let mut victim = Side::new(own, Book::default());
    let mut other = Side::new(config(Role::Initiator), Book::default());
    other.speak().iter().for_each(|frame| victim.hear(frame));
    victim.speak();
    let outside = story.operations.iter().filter(|operation| operation.channel() == Some(story.rooms[1].id));
    for (operation, count) in outside.zip(1..) {
        victim.hear_frame(&operations(vec![operation.bytes().clone()]));
        victim.speak();
        assert_eq!(victim.exchange.status().offences.unasked, count);
        if count > UNASKED_MAX {
            break;
        }
    }
    assert_eq!(reason(&victim), "unasked");
    assert!(victim.ingested.is_empty());
}

#[test]
fn operations_beside_those_that_were_wanted_are_refused() {
    let story = story(3);
    let mut asking = asking(Book::default());
    let lacking = story.operations[0].key();
    let mut writer = Writer::default();
    writer.list(Bound::END, &[lacking.id]);
    let message = writer.finish().unwrap().into();
    asking.hear_frame(&Frame::Reconcile(Reconcile { scope: 0, message }));
    let said = asking.speak();
    let Frame::Want(want) = Frame::decode(&said[0]).unwrap() else { panic!("it is wanted") };
    assert_eq!(want, Want { number: 1, scope: 0, from: OpKey::MIN, ids: vec![lacking.id] });
    let both = story.operations[..2].iter().map(|operation| operation.bytes().clone()).collect();
    asking.hear_frame(&Frame::Operations(Operations { operations: both, want: Some(1), last: true }));
    asking.speak();
    assert_eq!(asking.ingested.iter().map(|operation| operation.key()).collect::<Vec<_>>(), [lacking]);
    assert_eq!(asking.exchange.status().offences.unasked, 1);
}

#[test]
fn what_is_claimed_and_not_handed_over_shows_and_ends_the_exchange_beyond_a_bound() {
    let mut asking = asking(Book::default());
    let mut rng = Seeded::new(5, "claims");
    let mut claimed = 0;
    let mut said: Vec<Bytes> = vec![Frame::Reconcile(Reconcile { scope: 0, message: Bytes::new() }).encode().unwrap()];
    while reason(&asking) == "goes on" {
        assert!(claimed <= WITHHELD_MAX + 20_000, "it goes on for ever");
        let mut answers = Vec::new();
        for frame in &said {
            match Frame::decode(frame).unwrap() {
                Frame::Want(want) => {
                    let nothing = Operations { operations: Vec::new(), want: Some(want.number), last: true };
                    answers.push(Frame::Operations(nothing));
                }
                Frame::Reconcile(_) => {
                    let mut writer = Writer::default();
                    let ids: Vec<OpId> = (0..2_000).map(|_| OpId::from_bytes(rng.array())).collect();
                    claimed += 2_000;
                    let key = OpKey { timestamp: Hlc::from_bits(claimed), id: OpId::from_bytes([0; 32]) };
                    writer.list(Bound::at(key), &ids);
                    writer.fingerprint(Bound::END, &[1; 16]);
                    answers.push(Frame::Reconcile(Reconcile { scope: 0, message: writer.finish().unwrap().into() }));
                }
                _ => {}
            }
        }
        answers.iter().for_each(|frame| asking.hear_frame(frame));
        said = asking.speak();
    }
    assert_eq!(reason(&asking), "withholding");
    let left = asking.exchange.status().left.here;
    assert!(left.operations > WITHHELD_MAX && left.earliest.is_some(), "{left:?}");
}

#[test]
fn useless_operations_end_the_exchange_beyond_a_bound() {
    // As many as the bound would take long to make: one is refused again and again.
    let story = story(1);
    let mut victim = victim(Book::default());
    victim.judge = refused;
    let one: Vec<Bytes> = (0..1).map(|_| story.operations[0].bytes().clone()).collect();
    let mut count = 0;
    while reason(&victim) == "goes on" {
        count += 1;
        assert!(count <= USELESS_MAX + 1);
        victim.hear_frame(&operations(one.clone()));
        victim.speak();
    }
    assert_eq!(reason(&victim), "useless");
}

#[test]
fn a_reconciliation_that_comes_to_nothing_ends() {
    let mut asking = asking(Book::default());
    for _ in 0..100 {
        let mut writer = Writer::default();
        writer.fingerprint(Bound::END, &[1; 16]);
        asking.hear_frame(&Frame::Reconcile(Reconcile { scope: 0, message: writer.finish().unwrap().into() }));
        asking.speak();
    }
    assert_eq!(reason(&asking), "endless");
}

#[test]
fn an_answer_that_echoes_hides_nothing_from_the_digests() {
    let story = story(10);
    let mut asking = asking(book(&story.operations[..5]));
    // "The same as you", whatever there is.
    asking.hear_frame(&Frame::Reconcile(Reconcile { scope: 0, message: vec![dmpc::reconcile::PROTOCOL_BYTE].into() }));
    let said = asking.speak();
    assert!(matches!(Frame::decode(&said[0]).unwrap(), Frame::Reconciled(_)));
    let other = book(&story.operations);
    asking.hear_frame(&Frame::Reconciled(other.head().unwrap()));
    let agreement = asking.exchange.status().agreement.unwrap();
    assert!(agreement.is_unexplained() && !agreement.logs_agree(), "{agreement:?}");
}

#[test]
fn frames_out_of_turn_end_the_exchange() {
    let story = story(3);
    let head = Book::default().head().unwrap();
    let want = |number| Frame::Want(Want { number, scope: 0, from: OpKey::MIN, ids: vec![OpId::from_bytes([1; 32])] });
    let applied = Frame::Outcomes(Outcomes { outcomes: vec![(OutcomeKind::Applied, None)] });
    let nothing = vec![dmpc::reconcile::PROTOCOL_BYTE];
    let other_scope = Frame::Reconcile(Reconcile { scope: 1, message: nothing.clone().into() });
    let malformed = Frame::Reconcile(Reconcile { scope: 0, message: vec![1].into() });
    let answer = Frame::Operations(Operations {
        operations: vec![story.operations[0].bytes().clone()],
        want: Some(1),
        last: true,
    });
    let to_responder = [want(2), want(0), applied.clone(), other_scope.clone(), malformed.clone(), answer.clone()];
    for frame in to_responder {
        let Ok(bytes) = frame.encode() else { continue };
        let mut victim = victim(Book::default());
        victim.hear(&bytes);
        victim.speak();
        assert_eq!(reason(&victim), "violation", "{frame:?}");
    }
    for frame in [want(1), applied, other_scope, malformed, answer, Frame::Reconciled(head)] {
        let mut asking = asking(book(&story.operations));
        asking.hear_frame(&frame);
        asking.speak();
        assert_eq!(reason(&asking), "violation", "{frame:?}");
    }
    // Before the terms, and the terms again.
    let mut early = Side::new(config(Role::Responder), Book::default());
    early.hear_frame(&Frame::Alive(head));
    early.speak();
    assert_eq!(reason(&early), "violation");
    let mut again = victim(Book::default());
    let terms = Side::new(config(Role::Initiator), Book::default()).speak();
    again.hear(&terms[0]);
    again.speak();
    assert_eq!(reason(&again), "violation");
    let mut garbage = victim(Book::default());
    garbage.hear(&Bytes::from_static(&[0xff; 40]));
    garbage.speak();
    assert_eq!(reason(&garbage), "violation");
}

#[test]
fn more_operations_than_the_window_end_the_exchange() {
    let story = story(3);
    let mut own = config(Role::Responder);
    own.window_operations = 4;
    let mut victim = Side::new(own, Book::default());
    let mut other = Side::new(config(Role::Initiator), Book::default());
    other.speak().iter().for_each(|frame| victim.hear(frame));
    victim.speak();
    let five: Vec<Bytes> = story.operations.iter().take(5).map(|operation| operation.bytes().clone()).collect();
    victim.hear_frame(&operations(five));
    victim.speak();
    assert_eq!(reason(&victim), "violation");
}

#[test]
fn terms_of_another_node_version_or_ruleset_end_the_exchange() {
    let terms = Side::new(config(Role::Initiator), Book::default()).speak();
    let Frame::Terms(terms) = Frame::decode(&terms[0]).unwrap() else { panic!("the first frame is the terms") };
    let mut cases = [terms.clone(), terms.clone(), terms];
    cases[0].node = NodeId::from_bytes([5; 32]);
    cases[1].version = 2;
    cases[2].ruleset = 2;
    for (terms, expected) in cases.into_iter().zip(["other_node", "other_version", "other_ruleset"]) {
        let mut victim = Side::new(config(Role::Responder), Book::default());
        victim.hear_frame(&Frame::Terms(terms));
        victim.speak();
        assert_eq!(reason(&victim), expected);
    }
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
