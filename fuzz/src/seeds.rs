//! The seeds: small inputs that begin where random bytes would not get. `cargo run --example seeds` in this folder
//! writes them; what age seals stays as it was committed, because age draws randomness.
//!
//! A name that begins with `valid` is of bytes that the target accepts, one with `bad` of bytes that it refuses.

use bytes::Bytes;
use dmpc::{
    ChannelId, LaneId, NodeId, OpId, OpKey,
    cursor::{Cursor, Generation, KeyUse},
    equivocation::Equivocation,
    kinds::Kind,
    peer::{End, Frame, Head, Operations, OutcomeKind, Outcomes, Reconcile, Scopes, Terms, Want},
    reconcile::{Bound, Writer},
    request::{Query, sign_request},
    transaction::{Content, PipelineOptions, encode},
    v1::{self, ClientFrame, ServerFrame},
    wire::json,
};
use prost::Message;

use crate::cast::{self, KINDS};

/// A seed: its target, its name in the target's folder, its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The target's name.
    pub target: &'static str,
    /// The file's name.
    pub name: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// Collects the seeds of one target.
struct Folder<'a> {
    target: &'static str,
    seeds: &'a mut Vec<Seed>,
}

impl Folder<'_> {
    fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.seeds.push(Seed { target: self.target, name: name.into(), bytes: bytes.into() });
    }
}

/// The seeds whose bytes are the same whenever they are made.
pub fn fixed() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut folder = |target, fill: fn(&mut Folder<'_>)| fill(&mut Folder { target, seeds: &mut seeds });
    folder("age_wrap", age_shapes);
    folder("cursor", cursors);
    folder("edited_operation", edits);
    folder("equivocation", equivocations);
    folder("identity_text", texts);
    folder("json_frame", json_frames);
    folder("operation", operations);
    folder("payload", payloads);
    folder("peer_frame", peer_frames);
    folder("proto_frame", proto_frames);
    folder("reconcile_message", reconcile_messages);
    folder("transaction", transactions);
    seeds
}

/// The seeds that age seals: other bytes each time.
pub fn sealed() -> Vec<Seed> {
    let bob = cast::identity("bob");
    let to_bob = bob.encryption.encryption_key().expect("a checked key");
    let wrap = cast::epoch_key().wrap(&cast::channel(), bob.user, to_bob).expect("a checked key");
    let to_node = cast::identity("node").encryption.encryption_key().expect("a checked key");
    let carried = Content::Operations(vec![cast::operations()[0].bytes().clone()]);
    let to_both = encode(&carried, options(), &[to_bob, to_node]).expect("a valid transaction");
    let mut seeds = Vec::new();
    Folder { target: "age_wrap", seeds: &mut seeds }.add("valid-wrap", wrap.sealed);
    Folder { target: "transaction", seeds: &mut seeds }.add("valid-sealed", to_both);
    seeds
}

fn options() -> PipelineOptions {
    PipelineOptions { read_status_updates: true, read_result: true, keep_alive: true }
}

/// A file's name of an operation.
fn label(kind: Kind, certified: bool) -> String {
    format!("valid-{}{}", kind.name().replace('.', "-"), if certified { "-certified" } else { "" })
}

fn operations(folder: &mut Folder<'_>) {
    for operation in cast::operations() {
        folder.add(label(operation.kind(), operation.certification().is_some()), operation.bytes().to_vec());
    }
    let whole = cast::operations()[0].bytes().clone();
    folder.add("bad-cut-off", &whole[..whole.len() - 1]);
    folder.add("bad-trailing", [&whole, b"\0".as_slice()].concat());
}

fn payloads(folder: &mut Folder<'_>) {
    for (number, kind) in (0_u8..).zip(KINDS) {
        // A message's payload depends on its header; any content is well formed.
        let payload = if kind == Kind::ChannelMessage { cast::payload(kind, b"") } else { cast::payload(kind, &[]) };
        folder.add(label(kind, false), [[number].as_slice(), &payload].concat());
        folder.add(format!("bad-trailing-{number}"), [[number].as_slice(), &payload, b"\0"].concat());
    }
}

fn edits(folder: &mut Folder<'_>) {
    for number in 0..u8::try_from(cast::operations().len()).expect("a few") {
        folder.add(format!("valid-unedited-{number}"), [number]);
        folder.add(format!("bad-one-bit-{number}"), [number, 0, 100, 0, 1]);
        folder.add(format!("bad-inserted-{number}"), [number, 0, 3, 2, 8]);
    }
}

fn transactions(folder: &mut Folder<'_>) {
    let operations: Vec<Bytes> = cast::operations().iter().take(3).map(|operation| operation.bytes().clone()).collect();
    let open = |content: &Content| encode(content, options(), &[]).expect("a valid transaction");
    folder.add("valid-operations", open(&Content::Operations(operations)));
    for (name, request) in requests() {
        folder.add(format!("valid-request-{name}"), request.to_vec());
        folder.add(format!("valid-carried-{name}"), open(&Content::Request(request)));
    }
    folder.add(
        "bad-both",
        v1::Transaction {
            version: 1,
            sealed: Bytes::from_static(b"age-encryption.org/v1\n-> X25519 A\nA\n--- A\n"),
            open: Bytes::from_static(b"x"),
            ..Default::default()
        }
        .encode_to_vec(),
    );
}

/// One request of each kind.
fn requests() -> [(&'static str, Bytes); 8] {
    let (bob, channel, cursor) = (cast::identity("bob"), cast::channel(), Bytes::from_static(b"cursor"));
    let queries = [
        ("users", Query::Users { users: vec![cast::identity("bob").user], cursor: cursor.clone(), limit: 5 }),
        ("channel", Query::Channel { channel, cursor: cursor.clone(), limit: 5 }),
        ("channels", Query::Channels { cursor: cursor.clone(), limit: 5 }),
        ("messages", Query::Messages { channel, cursor: cursor.clone(), limit: 5, backward: true }),
        (
            "keys",
            Query::Keys { user: bob.user, key: Some(bob.signing.verifying_key()), cursor: cursor.clone(), limit: 5 },
        ),
        ("key-chain", Query::KeyChain { user: bob.user, channel: Some(channel), cursor: cursor.clone(), limit: 5 }),
        (
            "lane-end",
            Query::LaneEnd { user: bob.user, key: bob.signing.verifying_key(), lane: LaneId::from_bytes([3; 16]) },
        ),
        ("subscribe", Query::Subscribe { channel, cursor, from_now: true }),
    ];
    let reply_to = bob.encryption.encryption_key().expect("a checked key");
    let node = NodeId::from_bytes([2; 32]);
    queries.map(|(name, query)| (name, sign_request(bob, &node, [4; 16], 1_704_067_200_000, &query, Some(&reply_to))))
}

/// One client frame of each kind.
fn client_frames() -> Vec<(&'static str, ClientFrame)> {
    let transaction = Bytes::from_static(b"\x08\x01");
    let read = Some(v1::ReadRequest { transaction: transaction.clone() });
    let items = vec![v1::Item { client_id: u64::MAX, transaction }];
    vec![
        ("submit", ClientFrame { submit: Some(v1::SubmitBatch { items }), ..Default::default() }),
        ("read", ClientFrame { id: 1, read: read.clone(), ..Default::default() }),
        ("subscribe", ClientFrame { id: 2, subscribe: read, ..Default::default() }),
        ("unsubscribe", ClientFrame { id: 3, unsubscribe: true, ..Default::default() }),
        ("node-info", ClientFrame { id: 4, node_info: Some(v1::NodeInfoRequest::default()), ..Default::default() }),
    ]
}

/// One frame of the node of each kind.
fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    let bytes = Bytes::from_static(b"\0\xfe\xff");
    let error = Some(v1::Error { reason: "quota".to_owned(), detail: "line\nbreak \"quoted\" \u{1f375}".to_owned() });
    let outcome = v1::Outcome { kind: v1::OutcomeKind::Refused.into(), operation: bytes.clone(), ..Default::default() };
    let ack = v1::Ack {
        client_id: 1,
        state: v1::TicketState::Failed.into(),
        outcomes: vec![outcome],
        error: error.clone(),
        latest: u64::MAX,
        sealed: bytes.clone(),
    };
    let event = v1::Event { kind: v1::EventKind::CaughtUp.into(), cursor: bytes.clone(), ..Default::default() };
    let user = v1::User { id: bytes.clone(), active: true, permissions: 255, ..Default::default() };
    let channel = v1::Channel { id: bytes.clone(), name: "tea".to_owned(), messages: 3, ..Default::default() };
    let epoch = v1::Epoch { key_id: bytes.clone(), wraps: vec![bytes.clone(); 2], introduced_at: 9 };
    let message = v1::PositionedMessage { position: 7, operation: bytes.clone() };
    let frame = |fill: &dyn Fn(&mut ServerFrame)| {
        let mut frame = ServerFrame { id: 5, ..Default::default() };
        fill(&mut frame);
        frame
    };
    vec![
        ("acks", frame(&|frame| frame.acks = Some(v1::AckBatch { acks: vec![ack.clone(); 2] }))),
        (
            "users",
            frame(&|frame| {
                frame.users =
                    Some(v1::ReadUsersResponse { users: vec![user.clone()], latest: 1, ..Default::default() });
            }),
        ),
        (
            "channel",
            frame(&|frame| {
                let (channel, epochs) = (Some(channel.clone()), vec![epoch.clone()]);
                frame.channel = Some(v1::ReadChannelResponse { channel, epochs, ..Default::default() });
            }),
        ),
        (
            "channels",
            frame(&|frame| {
                frame.channels =
                    Some(v1::ListChannelsResponse { channels: vec![channel.clone()], ..Default::default() });
            }),
        ),
        (
            "messages",
            frame(&|frame| {
                frame.messages =
                    Some(v1::ReadMessagesResponse { messages: vec![message.clone()], ..Default::default() });
            }),
        ),
        (
            "events",
            frame(&|frame| {
                frame.events = Some(v1::EventBatch { events: vec![event.clone()], sealed: Bytes::new() });
            }),
        ),
        (
            "sealed",
            frame(&|frame| {
                frame.events = Some(v1::EventBatch { events: Vec::new(), sealed: bytes.clone() });
            }),
        ),
        (
            "node-info",
            frame(&|frame| {
                frame.node_info = Some(v1::NodeInfoResponse {
                    node: bytes.clone(),
                    roots: vec![bytes.clone()],
                    ..Default::default()
                });
            }),
        ),
        (
            "keys",
            frame(&|frame| {
                let operation_bytes = bytes.clone();
                let (purpose, from) = (v1::KeyUse::Signing.into(), 3);
                let keys = vec![v1::UserKey { r#use: purpose, from, operation_bytes, ..Default::default() }];
                let fork = v1::Evidence { kind: v1::EvidenceKind::Fork.into(), seq: 2, ..Default::default() };
                let (lane, last) = (bytes.clone(), vec![bytes.clone(); 2]);
                let lanes =
                    vec![v1::Lane { lane, evidence: vec![fork], last, channel_hidden: true, ..Default::default() }];
                frame.keys = Some(v1::ReadKeysResponse { keys, lanes, ..Default::default() });
            }),
        ),
        ("error", frame(&|frame| frame.error = error.clone())),
    ]
}

fn proto_frames(folder: &mut Folder<'_>) {
    for (name, frame) in client_frames() {
        folder.add(format!("valid-client-{name}"), frame.encode_to_vec());
    }
    for (name, frame) in server_frames() {
        folder.add(format!("valid-server-{name}"), frame.encode_to_vec());
    }
    folder.add("bad-length", b"\x12\xff\xff\xff\xff\x0f".as_slice());
}

fn json_frames(folder: &mut Folder<'_>) {
    let text = |json: Result<String, json::JsonError>| json.expect("named enums");
    for (name, frame) in client_frames() {
        folder.add(format!("valid-client-{name}"), text(json::encode(&frame)));
    }
    for (name, frame) in server_frames() {
        folder.add(format!("valid-server-{name}"), text(json::encode(&frame)));
    }
    folder.add("valid-empty", "{}");
    folder.add("valid-escapes", r#"{"error":{"reason":"\u00e9\ud83c\udf75\/\b","detail":"\\\""}}"#);
    folder.add("valid-spaces", " {\r\n\t\"id\" : 5 , \"node_info\" : { } } ");
    folder.add("valid-null", r#"{"id":"1","submit":null,"unsubscribe":true}"#);
    folder.add("bad-duplicate", r#"{"id":1,"id":1}"#);
    folder.add("bad-duplicate-escaped", r#"{"id":1,"\u0069d":1}"#);
    folder.add("bad-duplicate-inside", r#"{"submit":{"items":[{"clientId":1,"clientId":2}]}}"#);
    folder.add("bad-two-names", r#"{"nodeInfo":{},"node_info":{}}"#);
    folder.add("bad-deep", format!("{}{}", "[".repeat(33), "]".repeat(33)));
    folder.add("bad-surrogate", r#"{"error":{"reason":"\ud800"}}"#);
    folder.add("bad-trailing", "{} {}");
    folder.add("bad-number", r#"{"id":1e999}"#);
    folder.add("bad-base64", r#"{"read":{"transaction":"A"}}"#);
    folder.add("bad-unknown", r#"{"hello":{}}"#);
}

fn age_shapes(folder: &mut Folder<'_>) {
    let stanza = |stanza: &str| format!("age-encryption.org/v1\n-> {stanza}\nAAAA\n--- AAAA\nblank");
    for (name, line) in [("x25519", "X25519 AAAA"), ("scrypt", "scrypt AAAA 10"), ("grease", "x-grease A")] {
        folder.add(format!("bad-{name}"), stanza(line));
    }
    folder.add("bad-two", "age-encryption.org/v1\n-> X25519 A\nA\n-> X25519 A\nA\n--- A\n");
    folder.add("bad-armor", "-----BEGIN AGE ENCRYPTED FILE-----\n");
}

fn cursors(folder: &mut Folder<'_>) {
    let generation = Generation::from_bytes([3; Generation::LEN]);
    let key = OpKey { timestamp: cast::at(1), id: OpId::from_bytes([7; 32]) };
    let all = [
        ("events", Cursor::Events { generation, sequence: 9 }),
        ("messages", Cursor::Messages(key)),
        ("users", Cursor::Users { generation, number: 9 }),
        ("channels", Cursor::Channels { generation, number: 9 }),
        ("epochs", Cursor::Epochs { epoch: key, wraps: OpKey::MIN }),
        ("members", Cursor::Members { generation, number: 0 }),
        ("keys", Cursor::Keys { purpose: KeyUse::Encryption, from: key }),
        ("lanes", Cursor::Lanes { lane: LaneId::from_bytes([5; 16]), seq: 2, operation: key.id }),
    ];
    for (name, cursor) in all {
        let bytes = cursor.encode();
        folder.add(format!("valid-{name}"), bytes.to_vec());
        folder.add(format!("bad-long-{name}"), [&bytes, b"\0".as_slice()].concat());
        folder.add(format!("bad-short-{name}"), &bytes[..bytes.len() - 1]);
    }
}

fn peer_frames(folder: &mut Folder<'_>) {
    let head = Head { operations: 3, latest: cast::at(9), log_digest: [1; 32], state_digest: [2; 32] };
    let terms = |scopes| Terms {
        version: 1,
        ruleset: 1,
        node: NodeId::from_bytes([4; 32]),
        roots: [5; 32],
        scopes,
        pushes: true,
        pulls: true,
        window_operations: 4_096,
        window_bytes: 4 * 1024 * 1024,
        head,
    };
    let channels = vec![cast::channel(), ChannelId::from_bytes([9; 32])];
    let (from, ids) =
        (OpKey { timestamp: cast::at(1), id: OpId::from_bytes([7; 32]) }, [8, 9].map(|id| OpId::from_bytes([id; 32])));
    let operation =
        cast::signed("alice", cast::draft(Kind::ChannelClose), 1, |_| Vec::new()).expect("a valid operation");
    let operations = vec![operation.bytes().clone(), Bytes::from_static(b"none")];
    let outcomes = vec![(OutcomeKind::Applied, None), (OutcomeKind::Refused, Some("quota".to_owned()))];
    let frames = [
        ("everything", Frame::Terms(terms(Scopes::Everything))),
        ("channels", Frame::Terms(terms(Scopes::channels(channels)))),
        ("reconcile", Frame::Reconcile(Reconcile { scope: 1, message: Bytes::from_static(&[0x61]) })),
        ("want", Frame::Want(Want { number: 1, scope: 0, from, ids: ids.to_vec() })),
        ("operations", Frame::Operations(Operations { operations, want: None, last: false })),
        ("answer", Frame::Operations(Operations { operations: Vec::new(), want: Some(1), last: true })),
        ("outcomes", Frame::Outcomes(Outcomes { outcomes })),
        ("reconciled", Frame::Reconciled(head)),
        ("alive", Frame::Alive(head)),
        ("end", Frame::End(End { reason: "done".to_owned(), detail: String::new() })),
    ];
    for (name, frame) in frames {
        let bytes = frame.encode().expect("a frame within its limits");
        folder.add(format!("valid-{name}"), bytes.to_vec());
        folder.add(format!("bad-short-{name}"), &bytes[..bytes.len() - 1]);
        folder.add(format!("bad-twice-{name}"), [&bytes[..], &bytes].concat());
    }
    folder.add("bad-empty", b"".as_slice());
}

fn reconcile_messages(folder: &mut Folder<'_>) {
    let key = |number: u8| OpKey { timestamp: cast::at(u64::from(number)), id: OpId::from_bytes([number; 32]) };
    let mut writer = Writer::default();
    writer.fingerprint(Bound::between(&key(1), &key(2)), &[3; 16]);
    writer.skip(Bound::at(key(3)));
    writer.list(Bound::between(&key(4), &OpKey { id: OpId::from_bytes([5; 32]), ..key(4) }), &[key(3).id, key(4).id]);
    writer.fingerprint(Bound::END, &[6; 16]);
    let bytes = writer.finish().expect("something is said");
    folder.add("valid-ranges", bytes.clone());
    folder.add("valid-nothing", [0x61]);
    folder.add("bad-version", [&[0x62], &bytes[1..]].concat());
    folder.add("bad-short", &bytes[..bytes.len() - 1]);
    folder.add("bad-misordered", [&bytes[..], &bytes[1..]].concat());
    folder.add("bad-count", [0x61, 0, 0, 2, 0xc0, 0x80, 0x80, 0x80, 0]);
}

fn equivocations(folder: &mut Folder<'_>) {
    let close = |time| {
        let draft = cast::draft(Kind::ChannelClose);
        cast::signed("alice", draft, time, |_| Vec::new()).expect("a valid operation")
    };
    let proof = Equivocation::of(close(1), close(2)).expect("two operations at one place").to_text();
    let lines: Vec<&str> = proof.lines().collect();
    folder.add("valid-two-closes", proof.as_bytes());
    folder.add("bad-one-operation", lines[..lines.len() / 2].join("\n"));
    folder.add("bad-line-ends", proof.replace('\n', "\r\n"));
    folder.add("bad-trailing", format!("{proof}\n"));
    folder.add("bad-other-seq", proof.replacen("seq 1", "seq 2", 1));
    folder.add("bad-magic", proof.replacen("equivocation 1", "equivocation 2", 1));
}

fn texts(folder: &mut Folder<'_>) {
    let bob = cast::identity("bob");
    let written = bob.to_text().expect("checked keys");
    folder.add("valid-identity", written.as_bytes());
    folder.add("valid-comments", format!("# bob\n\n  {}", written.replace('\n', "\r\n  ")));
    folder.add("valid-user", bob.user.to_string());
    folder.add("valid-channel", cast::channel().to_string());
    folder.add("valid-key-id", cast::epoch_key().key_id().to_string());
    folder.add("valid-upper-case", bob.user.to_string().to_uppercase());
    folder.add("valid-age", bob.encryption.encryption_key().expect("a checked key").to_string());
    folder.add("bad-mixed-case", bob.user.to_string().replacen('d', "D", 1));
    folder.add("bad-twice", [written.as_bytes(), written.as_bytes()].concat());
    folder.add("bad-no-keys", format!("user: {}\n", bob.user));
}
