//! The subprotocol dmpc.v1.json as a stranger sees it: texts written by hand, and the texts that come back, of every kind
//! of frame.

use bytes::Bytes;
use dmpc::{Rights, request::Query};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::scene::Scene;
use crate::support::{
    client::{request, soon, transaction},
    socket::{Socket, Subprotocol},
};

/// RFC 4648, section 4, written again so that this does not lean on the code that it checks.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(*chunk.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * index) & 63]);
            text.push(if index <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

/// Sends a frame and returns the answer, both as JSON values.
async fn ask(socket: &mut Socket, frame: Value) -> Value {
    socket.send_message(Message::text(frame.to_string())).await;
    serde_json::from_str(&soon(socket.next_text()).await).unwrap()
}

async fn read(scene: &Scene, socket: &mut Socket, query: &Query) -> Value {
    let transaction = base64(&request(&scene.cast, "carol", &scene.server.node, query));
    ask(socket, json!({"id": "18446744073709551615", "read": {"transaction": transaction}})).await
}

/// The keys of an object.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn node_info_in_json() {
    let scene = Scene::new().await;
    let mut socket = Socket::connect_as(&scene.server.ws, Subprotocol::Json).await;
    let answer = ask(&mut socket, json!({"id": 4, "nodeInfo": {}})).await;
    let info = scene.server.info().await;
    let expected = json!({"id": "4", "nodeInfo": {
        "node": base64(&info.node), "recipient": base64(&info.recipient), "version": info.version,
        "latest": info.latest.to_string(), "stateDigest": base64(&info.state_digest),
        "logDigest": base64(&info.log_digest), "operations": "4", "ruleset": 1,
        "roots": [base64(&info.roots[0])], "acceptsOpen": true, "signingKey": base64(&info.signing_key),
        "users": "4", "channels": "1",
    }});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn submissions_in_json() {
    let mut scene = Scene::new().await;
    let mut socket = Socket::connect_as(&scene.server.ws, Subprotocol::Json).await;
    let message = scene.message("bob", "good morning");
    let good = base64(&transaction(&[&message]));
    let items = json!([{"clientId": "7", "transaction": good}]);
    let answer = ask(&mut socket, json!({"submit": {"items": items}})).await;
    let outcome = json!({"kind": "OUTCOME_KIND_APPLIED", "operation": base64(message.id().as_bytes())});
    let latest = message.timestamp().bits().to_string();
    let ack = json!({"clientId": "7", "state": "TICKET_STATE_SUCCESS", "outcomes": [outcome], "latest": latest});
    assert_eq!(answer, json!({"acks": {"acks": [ack]}}));
    let bad = json!([{"clientId": "8", "transaction": base64(b"\xff")}]);
    let answer = ask(&mut socket, json!({"submit": {"items": bad}})).await;
    let ack = &answer["acks"]["acks"][0];
    assert_eq!((&ack["state"], &ack["error"]["reason"]), (&json!("TICKET_STATE_FAILED"), &json!("truncated")));
}

#[tokio::test]
async fn answers_in_json() {
    let mut scene = Scene::new().await;
    let message = scene.message("bob", "good morning");
    let (time, room) = (scene.tick(), scene.room.clone());
    let carol_reads = scene.cast.members("alice", &room, &[("carol", Rights::READ)], &[], time);
    scene.apply(&[message.clone(), carol_reads]).await;
    let mut socket = Socket::connect_as(&scene.server.ws, Subprotocol::Json).await;
    let (channel, cursor) = (scene.room.id, Bytes::new());
    let users = Query::Users { users: vec![scene.cast.user("bob")], cursor: cursor.clone(), limit: 0 };
    let answer = read(&scene, &mut socket, &users).await;
    assert_eq!(answer["id"], "18446744073709551615");
    let bob = &answer["users"]["users"][0];
    assert_eq!(keys(bob), ["active", "displayName", "encryptionKey", "id", "signingKey"]);
    assert_eq!((&bob["active"], &bob["displayName"]), (&json!(true), &json!("Bob")));
    assert_eq!(bob["id"], base64(scene.cast.user("bob").as_bytes()));
    let answer = read(&scene, &mut socket, &Query::channel(channel)).await;
    let open = json!({
        "id": base64(channel.as_bytes()), "name": "tea", "opener": base64(scene.cast.user("alice").as_bytes()),
        "openedAt": crate::support::operations::at(4).bits().to_string(), "messages": "1", "members": "3", "rights": 1,
    });
    assert_eq!(answer["channel"]["channel"], open);
    assert_eq!(answer["channel"]["epochs"][0]["wraps"].as_array().unwrap().len(), 1);
    let answer = read(&scene, &mut socket, &Query::Channels { cursor: cursor.clone(), limit: 0 }).await;
    assert_eq!(answer["channels"]["channels"], json!([open]));
    let messages = Query::Messages { channel, cursor, limit: 0, backward: false };
    let answer = read(&scene, &mut socket, &messages).await;
    assert_eq!(answer["messages"]["messages"], json!([{"operation": base64(message.bytes())}]));
    let other = read(&scene, &mut socket, &Query::channel(dmpc::ChannelId::from_bytes([1; 32]))).await;
    assert_eq!(other["error"]["reason"], "unknown_channel");
    assert!(other["error"]["detail"].as_str().unwrap().len() > 10);
}

#[tokio::test]
async fn events_in_json() {
    let scene = Scene::new().await;
    let mut socket = Socket::connect_as(&scene.server.ws, Subprotocol::Json).await;
    let query = Query::Subscribe { channel: scene.room.id, cursor: Bytes::new(), from_now: true };
    let transaction = base64(&request(&scene.cast, "bob", &scene.server.node, &query));
    let answer = ask(&mut socket, json!({"id": "9", "subscribe": {"transaction": transaction}})).await;
    let event = &answer["events"]["events"][0];
    assert_eq!((&answer["id"], &event["kind"]), (&json!("9"), &json!("EVENT_KIND_CAUGHT_UP")));
    assert!(!event["cursor"].as_str().unwrap().is_empty());
    let answer = ask(&mut socket, json!({"id": "9", "unsubscribe": true})).await;
    assert_eq!((&answer["id"], &answer["error"]["reason"]), (&json!("9"), &json!("unsubscribed")));
}
