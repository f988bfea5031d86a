//! How fast an audit is: a store of one channel with `DMPC_BENCH_OPERATIONS_MAX` messages (1,000,000) is replayed with and
//! without signatures, beside the pure verification of the same signatures in batches of 512 on all cores. Prints a table.

use std::{
    env,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Identity, KeyId, LaneId, NodeId, Permissions, Rights, SignedOperation, VerifiedOperation,
    cursor::Generation,
    keys::{Check, verify_batch},
    kinds::{ChannelMessage, ChannelOpen, Kind, Member, UserCreate, Wrap, channel_id},
    operation::{Draft, Link, OperationError, sign},
};
use dmpc_storage::{
    Genesis, Limits, Outcome, Root, Source, Store, Submission,
    replay::{Options, replay},
};
use rand_core::{OsRng, RngCore};
use rustix::time::{ClockId, clock_gettime};

/// Messages, unless `DMPC_BENCH_OPERATIONS_MAX` says another number.
const MESSAGES: u64 = 1_000_000;
const AUTHORS: usize = 64;
/// Operations of one commit, and messages that are signed at a time.
const FILL: usize = 1_024;
/// When the first message was written, in milliseconds.
const BEGIN: u64 = 1_704_067_200_000;
/// Bytes of ciphertext of a message.
const CIPHERTEXT: usize = 116;
/// Signatures of a batch, and messages that are verified in all when nothing else is done.
const BATCH: usize = 512;
const PURE: usize = 65_536;

struct Author {
    identity: Identity,
    link: Link,
}

impl Author {
    fn new() -> Self {
        let mut lane = [0; 16];
        OsRng.fill_bytes(&mut lane);
        Self { identity: Identity::generate(&mut OsRng).unwrap(), link: Link::first(LaneId::from_bytes(lane)) }
    }

    fn act(&mut self, draft: Draft, at: Hlc, payload: Vec<u8>) -> VerifiedOperation {
        let signed = sign(&self.identity, draft, at, self.link, |_| Ok::<_, OperationError>(payload)).unwrap();
        self.link = self.link.next(signed.id()).unwrap();
        signed.assume_verified()
    }
}

fn array<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn submissions(operations: Vec<VerifiedOperation>) -> Vec<Submission> {
    operations.into_iter().map(|operation| Submission { operation, source: Source([1; 16]) }).collect()
}

/// Makes the store.
fn fill(path: &Path, messages: u64) {
    let mut authors: Vec<Author> = (0..AUTHORS).map(|_| Author::new()).collect();
    let root = Root::from(&authors[0].identity.public().unwrap());
    Store::init(path, &Genesis { node: NodeId::from_bytes([7; 32]), roots: vec![root] }).unwrap();
    let (mut writer, _reader) = Store::open(path, Limits::default(), Generation::from_bytes([1; 16])).unwrap();
    let mut commit = |operations: Vec<VerifiedOperation>| {
        let outcomes = writer.commit(&submissions(operations), BEGIN * 2).unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Applied)), "{outcomes:?}");
    };
    let people: Vec<_> = authors.iter().map(|author| author.identity.public().unwrap()).collect();
    let at = |millis| Hlc::from_millis(BEGIN - 1_000 + millis);
    let creates = people.iter().skip(1).map(|person| UserCreate::encode(person, Permissions::NONE, "somebody"));
    let creates: Vec<_> = creates.collect();
    commit(creates.into_iter().map(|create| authors[0].act(Draft::user(Kind::UserCreate), at(0), create)).collect());
    let mut members: Vec<_> =
        people.iter().skip(1).map(|person| Member { user: person.user, rights: Rights::ALL }).collect();
    members.sort_by_key(|member| member.user);
    let key_id = KeyId::from_bytes(array());
    let genesis = ChannelOpen::encode_genesis(array(), "hall", &members, &key_id);
    let channel = channel_id(&people[0].user, &genesis);
    let wrap = Wrap {
        user: people[0].user,
        encryption_key: people[0].encryption_key,
        sealed: Bytes::from_static(b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n0000"),
    };
    let open = ChannelOpen::encode(genesis, &[wrap]);
    commit(vec![authors[0].act(Draft::channel(Kind::ChannelOpen, channel), at(1), open)]);
    let mut number = 0;
    while number < messages {
        let count = FILL.min(usize::try_from(messages - number).unwrap());
        commit(messages_of(&mut authors, (channel, key_id), number, count));
        number += u64::try_from(count).unwrap();
    }
    writer.close().unwrap();
}

/// The first messages of the store.
fn some(path: &Path) -> Vec<SignedOperation> {
    let (writer, reader) = Store::open(path, Limits::default(), Generation::from_bytes([2; 16])).unwrap();
    let channel = reader.channels(&[], 1, None).unwrap().items[0].id;
    let (mut some, mut cursor) = (Vec::new(), Bytes::new());
    while some.len() < PURE {
        let page = reader.messages(&channel, &cursor, BATCH, false).unwrap();
        some.extend(page.items.into_iter().map(|message| SignedOperation::decode(message.operation).unwrap()));
        let Some(next) = page.cursor else { break };
        cursor = next;
    }
    writer.close().unwrap();
    some
}

/// Messages in the order of their times, signed on two threads.
fn messages_of(authors: &mut [Author], to: (ChannelId, KeyId), first: u64, count: usize) -> Vec<VerifiedOperation> {
    let half = authors.len() / 2;
    let (one, other) = authors.split_at_mut(half);
    let sign = |authors: &mut [Author], which: usize| {
        let mine = (0..count).filter(move |number| number % 2 == which);
        let each = mine.map(|number| {
            let at = Hlc::from_millis(BEGIN + first + u64::try_from(number).unwrap());
            let payload = ChannelMessage::encode(array(), array::<CIPHERTEXT>().to_vec());
            let index = number / 2 % authors.len();
            authors[index].act(Draft::message(to.0, to.1), at, payload)
        });
        each.collect::<Vec<_>>()
    };
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| sign(one, 0));
        let other = sign(other, 1);
        (one.join().unwrap(), other)
    });
    let mut all: Vec<_> = one.into_iter().chain(other).collect();
    all.sort_by_key(|operation| operation.key());
    all
}

/// What something cost: operations a second, and microseconds of all threads together for each.
#[derive(Clone, Copy)]
struct Cost {
    rate: f64,
    cpu: f64,
}

fn measured(operations: usize, work: impl FnOnce()) -> Cost {
    let cpu = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
    let (began, before) = (Instant::now(), cpu());
    work();
    let count = operations as f64;
    Cost { rate: count / began.elapsed().as_secs_f64(), cpu: (cpu() - before).as_secs_f64() * 1e6 / count }
}

/// Verifies signatures in batches on all cores, and nothing else.
fn pure(operations: &[SignedOperation], size: usize) -> Cost {
    let batches: Vec<&[SignedOperation]> = operations.chunks(size).collect();
    let next = AtomicUsize::new(0);
    measured(operations.len(), || {
        thread::scope(|scope| {
            for _ in 0..cores() {
                scope.spawn(|| {
                    while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let checks: Vec<Check> = batch.iter().flat_map(SignedOperation::checks).collect();
                        verify_batch(&checks, OsRng).unwrap();
                    }
                });
            }
        });
    })
}

fn replayed(path: &Path, (signatures, families): (bool, bool), messages: u64) -> Cost {
    let scratch = tempfile::tempdir().unwrap();
    let options = Options { signatures, families, ..Options::default() };
    measured(usize::try_from(messages).unwrap(), || {
        let report = replay(path, scratch.path(), options, &mut OsRng, |_, _| {}).unwrap();
        assert!(report.agrees(), "{:?}", report.faults);
        assert!(report.operations > messages);
    })
}

fn cores() -> usize {
    thread::available_parallelism().unwrap().get()
}

fn print(name: &str, cost: Cost, pure: Cost) {
    // What the cores would do if nobody else used them.
    let idle = cores() as f64 * 1e6 / cost.cpu;
    println!("{name:<44}{:>12.0}{:>12.2}{idle:>12.0}{:>12.2}", cost.rate, cost.cpu, pure.cpu / cost.cpu);
}

fn main() {
    let messages = env::var("DMPC_BENCH_OPERATIONS_MAX").ok();
    let messages = messages.map_or(MESSAGES, |number| number.parse().expect("DMPC_BENCH_OPERATIONS_MAX is a number"));
    let directory = tempfile::tempdir().unwrap();
    // A store of before, for those who measure again and again.
    let kept = env::var_os("DMPC_BENCH_STORE").map(std::path::PathBuf::from);
    let path = kept.unwrap_or_else(|| directory.path().join("store"));
    if !path.exists() {
        fill(&path, messages);
    }
    let some = some(&path);
    println!("{:<44}{:>12}{:>12}{:>12}{:>12}", "of an audit", "wall, /s", "CPU us each", "idle, /s", "of pure");
    let limit = pure(&some, BATCH);
    for size in [BATCH, 2_048, 8_192] {
        print(&format!("pure verification in batches of {size}"), pure(&some, size), limit);
    }
    for (name, duties) in [
        ("replay", (false, false)),
        ("replay --signatures", (true, false)),
        ("replay --verify: signatures, all families", (true, true)),
    ] {
        print(name, replayed(&path, duties, messages), limit);
    }
}
