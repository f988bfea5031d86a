//! A channel of ten thousand members, from its opening to the removal of one: members, wraps and epochs that do not fit one
//! operation are spread over several, and whoever is last is served like whoever is first.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, time::Instant};

use bytes::Bytes;
use dmpc::{
    Identity, LaneId, Permissions, SignedOperation, UserId,
    kinds::{Kind, UserCreate},
    operation::{Draft, Link, OperationError, sign},
    v1,
};

use super::house::{House, Person};
use crate::support::{
    client::{Client, grpc_client, is_final, items, raw_transaction},
    operations::{Seeded, at},
};

const MEMBERS: usize = 10_000;
/// Operations of one transaction, and transactions of one batch: below 1 MiB together.
const PACK: usize = 64;
const BATCH: usize = 32;

/// Signs the creation of everybody by the root, in a lane of its own.
fn creates(root: &Identity, people: &[Identity]) -> Vec<SignedOperation> {
    let mut link = Link::first(LaneId::from_bytes([3; 16]));
    let mut signed = Vec::with_capacity(people.len());
    for (number, person) in people.iter().enumerate() {
        let payload = UserCreate::encode(&person.public().unwrap(), Permissions::NONE, &format!("guest {number}"));
        let time = at(number as u64 + 1);
        let operation = sign(root, Draft::user(Kind::UserCreate), time, link, |_| Ok::<_, OperationError>(payload));
        let operation = operation.unwrap();
        link = link.next(operation.id()).unwrap();
        signed.push(operation);
    }
    signed
}

async fn submit(house: &House, operations: &[SignedOperation]) {
    let bytes: Vec<Bytes> = operations.iter().map(|operation| operation.bytes().clone()).collect();
    let transactions: Vec<Bytes> = bytes.chunks(PACK).map(|pack| raw_transaction(pack.to_vec())).collect();
    let batches = transactions.chunks(BATCH).zip(1_u64..);
    let batches = batches.map(|(batch, number)| items(number * BATCH as u64, batch.to_vec())).collect();
    let mut client = Client::Grpc(grpc_client(house.grpc()).await);
    let (acks, refused) = client.submit_batches(batches).await;
    assert_eq!(refused, None);
    let outcomes = acks.iter().filter(|ack| is_final(ack)).flat_map(|ack| &ack.outcomes);
    assert_eq!(outcomes.filter(|outcome| outcome.kind() == v1::OutcomeKind::Applied).count(), operations.len());
}

/// Somebody with an identity file.
fn settle(house: &House, identity: &Identity, name: &str, via: &'static str) -> Person {
    let person = house.person(name, via);
    write(&person.identity, &identity.to_text().unwrap());
    person
}

fn write(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_of_ten_thousand_members_works_from_end_to_end() {
    let house = House::new();
    let root = house.root();
    let root_identity = Identity::from_text(&fs::read_to_string(&root.identity).unwrap()).unwrap();
    let mut rng = Seeded::new(1, "guests");
    let mut people: Vec<Identity> = (0..MEMBERS).map(|_| Identity::generate(&mut rng).unwrap()).collect();
    submit(&house, &creates(&root_identity, &people)).await;
    people.sort_by_key(|person| person.user);
    let [first, second, .., last] = people.as_slice() else { panic!("few people") };
    let (first, second, last) = (
        settle(&house, first, "first", "ws"),
        settle(&house, second, "second", "grpc"),
        settle(&house, last, "last", "ws"),
    );

    let list: String = people.iter().map(|person| format!("{}\n", person.user)).collect();
    write(&house.path("guests"), &list);
    let guests = house.path("guests");
    let open = ["--json", "channel", "open", "hall", "--members", guests.to_str().unwrap()];
    let begin = Instant::now();
    let opened = house.run(&root, &open).expect_success().json().remove(0);
    let operations = opened["operations"].as_u64().unwrap();
    assert!((10..=13).contains(&operations), "{operations} operations");
    let channel = opened["channel"].as_str().unwrap();
    eprintln!("opening with {MEMBERS} members: {operations} operations, {:.1?}", begin.elapsed());

    let begin = Instant::now();
    house.say(&root, channel, "welcome").expect_success();
    eprintln!("sending one message: {:.1?}", begin.elapsed());
    let begin = Instant::now();
    for reader in [&first, &last] {
        assert_eq!(house.texts(reader, channel), ["welcome"]);
    }
    eprintln!("reading it twice: {:.1?}", begin.elapsed());
    let listed = house.run(&root, &["--json", "channel", "members", "list", channel]).expect_success().json();
    assert_eq!(listed.len(), MEMBERS + 1);

    let gone: UserId = people[0].user;
    let remove = ["--json", "channel", "members", "remove", channel, &gone.to_string()];
    let begin = Instant::now();
    let removed = house.run(&root, &remove).expect_success().json().remove(0);
    let operations = removed["operations"].as_array().unwrap().len();
    assert!((11..=13).contains(&operations), "{operations} operations");
    assert!(removed["epoch"].is_string());
    eprintln!("removing one: {operations} operations, {:.1?}", begin.elapsed());
    house.say(&last, channel, "one fewer").expect_success();
    house.run(&first, &["message", "read", "--channel", channel]).expect_failure(5, &["not_a_member"]);
    for reader in [&root, &second, &last] {
        assert_eq!(house.texts(reader, channel), ["welcome", "one fewer"]);
    }
}
