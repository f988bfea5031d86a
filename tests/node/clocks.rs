//! A node whose clock is wrong, by hours and by years, forward and back, while it runs and across restarts: what it takes
//! meanwhile is not lost, it says what is wrong, and once the clock is right everything honest works again.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dmpc::{
    Hlc, NodeId, Permissions, VerifiedOperation,
    request::Query,
    v1::{self, ServerFrame},
};
use dmpc_node::{
    clock::{Clock, SystemRandom},
    config::Config,
    data_directory::{self, RootSource},
    serve::{Node, ServeError},
};
use rand_core::OsRng;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

use super::observation::{get, with_metrics};
use crate::support::{
    client::{Client, Refused, Via, grpc_client, now_ms, request_at},
    folder::private_folder,
    operations::Cast,
    server::{Server, write_identity},
    store::{audited, open, submissions},
};

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// A node that serves, until it is told to stop.
type Running = JoinHandle<Result<(), ServeError>>;

/// A node in this process, with a clock of its own.
struct Clocked {
    folder: tempfile::TempDir,
    cast: Cast,
    /// Milliseconds by which its clock is ahead.
    off: Arc<AtomicI64>,
    running: Option<(oneshot::Sender<()>, Running)>,
    grpc: String,
    ws: String,
    node: NodeId,
    users: u32,
}

impl Clocked {
    async fn start(off_ms: i64) -> Self {
        let (folder, cast) = (private_folder(), Cast::with_blank_wraps(3));
        let root = folder.path().join("root.identity");
        write_identity(&cast, "root", &root);
        let data = folder.path().join("data");
        let made =
            data_directory::init(&data, &[RootSource::File(root)], None, |_| unreachable!(), &mut OsRng).unwrap();
        let off = Arc::new(AtomicI64::new(off_ms));
        let (grpc, ws) = (String::new(), String::new());
        let mut node = Self { folder, cast, off, running: None, grpc, ws, node: made.node, users: 0 };
        node.run().await;
        node
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What time its clock says.
    fn now_ms(&self) -> u64 {
        now_ms().saturating_add_signed(self.off.load(Ordering::SeqCst))
    }

    fn set(&self, off_ms: i64) {
        self.off.store(off_ms, Ordering::SeqCst);
    }

    async fn run(&mut self) {
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let config = Config { data: self.data(), grpc: anywhere, ws: anywhere, ..Config::default() };
        let off = Arc::clone(&self.off);
        let clock = Clock::from_fn(move || now_ms().saturating_add_signed(off.load(Ordering::SeqCst)));
        let node = Node::start(&config, clock, SystemRandom::new).await.unwrap();
        (self.grpc, self.ws) = (node.grpc.to_string(), node.ws.to_string());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(node.run_until(async move { drop(stopped.await) }));
        self.running = Some((stop, running));
    }

    async fn stop(&mut self) {
        let (stop, running) = self.running.take().unwrap();
        stop.send(()).unwrap();
        running.await.unwrap().unwrap();
    }

    async fn restart(&mut self) {
        self.stop().await;
        self.run().await;
    }

    /// A further user, created by the root at a time.
    fn create(&mut self, at: Hlc) -> VerifiedOperation {
        self.users += 1;
        let name = format!("user{}", self.users);
        self.cast.join(&name);
        self.cast.create("root", &name, Permissions::NONE, "", at)
    }

    async fn submit(&self, via: Via, operation: &VerifiedOperation) -> v1::Outcome {
        Client::connect_to(&self.grpc, &self.ws, via).await.submit_one(operation).await
    }

    async fn info(&self) -> v1::NodeInfoResponse {
        grpc_client(&self.grpc).await.node_info(v1::NodeInfoRequest::default()).await.unwrap().into_inner()
    }

    /// A request of the root, stamped at a time.
    fn request(&self, now_ms: u64) -> (Query, bytes::Bytes) {
        let query = Query::Users { users: Vec::new(), cursor: bytes::Bytes::new(), limit: 0 };
        let request = request_at(&self.cast, "root", &self.node, &query, now_ms, None);
        (query, request)
    }

    async fn ask(&self, via: Via, now_ms: u64) -> Result<(), Refused> {
        let (query, request) = self.request(now_ms);
        Client::connect_to(&self.grpc, &self.ws, via).await.read(&query, request).await.map(drop)
    }

    /// Everything that an honest client with a right clock does, as it does it: it stamps above what the node says and asks
    /// again when it is told to. Waits until the node has seen that its clock was set.
    async fn assert_honest_works(&mut self) {
        for via in Via::ALL {
            let mut tries = 0;
            while let Err(refused) = self.ask(via, now_ms()).await {
                assert!(is_stale(&refused), "{refused:?}");
                tries += 1;
                assert!(tries < 200, "a request that was just made is refused again and again: {refused:?}");
                sleep(Duration::from_millis(20)).await;
            }
        }
        let mut latest = Hlc::MAX;
        while latest.millis() > now_ms() + 60_000 {
            latest = Hlc::from_bits(self.info().await.latest);
            sleep(Duration::from_millis(20)).await;
        }
        for via in Via::ALL {
            let at = Hlc::tick(Hlc::from_bits(self.info().await.latest), now_ms()).unwrap();
            let operation = self.create(at);
            let outcome = self.submit(via, &operation).await;
            assert_eq!(outcome.kind(), v1::OutcomeKind::Applied, "{outcome:?}");
            assert!(Hlc::from_bits(self.info().await.latest) >= at);
        }
    }

    /// How many operations the log holds, once it is as many as expected.
    async fn await_operations(&self, expected: u64) {
        let mut operations = 0;
        for _ in 0..1_000 {
            operations = self.info().await.operations;
            if operations == expected {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("{operations} operations, and {expected} were expected");
    }
}

fn stale(via: Via, reason: &str) -> Refused {
    Refused { reason: reason.to_owned(), code: via.answered(tonic::Code::FailedPrecondition) }
}

/// Whether a request is to be made anew.
fn is_stale(refused: &Refused) -> bool {
    ["request_expired", "request_ahead", "request_before_start"].contains(&refused.reason.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_was_ahead_serves_everything_honest_once_it_is_right() {
    // By hours, by years, to the year 9999 and beyond all timestamps; set right while it runs, and at a restart.
    for (off, restarts) in [(2 * HOUR, false), (40 * YEAR, true), (7_973 * YEAR, false), (i64::MAX, true)] {
        let mut node = Clocked::start(off).await;
        for via in Via::ALL {
            assert_eq!(
                node.ask(via, now_ms()).await,
                Err(stale(via, "request_expired")),
                "a clock that is {off} ms ahead"
            );
        }
        // Somebody whose clock is as wrong.
        let at = Hlc::tick(Hlc::from_bits(node.info().await.latest), node.now_ms()).unwrap();
        let wrong = node.create(at);
        assert_eq!(node.submit(Via::Grpc, &wrong).await.kind(), v1::OutcomeKind::Applied);
        assert_eq!(Hlc::from_bits(node.info().await.latest), at);
        node.set(0);
        if restarts {
            node.restart().await;
        }
        node.assert_honest_works().await;
        node.restart().await;
        node.assert_honest_works().await;
        assert_eq!(node.submit(Via::Ws, &wrong).await.kind(), v1::OutcomeKind::Duplicate);
        node.stop().await;
        audited(&node.data());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_was_behind_keeps_what_comes_and_logs_it_once_the_clock_is_right() {
    for (off, restarts) in [(-2 * HOUR, false), (-10 * YEAR, true), (i64::MIN, false)] {
        let mut node = Clocked::start(off).await;
        let mut kept = Vec::new();
        for via in Via::ALL {
            assert_eq!(node.ask(via, now_ms()).await, Err(stale(via, "request_ahead")), "a clock that is {off} ms off");
            let operation = node.create(Hlc::from_millis(now_ms()));
            let outcome = node.submit(via, &operation).await;
            assert_eq!((outcome.kind(), outcome.reason.as_str()), (v1::OutcomeKind::Pending, "waits_for_time"));
            kept.push(operation);
        }
        assert_eq!(node.info().await.operations, 0);
        node.restart().await;
        assert_eq!(node.info().await.operations, 0);
        node.set(0);
        if restarts {
            node.restart().await;
        }
        node.await_operations(3).await;
        node.assert_honest_works().await;
        for operation in &kept {
            assert_eq!(node.submit(Via::Grpc, operation).await.kind(), v1::OutcomeKind::Duplicate);
        }
        node.stop().await;
        audited(&node.data());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_once_however_the_clock_is_set() {
    let node = Clocked::start(0).await;
    let mut client = Client::connect_to(&node.grpc, &node.ws, Via::Grpc).await;
    for off in [0, 5 * HOUR, 0, -5 * HOUR, 0] {
        node.set(off);
        // Until the node has seen that its clock was set, what is stamped now may be refused.
        let (query, request) = loop {
            sleep(Duration::from_millis(5)).await;
            let (query, request) = node.request(node.now_ms());
            match client.read(&query, request.clone()).await {
                Ok(_) => break (query, request),
                Err(refused) => assert!(is_stale(&refused), "{refused:?}"),
            }
        };
        let answered = |answer: Result<ServerFrame, Refused>| answer.map(drop).map_err(|refused| refused.reason);
        assert_eq!(answered(client.read(&query, request.clone()).await), Err("request_replayed".to_owned()));
        // There and back again, with and without a request in between.
        for asks in [false, true] {
            node.set(off + HOUR);
            if asks {
                answered(client.read(&query, node.request(node.now_ms()).1).await).ok();
            }
            node.set(off);
            answered(client.read(&query, request.clone()).await).unwrap_err();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_with_wrong_clocks_harm_nobody() {
    let mut node = Clocked::start(0).await;
    let mut far = Vec::new();
    for millis in [now_ms() + 61_000 + 60_000, now_ms() + 3_600_000, 253_370_764_800_000, u64::MAX] {
        let operation = node.create(if millis == u64::MAX { Hlc::MAX } else { Hlc::from_millis(millis) });
        let outcome = node.submit(Via::Ws, &operation).await;
        assert_eq!(outcome.reason, "waits_for_time");
        far.push(operation);
    }
    // One of long ago is logged in its place.
    let old = node.create(Hlc::from_bits(1));
    assert_eq!(node.submit(Via::Json, &old).await.kind(), v1::OutcomeKind::Applied);
    node.assert_honest_works().await;
    assert_eq!(node.info().await.operations, 4);
    node.restart().await;
    node.assert_honest_works().await;
    for operation in &far {
        assert_eq!(node.submit(Via::Grpc, operation).await.kind(), v1::OutcomeKind::Duplicate);
    }
}

#[tokio::test]
async fn the_node_says_that_its_log_ends_ahead_of_its_clock() {
    let mut cast = Cast::with_blank_wraps(4);
    let mut server = Server::start(&cast);
    server.ask_to_stop();
    assert!(server.ended().await.success());
    // It was logged while the clock was an hour ahead.
    let ahead = now_ms() + 3_600_000;
    let (mut writer, reader) = open(&server.data().join("store"));
    let created = cast.create("root", "alice", Permissions::NONE, "", Hlc::from_millis(ahead));
    writer.commit(&submissions(&[created]), ahead).unwrap();
    writer.close().unwrap();
    drop(reader);
    server.start_again_as(with_metrics());
    assert!(server.log().contains("the log ends ahead of the clock"), "{}", server.log());
    let address = server.metrics.clone().unwrap();
    let (code, ready) = get(&address, "/ready").await;
    assert!(code == 200 && ready.contains("warning: the log ends 35"), "{ready}");
    let (_, metrics) = get(&address, "/metrics").await;
    assert!(metrics.lines().any(|line| line.starts_with("dmpc_log_ahead_seconds 35")), "{metrics}");
    assert!(Hlc::from_bits(server.info().await.latest).millis() < now_ms() + 60_000);
}
