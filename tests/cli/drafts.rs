//! What is drafted for pipes follows the rules that the commands in one step follow; what is signed for them is not lost.

use std::{io::Write, process::Stdio};

use super::{
    house::{House, Person},
    lanes::lanes,
};

const GENERATE: &[&str] = &["transaction", "generate", "-r", "node"];
const SIGN: &[&str] = &["operation", "sign"];
const RUN: &[&str] = &["transaction", "run"];

#[test]
fn drafts_follow_the_rules_of_epochs() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let (_, carol_id) = house.user("carol", "grpc", "none");
    let members = [format!("{bob_id}:rw"), format!("{carol_id}:w")];
    let open = ["channel", "open", "tea", "--member", &members[0], "--member", &members[1]];
    let channel = house.run(&alice, &open).expect_success().line();
    let drafted = |draft: &[&str]| {
        house.run(&alice, &[&["operation", "generate", "channel"], draft].concat()).expect_success().stdout
    };
    let wrapped = |drafts: &str| -> Vec<String> {
        let shown = house.run_with(&alice, &["operation", "show"], drafts).expect_success().stdout;
        shown.lines().filter(|line| line.starts_with("epochs: ")).map(str::to_owned).collect()
    };
    let run = |drafts: &str| {
        let said = house.pipe(&alice, drafts, &[SIGN, GENERATE, RUN]).expect_success().json().remove(0);
        said["outcomes"].as_array().unwrap().iter().for_each(|one| assert_eq!(one["outcome"], "applied", "{one}"));
    };
    let due =
        || house.run(&alice, &["channel", "read", "tea", "--json"]).expect_success().json()[0]["epoch_due"].clone();

    // Who does not read is given no key.
    let epoch = wrapped(&drafted(&["epoch", "tea"]));
    assert!(epoch.len() == 1 && epoch[0].ends_with("for 2 users"), "{epoch:?}");
    assert_eq!(wrapped(&drafted(&["members", "tea", "--set", "carol:wc"])), Vec::<String>::new());
    // Who is removed is followed by an epoch.
    let removal = drafted(&["members", "tea", "--remove", "bob"]);
    assert_eq!(removal.lines().count(), 2);
    run(&removal);
    assert_eq!(due(), false);
    run(&drafted(&["members", "tea", "--set", "bob:rw"]));
    // When one is due, it goes before a message.
    house.run(&bob, &["channel", "members", "remove", "tea", &bob_id]).expect_success();
    assert_eq!(due(), true);
    let message = drafted(&["message", "tea", "among ourselves"]);
    assert_eq!(message.lines().count(), 2);
    run(&message);
    assert_eq!(due(), false);
    assert_eq!(house.texts(&alice, &channel), ["among ourselves"]);
}

#[test]
fn what_was_lost_on_its_way_is_printed_again_as_those_very_bytes() {
    let mut house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    // Opened with another state directory, so that the messages have lanes of their own.
    let elsewhere = Person { state: house.path("elsewhere"), ..alice.clone() };
    let channel = house.run(&elsewhere, &["channel", "open", "tea"]).expect_success().line();
    let draft = |text: &str| {
        house.run(&alice, &["operation", "generate", "channel", "message", &channel, text]).expect_success().stdout
    };
    let first = house.run_with(&alice, SIGN, &draft("one")).expect_success().stdout;
    // Nobody reads what is signed second.
    let mut sign = house.command(&alice, SIGN);
    let mut sign = sign.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(sign.stdout.take());
    sign.stdin.take().unwrap().write_all(draft("two").as_bytes()).unwrap();
    assert!(sign.wait().unwrap().success(), "a quiet end");
    let third = house.run_with(&alice, SIGN, &draft("three")).expect_success().stdout;

    let again = house.run(&alice, &["operation", "again"]).expect_success().stdout;
    let lines: Vec<&str> = again.lines().collect();
    let last = lines.len() - 1;
    assert_eq!((lines[last - 2], lines[last]), (first.trim_end(), third.trim_end()));
    house.pipe(&alice, &again, &[GENERATE, RUN]).expect_success();
    assert_eq!(house.texts(&alice, &channel), ["one", "two", "three"]);
    let again = house.pipe(&alice, &again, &[GENERATE, RUN]).expect_success();
    assert_eq!(again.json()[0]["outcomes"][0]["outcome"], "duplicate");
    assert_eq!(lanes(&house.accepted(&channel)).len(), 1);
}
