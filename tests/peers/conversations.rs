//! Two nodes with the same roots: what is said at one is read at the other.

use serde_json::json;

use super::nodes::{Node, guest, introduce, two, until};

#[test]
fn two_people_on_two_nodes_talk() {
    let (here, there) = two();
    let (alice, _) = here.house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = here.house.user("bob", "ws", "none");
    let bob = guest(&there, "bob", &bob);
    let opened = here.house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rw")]);
    let channel = opened.expect_success().line();
    here.house.say(&alice, &channel, "one lump or two?").expect_success();
    until("bob reads at his node", || there.house.run(&bob, &["channel", "read", &channel]).code == 0);
    until("bob reads alice", || there.house.texts(&bob, &channel) == ["one lump or two?"]);
    there.house.say(&bob, &channel, "two").expect_success();
    until("alice reads bob", || here.house.texts(&alice, &channel) == ["one lump or two?", "two"]);
    let exchanged = there.sync("alice");
    assert_eq!((&exchanged["missing_here"], &exchanged["missing_there"]), (&json!(0), &json!(0)));
    assert_eq!(here.digests(), there.digests());
    until("both know that they are the same", || {
        [here.status("bob"), there.status("alice")]
            .iter()
            .all(|peer| peer["same_log"] == true && peer["same_state"] == true)
    });
}

#[test]
fn either_side_may_ask_for_an_exchange_and_is_told_what_went_over() {
    let (here, there) = two();
    there.sync("alice");
    let (alice, _) = here.house.user("alice", "grpc", "channel.add,user.read");
    here.house.run(&alice, &["channel", "open", "tea"]).expect_success();
    // The one that was dialed has no address to dial; the other dials again.
    let exchanged = here.sync("bob");
    assert_eq!(exchanged["name"], "bob");
    assert_eq!(here.digests(), there.digests());
    let text = there.peer(&["sync", "alice"]).expect_success().stdout;
    assert!(text.contains("peer          alice\nmissing here  0\nmissing there 0\n"), "{text}");
}

#[test]
fn what_is_committed_while_a_peer_is_away_is_lag_and_goes_over_when_it_is_back() {
    let (mut here, there) = two();
    there.sync("alice");
    until("all is acknowledged", || there.status("alice")["lag"] == 0);
    here.house.stop();
    until("it is gone", || there.status("alice")["state"] != "connected");
    let (dora, _) = there.house.user("dora", "grpc", "channel.add");
    for name in ["tea", "coffee"] {
        there.house.run(&dora, &["channel", "open", name]).expect_success();
    }
    assert_eq!(there.status("alice")["lag"], 3);
    there.peer(&["sync", "alice"]).expect_failure(1, &["peer_unreachable", "hint: "]);
    here.start();
    until("all went over", || there.status("alice")["lag"] == 0 && here.digests() == there.digests());
}

#[test]
fn a_node_that_only_gives_takes_nothing_and_says_what_it_lacks() {
    let here = Node::new();
    let there = Node::beside(&here);
    here.knows("bob", &there, &["--direction", "push"]);
    there.knows("alice", &here, &["--address", here.address()]);
    here.house.user("alice", "grpc", "channel.add");
    there.house.user("bob", "grpc", "channel.add");
    until("what it gives arrives", || there.info().operations == 2);
    let exchanged = there.sync("alice");
    assert_eq!((&exchanged["missing_there"], &exchanged["operations_out"]), (&json!(1), &json!(0)));
    assert_eq!(here.info().operations, 1);
    let status = there.status("alice");
    assert_eq!((&status["same_log"], &status["same_state"]), (&json!(false), &json!(false)));
    assert!(status["missing_there_since_ms"].as_u64().unwrap() > 0, "{status}");
}

#[test]
fn operations_of_users_whom_only_the_other_roots_vouch_for_wait_and_states_are_not_compared() {
    let (here, there) = (Node::new(), Node::new());
    introduce(&here, &there);
    here.house.user("alice", "grpc", "channel.add");
    let exchanged = there.sync("alice");
    assert_eq!((&exchanged["operations_in"], &exchanged["refused_here"]), (&json!(1), &json!(0)));
    assert_eq!(there.info().operations, 0);
    assert_eq!(there.status("alice")["same_state"], json!(null));
}

#[test]
fn both_may_dial_and_one_link_stays() {
    let here = Node::new();
    let there = Node::beside(&here);
    here.knows("bob", &there, &["--address", there.address()]);
    there.knows("alice", &here, &["--address", here.address()]);
    here.house.user("alice", "grpc", "channel.add");
    for _ in 0..3 {
        here.sync("bob");
        there.sync("alice");
    }
    assert_eq!(here.digests(), there.digests());
    until("they are connected", || {
        here.status("bob")["state"] == "connected" && there.status("alice")["state"] == "connected"
    });
}

#[test]
fn a_node_that_was_put_back_from_a_backup_gets_what_it_lacks_from_its_peers() {
    let (here, mut there) = two();
    let (alice, _) = here.house.user("alice", "grpc", "channel.add,user.read");
    there.sync("alice");
    let [data, backup, lost] = ["node", "backup", "lost"].map(|name| there.house.path(name));
    let [data_text, backup_text] = [&data, &backup].map(|path| path.to_str().unwrap());
    let run = |arguments: &[&str]| drop(there.house.run(&there.house.root(), arguments).expect_success());
    run(&["backup", "create", "--data", data_text, backup_text]);
    here.house.run(&alice, &["channel", "open", "tea"]).expect_success();
    there.sync("alice");
    assert_eq!(there.info().operations, 2);
    there.house.stop();
    std::fs::rename(&data, &lost).unwrap();
    let restore = ["backup", "restore", backup_text, data_text];
    there.house.run(&there.house.root(), &restore).expect_success();
    std::fs::copy(lost.join("peers.toml"), data.join("peers.toml")).unwrap();
    there.start();
    until("it has what it lacked", || there.digests() == here.digests());
}
