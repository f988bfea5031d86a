//! A process that is killed in the steps of a re-judgement, or before and after them, again and again on one store.

use std::path::Path;

use dmpc::{Hlc, Permissions, Rights, VerifiedOperation};
use dmpc_storage::{Limits, Store, projection::work::Step, stage::Stage};

use super::{
    child::{Does, Process, Told, say},
    load::require_kept,
};
use crate::support::{
    client::now_ms,
    operations::{Cast, Room, at},
    store::{generation, submissions},
    world::genesis,
};

/// Messages that are judged again.
const MESSAGES: u64 = 300;
/// Operations that a step judges again.
const STEP: usize = 40;

/// A channel of alice and bob, with messages of bob; the same in every process.
fn cast() -> (Cast, Room, Vec<VerifiedOperation>) {
    let mut cast = Cast::with_blank_wraps(9);
    let create = cast.create("root", "alice", Permissions::ALL, "", at(1));
    let (open, room) = cast.open("alice", "tea", &[("bob", Rights::READ.union(Rights::WRITE))], at(2));
    let mut operations = vec![create, cast.create("root", "bob", Permissions::NONE, "", at(3)), open];
    operations.extend((0..MESSAGES).map(|number| cast.message("bob", &room, "tea", at(1_000 + number))));
    (cast, room, operations)
}

/// Changes of bob's right to write, each before all of its messages and after the change that came before it.
fn changes(cast: &mut Cast, room: &Room, count: u64) -> Vec<VerifiedOperation> {
    let rights = |number: u64| if number.is_multiple_of(2) { Rights::READ } else { Rights::READ.union(Rights::WRITE) };
    (0..count).map(|number| cast.members("alice", room, &[("bob", rights(number))], &[], at(10 + number))).collect()
}

/// Times that the right changes.
const CHANGES: u64 = 40;

/// Opens the store, which finishes what was begun, and goes on with the changes that are not in it yet.
pub(super) fn child(store: &Path) -> i32 {
    let (mut cast, room, _) = cast();
    let limits = Limits { step: Step { operations: STEP, ..Step::default() }, ..Limits::default() };
    let (mut writer, _reader) = Store::open(store, limits, generation()).unwrap();
    say("open");
    let done = writer.operations() - (3 + MESSAGES);
    for (number, change) in (0..).zip(changes(&mut cast, &room, CHANGES)).skip(usize::try_from(done).unwrap()) {
        writer.commit(&submissions(&[change]), now_ms()).unwrap();
        say(&format!("acknowledged {number}"));
        while writer.step().unwrap().is_some() {}
    }
    0
}

#[test]
fn a_kill_in_the_steps_of_a_rejudgement_leaves_what_the_definition_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let (mut cast, room, operations) = cast();
    Store::init(&store, &genesis(&cast)).unwrap();
    let (mut writer, _reader) = crate::support::store::open(&store);
    writer.commit(&submissions(&operations), now_ms()).unwrap();
    drop(writer);
    drop(_reader);
    let changes = changes(&mut cast, &room, CHANGES);
    let mut acknowledged = operations;
    for (stage, time) in [
        (Stage::BatchWritten, 1),
        (Stage::StepReady, 1),
        (Stage::StepWritten, 3),
        (Stage::StepReady, 5),
        (Stage::StepWritten, 9),
        (Stage::StepReady, 17),
    ] {
        let said = Process::start(&Told::at("rejudge", stage, time, Does::Kill), &store).died_at(stage);
        for number in said.iter().filter_map(|said| said.strip_prefix("acknowledged ")) {
            acknowledged.push(changes[number.parse::<usize>().unwrap()].clone());
        }
        if stage != Stage::BatchWritten {
            assert!(is_rejudging(&store), "{stage:?}, {time}: nothing is left to be judged again");
        }
        // What is left is finished by whoever opens it next: by this process every other time, else by the next one.
        if time % 2 == 1 {
            require_kept(&store, &acknowledged);
        }
    }
    require_kept(&store, &acknowledged);
    assert!(acknowledged.last().unwrap().timestamp() > Hlc::ZERO);
}

/// Whether a re-judgement is not finished.
fn is_rejudging(store: &Path) -> bool {
    let scratch = tempfile::tempdir().unwrap();
    dmpc_storage::doctor::examine(store, scratch.path()).unwrap().is_rejudging
}
