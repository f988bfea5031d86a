//! A late operation that concerns very many others: judged again in durable steps of bounded size, while readers stay on
//! the state of before.

use std::{fs, path::Path};

use dmpc::{Permissions, Rights, VerifiedOperation, kinds::FieldWrite};
use dmpc_storage::{
    Limits, Outcome, Reader, Rejection, Source, Store, StoreError, Submission, Verdict, Writer, Written,
    projection::work::Step,
    reader::{Change, FeedEvent},
    replay::replay,
};

use crate::support::{
    operations::{Cast, Room, Seeded, at},
    store::{self, generation, open, open_with_step},
    world::genesis,
};

/// Messages of the channel, and how many are judged again in a step.
const MESSAGES: usize = 50_000;
const STEP: usize = 10_000;
/// Bytes that a step writes at most: for each message a record, a charge and its share of ranks, index and feed.
const STEP_BYTES_MAX: usize = STEP * 300;

fn step(operations: usize) -> Step {
    Step { operations, ..Step::default() }
}

fn limits(operations: usize) -> Limits {
    Limits { step: step(operations), ..Limits::default() }
}

fn submissions(operations: &[VerifiedOperation]) -> Vec<Submission> {
    operations.iter().map(|op| Submission { operation: op.clone(), source: Source([1; 16]) }).collect()
}

/// A channel of alice in which alice and bob write, and what comes too late.
struct Scene {
    cast: Cast,
    room: Room,
    now: u64,
}

impl Scene {
    /// With `messages` of alice from the time 10 on, one a millisecond, every tenth by bob.
    fn new(seed: u64, path: &Path, messages: usize) -> Self {
        let mut cast = Cast::with_blank_wraps(seed);
        let genesis = genesis(&cast);
        Store::init(path, &genesis).unwrap();
        let alice = cast.create("root", "alice", Permissions::CHANNEL_ADD, "", at(1));
        let bob = cast.create("root", "bob", Permissions::CHANNEL_ADD, "", at(1));
        let (opening, room) = cast.open("alice", "room", &[("bob", Rights::ALL)], at(2));
        let mut operations = vec![alice, bob, opening];
        for number in 0..messages {
            let by = if number % 10 == 9 { "bob" } else { "alice" };
            operations.push(cast.message(by, &room, "text", at(10 + u64::try_from(number).unwrap())));
        }
        let now = at(20 + u64::try_from(messages).unwrap()).millis();
        let (mut writer, _) = open(path);
        for batch in operations.chunks(1_024) {
            assert!(writer.commit(&submissions(batch), now).unwrap().iter().all(|o| *o == Outcome::Applied));
        }
        writer.close().unwrap();
        Self { cast, room, now }
    }

    fn commit(&self, writer: &mut Writer, operation: &VerifiedOperation) -> Outcome {
        writer.commit(&submissions(std::slice::from_ref(operation)), self.now).unwrap()[0]
    }

    fn messages(&self, reader: &Reader) -> u64 {
        reader.channel(&self.room.id).unwrap().unwrap().messages
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn events(reader: &Reader, room: &Room, mut cursor: bytes::Bytes) -> Vec<FeedEvent> {
    let mut found: Vec<FeedEvent> = Vec::new();
    loop {
        let events = reader.events(&room.id, &cursor, 1_000).unwrap().events;
        let Some(last) = events.last() else { return found };
        cursor = last.cursor.clone();
        found.extend(events);
    }
}

/// Replays the store, and gives its state digest.
fn audited(path: &Path) -> [u8; 32] {
    store::audited(path).state_digest
}

fn assert_bounded(written: Written) {
    assert!(written.entries <= 4 * STEP, "{} entries in a batch", written.entries);
    assert!(written.bytes <= STEP_BYTES_MAX, "{} bytes in a batch", written.bytes);
}

#[test]
fn a_backdated_close_takes_bounded_steps_and_may_be_killed_after_each() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut scene = Scene::new(1, &path, MESSAGES);
    let close = scene.cast.close("alice", &scene.room, at(5));
    let mut digests = Vec::new();
    let mut steps = 0;
    for killed_after in 0..MESSAGES / STEP {
        let killed = directory.path().join(format!("killed {killed_after}"));
        copy(&path, &killed);
        let (mut writer, reader) = open_with_step(&killed, step(STEP));
        let (before, cursor) = (reader.info().unwrap(), reader.present().unwrap());
        assert_eq!(scene.commit(&mut writer, &close), Outcome::Applied);
        assert_bounded(writer.written());
        for _ in 0..killed_after {
            assert!(writer.rejudging().is_some());
            assert_eq!(reader.info().unwrap(), before);
            assert_eq!(scene.messages(&reader), u64::try_from(MESSAGES).unwrap());
            assert_eq!(reader.messages(&scene.room.id, &[], 3, true).unwrap().items.len(), 3);
            assert!(events(&reader, &scene.room, cursor.clone()).is_empty());
            writer.step().unwrap();
            assert_bounded(writer.written());
        }
        let remains = writer.rejudging().is_some();
        steps = steps.max(killed_after + usize::from(remains));
        drop((writer, reader));
        let mut resumed = 0;
        let (writer, reader) = Store::open_with(&killed, limits(STEP), generation(), |_| resumed += 1).unwrap();
        assert_eq!(resumed > 0, remains, "killed after {killed_after} steps");
        assert_eq!(scene.messages(&reader), 0);
        assert_ne!(reader.info().unwrap(), before);
        if !remains {
            // Undisturbed, it is told as one: the close, and one range.
            let told = events(&reader, &scene.room, cursor);
            let [closed, retracted] = told.as_slice() else { panic!("{} events", told.len()) };
            assert_eq!(closed.change, Change::Closed);
            let reason = Verdict::Rejected(Rejection::ChannelClosed);
            assert_eq!(retracted.change, Change::Retracted(reason));
            assert_eq!(retracted.key.timestamp, at(10));
            let (last, count) = retracted.through.unwrap();
            assert_eq!((last.timestamp, count), (at(9 + MESSAGES as u64), MESSAGES as u64));
        }
        drop(reader);
        writer.close().unwrap();
        digests.push(audited(&killed));
    }
    // The batch of the close judged the first ones again.
    assert_eq!(steps, MESSAGES / STEP - 1, "steps after the commit");
    digests.dedup();
    assert_eq!(digests.len(), 1, "a kill changes the result");
    let any = directory.path().join("killed 0");
    Store::rebuild(&any, generation()).unwrap();
    assert_eq!(audited(&any), digests[0]);
}

/// Opens a store with messages, small steps, and what readers see.
fn opened(path: &Path, operations: usize) -> (Writer, Reader) {
    open_with_step(path, step(operations))
}

#[test]
fn what_comes_meanwhile_is_logged_and_seen_when_all_is_judged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut scene = Scene::new(2, &path, 100);
    let (mut writer, reader) = opened(&path, 20);
    let (before, cursor) = (reader.info().unwrap(), reader.present().unwrap());
    // Bob loses the right to write for the middle of the channel.
    let removal = scene.cast.members("alice", &scene.room, &[("bob", Rights::READ)], &[], at(30));
    let deactivation = scene.cast.update("alice", "alice", &[FieldWrite::Active(false)], at(60));
    assert_eq!(scene.commit(&mut writer, &deactivation), Outcome::Applied);
    let rejudging = writer.rejudging().unwrap();
    assert!(!rejudging.extended);
    // At the end of the log nothing is judged again for it: it is logged at once, by a state that is not final.
    let live = scene.cast.message("bob", &scene.room, "live", at(112));
    assert_eq!(scene.commit(&mut writer, &live), Outcome::Applied);
    assert_eq!(writer.written().judged, 0);
    assert!(!writer.rejudging().unwrap().extended);
    // What changes little is judged again at once, too.
    assert_eq!(scene.commit(&mut writer, &removal), Outcome::Applied);
    assert_eq!(writer.written().judged, 9, "the messages of bob from then on");
    assert!(!writer.rejudging().unwrap().extended);
    assert_eq!(reader.info().unwrap(), before);
    assert!(events(&reader, &scene.room, cursor.clone()).is_empty());
    // What changes much makes it longer: that is the last one.
    let close = scene.cast.close("bob", &scene.room, dmpc::Hlc::from_bits(at(19).bits() + 1));
    assert_eq!(scene.commit(&mut writer, &close), Outcome::Applied);
    assert!(writer.rejudging().unwrap().extended);
    assert_eq!(reader.info().unwrap(), before);
    while writer.step().unwrap().is_some() {}
    assert_eq!(reader.info().unwrap().operations, before.operations + 4);
    assert_eq!(scene.messages(&reader), 10);
    let told = events(&reader, &scene.room, cursor);
    let retracted: u64 = told
        .iter()
        .filter(|event| matches!(event.change, Change::Retracted(_)))
        .map(|event| event.through.map_or(1, |(_, count)| count))
        .sum();
    assert_eq!(retracted, 92, "ninety messages, the removal, and the one that came meanwhile");
    drop(reader);
    writer.close().unwrap();
    audited(&path);
}

#[test]
fn an_audit_in_the_middle_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut scene = Scene::new(3, &path, 50);
    let (mut writer, reader) = opened(&path, 20);
    let close = scene.cast.close("alice", &scene.room, at(5));
    scene.commit(&mut writer, &close);
    let scratch = tempfile::tempdir().unwrap();
    let audit = replay(&path, scratch.path(), Default::default(), &mut Seeded::new(0, "replay"), |_, _| {});
    assert!(matches!(audit, Err(StoreError::Rejudging)));
    drop(reader);
    // What remains is kept over a clean end as well.
    writer.close().unwrap();
    let mut resumed = 0;
    drop(Store::open_with(&path, limits(20), generation(), |_| resumed += 1).unwrap());
    assert_eq!(resumed, 2);
    audited(&path);
}

/// Operations that are judged again for a late one in a channel of a thousand messages, a hundred of them by bob.
fn judged_for(late: impl FnOnce(&mut Cast, &Room) -> VerifiedOperation) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let mut scene = Scene::new(4, &path, 1_000);
    let (mut writer, _reader) = opened(&path, usize::MAX);
    let late = late(&mut scene.cast, &scene.room);
    assert_eq!(scene.commit(&mut writer, &late), Outcome::Applied);
    assert_eq!(writer.rejudging(), None);
    writer.written().judged
}

#[test]
fn a_late_change_costs_what_it_can_concern() {
    let rights =
        |rights| move |cast: &mut Cast, room: &Room| cast.members("alice", room, &[("bob", rights)], &[], at(5));
    let grant =
        |cast: &mut Cast, _: &Room| cast.update("root", "bob", &[FieldWrite::Grant(Permissions::USER_READ)], at(5));
    assert_eq!(judged_for(grant), 0, "a permission concerns no message");
    assert_eq!(judged_for(rights(Rights::ALL)), 0, "rights that stay concern nobody");
    assert_eq!(judged_for(rights(Rights::WRITE)), 0, "messages ask for the right to write alone");
    assert_eq!(judged_for(rights(Rights::READ)), 100, "the messages of bob");
    let late = |cast: &mut Cast, room: &Room| cast.members("alice", room, &[("bob", Rights::READ)], &[], at(910));
    assert_eq!(judged_for(late), 10, "the messages of bob after it");
    let name = |cast: &mut Cast, _: &Room| {
        cast.update("alice", "alice", &[FieldWrite::DisplayName("alice".to_owned())], at(5))
    };
    assert_eq!(judged_for(name), 0, "no rule reads a name");
    let inactive = |cast: &mut Cast, _: &Room| cast.update("bob", "bob", &[FieldWrite::Active(false)], at(5));
    assert_eq!(judged_for(inactive), 100, "what bob wrote");
}

#[test]
fn opening_channels_and_creating_users_at_one_time_leaves_nothing_to_be_judged_again() {
    const MEMBERS: usize = 60;
    let mut cast = Cast::with_blank_wraps(8);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let names: Vec<String> = (0..MEMBERS).map(|number| format!("user{number}")).collect();
    names.iter().for_each(|name| cast.join(name));
    let creates: Vec<_> = names.iter().map(|name| cast.create("root", name, Permissions::NONE, "", at(1))).collect();
    let members: Vec<(&str, Rights)> = names.iter().map(|name| (name.as_str(), Rights::WRITE)).collect();
    let opens: Vec<_> = (0..300).map(|_| cast.open("root", "room", &members, at(2)).0).collect();
    // Each of them stands before others of its batch, and each member of each channel would be a look into an index.
    let (mut writer, _) = store::open(&path);
    for batch in [creates, opens] {
        let outcomes = writer.commit(&submissions(&batch), at(9).millis()).unwrap();
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied), "{outcomes:?}");
        assert_eq!((writer.rejudging(), writer.written().judged), (None, 0));
    }
}
