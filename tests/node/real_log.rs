//! Real conversations, in any order: what was imported into one node is given to others in reverse, with all authors last,
//! shuffled, and in three interleaved streams, through both front ends; all end with one state digest. With wide bounds on
//! what waits nothing is refused; with those that a node has by default some is, and is offered again.

use std::{path::PathBuf, process::Command, sync::OnceLock, time::Duration};

use bytes::Bytes;
use dmpc::{SignedOperation, kinds::Kind, v1};
use dmpc_storage::export::export;
use tokio::time::{sleep, timeout};

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
/// Bounds under which all of it may wait; none are those that a node has by default.
const WIDE: &[(&str, &str)] =
    &[("DMPC_LIMITS_WAITING_OPERATIONS", "1000000"), ("DMPC_LIMITS_WAITING_BYTES", "60000000")];
/// How long a node may take until everybody sees what it took in.
const SETTLING_PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(20);
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
fn converge(bounds: &[(&str, &str)], cast: &Cast, shares: Vec<Vec<Bytes>>, digest: &Bytes) -> usize {
    let mut server = Server::start(cast);
    let operations = u64::try_from(shares.iter().map(Vec::len).sum::<usize>()).unwrap();
    runtime().block_on(async {
        if !bounds.is_empty() {
            let mut program = node_program();
            program.envs(bounds.iter().copied());
            server.restart_as(program).await;
        }
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
        // What was judged again step by step is seen when all of it is.
        let info = timeout(SETTLING_PATIENCE, async {
            loop {
                let info = server.info().await;
                if info.operations == operations {
                    break info;
                }
                sleep(GLANCE).await;
            }
        });
        assert_eq!(info.await.expect("the node does not settle").state_digest, digest);
        refused
    })
}

/// What an import of the log made: by whom, the operations, and the state digest.
fn real() -> Option<&'static (Cast, Vec<Bytes>, Bytes)> {
    static REAL: OnceLock<Option<(Cast, Vec<Bytes>, Bytes)>> = OnceLock::new();
    let real = REAL.get_or_init(|| {
        let log = real_log()?;
        let cast = Cast::new(20_000);
        let (operations, digest) = imported(&cast, &log);
        assert!(operations.len() > 20_000, "{} operations", operations.len());
        Some((cast, operations, digest))
    });
    if real.is_none() {
        eprintln!("did not run: ../shared/data/irc is not there");
    }
    real.as_ref()
}

/// Orders of arrival, each as the shares of some streams.
fn orders(operations: &[Bytes]) -> Vec<Vec<Vec<Bytes>>> {
    let reverse: Vec<Bytes> = operations.iter().rev().cloned().collect();
    let (creates, others): (Vec<Bytes>, Vec<Bytes>) = operations.iter().cloned().partition(is_create);
    let mut shuffled = operations.to_vec();
    let mut rng = Seeded::new(4, "shuffle");
    (1..shuffled.len()).rev().for_each(|last| shuffled.swap(last, rng.below(last + 1)));
    let streams = (0..3).map(|first| operations.iter().skip(first).step_by(3).cloned().collect());
    vec![vec![reverse], vec![[others, creates].concat()], vec![shuffled], streams.collect()]
}

#[test]
fn the_real_log_in_any_order_gives_one_digest_and_nothing_is_refused_under_wide_bounds() {
    let Some((cast, operations, digest)) = real() else { return };
    for shares in orders(operations) {
        assert_eq!(converge(WIDE, cast, shares, digest), 0);
    }
}

#[test]
fn the_real_log_in_any_order_gives_one_digest_though_some_is_refused_under_the_default_bounds() {
    let Some((cast, operations, digest)) = real() else { return };
    let refused: Vec<usize> =
        orders(operations).into_iter().map(|shares| converge(&[], cast, shares, digest)).collect();
    assert!(refused.iter().sum::<usize>() > 0, "more operations wait for their authors than may wait: {refused:?}");
}
