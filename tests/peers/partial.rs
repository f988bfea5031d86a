//! A replica of some channels: what is named goes over, with the users that it needs, and nothing else.

use serde_json::json;

use super::nodes::{Node, guest, until};

#[test]
fn a_partial_replica_has_its_channel_with_its_users_and_an_audit_says_what_it_lacks() {
    let here = Node::new();
    let there = Node::beside(&here);
    let (alice, _) = here.house.user("alice", "grpc", "channel.add,user.read");
    let [tea, coffee] = ["tea", "coffee"].map(|name| {
        let channel = here.house.run(&alice, &["channel", "open", name]).expect_success().line();
        here.house.say(&alice, &channel, name).expect_success();
        channel
    });
    here.knows("bob", &there, &[]);
    there.knows("alice", &here, &["--address", here.address(), "--channel", &tea]);
    there.sync("alice");
    assert_eq!(there.info().operations, 3, "alice, the channel, and what is said in it");
    let guest = guest(&there, "alice", &alice);
    assert_eq!(there.house.texts(&guest, &tea), ["tea"]);
    there.house.run(&guest, &["channel", "read", &coffee]).expect_failure(5, &["not_a_member"]);
    // What is new follows, in the channel that is named alone.
    here.house.say(&alice, &coffee, "unheard").expect_success();
    here.house.say(&alice, &tea, "heard").expect_success();
    until("it follows", || there.house.texts(&guest, &tea) == ["tea", "heard"]);
    there.sync("alice");
    assert_eq!(there.info().operations, 4);
    assert_eq!(here.info().operations, 7);
    let (one, other) = (here.house.path("node"), there.house.path("node"));
    let diff = ["replay", "--data", one.to_str().unwrap(), "--diff", other.to_str().unwrap(), "--json"];
    let said = here.house.run(&alice, &diff);
    assert_eq!(said.code, 3, "{said:?}");
    let (differences, sums) = (said.json(), said.json().pop().unwrap());
    assert_eq!((&sums["only_here"], &sums["only_there"], &sums["other_verdicts"]), (&json!(3), &json!(0), &json!(0)));
    assert_eq!(sums["channels_that_differ"], json!([coffee]));
    assert!(differences[..3].iter().all(|one| one["channel"] == coffee && one["there"].is_null()), "{differences:?}");
}
