//! What the other node may not do, one rule at a time: what it costs it, and what it cannot hide.

use bytes::Bytes;
use dmpc::{
    Hlc, NodeId, OpId, OpKey, SignedOperation,
    peer::{Frame, Operations, OutcomeKind, Outcomes, Reconcile, Scopes, Want},
    reconcile::{Bound, Writer},
};
use dmpc_node::peer::exchange::{
    Role, Told,
    bounds::{BAD_MAX, UNASKED_MAX, USELESS_MAX, WITHHELD_MAX},
    replica::Replica,
};

use super::{
    book::Book,
    machine::{book, reason, refused, story},
    pair::{Pair, Side, config},
};
use crate::support::operations::Seeded;

fn bad(_: &SignedOperation) -> Told {
    (OutcomeKind::Bad, Some("bad_signature".to_owned()))
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
