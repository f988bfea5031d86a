//! Pages: who sees what, the same on both front ends, plain or sealed to who asked.

use bytes::Bytes;
use dmpc::{
    Rights,
    keys::DecryptionKey,
    request::Query,
    seal::{EpochKey, open_age, open_content},
    v1::{self, ServerFrame},
};
use prost::Message;
use rand_core::OsRng;

use super::scene::Scene;
use crate::support::client::{Via, now_ms, request, request_at};

/// Somebody's answer, which is the same on both front ends.
async fn answer(scene: &Scene, name: &str, query: &Query) -> ServerFrame {
    let mut answers = Vec::new();
    for via in Via::ALL {
        let request = request(&scene.cast, name, &scene.server.node, query);
        answers.push(scene.client(via).await.read(query, request).await.unwrap());
    }
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| *answer == last));
    last
}

fn users(users: &[dmpc::UserId], cursor: Bytes, limit: u32) -> Query {
    Query::Users { users: users.to_vec(), cursor, limit }
}

#[tokio::test]
async fn users_are_read_with_the_permission_or_by_themselves() {
    let scene = Scene::new().await;
    let bob = scene.cast.user("bob");
    let himself = answer(&scene, "bob", &users(&[bob], Bytes::new(), 0)).await.users.unwrap();
    assert_eq!(himself.users.len(), 1);
    assert_eq!((himself.users[0].display_name.as_str(), himself.users[0].active), ("Bob", true));
    let two = [bob, scene.cast.user("alice"), dmpc::UserId::from_bytes([3; 32])];
    let found = answer(&scene, "carol", &users(&two, Bytes::new(), 0)).await.users.unwrap();
    let names: Vec<_> = found.users.iter().map(|user| user.display_name.as_str()).collect();
    assert_eq!(names, ["Bob", "Alice"]);
    let mut all = Vec::new();
    let mut cursor = Bytes::new();
    loop {
        let page = answer(&scene, "carol", &users(&[], cursor, 3)).await.users.unwrap();
        assert!(page.users.len() <= 3);
        all.extend(page.users);
        if page.cursor.is_empty() {
            break;
        }
        cursor = page.cursor;
    }
    assert_eq!(all.len(), 4);
    assert_eq!(all.iter().filter(|user| user.root).count(), 1);
}

#[tokio::test]
async fn a_channel_is_read_by_its_members_with_their_own_wraps() {
    let scene = Scene::new().await;
    let channel = answer(&scene, "bob", &Query::channel(scene.room.id)).await.channel.unwrap();
    let info = channel.channel.unwrap();
    assert_eq!((info.name.as_str(), info.members, info.rights), ("tea", 2, 3));
    let members: Vec<_> = channel.members.iter().map(|member| member.display_name.as_str()).collect();
    assert!(members.contains(&"Alice") && members.contains(&"Bob"));
    let [epoch] = channel.epochs.as_slice() else { panic!("{:?}", channel.epochs) };
    let bob = scene.cast.identity("bob");
    let key = EpochKey::unwrap(&epoch.wraps[0], &bob.encryption, &scene.room.id, &bob.user, &scene.room.key.key_id());
    assert_eq!(key.unwrap().key_id(), scene.room.key.key_id());
    let seen_by_carol = answer(&scene, "carol", &Query::channel(scene.room.id)).await.channel.unwrap();
    assert_eq!(seen_by_carol.channel.unwrap().rights, 0);
    assert!(seen_by_carol.epochs.iter().all(|epoch| epoch.wraps.is_empty()));
}

#[tokio::test]
async fn channels_are_listed_for_members_or_with_the_permission() {
    let mut scene = Scene::new().await;
    let time = scene.tick();
    let (open, _) = scene.cast.open("alice", "secret", &[], time);
    scene.apply(&[open]).await;
    for (name, expected) in [("bob", vec!["tea"]), ("alice", vec!["tea", "secret"]), ("carol", vec!["tea", "secret"])] {
        let query = Query::Channels { cursor: Bytes::new(), limit: 0 };
        let listed = answer(&scene, name, &query).await.channels.unwrap().channels;
        let names: Vec<_> = listed.iter().map(|channel| channel.name.as_str()).collect();
        assert_eq!(names, expected, "{name}");
    }
}

#[tokio::test]
async fn messages_come_in_pages_in_both_directions() {
    let mut scene = Scene::new().await;
    let sent = scene.messages(10);
    scene.apply(&sent).await;
    for backward in [false, true] {
        let mut read: Vec<v1::PositionedMessage> = Vec::new();
        let mut cursor = Bytes::new();
        loop {
            let query = Query::Messages { channel: scene.room.id, cursor, limit: 4, backward };
            let page = answer(&scene, "bob", &query).await.messages.unwrap();
            read.extend(page.messages);
            if page.cursor.is_empty() {
                break;
            }
            cursor = page.cursor;
        }
        if backward {
            read.reverse();
        }
        assert!(read.iter().map(|message| message.position).eq(0..10));
        let bytes: Vec<_> = read.iter().map(|message| message.operation.clone()).collect();
        let expected: Vec<_> = sent.iter().map(|message| message.bytes().clone()).collect();
        assert_eq!(bytes, expected);
    }
    let text = open_content(&scene.room.key, &sent[7]).unwrap();
    assert_eq!(text.as_slice(), b"message 7");
}

#[tokio::test]
async fn a_page_of_large_messages_is_cut() {
    let mut scene = Scene::new().await;
    let text = "x".repeat(300 * 1024);
    for _ in 0..6 {
        let message = scene.message("bob", &text);
        scene.apply(&[message]).await;
    }
    let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 0, backward: false };
    let page = answer(&scene, "bob", &query).await.messages.unwrap();
    assert_eq!(page.messages.len(), 4);
    assert!(!page.cursor.is_empty());
}

#[tokio::test]
async fn an_answer_is_sealed_to_who_asks_for_it() {
    let scene = Scene::new().await;
    let key = DecryptionKey::generate(&mut OsRng).unwrap();
    let reply_to = key.encryption_key().unwrap();
    let query = Query::channel(scene.room.id);
    let plain = answer(&scene, "bob", &query).await.channel.unwrap();
    for via in Via::ALL {
        let request = request_at(&scene.cast, "bob", &scene.server.node, &query, now_ms(), Some(&reply_to));
        let sealed = scene.client(via).await.read(&query, request).await.unwrap().channel.unwrap();
        assert_eq!(v1::ReadChannelResponse { sealed: Bytes::new(), ..sealed.clone() }, Default::default());
        let opened = open_age(&sealed.sealed, &key, 1, 1024 * 1024).unwrap();
        assert_eq!(v1::ReadChannelResponse::decode(opened.as_slice()).unwrap(), plain);
    }
}

#[tokio::test]
async fn rights_are_those_of_the_moment_of_asking() {
    let mut scene = Scene::new().await;
    let query = Query::Messages { channel: scene.room.id, cursor: Bytes::new(), limit: 0, backward: false };
    assert!(answer(&scene, "bob", &query).await.messages.is_some());
    let (time, room) = (scene.tick(), scene.room.clone());
    let removal = scene.cast.members("alice", &room, &[], &["bob"], time);
    let time = scene.tick();
    let addition = scene.cast.members("alice", &room, &[("carol", Rights::READ)], &[], time);
    scene.apply(&[removal, addition]).await;
    assert!(answer(&scene, "carol", &query).await.messages.is_some());
    let request = request(&scene.cast, "bob", &scene.server.node, &query);
    let refused = scene.client(Via::Grpc).await.read(&query, request).await.unwrap_err();
    assert_eq!(refused.reason, "right_missing");
}
