//! Floods by clients that mean harm, of every kind that needs no right, while an honest one sends and reads: each of its
//! operations is acknowledged and readable, what is refused is refused by a reason, and the memory of the node stays under
//! the bound that follows from its limits. A moment in `make test`; longer, and by more of them, by `make soak`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use dmpc::{
    request::Query,
    v1::{self, ClientFrame, OutcomeKind, ServerFrame},
};
use dmpc_node::config::Limits;
use parking_lot::Mutex;
use prost::Message as _;

use super::{
    scene::Scene,
    soak::numbers::{of, peak_kib, say},
};
use crate::support::{
    client::{Via, items, raw_transaction, request, soon, transaction},
    operations::{Cast, at},
    raw_http::{Form, Http},
    raw_ws::{RawSocket, binary_head},
    server::node_program,
};

/// Where they come from: another address of this machine than that of the honest client.
const ELSEWHERE: &str = "127.0.0.2";

/// The limits of the node: small, so that the bound of its memory says something.
fn limits() -> Limits {
    Limits {
        connections: 512,
        connections_per_address: 256,
        grpc_streams: 16,
        sessions: 512,
        session_operations: 1_024,
        ingest_bytes: 16 * 1024 * 1024,
        arriving_bytes: 8 * 1024 * 1024,
        waiting_operations: 1_000,
        waiting_bytes: 2 * 1024 * 1024,
        waiting_total_operations: 4_000,
        waiting_total_bytes: 8 * 1024 * 1024,
        subscriptions: 64,
        ..Limits::default()
    }
}

/// What every hostile client knows.
#[derive(Clone)]
struct Flood {
    grpc: String,
    ws: String,
    over: Arc<AtomicBool>,
    /// Reasons, and how often each was given.
    reasons: Arc<Mutex<BTreeMap<String, u64>>>,
    seed: Arc<AtomicU64>,
}

impl Flood {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn told(&self, reason: &str) {
        *self.reasons.lock().entry(reason.to_owned()).or_default() += 1;
    }

    async fn socket(&self) -> Option<RawSocket> {
        RawSocket::try_open_from(ELSEWHERE, &self.ws).await
    }

    /// Reads what the node answers, until it answers nothing for a moment or ends the connection; whether it goes on.
    async fn listen(&self, socket: &mut RawSocket) -> bool {
        loop {
            match tokio::time::timeout(Duration::from_millis(200), socket.next()).await {
                Err(_) => return true,
                Ok(None) => return false,
                Ok(Some((8, payload))) => {
                    let text = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    self.told(text.split(':').next().unwrap_or_default());
                    return false;
                }
                Ok(Some((2, payload))) => self.answered(&ServerFrame::decode(payload).unwrap()),
                Ok(Some(_)) => {}
            }
        }
    }

    fn answered(&self, frame: &ServerFrame) {
        frame.error.iter().for_each(|error| self.told(&error.reason));
        for ack in frame.acks.iter().flat_map(|batch| &batch.acks) {
            ack.error.iter().for_each(|error| self.told(&error.reason));
        }
    }

    /// Operations of users whom the node never heard of.
    async fn strangers(self) {
        while !self.is_over() {
            let Some(mut socket) = self.socket().await else { continue };
            let mut cast = Cast::with_blank_wraps(self.seed.fetch_add(1, Ordering::Relaxed));
            for number in 0.. {
                let operations: Vec<_> =
                    (0..32).map(|place| cast.open("alice", "strange", &[], at(number * 32 + place)).0).collect();
                let items = items(0, operations.iter().map(|operation| transaction(&[operation])));
                let frame = ClientFrame { submit: Some(v1::SubmitBatch { items }), ..Default::default() };
                socket.send(&frame.encode_to_vec()).await;
                if self.is_over() || !self.listen(&mut socket).await {
                    break;
                }
            }
        }
    }

    /// Bytes that are no operations, as many at a time as may be; answers are not read for a while.
    async fn garbage_operations(self) {
        while !self.is_over() {
            let Some(mut socket) = self.socket().await else { continue };
            let garbage = raw_transaction(vec![Bytes::from_static(b"garbage"); 1_024]);
            for _ in 0..8 {
                let items = items(0, [garbage.clone()]);
                let frame = ClientFrame { submit: Some(v1::SubmitBatch { items }), ..Default::default() };
                socket.send(&frame.encode_to_vec()).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.listen(&mut socket).await;
        }
    }

    /// Bytes that are no frames.
    async fn garbage_frames(self) {
        while !self.is_over() {
            let Some(mut socket) = self.socket().await else { continue };
            socket.send(&[0xff; 500]).await;
            self.listen(&mut socket).await;
        }
    }

    /// Frames and messages over the limit.
    async fn large(self) {
        while !self.is_over() {
            let Some(mut socket) = self.socket().await else { continue };
            socket.raw(&[binary_head(2_000_000), vec![7; 200_000]].concat()).await;
            self.listen(&mut socket).await;
            let Some(mut http) = Http::try_connect_from(ELSEWHERE, &self.grpc).await else { continue };
            let body = Form::Binary.body(&v1::SubmitRequest { transaction: vec![7; 1_500_000].into() });
            self.refused(&mut http, body.len(), &body).await;
        }
    }

    /// Halves of large frames and messages.
    async fn halves(self) {
        while !self.is_over() {
            let Some(mut socket) = self.socket().await else { continue };
            socket.raw(&[binary_head(1_000_000), vec![7; 900_000]].concat()).await;
            let Some(mut http) = Http::try_connect_from(ELSEWHERE, &self.grpc).await else { continue };
            let body = Form::Binary.body(&v1::SubmitRequest { transaction: vec![7; 1_000_000].into() });
            tokio::time::timeout(Duration::from_secs(1), self.refused(&mut http, body.len(), &body[..900_000]))
                .await
                .ok();
            self.listen(&mut socket).await;
        }
    }

    /// Sends a call over gRPC-web and takes down why it is refused.
    async fn refused(&self, http: &mut Http, length: usize, body: &[u8]) {
        let headers = format!("Content-Type: {}\r\n", Form::Binary.content_type());
        http.begin("POST", "/dmpc.v1.Node/Submit", &headers, length, body).await;
        if let Some(head) = http.try_head().await {
            self.told(&format!("grpc-status {}", head.get("grpc-status").unwrap_or("none")));
        }
    }

    /// Subscriptions by who may not, to what there is not, without end; and nothing that they are told is read.
    async fn subscriptions(self, requests: Vec<Bytes>) {
        let mut held = Vec::new();
        for (id, transaction) in (1..).zip(requests) {
            let Some(mut socket) = self.socket().await else { continue };
            let subscribe = Some(v1::ReadRequest { transaction });
            socket.send(&ClientFrame { id, subscribe, ..Default::default() }.encode_to_vec()).await;
            if id % 2 == 1 {
                self.listen(&mut socket).await;
            }
            held.push(socket);
            if self.is_over() {
                return;
            }
        }
        while !self.is_over() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Connections that say nothing.
    async fn silence(self) {
        let mut held = Vec::new();
        while !self.is_over() {
            if held.len() < 10 {
                held.extend(Http::try_connect_from(ELSEWHERE, &self.grpc).await);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_client_goes_on_in_a_flood_and_memory_stays_bounded() {
    let end = Instant::now() + Duration::from_secs(of("DMPC_SOAK_FLOOD_SECONDS", 8).try_into().unwrap());
    let mut scene = Scene::new().await;
    let limits = limits();
    let mut program = node_program();
    let settings = toml::Table::try_from(&limits).unwrap();
    program
        .envs(settings.iter().map(|(name, value)| (format!("DMPC_LIMITS_{}", name.to_uppercase()), value.to_string())));
    scene.server.restart_as(program).await;
    let flood = Flood {
        grpc: scene.server.grpc.clone(),
        ws: scene.server.ws.clone(),
        over: Arc::default(),
        reasons: Arc::default(),
        seed: Arc::new(AtomicU64::new(1_000)),
    };
    let mut tasks = Vec::new();
    let each = of("DMPC_SOAK_FLOOD_CLIENTS", 8);
    for number in 0..each {
        tasks.push(tokio::spawn(flood.clone().strangers()));
        tasks.push(tokio::spawn(flood.clone().garbage_operations()));
        tasks.push(tokio::spawn(flood.clone().garbage_frames()));
        tasks.push(tokio::spawn(flood.clone().large()));
        tasks.push(tokio::spawn(flood.clone().halves()));
        tasks.push(tokio::spawn(flood.clone().silence()));
        let unknown = dmpc::ChannelId::from_bytes([u8::try_from(number).unwrap(); 32]);
        let subscribe = |channel| Query::Subscribe { channel, cursor: Bytes::new(), from_now: false };
        let asked = |name: &str, channel| request(&scene.cast, name, &scene.server.node, &subscribe(channel));
        let requests = (0..6).flat_map(|_| [asked("carol", scene.room.id), asked("carol", unknown)]).collect();
        tasks.push(tokio::spawn(flood.clone().subscriptions(requests)));
    }
    let mut sent = 0;
    while Instant::now() < end {
        // A client that stays, and one that comes anew each time.
        for via in Via::ALL {
            let messages = scene.messages(4);
            let mut honest = soon(scene.client(via)).await;
            for message in &messages {
                let outcome = soon(honest.submit_one(message)).await;
                assert_eq!(outcome.kind(), OutcomeKind::Applied, "{via:?}: {outcome:?}");
                sent += 1;
            }
            let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 4, backward: true };
            let asked = request(&scene.cast, "bob", &scene.server.node, &query);
            let page = soon(honest.read(&query, asked)).await.unwrap().messages.unwrap();
            let read: Vec<_> = page.messages.iter().rev().map(|message| message.operation.clone()).collect();
            assert_eq!(read, messages.iter().map(|message| message.bytes().clone()).collect::<Vec<_>>());
        }
    }
    flood.over.store(true, Ordering::Relaxed);
    for task in tasks {
        soon(task).await.unwrap();
    }
    let (peak, bound) = (peak_kib(scene.server.process()), limits.memory_bytes_max() / 1_024);
    let reasons = flood.reasons.lock().clone();
    say(&format!(
        "flood: {} hostile clients\n  honest operations: {sent}, all acknowledged and read\n  refused: {reasons:?}\n  \
         the node's memory at most: {} MiB (bound {} MiB)",
        each * 7,
        peak / 1_024,
        bound / 1_024
    ));
    assert!(sent > 0);
    assert!(peak < bound, "{peak} of {bound} KiB");
    for reason in ["undecodable", "frame_too_large", "overloaded", "right_missing", "unknown_field"] {
        assert!(reasons.contains_key(reason), "{reason} in {reasons:?}");
    }
    let documented = include_str!("../../docs/PROTOCOL.md");
    for reason in reasons.keys().filter(|reason| !reason.starts_with("grpc-status")) {
        assert!(documented.contains(&format!("`{reason}`")), "{reason}");
    }
    scene.assert_node_goes_on().await;
}

#[test]
fn the_bound_of_memory_is_what_the_documentation_says() {
    let documented = include_str!("../../docs/ARCHITECTURE.md");
    for limits in [limits(), Limits::default()] {
        let mib = limits.memory_bytes_max() / 1_024 / 1_024;
        let figure = match mib {
            ..1_000 => format!(" {mib} MiB"),
            _ => format!(" {},{:03} MiB", mib / 1_000, mib % 1_000),
        };
        assert!(documented.contains(&figure), "{figure}");
    }
}
