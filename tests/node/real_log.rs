//! Real conversations, in any order: what was imported into one node is given to others in reverse, with all authors last,
//! shuffled, and in three interleaved streams, through both front ends; all end with one state digest. What is refused for a bound is offered again.

use std::{path::PathBuf, process::Command};

use bytes::Bytes;
use dmpc::{SignedOperation, kinds::Kind, v1};
use dmpc_storage::export::export;

use crate::support::{
    client::{Client, Via, is_final, items, raw_transaction},
    folder::private_folder,
    operations::{Cast, Seeded},
    server::{Server, node_program, write_identity},
};

/// Events that are imported.
const EVENTS: &str = "20000";
/// Operations in one transaction, and transactions in one batch.
const PACK: usize = 16;
const BATCH: usize = 16;
/// Times that everything that was refused is offered again.
const ROUNDS_MAX: usize = 40;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The real log, if it is there.
fn real_log() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/irc/ubuntu.jsonl.gz");
    path.is_file().then_some(path)
}

/// The operations of a node that imported the log, in the order of their keys, and its state digest.
fn imported(cast: &Cast, log: &PathBuf) -> (Vec<Bytes>, Bytes) {
    let server = Server::start(cast);
    let folder = private_folder();
    let root = folder.path().join("root.identity");
    write_identity(cast, "root", &root);
    let program = PathBuf::from(node_program().get_program()).with_file_name("dmpc-cli");
    let ended = Command::new(program)
        .args(["--grpc", &server.grpc, "--ws", &server.ws, "--via", "both", "--identity"])
        .arg(&root)
        .args(["import", "--limit", EVENTS, "--identities"])
        .arg(folder.path().join("people"))
        .arg(log)
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let mut operations = Vec::new();
    let store = server.data().join("store");
    export(&store, &folder.path().join("scratch"), |_, bytes| {
        operations.push(bytes);
        true
    })
    .unwrap();
    let digest = runtime().block_on(server.info()).state_digest;
    (operations, digest)
}

fn is_create(bytes: &Bytes) -> bool {
    SignedOperation::decode(bytes.clone()).unwrap().kind() == Kind::UserCreate
}

/// Offers operations over some connections at once, each its share in the order given; those refused are given back.
async fn offer(server: &Server, shares: Vec<Vec<Bytes>>) -> Vec<Bytes> {
    let streams = shares.into_iter().enumerate().map(|(index, share)| async move {
        let via = if index % 2 == 0 { Via::Grpc } else { Via::Ws };
        let mut client = Client::connect(server, via).await;
        let packs: Vec<Vec<Bytes>> = share.chunks(PACK).map(<[Bytes]>::to_vec).collect();
        let transactions = items(0, packs.iter().map(|pack| raw_transaction(pack.clone())));
        let batches = transactions.chunks(BATCH).map(<[v1::Item]>::to_vec).collect();
        let (acks, ended) = client.submit_batches(batches).await;
        assert_eq!(ended, None);
        let mut refused = Vec::new();
        for ack in acks.iter().filter(|ack| is_final(ack)) {
            let pack = &packs[usize::try_from(ack.client_id).unwrap()];
            assert_eq!(ack.outcomes.len(), pack.len(), "{ack:?}");
            for (operation, outcome) in pack.iter().zip(&ack.outcomes) {
                if outcome.kind() == v1::OutcomeKind::Refused {
                    assert_eq!(outcome.reason, "overloaded", "{}", outcome.detail);
                    refused.push(operation.clone());
                }
            }
        }
        refused
    });
    futures::future::join_all(streams).await.concat()
}

/// Gives a fresh node everything; says how many were refused on the way.
fn converge(cast: &Cast, shares: Vec<Vec<Bytes>>, digest: &Bytes) -> usize {
    let server = Server::start(cast);
    runtime().block_on(async {
        let mut left = offer(&server, shares).await;
        let mut refused = left.len();
        for _ in 0..ROUNDS_MAX {
            if left.is_empty() {
                break;
            }
            left = offer(&server, vec![left]).await;
            refused += left.len();
        }
        assert_eq!(left.len(), 0, "some are still refused after {ROUNDS_MAX} rounds");
        assert_eq!(server.info().await.state_digest, digest);
        refused
    })
}

#[test]
fn in_reverse_authors_last_shuffled_and_interleaved_the_real_log_gives_one_digest() {
    let Some(log) = real_log() else {
        eprintln!("did not run: ../shared/data/irc is not there");
        return;
    };
    let cast = Cast::new(20_000);
    let (operations, digest) = imported(&cast, &log);
    assert!(operations.len() > 20_000, "{} operations", operations.len());

    let mut reverse = operations.clone();
    reverse.reverse();
    converge(&cast, vec![reverse], &digest);

    let (creates, others): (Vec<Bytes>, Vec<Bytes>) = operations.iter().cloned().partition(is_create);
    let refused = converge(&cast, vec![[others, creates].concat()], &digest);
    assert!(refused > 0, "more operations wait for their authors than may wait");

    let mut shuffled = operations.clone();
    let mut rng = Seeded::new(4, "shuffle");
    (1..shuffled.len()).rev().for_each(|last| shuffled.swap(last, rng.below(last + 1)));
    converge(&cast, vec![shuffled], &digest);

    let streams = (0..3).map(|first| operations.iter().skip(first).step_by(3).cloned().collect());
    converge(&cast, streams.collect(), &digest);
}
