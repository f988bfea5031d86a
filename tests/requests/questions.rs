//! Requests: every query, and everything for which one is refused.

use bytes::Bytes;
use dmpc::{ChannelId, LaneId, NodeId, hash::Domain, request::Query, v1};
use prost::Message as _;
use rand_core::RngCore as _;

use super::{Answer, Call, Case, Stage, flaws};
use crate::support::client::{now_ms, raw_request, raw_transaction, request_at};

/// What a node checks of a request before it looks at itself, its clock or its users, so that any node says the same.
const OF_ANY_NODE: [&str; 10] = [
    "changed_after_signing",
    "no_query",
    "nonce_missing",
    "nonce_of_15_bytes",
    "signed_as_an_operation",
    "small_order_key",
    "small_order_reply_to",
    "two_queries",
    "unknown_field",
    "unknown_version",
];

pub(super) fn channels() -> Query {
    Query::Channels { cursor: Bytes::new(), limit: 0 }
}

fn messages(channel: ChannelId, cursor: &'static [u8], backward: bool) -> Query {
    Query::Messages { channel, cursor: Bytes::from_static(cursor), limit: 0, backward }
}

fn subscribe(channel: ChannelId, cursor: &'static [u8]) -> Query {
    Query::Subscribe { channel, cursor: Bytes::from_static(cursor), from_now: false }
}

fn all_users() -> Query {
    Query::Users { users: Vec::new(), cursor: Bytes::new(), limit: 0 }
}

pub(super) fn cases(stage: &mut Stage) -> Vec<Case> {
    let given = given(stage);
    let asked = |name: &str, query: &Query| request_at(&stage.cast, name, &stage.server.node, query, now_ms(), None);
    let mut cases = Vec::new();
    let mut add = |name: String, query: &Query, transaction, answer| {
        cases.push(Case { name, call: Call::Ask(query.clone()), transaction, answer });
    };
    for (what, asker, query) in given {
        add(format!("given: {what}"), &query, asked(asker, &query), Answer::Given);
    }
    for (what, asker, query, reason) in refused(stage) {
        add(format!("{reason}: {what}"), &query, asked(asker, &query), Answer::refused(reason));
    }
    for (what, transaction, reason) in bad(stage) {
        add(format!("{reason}: {what}"), &channels(), transaction, Answer::refused(reason));
    }
    // The same bytes twice.
    let once = asked("bob", &channels());
    add("given: a request that is sent again later".to_owned(), &channels(), once.clone(), Answer::Given);
    add("request_replayed: the same request".to_owned(), &channels(), once, Answer::refused("request_replayed"));
    // A call with the query of another.
    let other = Answer::refused("other_query");
    let subscription = asked("bob", &subscribe(stage.room.id, b""));
    add("other_query: a subscription that is read".to_owned(), &channels(), subscription, other.clone());
    let query = subscribe(stage.room.id, b"");
    add("other_query: channels that are subscribed to".to_owned(), &query, asked("bob", &channels()), other);
    for (name, whole) in flaws::files("request/flaw") {
        if OF_ANY_NODE.contains(&name.rsplit('/').next().unwrap()) {
            let reason = flaws::text(&whole["expected"]["steps"][0]["reason"]);
            let request = raw_request(&flaws::bytes(&whole["inputs"]["steps"][0]["request"]));
            add(name, &channels(), request, Answer::refused(&reason));
        }
    }
    cases
}

/// What, who asks, and the query.
fn given(stage: &mut Stage) -> Vec<(&'static str, &'static str, Query)> {
    let (bob, room) = (stage.cast.user("bob"), stage.room.id);
    let key = stage.cast.identity("bob").signing.verifying_key();
    let lane = stage.cast.next_link("bob", Some(room)).lane;
    let keys = |key| Query::Keys { user: bob, key, cursor: Bytes::new(), limit: 0 };
    vec![
        ("oneself", "bob", Query::Users { users: vec![bob], cursor: Bytes::new(), limit: 0 }),
        ("users", "carol", all_users()),
        ("a channel", "bob", Query::channel(room)),
        ("a channel, of who may look at all", "carol", Query::channel(room)),
        ("channels", "bob", channels()),
        ("messages", "bob", messages(room, b"", false)),
        ("messages backward", "bob", messages(room, b"", true)),
        ("one's own keys", "bob", keys(None)),
        ("one's own lanes", "bob", keys(Some(key))),
        ("the end of a lane of one's own", "bob", Query::LaneEnd { user: bob, key, lane }),
        ("events", "bob", subscribe(room, b"")),
        ("messages of a closed channel", "bob", messages(stage.closed.id, b"", false)),
    ]
}

/// What, who asks, the query, and why it is refused.
fn refused(stage: &Stage) -> Vec<(&'static str, &'static str, Query, &'static str)> {
    let (room, nowhere) = (stage.room.id, ChannelId::from_bytes([1; 32]));
    let alices = Query::Keys { user: stage.cast.user("alice"), key: None, cursor: Bytes::new(), limit: 0 };
    let (user, key) = (stage.cast.user("alice"), stage.cast.identity("alice").signing.verifying_key());
    let alices_end = Query::LaneEnd { user, key, lane: LaneId::from_bytes([1; LaneId::LEN]) };
    let cursor = Bytes::from_static(b"no cursor");
    vec![
        ("nobody", "dave", channels(), "unknown_user"),
        ("a subscription of nobody", "dave", subscribe(room, b""), "unknown_user"),
        ("who is deactivated", "erin", channels(), "user_inactive"),
        ("with a former key", "former frank", channels(), "key_not_current"),
        ("users", "bob", all_users(), "permission_missing"),
        ("keys of another", "bob", alices, "permission_missing"),
        ("the end of a lane of another", "bob", alices_end, "permission_missing"),
        ("a channel of others", "frank", Query::channel(room), "not_a_member"),
        ("an unknown channel, of who may not look", "bob", Query::channel(nowhere), "not_a_member"),
        ("an unknown channel", "carol", Query::channel(nowhere), "unknown_channel"),
        ("messages of an unknown channel", "bob", messages(nowhere, b"", false), "unknown_channel"),
        ("messages", "carol", messages(room, b"", false), "right_missing"),
        ("events", "carol", subscribe(room, b""), "right_missing"),
        ("messages from a strange cursor", "bob", messages(room, b"no cursor", false), "reset"),
        ("events from a strange cursor", "bob", subscribe(room, b"no cursor"), "reset"),
        (
            "users from a strange cursor",
            "carol",
            Query::Users { users: Vec::new(), cursor: cursor.clone(), limit: 0 },
            "reset",
        ),
        ("channels from a strange cursor", "bob", Query::Channels { cursor: cursor.clone(), limit: 0 }, "reset"),
        ("a channel from a strange cursor", "bob", Query::Channel { channel: room, cursor, limit: 0 }, "reset"),
    ]
}

/// What, the transaction, and why it is refused.
fn bad(stage: &Stage) -> Vec<(&'static str, Bytes, &'static str)> {
    let at = |node: &NodeId, time| request_at(&stage.cast, "bob", node, &channels(), time, None);
    let (node, now) = (stage.server.node, now_ms());
    let cursor = vec![0; 129].into();
    let long = v1::Query { channels: Some(v1::ListChannels { cursor, limit: 0 }), ..v1::Query::default() };
    let users = vec![Bytes::from_static(&[7; 32]); 1_025];
    let many = v1::Query { users: Some(v1::ReadUsers { users, ..Default::default() }), ..v1::Query::default() };
    let lane = vec![7; 16].into();
    let user = Bytes::copy_from_slice(stage.cast.user("bob").as_bytes());
    let keyless = v1::Query { keys: Some(v1::ReadKeys { user, lane, ..Default::default() }), ..v1::Query::default() };
    vec![
        ("of long ago", at(&node, now - 61_000), "request_expired"),
        ("from before the start", at(&node, stage.before_start_ms), "request_before_start"),
        ("ahead", at(&node, now + 62_000), "request_ahead"),
        ("for another node", at(&NodeId::from_bytes([9; 32]), now), "other_node"),
        ("operations", raw_transaction(vec![Bytes::from_static(b"x")]), "not_a_request"),
        ("no protobuf", raw_request(b"\xff\xff"), "truncated"),
        ("no transaction", Bytes::from_static(b"\xff\xff"), "truncated"),
        ("a cursor that is too long", signed(stage, long), "too_long"),
        ("too many users", signed(stage, many), "too_many"),
        ("a lane of no key", signed(stage, keyless), "missing_field"),
    ]
}

/// A request of bob's that no honest client makes.
fn signed(stage: &Stage, query: v1::Query) -> Bytes {
    let identity = stage.cast.identity("bob");
    let mut nonce = [0; 16];
    rand_core::OsRng.fill_bytes(&mut nonce);
    let request = v1::Request {
        version: 1,
        node: Bytes::copy_from_slice(stage.server.node.as_bytes()),
        user: Bytes::copy_from_slice(identity.user.as_bytes()),
        key: Bytes::copy_from_slice(identity.signing.verifying_key().as_bytes()),
        nonce: Bytes::copy_from_slice(&nonce),
        issued_at_ms: now_ms(),
        query: Some(query),
        reply_to: Bytes::new(),
    };
    let request = Bytes::from(request.encode_to_vec());
    let signature = Bytes::copy_from_slice(&identity.signing.sign(Domain::SignRequest, &[&request]).0);
    raw_request(&v1::SignedRequest { request, signature }.encode_to_vec())
}
