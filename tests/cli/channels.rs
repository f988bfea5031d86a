//! Channels and users as they are listed and shown.

use super::house::House;

#[test]
fn channels_are_listed_with_what_scripts_rely_on() {
    let house = House::new();
    let (alice, alice_id) = house.user("alice", "grpc", "channel.add,user.read");
    let (bob, bob_id) = house.user("bob", "ws", "none");
    let tea = house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:r")]).expect_success();
    let cake = house.run(&alice, &["channel", "open", "cake"]).expect_success();
    house.say(&alice, "tea", "hot").expect_success();
    house.run(&alice, &["channel", "close", "cake"]).expect_success();

    let mut listed = house.run(&alice, &["channel", "list", "--json"]).expect_success().json();
    listed.sort_by_key(|channel| channel["name"].as_str().unwrap().to_owned());
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["id"], *cake.line());
    assert_eq!(
        (&listed[0]["closed"], &listed[0]["messages"], &listed[0]["members"]),
        (&true.into(), &0.into(), &1.into())
    );
    assert!(listed[0]["closed_at"].is_string());
    assert_eq!(listed[1]["id"], *tea.line());
    assert_eq!(
        (&listed[1]["closed"], &listed[1]["messages"], &listed[1]["members"]),
        (&false.into(), &1.into(), &2.into())
    );
    assert_eq!(
        (&listed[1]["opener"], &listed[1]["rights"]),
        (&alice_id.as_str().into(), &"read,write,close,manage".into())
    );
    assert!(listed[1]["opened_at"].as_str().unwrap().ends_with('Z'));

    let seen_by_bob = house.run(&bob, &["channel", "list", "--json"]).expect_success().json();
    assert_eq!(seen_by_bob.len(), 1);
    assert_eq!(seen_by_bob[0]["rights"], "read");
}

#[test]
fn a_channel_is_shown_with_its_members_and_epochs() {
    let house = House::new();
    let (alice, alice_id) = house.user("alice", "ws", "channel.add,user.read");
    let (_, bob_id) = house.user("bob", "ws", "none");
    house.run(&alice, &["channel", "open", "tea", "--member", &format!("{bob_id}:rm")]).expect_success();

    let shown = &house.run(&alice, &["channel", "read", "tea", "--json"]).expect_success().json()[0];
    assert_eq!(shown["channel"]["name"], "tea");
    assert_eq!(shown["epochs"].as_array().unwrap().len(), 1);
    assert_eq!(shown["epochs"][0]["readable"], true);
    let mut members: Vec<_> = shown["members"].as_array().unwrap().iter().map(|member| member.to_string()).collect();
    members.sort();
    let member = |user: &str, name: &str, rights: &str| {
        serde_json::json!({ "user": user, "name": name, "rights": rights }).to_string()
    };
    let mut expected = [member(&alice_id, "alice", "read,write,close,manage"), member(&bob_id, "bob", "read,manage")];
    expected.sort();
    assert_eq!(members, expected);
    let text = house.run(&alice, &["channel", "read", "tea"]).expect_success().stdout;
    assert!(text.contains(&bob_id) && text.contains("EPOCH"), "{text}");
}

#[test]
fn a_name_that_several_channels_have_names_none() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "channel.add");
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    house.say(&alice, "tea", "which?").expect_failure(2, &["2 channels", "tea"]);
    house.say(&alice, "coffee", "none").expect_failure(1, &["no channel called 'coffee'"]);
}

#[test]
fn users_are_listed_and_shown_to_those_who_may_see_them() {
    let house = House::new();
    let (alice, alice_id) = house.user("alice", "ws", "none");
    let (bob, _) = house.user("bob", "grpc", "user.read,channel.add");
    let table = house.run(&bob, &["user", "list"]).expect_success().stdout;
    assert_eq!(table.lines().count(), 4, "{table}");
    let ends: Vec<usize> = table.lines().map(|line| line.find("dmpc1").or(line.find("USER")).unwrap()).collect();
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "columns line up: {table}");

    let shown = &house.run(&bob, &["user", "show", &alice_id, "--json"]).expect_success().json()[0];
    assert_eq!((&shown["name"], &shown["active"], &shown["root"]), (&"alice".into(), &true.into(), &false.into()));
    assert_eq!(house.run(&alice, &["user", "show", "--json"]).expect_success().json()[0]["id"], *alice_id);
    house.run(&alice, &["user", "list"]).expect_failure(5, &["permission_missing"]);
}

#[test]
fn a_user_is_created_from_what_another_person_hands_over() {
    let house = House::new();
    let carol = house.person("carol", "grpc");
    let made = house.run(&carol, &["--json", "identity", "new", carol.identity.to_str().unwrap()]).expect_success();
    let public = house.run(&carol, &["identity", "show", "--json"]).expect_success().stdout;
    assert_eq!(made.stdout, public);
    assert!(!public.to_lowercase().contains("secret"), "{public}");

    let create = ["user", "create", "--user", "-", "--name", "carol", "--permissions", "channel.add"];
    let id = house.run_with(&house.root(), &create, &public).expect_success().line();
    assert_eq!(house.run(&carol, &["user", "show", "--json"]).expect_success().json()[0]["id"], *id);
    // What stands beside the bytes is for people; the bytes are countersigned.
    let lying = public.replace("age1", "age2");
    assert_eq!(house.run_with(&house.root(), &create, &lying).expect_success().line(), id);
    let forged = public.replacen("\"bytes\":\"Ci", "\"bytes\":\"Cj", 1);
    assert_ne!(forged, public);
    house.run_with(&house.root(), &create, &forged).expect_failure(5, &["no user: "]);
}

#[test]
fn what_one_may_not_do_is_rejected_with_its_reason() {
    let house = House::new();
    let (alice, _) = house.user("alice", "grpc", "none");
    house.run(&alice, &["channel", "open", "tea"]).expect_failure(1, &["rejected", "permission_missing"]);
}
