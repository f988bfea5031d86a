//! The key view: a user's keys, their lanes and what those are evidence of, to who may see it; the same on both front ends.

use bytes::Bytes;
use dmpc::{
    Hlc, Permissions, VerifiedOperation,
    equivocation::Equivocation,
    keys::VerifyingKey,
    kinds::FieldWrite,
    request::Query,
    v1::{self, EvidenceKind},
};

use super::scene::Scene;
use crate::support::client::{Via, request};

fn keys_of(scene: &Scene, user: &str) -> Query {
    Query::Keys { user: scene.cast.user(user), key: None, cursor: Bytes::new(), limit: 0 }
}

fn lanes_of(scene: &Scene, user: &str, key: VerifyingKey) -> Query {
    Query::Keys { user: scene.cast.user(user), key: Some(key), cursor: Bytes::new(), limit: 0 }
}

fn key(scene: &Scene, name: &str) -> VerifyingKey {
    scene.cast.identity(name).signing.verifying_key()
}

/// An answer that is the same on both front ends.
async fn answer(scene: &Scene, name: &str, query: &Query) -> v1::ReadKeysResponse {
    let mut answers = Vec::new();
    for via in Via::ALL {
        let request = request(&scene.cast, name, &scene.server.node, query);
        answers.push(scene.client(via).await.read(query, request).await.unwrap().keys.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    answers.remove(0)
}

/// Two operations of somebody at one place.
fn fork(
    scene: &mut Scene,
    make: impl Fn(&mut Scene, &str, Hlc) -> VerifiedOperation,
    name: &str,
    in_room: bool,
) -> [VerifiedOperation; 2] {
    let channel = in_room.then_some(scene.room.id);
    let link = scene.cast.next_link(name, channel);
    let time = scene.tick();
    let one = make(scene, "one", time);
    scene.cast.set_next_link(name, channel, link);
    let time = scene.tick();
    [one, make(scene, "other", time)]
}

#[tokio::test]
async fn a_user_sees_its_own_keys_and_who_may_read_users_those_of_all() {
    let mut scene = Scene::new().await;
    let time = scene.tick();
    let rotation = scene.cast.rotate("bob", "bob", "former bob", time);
    scene.apply(std::slice::from_ref(&rotation)).await;
    for asker in ["bob", "carol"] {
        let keys = answer(&scene, asker, &keys_of(&scene, "bob")).await.keys;
        let uses: Vec<_> = keys.iter().map(|key| (key.r#use(), key.until == 0)).collect();
        let (signing, encryption) = (v1::KeyUse::Signing, v1::KeyUse::Encryption);
        assert_eq!(uses, [(signing, false), (signing, true), (encryption, false), (encryption, true)]);
        assert_eq!(keys[0].key, key(&scene, "former bob").as_bytes().as_slice());
        assert_eq!((keys[0].until, keys[1].from), (rotation.timestamp().bits(), rotation.timestamp().bits()));
        assert_eq!(keys[1].operation, rotation.id().as_bytes().as_slice());
    }
    let of_root = answer(&scene, "carol", &keys_of(&scene, "root")).await.keys;
    assert_eq!((of_root[0].from, of_root[0].operation.len(), of_root.len()), (0, 0, 2));
    let query = keys_of(&scene, "alice");
    let request = request(&scene.cast, "bob", &scene.server.node, &query);
    let refused = scene.client(Via::Grpc).await.read(&query, request).await.unwrap_err();
    assert_eq!(refused.reason, "permission_missing");
}

#[tokio::test]
async fn lanes_are_shown_with_their_channels_and_heads() {
    let mut scene = Scene::new().await;
    let sent = scene.messages(3);
    scene.apply(&sent).await;
    let query = lanes_of(&scene, "bob", key(&scene, "bob"));
    let lanes = answer(&scene, "carol", &query).await.lanes;
    assert_eq!(lanes.len(), 1);
    assert_eq!(lanes[0].channel, scene.room.id.as_bytes().as_slice());
    assert_eq!(lanes[0].lane, sent[0].link().lane.as_bytes().as_slice());
    assert_eq!((lanes[0].head, lanes[0].operations, lanes[0].evidence.len()), (3, 3, 0));
    let of_another_key = lanes_of(&scene, "bob", key(&scene, "carol"));
    assert_eq!(answer(&scene, "carol", &of_another_key).await.lanes, []);
    let of_root = answer(&scene, "carol", &lanes_of(&scene, "root", key(&scene, "root"))).await.lanes;
    assert_eq!((of_root[0].channel.len(), of_root[0].operations), (0, 3), "alice opened the channel herself");
}

#[tokio::test]
async fn a_fork_is_handed_out_whole_to_who_may_read_what_it_shows() {
    let mut scene = Scene::new().await;
    let rename = |scene: &mut Scene, name: &str, time| {
        scene.cast.update("alice", "alice", &[FieldWrite::DisplayName(name.to_owned())], time)
    };
    let of_users = fork(&mut scene, rename, "alice", false);
    let say = |scene: &mut Scene, text: &str, time| {
        let room = scene.room.clone();
        scene.cast.message("bob", &room, text, time)
    };
    let of_messages = fork(&mut scene, say, "bob", true);
    scene.apply(&of_users).await;
    scene.apply(&of_messages).await;
    let found = |lanes: Vec<v1::Lane>| {
        let mut evidence: Vec<_> = lanes.into_iter().flat_map(|lane| lane.evidence).collect();
        assert_eq!(evidence.len(), 1);
        assert_eq!(evidence[0].kind(), EvidenceKind::Fork);
        evidence.remove(0)
    };
    // Carol may read users and channels; she has no right to read messages in the room.
    for (user, asker, proof) in
        [("alice", "carol", Some(&of_users)), ("bob", "carol", None), ("bob", "bob", Some(&of_messages))]
    {
        let piece = found(answer(&scene, asker, &lanes_of(&scene, user, key(&scene, user))).await.lanes);
        assert!(piece.operation < piece.other);
        match proof {
            None => assert!(piece.operations.is_empty()),
            Some(pair) => {
                let [one, other] = piece.operations.as_slice() else { panic!() };
                let proof = Equivocation::decode(one.clone(), other.clone()).unwrap();
                let expected = Equivocation::decode(pair[0].bytes().clone(), pair[1].bytes().clone()).unwrap();
                assert_eq!(proof.to_text(), expected.to_text());
            }
        }
    }
    // With the right to read it is another thing.
    dave_who_reads_users(&mut scene).await;
    let (time, room) = (scene.tick(), scene.room.clone());
    let joined = scene.cast.members("alice", &room, &[("dave", dmpc::Rights::READ)], &[], time);
    scene.apply(&[joined]).await;
    let piece = found(answer(&scene, "dave", &lanes_of(&scene, "bob", key(&scene, "bob"))).await.lanes);
    assert_eq!(piece.operations.len(), 2);
}

/// Somebody who may read users, and has no part in any channel.
async fn dave_who_reads_users(scene: &mut Scene) {
    let time = scene.tick();
    scene.cast.join("dave");
    let dave = scene.cast.create("root", "dave", Permissions::USER_READ, "", time);
    scene.apply(&[dave]).await;
}

#[tokio::test]
async fn the_channel_of_a_lane_is_told_to_those_alone_who_may_ask_for_it() {
    let mut scene = Scene::new().await;
    let sent = scene.message("bob", "hello");
    scene.apply(std::slice::from_ref(&sent)).await;
    dave_who_reads_users(&mut scene).await;
    let room = Bytes::copy_from_slice(scene.room.id.as_bytes());
    let end = Query::LaneEnd { user: scene.cast.user("bob"), key: key(&scene, "bob"), lane: sent.link().lane };
    for query in [lanes_of(&scene, "bob", key(&scene, "bob")), end] {
        // Bob himself, and carol by her permission; dave sees that there is a lane.
        for (asker, channel) in [("bob", &room), ("carol", &room), ("dave", &Bytes::new())] {
            let lanes = answer(&scene, asker, &query).await.lanes;
            let shown = (lanes.len(), &lanes[0].channel, lanes[0].channel_hidden, lanes[0].head);
            assert_eq!(shown, (1, channel, channel.is_empty(), 1), "{asker}");
        }
    }
    // Of what is done to users there is none to hide.
    let of_root = answer(&scene, "dave", &lanes_of(&scene, "root", key(&scene, "root"))).await.lanes;
    assert_eq!((of_root.len(), of_root[0].channel.len(), of_root[0].channel_hidden), (1, 0, false));
    let (time, room) = (scene.tick(), scene.room.clone());
    let joined = scene.cast.members("alice", &room, &[("dave", dmpc::Rights::WRITE)], &[], time);
    scene.apply(&[joined]).await;
    let lanes = answer(&scene, "dave", &lanes_of(&scene, "bob", key(&scene, "bob"))).await.lanes;
    assert_eq!((lanes[0].channel.as_ref(), lanes[0].channel_hidden), (scene.room.id.as_bytes().as_slice(), false));
}

#[tokio::test]
async fn the_end_of_a_lane_names_what_stands_there() {
    let mut scene = Scene::new().await;
    let sent = scene.messages(3);
    scene.apply(&sent[..2]).await;
    let end_of = |scene: &Scene, lane| Query::LaneEnd { user: scene.cast.user("bob"), key: key(scene, "bob"), lane };
    let end = answer(&scene, "bob", &end_of(&scene, sent[0].link().lane)).await.lanes.remove(0);
    assert_eq!((end.head, &end.last), (2, &vec![Bytes::copy_from_slice(sent[1].id().as_bytes())]));
    // What stands after a gap, and a fork.
    let link = sent[2].link();
    scene.cast.set_next_link("bob", Some(scene.room.id), link);
    let other = scene.message("bob", "another third");
    scene.apply(&[sent[2].clone(), other.clone()]).await;
    let end = answer(&scene, "bob", &end_of(&scene, link.lane)).await.lanes.remove(0);
    let mut both = [sent[2].id(), other.id()];
    both.sort();
    assert_eq!((end.head, end.last), (3, both.map(|id| Bytes::copy_from_slice(id.as_bytes())).to_vec()));
    let unknown = answer(&scene, "bob", &end_of(&scene, dmpc::LaneId::from_bytes([7; 16]))).await;
    assert_eq!(unknown.lanes, []);
    let query = Query::LaneEnd { user: scene.cast.user("alice"), key: key(&scene, "alice"), lane: link.lane };
    let asked = request(&scene.cast, "bob", &scene.server.node, &query);
    let refused = scene.client(Via::Grpc).await.read(&query, asked).await.unwrap_err();
    assert_eq!(refused.reason, "permission_missing");
}

#[tokio::test]
async fn pages_of_lanes_are_the_whole() {
    let mut scene = Scene::new().await;
    let sent = scene.messages(20);
    // Every other one is missing: a gap before each.
    let some: Vec<_> = sent.into_iter().skip(1).step_by(2).collect();
    scene.apply(&some).await;
    let (mut cursor, mut operations, mut gaps) = (Bytes::new(), 0, Vec::new());
    loop {
        let query = Query::Keys { user: scene.cast.user("bob"), key: Some(key(&scene, "bob")), cursor, limit: 3 };
        let page = answer(&scene, "bob", &query).await;
        for lane in page.lanes {
            operations += lane.operations;
            gaps.extend(lane.evidence.iter().filter(|piece| piece.kind() == EvidenceKind::Gap).map(|piece| piece.seq));
        }
        if page.cursor.is_empty() {
            break;
        }
        cursor = page.cursor;
    }
    assert_eq!((operations, gaps), (10, (1..20).step_by(2).collect()));
}
